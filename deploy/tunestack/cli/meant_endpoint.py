"""Which endpoint a user means: one that a stack serves on, a tuned Gemini's own, or any by its whole name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunestack.cli.stack import StackError

if TYPE_CHECKING:
    from tunestack.serving.shapes import Shape

_NAME = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/endpoints/[^/]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """An endpoint that a user means.

    Attributes:
        endpoint: resource name.
        shape: that it takes, where the stack tells; None where the service is to tell.
    """

    endpoint: str
    shape: Shape | None = None


def place_of(name: str) -> tuple[str, str] | None:
    """Returns project and location of an endpoint's resource name, None where it is something else."""
    found = _NAME.fullmatch(name)
    return (found["project"], found["location"]) if found else None


def meant(name: str, checkpoint: str, outputs: Mapping[str, Any], stack: str) -> Asked:
    """Finds the endpoint that is meant.

    Args:
        name: of an endpoint or of a tuned Gemini model in the stack, which brings endpoints of its own, or a resource
            name; when empty the only one that the stack serves on, else the only tuned Gemini.
        checkpoint: id of a tuned Gemini's checkpoint, each of which has an endpoint; the default one when empty.
        outputs: of the stack.
        stack: its name.

    Raises:
        StackError: there is none of these names, or several and no name.
    """
    if place_of(name):
        if checkpoint:
            raise StackError("--checkpoint is for a model of a stack; this endpoint is one checkpoint's already")
        return Asked(name)
    endpoints = dict(outputs.get("endpoints") or {})
    tuned = {each: model for each, model in (outputs.get("models") or {}).items() if model.get("endpoint")}
    known = [*endpoints, *(each for each in tuned if each not in endpoints)]
    only = [group for group in (endpoints, tuned) if group][:1]
    chosen = name or (next(iter(only[0])) if only and len(only[0]) == 1 else "")
    if chosen in endpoints and not (checkpoint and chosen in tuned):
        if checkpoint:
            raise StackError(f"endpoint {chosen} serves one checkpoint; --checkpoint is for tuned Gemini models")
        return Asked(str(endpoints[chosen]["id"]))
    if chosen in tuned:
        return Asked(_checkpoints_endpoint(chosen, tuned[chosen], checkpoint), "generateContent")
    if not known:
        raise StackError(_nothing(outputs, stack))
    wrong = f"no endpoint {name}; it has" if name else "several endpoints"
    raise StackError(f"stack {stack} has {wrong}: {', '.join(known)}; name one with --endpoint")


def _checkpoints_endpoint(name: str, model: Mapping[str, Any], checkpoint: str) -> str:
    if not checkpoint:
        return str(model["endpoint"])
    found = {str(each.get("id") or each.get("name")): each.get("endpoint") for each in model.get("checkpoints") or ()}
    if endpoint := found.get(checkpoint):
        return str(endpoint)
    raise StackError(
        f"model {name} has these checkpoints: {', '.join(found) or 'none yet'}; {checkpoint} is none of them"
    )


def _nothing(outputs: Mapping[str, Any], stack: str) -> str:
    if not outputs:
        return f"stack {stack} has no outputs yet; run pulumi up --stack {stack} first"
    if regions := _regions(stack):
        return f"stack {stack} serves nothing itself, its regions do: name one with --stack: {', '.join(regions)}"
    return (
        f"stack {stack} has no endpoint: put one under tunestack:serving in its YAML and run pulumi up --stack "
        f"{stack}, or name any other, projects/PROJECT/locations/REGION/endpoints/ID, with --endpoint"
    )


def _regions(stack: str) -> list[str]:
    """Returns the regions of a foundation, by the stacks' files; none where those cannot be read."""
    from tunestack.cli.stacks.stack_files import regions_of

    try:
        return [file.name for file in regions_of(stack)]
    except StackError:
        return []

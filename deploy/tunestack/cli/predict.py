"""`tunestack predict`: one prompt to an endpoint, of a stack or by its name."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from tunestack.cli import terminal
from tunestack.cli.stack import StackError
from tunestack.serving.shapes import Shape
from tunestack.wording import printable

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


def predict(
    prompt: Annotated[str, typer.Argument(help="What to ask.")],
    stack: Annotated[str, typer.Option("--stack", "-s", help="The Pulumi stack.")] = "",
    endpoint: Annotated[
        str,
        typer.Option(
            help="Name of an endpoint or of a tuned Gemini model in the stack's configuration, or any endpoint's "
            "projects/PROJECT/locations/REGION/endpoints/ID; the stack's only one when left out."
        ),
    ] = "",
    checkpoint: Annotated[
        str, typer.Option(help="Id of a tuned Gemini's checkpoint; its default one when left out.")
    ] = "",
    shape: Annotated[
        Shape | None, typer.Option(help="In which to ask; the one that the endpoint takes when left out.")
    ] = None,
    system: Annotated[str, typer.Option(help="What the model is told before the prompt; not with instances.")] = "",
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of the answer at the most.")] = 200,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the likeliest token each time.")] = 0.0,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for an endpoint that is cold.")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print all that is known of the answer.")] = False,
) -> None:
    """Asks an endpoint; standard output has the answer alone, standard error what is waited for."""
    from tunestack.cli.place import find
    from tunestack.serving.predict import ask
    from tunestack.serving.shapes import Question

    project, location = place_of(endpoint) or ("", "")
    if not (stack or project):
        raise typer.BadParameter("name the stack with --stack, or the endpoint by its whole name with --endpoint")
    place = find(stack, "" if stack else project, "" if stack else location)
    asked = meant(endpoint, checkpoint, place.outputs, place.stack)
    project, location = place_of(asked.endpoint) or (place.connection.project, place.connection.location)
    answer = ask(
        replace(place.connection, project=project, location=location),
        asked.endpoint,
        Question(prompt, system, max_tokens, temperature),
        shape=shape or asked.shape,
        waits=_tell,
        cold_seconds=wait,
    )
    if not as_json:
        terminal.print_lines([answer.text])
        return
    told = {"endpoint": asked.endpoint, "address": answer.address, "shape": answer.shape, "text": answer.text}
    attempts = {"end": answer.end, "attempts": answer.attempts, "seconds": round(answer.seconds, 3)}
    terminal.print_json({**told, **attempts, "reply": answer.reply})


def place_of(name: str) -> tuple[str, str] | None:
    """Returns project and location of an endpoint's resource name, None where it is something else."""
    found = _NAME.fullmatch(name)
    return (found["project"], found["location"]) if found else None


def meant(name: str, checkpoint: str, outputs: Mapping[str, Any], stack: str) -> Asked:
    """Finds the endpoint that is meant.

    Args:
        name: of an endpoint or of a tuned Gemini model in the stack, which brings endpoints of its own, or a resource
            name; the only one of the stack when empty.
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
    chosen = name or (known[0] if len(known) == 1 else "")
    if chosen in endpoints and not (checkpoint and chosen in tuned):
        if checkpoint:
            raise StackError(f"endpoint {chosen} serves one checkpoint; --checkpoint is for tuned Gemini models")
        return Asked(str(endpoints[chosen]["id"]))
    if chosen in tuned:
        return Asked(_checkpoints_endpoint(chosen, tuned[chosen], checkpoint), "generateContent")
    if not known:
        raise StackError(_nothing(outputs, stack))
    raise StackError(f"stack {stack} has these endpoints: {', '.join(known)}; name one with --endpoint")


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
    return (
        f"stack {stack} has no endpoint: put one under tunestack:serving in its YAML and run pulumi up --stack "
        f"{stack}, or name any other, projects/PROJECT/locations/REGION/endpoints/ID, with --endpoint"
    )


def _tell(waiting: str) -> None:
    sys.stderr.write(f"{printable(waiting)}\n")
    sys.stderr.flush()

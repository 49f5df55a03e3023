"""What a new stack's file says: derived from the stacks that are there, so that nothing has to be edited."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from tunestack.cli.stack import StackError
from tunestack.cli.stacks.new_machines import ONE_MACHINE, accelerators, cheapest, served_on
from tunestack.cli.stacks.stack_files import StackFile, entries, find, regions_of, section
from tunestack.cli.stacks.taking_over import left_to_foundation, taken_over
from tunestack.wording import suggestion


@dataclass(frozen=True, slots=True)
class NewStack:
    """A stack that somebody wants.

    Attributes:
        name: its own.
        location: where it is.
        project: id of its Google Cloud project; empty for that of the stack that it follows.
        foundation: the stack that it is a region of; empty for one that stands by itself.
        like: the stack whose configuration it takes over; empty for none, or for another region of its foundation.
        promotes: other stacks' models that it takes over, each as `STACK:MODEL`.
        machines: to serve on, in order of preference; empty for those of the stack that it follows.
        secrets_provider: empty for that of the stacks that are there.
    """

    name: str
    location: str
    project: str = ""
    foundation: str = ""
    like: str = ""
    promotes: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    secrets_provider: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the file will say.

    Attributes:
        about: a sentence for its head.
        config: below `tunestack:`, in the order in which it stands there.
        secrets_provider: empty for that of the backend.
        salt: of a passphrase that every stack of the emulator has; empty for a new one.
        left_out: what was not taken over, and what to do about it, one sentence each.
    """

    about: str
    config: Mapping[str, Any]
    secrets_provider: str = ""
    salt: str = ""
    left_out: list[str] = field(default_factory=list)


def draft(asked: NewStack, files: Mapping[str, StackFile]) -> Draft:
    """Returns what the file of a new stack says.

    Args:
        asked: what somebody wants.
        files: of all stacks of the project.

    Raises:
        StackError: there is such a stack already, or what it follows is not there, or does not say enough.
    """
    if asked.name in files:
        raise StackError(f"there is a stack {asked.name} already: {files[asked.name].path}")
    foundation = find(asked.foundation, files) if asked.foundation else None
    if foundation and foundation.foundation:
        raise StackError(
            f"{foundation.name} is itself a region of {foundation.foundation}: name that as the foundation"
        )
    if foundation and asked.project not in ("", foundation.project):
        raise StackError(
            f"--project {asked.project}: a region lies in the project of its foundation, and {foundation.name} is in "
            f"{foundation.project}; for another project, promote its models instead: --promote {foundation.name}:MODEL"
        )
    if foundation and asked.promotes:
        raise StackError(
            f"--promote {asked.promotes[0]}: a region serves the models of its foundation; promote it into "
            f"{foundation.name}"
        )
    regions = regions_of(asked.foundation, files) if asked.foundation else []
    siblings = [region for region in regions if not region.problem]
    followed = find(asked.like, files) if asked.like else next(iter(siblings), None)
    config, left_out = taken_over(asked.name, followed) if followed else ({}, [])
    if foundation and followed and not followed.foundation:
        left_out += left_to_foundation(config, foundation.name)
    source = followed or foundation
    project = asked.project or (foundation or source or _NOBODY).project
    if not project:
        raise StackError(f"in which Google Cloud project is {asked.name}? Name it with --project")
    if not _PROJECT.fullmatch(project):
        raise StackError(
            f"--project {project}: this is no id of a project: 6 to 30 lower-case letters, digits and hyphens"
        )
    config = {"project": project, "location": _location(asked), **_without(config, "project", "location")}
    if foundation:
        config = {**config, "foundation": foundation.name}
        if not followed:
            config |= _region_of(foundation, asked, files)
    if asked.promotes:
        config["models"] = {**section(config, "models"), **_promoted(asked.promotes, files)}
    if asked.machines:
        config |= _served_on(asked, config)
    if not followed and config.get("serving") and "quota" not in config:
        left_out.append(
            "tunestack:quota, since no contactEmail is known; "
            f"`tunestack capacity --stack {asked.name}` shows whether what the project has will do"
        )
    kin = foundation or source
    kin = kin or next((files[stack] for each in asked.promotes if (stack := each.partition(":")[0]) in files), _NOBODY)
    if kin.emulator:
        config = {"buckets": {"forceDestroy": True}, **config, "emulator": True}
    else:
        config = _without(config, "emulator")
    given = asked.secrets_provider or (source.secrets_provider if source else _agreed(files))
    salt = _salt(kin) if kin.emulator and not given else ""
    order = {key: place for place, key in enumerate(_ORDER)}
    ordered = dict(sorted(config.items(), key=lambda entry: order.get(entry[0], len(order))))
    return Draft(_about(asked, followed), ordered, given, salt, left_out)


_NOBODY = StackFile("", Path())
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_ORDER = ("project", "location", "foundation", "emulator", "labels")


def _about(asked: NewStack, followed: StackFile | None) -> str:
    if asked.foundation:
        return (
            f"A region of {asked.foundation}: its own bucket with the checkpoints in it, its own quota, its own "
            f"endpoints; the models are those of {asked.foundation}."
        )
    if followed:
        return f"Like {followed.name}, in {asked.location}."
    if asked.promotes:
        return "Takes over what other stacks have tuned: nothing is tuned again."
    return "What is tuned here, and where it is served."


def _region_of(foundation: StackFile, asked: NewStack, files: Mapping[str, StackFile]) -> dict[str, Any]:
    """Returns what the first region of a foundation has: what that serves itself, or an endpoint for each model."""
    config = {key: foundation.config[key] for key in ("labels", "protect", "policies") if key in foundation.config}
    if section(foundation.config, "buckets").get("forceDestroy"):
        config["buckets"] = {"forceDestroy": True}
    served = {
        name: endpoint
        for name, endpoint in entries(taken_over(asked.name, foundation)[0], "serving").items()
        if "model" in endpoint
    }
    config["serving"] = served or {
        name: {"model": name, **served_on(asked.machines or cheapest(foundation, name, files))}
        for name in section(foundation.config, "models")
    }
    contact = section(foundation.config, "quota").get("contactEmail")
    if contact and (wanted := accelerators(config["serving"])):
        config["quota"] = {"servingAccelerators": wanted, "contactEmail": contact}
    return config


def _served_on(asked: NewStack, config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the endpoints on other machines, or one for each promoted model, and a quota of what those take.

    Raises:
        StackError: there is nothing to serve.
    """
    taken = {name: {"model": name} for name, model in entries(config, "models").items() if "promote" in model}
    endpoints = entries(config, "serving") or taken
    if not endpoints:
        raise StackError(
            f"--machine {asked.machines[0]}: {asked.name} would serve nothing; name what with --foundation, --like or "
            "--promote"
        )
    served = {
        name: {**_without(endpoint, "machines", *ONE_MACHINE), **served_on(asked.machines)}
        for name, endpoint in endpoints.items()
    }
    quota = section(config, "quota")
    if not quota:
        return {"serving": served}
    known = section(quota, "servingAccelerators")
    wanted = {kind: known.get(kind, count) for kind, count in accelerators(served).items()}
    return {"serving": served, "quota": {**quota, "servingAccelerators": wanted}}


def _promoted(promotes: tuple[str, ...], files: Mapping[str, StackFile]) -> dict[str, Any]:
    models = {}
    for each in promotes:
        stack, _, model = each.partition(":")
        if not (stack and model):
            raise StackError(f"--promote {each}: name a stack and its model, as in --promote dev:support")
        if stack in files:
            known = section(files[stack].config, "models")
            if model not in known:
                raise StackError(f"--promote {each}: {stack} has no model {model}, but {', '.join(known) or 'none'}")
        models[model] = {"promote": {"from": stack, "model": model}}
    return models


def _location(asked: NewStack) -> str:
    """Returns a location; one that is not known is left to what a stack does there.

    Gemini is tuned in more of them, and models are served in more.

    Raises:
        StackError: there is none of that name.
    """
    from tunestack import catalogue

    name, known = asked.location, [row.name for row in catalogue.regions()]
    if name in known or catalogue.is_region_name(name):
        return name
    near = get_close_matches(name, known, n=1, cutoff=0.8)
    if near or asked.foundation or asked.promotes:
        raise StackError(f"--location {name}: there is no such region; {suggestion(name, known)}")
    return name


def _agreed(files: Mapping[str, StackFile]) -> str:
    """Returns the secrets provider that the real stacks have, where they have the same one."""
    named = {file.secrets_provider for file in files.values() if file.secrets_provider and not file.emulator}
    return named.pop() if len(named) == 1 else ""


def _salt(source: StackFile) -> str:
    return str(yaml.safe_load(source.path.read_text("utf-8")).get("encryptionsalt") or "")


def _without(config: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in keys}

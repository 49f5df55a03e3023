"""What a new stack's file says: derived from the stacks that are there, so that nothing has to be edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from tunestack.cli.stack import StackError
from tunestack.cli.stacks.stack_files import StackFile, find, regions_of, section

_NAMED_THINGS = (
    ("serviceAccount",),
    ("buckets", "data"),
    ("buckets", "output"),
    ("buckets", "kmsKeyName"),
    ("serving", "*", "endpoint"),
    ("serving", "*", "kmsKeyName"),
    ("models", "*", "kmsKeyName"),
)
"""Keys that name one thing in one project or place, which a new stack must not share without being told to."""


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
    regions = regions_of(asked.foundation, files) if asked.foundation else []
    siblings = [region for region in regions if not region.problem]
    followed = find(asked.like, files) if asked.like else next(iter(siblings), None)
    config, left_out = _taken_over(asked.name, followed) if followed else ({}, [])
    source = followed or foundation
    project = asked.project or (foundation or source or _NOBODY).project
    if not project:
        raise StackError(f"in which Google Cloud project is {asked.name}? Name it with --project")
    config = {"project": project, "location": _location(asked.location), **_without(config, "project", "location")}
    if foundation:
        config = {**config, "foundation": foundation.name}
        if not followed:
            config |= _region_of(foundation, asked, files)
    if asked.promotes:
        config["models"] = {**section(config, "models"), **_promoted(asked.promotes, files)}
    if asked.machines:
        config["serving"] = {
            name: {**_without(endpoint, "machines", *_ONE_MACHINE), **_served_on(asked.machines)}
            for name, endpoint in section(config, "serving").items()
        }
    kin = source or next(
        (files[each.partition(":")[0]] for each in asked.promotes if each.partition(":")[0] in files), None
    )
    if kin and kin.emulator:
        config["emulator"] = True
    given = asked.secrets_provider or (source.secrets_provider if source else _agreed(files))
    salt = _salt(kin) if kin and kin.emulator and not given else ""
    order = {key: place for place, key in enumerate(_ORDER)}
    ordered = dict(sorted(config.items(), key=lambda entry: order.get(entry[0], len(order))))
    return Draft(_about(asked, followed), ordered, given, salt, left_out)


_NOBODY = StackFile("", Path())
_ORDER = ("project", "location", "foundation", "emulator", "labels")
_ONE_MACHINE = ("machineType", "acceleratorType", "acceleratorCount")


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


def _taken_over(name: str, followed: StackFile) -> tuple[dict[str, Any], list[str]]:
    """Returns the configuration of a stack without what is that stack's alone, and what that was."""
    config: dict[str, Any] = deepcopy(dict(followed.config))
    told = []
    for path in _NAMED_THINGS:
        without = "Google's own keys encrypt here" if path[-1] == "kmsKeyName" else "one is made"
        for place, holder in _holders(config, path):
            told.append(f"tunestack:{place} ({holder.pop(path[-1])}) is {followed.name}'s; without it {without}")
    if readers := config.pop("readers", None):
        told.append(
            f"tunestack:readers ({', '.join(readers)}) may take {followed.name}'s checkpoints; name here who may take "
            "this stack's"
        )
    for place, holder, key in list(_encrypted(config)):
        del holder[key]
        told.append(
            f"tunestack:{place} is encrypted for {followed.name}; set it here: pulumi config set --secret --path "
            f"'tunestack:{place}' --stack {name}"
        )
    return {key: value for key, value in config.items() if value != {}}, told


def _holders(config: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields where a key stands that has a value, and what it stands in."""
    head, *rest = path
    if not rest:
        if head in config:
            yield head, config
        return
    for name in list(config) if head == "*" else [head]:
        if isinstance(config.get(name), dict):
            yield from ((f"{name}.{place}", holder) for place, holder in _holders(config[name], tuple(rest)))


def _encrypted(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            place = f"{path}.{key}" if path else str(key)
            if isinstance(inner, dict) and inner.keys() == {"secure"}:
                yield place, value, key
            else:
                yield from _encrypted(inner, place)


def _region_of(foundation: StackFile, asked: NewStack, files: Mapping[str, StackFile]) -> dict[str, Any]:
    """Returns what the first region of a foundation has: what that serves itself, or an endpoint for each model."""
    config = {key: foundation.config[key] for key in ("labels", "protect", "policies") if key in foundation.config}
    if section(foundation.config, "buckets").get("forceDestroy"):
        config["buckets"] = {"forceDestroy": True}
    served = {
        name: endpoint
        for name, endpoint in section(_taken_over(asked.name, foundation)[0], "serving").items()
        if "model" in endpoint
    }
    config["serving"] = served or {
        name: {"model": name, **_served_on(asked.machines or _cheapest(foundation, name, files))}
        for name in section(foundation.config, "models")
    }
    contact = section(foundation.config, "quota").get("contactEmail")
    if contact and (wanted := _accelerators(config["serving"])):
        config["quota"] = {"servingAccelerators": wanted, "contactEmail": contact}
    return config


def _cheapest(foundation: StackFile, model: str, files: Mapping[str, StackFile]) -> tuple[str, ...]:
    """Returns the machines with the cheapest accelerators that hold a model, the cheapest first.

    Which of them the service takes for the model only shows when it is deployed.

    Raises:
        StackError: its base model, or what that needs, is not known.
    """
    from tunestack import catalogue

    name = _base_model(foundation, model, files)
    try:
        fitting = catalogue.machines_for(catalogue.open_model(name).weight_bytes) if name else ()
    except catalogue.UnknownRowError:
        fitting = ()
    if not fitting:
        raise StackError(
            f"which machine serves {model} of {foundation.name} is not known: name it with --machine, such as "
            "--machine g2-standard-12; `tunestack models` shows the machines of each model"
        )
    cheapest = fitting[0]
    return tuple(
        row.name
        for row in fitting
        if (row.accelerator_type, row.accelerator_count) == (cheapest.accelerator_type, cheapest.accelerator_count)
    )


def _base_model(file: StackFile, model: str, files: Mapping[str, StackFile], seen: frozenset[str] = frozenset()) -> str:
    """Returns what a model was tuned from, wherever that is said; empty where it is not."""
    entry = section(file.config, "models").get(model)
    if not isinstance(entry, dict) or f"{file.name}:{model}" in seen:
        return ""
    if entry.get("baseModel"):
        return str(entry["baseModel"])
    before = entry.get("promote") or entry.get("continueFrom") or {}
    origin = str(before.get("from") or before.get("stack") or file.name).rpartition("/")[2]
    if origin not in files:
        return ""
    return _base_model(files[origin], str(before.get("model") or ""), files, seen | {f"{file.name}:{model}"})


def _served_on(machines: tuple[str, ...]) -> dict[str, Any]:
    """Returns the keys of an endpoint that say what it is served on.

    Raises:
        StackError: the catalogue does not know a machine.
    """
    from tunestack import catalogue

    try:
        rows = [catalogue.machine(name) for name in machines]
    except catalogue.UnknownMachineError as error:
        raise StackError(f"--machine: {error}") from error
    if len(rows) > 1:
        return {"machines": list(machines)}
    return {
        "machineType": rows[0].name,
        "acceleratorType": rows[0].accelerator_type,
        "acceleratorCount": rows[0].accelerator_count,
    }


def _accelerators(serving: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Returns how many accelerators are needed: those that serve, and as many for what takes over from them."""
    from tunestack import catalogue

    wanted: dict[str, int] = {}
    for endpoint in serving.values():
        if kind := endpoint.get("acceleratorType"):
            needed = {kind: int(endpoint.get("acceleratorCount") or 1)}
        else:
            rows = [row for row in catalogue.machines() if row.name in (endpoint.get("machines") or ())]
            needed = {row.accelerator_type: row.accelerator_count for row in rows}
        for kind, count in needed.items():
            wanted[kind] = wanted.get(kind, 0) + 2 * count * int(endpoint.get("minReplicas") or 1)
    return wanted


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


def _location(name: str) -> str:
    """Returns a location.

    Raises:
        StackError: there is none of that name.
    """
    from tunestack import catalogue

    known = [row.name for row in catalogue.regions()]
    if name not in known and (near := get_close_matches(name, known, n=1, cutoff=0.8)):
        raise StackError(f"--location {name}: there is no such region; did you mean {near[0]}?")
    return name


def _agreed(files: Mapping[str, StackFile]) -> str:
    """Returns the secrets provider that the real stacks have, where they have the same one."""
    named = {file.secrets_provider for file in files.values() if file.secrets_provider and not file.emulator}
    return named.pop() if len(named) == 1 else ""


def _salt(source: StackFile) -> str:
    return str(yaml.safe_load(source.path.read_text("utf-8")).get("encryptionsalt") or "")


def _without(config: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in keys}

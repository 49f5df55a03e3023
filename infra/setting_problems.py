"""What is wrong with a stack's configuration, in words: where it is in the YAML, and what to write instead."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tunestack import catalogue

NAMESPACE = "tunestack"

_EXPECTED = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "string_too_short": "text that is not empty",
}

_PATTERNS = {
    r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$": (
        "a name of at most 40 lower-case letters, digits and hyphens that begins with a letter, such as tickets-full"
    ),
    r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$": (
        "the id of a Google Cloud project: 6 to 30 lower-case letters, digits and hyphens, such as my-project-123"
    ),
    r"^[a-z][a-z0-9_-]{0,62}$": "a label's key: lower-case letters, digits, _ and -, beginning with a letter",
    r"^[a-z0-9_-]{0,63}$": "a label's value: at most 63 lower-case letters, digits, _ and -",
    r"^gs://": "a folder in Cloud Storage, such as gs://bucket/folder",
    r"^[^@\s]+@[^@\s]+$": "an e-mail address",
    r"^[^@\s]+@[^@\s]+\.gserviceaccount\.com$": (
        "a service account's e-mail address, such as tuning@my-project-123.iam.gserviceaccount.com"
    ),
    r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$": "the name of a bucket without gs://, such as my-bucket",
    r"^(projects/[^/]+/locations/[^/]+/endpoints/)?[0-9]+$": (
        "the name of an endpoint, projects/…/locations/…/endpoints/ID, or its ID"
    ),
    r"^(projects/[^/]+/locations/[^/]+/tuningJobs/)?[0-9]+$": (
        "the name of a tuning job, projects/…/locations/…/tuningJobs/ID, or its ID"
    ),
    r"^(user|group|serviceAccount):\S+@\S+$": "a member such as user:ada@example.com, group:… or serviceAccount:…",
}


_PARTS_OF_NAMES = frozenset({"project", "location", "submitters", "buckets", "serviceAccount"})
"""Keys whose values are in the names or ids of resources, which the engine shows everywhere."""


class InvalidSettingsError(pulumi.RunError):
    """A configuration that cannot be used; a `RunError`, so that the engine shows the text and no traceback.

    Args:
        file: the file as the user knows it.
        problems: one text each, beginning with the path below `config`.
    """

    def __init__(self, file: str, problems: Sequence[str]) -> None:
        self.problems = tuple(f"{file}: config.{problem}" for problem in problems)
        super().__init__("\n".join(("the stack's configuration cannot be used:", *self.problems)))


def parsed_scalars(config: Mapping[str, Any], text_keys: Iterable[str]) -> dict[str, Any]:
    """Returns the program's own keys without namespace, their JSON parsed except where text is meant."""
    text = frozenset(text_keys)
    own = {key.partition(":")[2]: value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")}
    return {key: value if key in text else _parsed(value) for key, value in own.items()}


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def shape_problems(error: ValidationError, root: type[BaseModel], secret_keys: frozenset[str]) -> Iterator[str]:
    """Yields one text for each unknown key, missing value and wrong type."""
    for details in error.errors(include_url=False):
        location = tuple(part for part in details["loc"] if part != "[key]")
        hidden = str(location[0]) in secret_keys
        yield f"{_path(location)}: {_reason(details, root, hidden=hidden)}"


def reference_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields one text for each name that leads nowhere; works on what has the right shape, so that all are told."""
    yield from _dangling(raw, "models", "dataset", "datasets")
    yield from _dangling(raw, "serving", "model", "models")
    yield from _unclear_serving(raw)
    yield from _unknown_accelerators(raw)
    location = raw.get("location")
    if not isinstance(location, str) or not location:
        return
    region = catalogue.region(location)
    if region is None:
        known = [row.name for row in catalogue.regions()]
        yield f"{_path(('location',))}: {_unknown(location, 'region', known)}"
    elif raw.get("serving") and not region.serves:
        yield f"{_path(('serving',))}: nothing can be served in {location}; serve in a stack of its own, in a region"
    buckets = raw.get("buckets")
    given = buckets if isinstance(buckets, Mapping) else {}
    if location == "global" and not given.get("location") and not (given.get("data") and given.get("output")):
        yield f"{_path(('buckets', 'location'))}: is missing; with location global it is a multi-region: US or EU"


def secret_problems(secret_keys: frozenset[str]) -> Iterator[str]:
    """Yields one text for each secret that could not be kept."""
    for key in sorted(secret_keys & _PARTS_OF_NAMES):
        yield f"{_path((key,))}: cannot be a secret, since it becomes part of names; set it without --secret"


def _dangling(raw: Mapping[str, Any], section: str, key: str, target: str) -> Iterator[str]:
    entries = raw.get(section)
    targets = raw.get(target)
    known = list(targets) if isinstance(targets, Mapping) else []
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        wanted = entry.get(key) if isinstance(entry, Mapping) else None
        if isinstance(wanted, str) and wanted and wanted not in known:
            yield f"{_path((section, name, key))}: {_unknown(wanted, key, known)}"


def _unclear_serving(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields what is wrong with entries that name nothing to serve, too much, or something that is elsewhere."""
    entries = raw.get("serving")
    endpoints: dict[str, str] = {}
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if not isinstance(entry, Mapping):
            continue
        given = [key for key in ("model", "checkpoint", "tuningJob") if entry.get(key) is not None]
        if len(given) != 1:
            found = f"not {' and '.join(given)}" if given else "and has none"
            yield f"{_path(('serving', name))}: needs one of model, checkpoint and tuningJob, {found}"
        if "model" in given and entry.get("baseModel") is not None:
            yield f"{_path(('serving', name, 'baseModel'))}: follows from the model; leave it out"
        for key in ("endpoint", "tuningJob"):
            if isinstance(value := entry.get(key), str):
                yield from _elsewhere(raw, ("serving", name, key), value)
        if isinstance(endpoint := entry.get("endpoint"), str):
            other = endpoints.setdefault(endpoint.rpartition("/")[2], name)
            if other != name:
                yield f"{_path(('serving', name, 'endpoint'))}: is the endpoint of {other}; each serves one model"


def _elsewhere(raw: Mapping[str, Any], location: Sequence[str], value: str) -> Iterator[str]:
    parts = value.split("/")
    if len(parts) != 6:
        return
    if parts[3] != raw.get("location"):
        way = "; serve its checkpoint: gs://… instead" if location[-1] == "tuningJob" else ""
        yield f"{_path(location)}: is in {parts[3]}, and the stack in {raw.get('location')}{way}"
    elif not parts[1].isdigit() and parts[1] != raw.get("project"):
        yield f"{_path(location)}: is in project {parts[1]}, and the stack in {raw.get('project')}"


def _unknown_accelerators(raw: Mapping[str, Any]) -> Iterator[str]:
    quota = raw.get("quota")
    asked = quota.get("servingAccelerators") if isinstance(quota, Mapping) else None
    known = list(catalogue.serving_quotas())
    for name in asked if isinstance(asked, Mapping) else ():
        if name not in known:
            reason = _unknown(name, "accelerator with a known quota", known)
            yield f"{_path(('quota', 'servingAccelerators', name))}: {reason}"
        elif raw.get("location") == "global":
            yield f"{_path(('quota', 'servingAccelerators', name))}: nothing can be served in global"


def _path(location: Sequence[str | int]) -> str:
    head, *tail = location
    return f"{NAMESPACE}:{head}" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in tail)


def _unknown(name: str, kind: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f'there is no {kind} "{name}"; did you mean {near[0]}?'
    return f'there is no {kind} "{name}"; ' + (f"there are {', '.join(known)}" if known else "none is configured")


def _reason(details: ErrorDetails, root: type[BaseModel], *, hidden: bool) -> str:
    kind, context = details["type"], details.get("ctx", {})
    given = "the secret that is given" if hidden else _shown(details["input"])
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            known = _known_keys(root, details["loc"][:-1])
            near = get_close_matches(str(details["loc"][-1]), known, n=1)
            return "unknown key; " + (f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}")
        case "literal_error":
            return f"must be {context['expected'].replace(chr(39), '')}, not {given}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, not {given}"
        case "less_than_equal":
            return f"must be at most {context['le']}, not {given}"
        case "greater_than":
            return f"must be more than {context['gt']:g}, not {given}"
        case "string_pattern_mismatch":
            return f"must be {_PATTERNS[context['pattern']]}, not {given}"
    return f"must be {_EXPECTED[kind]}, not {given}" if kind in _EXPECTED else details["msg"]


def _known_keys(root: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Follows a location from section to section; the name of a map's entry is passed over."""
    section = root
    for part in location:
        field = next((field for field in section.model_fields.values() if field.alias == part), None)
        if field is not None:
            section = next((leaf for leaf in _leaves(field.annotation) if issubclass(leaf, BaseModel)), section)
    return [str(field.alias) for field in section.model_fields.values()]


def _leaves(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for argument in get_args(annotation):
        yield from _leaves(argument)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f'the text "{value}"' if value else "an empty text"
        case Mapping():
            return "a mapping"
    return "a list"

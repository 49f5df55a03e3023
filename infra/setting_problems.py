"""What is wrong with a stack's configuration, in words: where it is in the YAML, and what to write instead."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tunestack.wording import suggestion

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
    r"^projects/[^/]+/locations/[^/]+/models/[^/@]+(@[^/@]+)?$": (
        "the name of a tuned model, projects/…/locations/…/models/ID, with @ and a version or an alias if need be"
    ),
    r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$": (
        "the name of a key, projects/…/locations/…/keyRings/…/cryptoKeys/…"
    ),
    r"^[\w.-]+(/[\w.-]+){0,2}$": "the name of a stack, such as dev or organization/tunestack/dev",
    r"^(user|group|serviceAccount):\S+@\S+$": "a member such as user:ada@example.com, group:… or serviceAccount:…",
    r"^((user|group|serviceAccount):\S+@\S+|principal(Set)?://\S+)$": (
        "a member such as serviceAccount:deployer@my-project-123.iam.gserviceaccount.com, user:…, group:… or "
        "principal://iam.googleapis.com/…"
    ),
}


_PARTS_OF_NAMES = frozenset({"project", "location", "foundation", "submitters", "readers", "buckets", "serviceAccount"})
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


_EXACT = 2**53
"""Up to here the engine keeps each whole number as it is, as numbers of JSON have it; ids of jobs go beyond."""


def shape_problems(error: ValidationError, root: type[BaseModel], secret_keys: frozenset[str]) -> Iterator[str]:
    """Yields one text for each unknown key, missing value and wrong type."""
    for details in error.errors(include_url=False):
        # "[key]", and which of several kinds an entry is.
        location = tuple(part for part in details["loc"] if not str(part).startswith("["))
        hidden = str(location[0]) in secret_keys
        yield f"{path(location)}: {_reason(details, root, hidden=hidden)}"


def secret_problems(secret_keys: frozenset[str]) -> Iterator[str]:
    """Yields one text for each secret that could not be kept."""
    for key in sorted(secret_keys & _PARTS_OF_NAMES):
        yield f"{path((key,))}: cannot be a secret, since it becomes part of names; set it without --secret"


def entries(raw: Mapping[str, Any], section: str) -> dict[str, Mapping[str, Any]]:
    """Returns those entries of a section that have the right shape to be looked at."""
    found = raw.get(section)
    named = found.items() if isinstance(found, Mapping) else ()
    return {name: entry for name, entry in named if isinstance(entry, Mapping)}


def path(location: Sequence[str | int]) -> str:
    """Returns a place below `config` as the messages name it."""
    head, *tail = location
    return f"{NAMESPACE}:{head}" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in tail)


def unknown(name: str, kind: str, known: Sequence[str]) -> str:
    """Returns what to say of a name that is none of those that are known."""
    return f'there is no {kind} "{name}"; ' + (suggestion(name, known) if known else "none is configured")


def _reason(details: ErrorDetails, root: type[BaseModel], *, hidden: bool) -> str:
    kind, context = details["type"], details.get("ctx", {})
    given = "the secret that is given" if hidden else _shown(details["input"])
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            known = _known_keys(root, details["loc"][:-1])
            return f"unknown key; {suggestion(str(details['loc'][-1]), known, 'known keys:')}"
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
        case "string_type" if isinstance(details["input"], int | float) and abs(details["input"]) > _EXACT:
            return "must be text, or some of its digits are lost: write it between quotes"
    return f"must be {_EXPECTED[kind]}, not {given}" if kind in _EXPECTED else details["msg"]


def _known_keys(root: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Follows a location from section to section; the name of a map's entry is passed over."""
    sections: list[type[BaseModel]] = [root]
    for part in location:
        fields = [field for section in sections for field in section.model_fields.values() if field.alias == part]
        inner = [leaf for field in fields for leaf in leaves(field.annotation) if issubclass(leaf, BaseModel)]
        sections = inner or sections
    return [str(field.alias) for section in sections for field in section.model_fields.values()]


def leaves(annotation: Any) -> Iterator[type]:
    """Yields the types of which an annotation is made."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for argument in get_args(annotation):
        yield from leaves(argument)


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

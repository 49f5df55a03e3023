"""A resource's inputs as typed values, and every input that is not what its type says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from tunestack.provider.lifecycle import CheckFailure, Properties
from tunestack.provider.properties import UNKNOWN, plain_map, wrap_map
from tunestack.tuning import artifacts
from tunestack.wire_names import wire_name
from tunestack.wording import suggestion


class Inputs(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """Base of a resource's inputs: one field an input, in Python's spelling; a field without default is required."""


InputsT = TypeVar("InputsT", bound=Inputs)


def read(inputs: type[InputsT], properties: Properties) -> InputsT:
    """Returns checked inputs; call it only where nothing is unknown any more."""
    return convert(inputs, plain_map(properties))


def convert(inputs: type[InputsT], values: Mapping[str, Any]) -> InputsT:
    """Returns checked inputs from plain values; None stands for an input that was left out."""
    return msgspec.convert({name: value for name, value in values.items() if value is not None}, inputs)


def failures(inputs: type[Inputs], properties: Properties) -> list[CheckFailure]:
    """Returns each input that is unknown by name, missing, or of the wrong type; what a preview cannot know passes."""
    given = plain_map(properties)
    fields = {field.encode_name: field for field in msgspec.structs.fields(inputs)}
    found = [
        CheckFailure(name, f"there is no such input; {suggestion(name, fields, 'it takes')}")
        for name in sorted(given.keys() - fields.keys() - {"__internal", "__defaults"})
    ]
    for name, field in fields.items():
        value = given.get(name)
        if value is None:
            if field.required:
                found.append(CheckFailure(name, "is missing; it is required"))
        elif not _holds_unknown(value) and (reason := _type_error(value, _hints(inputs)[field.name])):
            found.append(CheckFailure(name, reason))
    return found


def label_failures(labels: Any) -> list[CheckFailure]:
    """Returns each label that the service would refuse, and with it the whole resource.

    Source of the form: https://cloud.google.com/resource-manager/docs/labels-overview#requirements.
    """
    form = "at most 63 lowercase letters, digits, underscores and dashes"
    found = []
    for key, value in labels.items() if isinstance(labels, Mapping) else ():
        if key != key.lower() or not re.fullmatch(r"[^\W\d_][\w-]{0,62}", key):
            found.append(CheckFailure("labels", f"{key!r} is no label: it starts with a letter and has {form}"))
        if isinstance(value, str) and (value != value.lower() or not re.fullmatch(r"[\w-]{0,63}", value)):
            found.append(CheckFailure("labels", f"the value {value!r} of {key!r} is none: it has {form}"))
    return found


def folder_failures(values: Mapping[str, Any], *names: str) -> list[CheckFailure]:
    """Returns each input that should be the address of a folder in Cloud Storage, and is not."""
    found = []
    for name in names:
        if isinstance(uri := values.get(name), str):
            try:
                artifacts.split(uri)
            except ValueError as error:
                found.append(CheckFailure(name, str(error)))
    return found


def without_unknown(properties: Properties) -> dict[str, Any]:
    """Returns the plain values of what is known, so far as that is all of a value."""
    return {name: value for name, value in plain_map(properties).items() if not _holds_unknown(value)}


def with_defaults(inputs: type[Inputs], properties: Properties) -> Properties:
    """Returns the properties with each default spelled out: to say one aloud changes nothing."""
    defaults = {
        field.encode_name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        for field in msgspec.structs.fields(inputs)
        if not field.required
    }
    given = {name: value for name, value in properties.items() if value.value is not None}
    return {**wrap_map(defaults), **given}


@cache
def _hints(inputs: type[Inputs]) -> dict[str, Any]:
    return get_type_hints(inputs)


def _type_error(value: Any, hint: Any) -> str:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        return str(error)[:1].lower() + str(error)[1:]
    return ""


def _holds_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_unknown(item) for item in value)
    return value is UNKNOWN

"""A resource's properties as policies read them: what a preview cannot know, and what nobody may quote."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - what marks one
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
"""How the engine wraps special values. Source: pulumi/pulumi, sdk/go/common/resource/sig/sig.go."""

_PLACEHOLDERS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text, or anything
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # true or false
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # mapping
    }
)
"""What the engine sends for an unknown value. Source: pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go."""


class Unknown:
    """A value that is known only when the change is applied."""

    def __repr__(self) -> str:
        return "(not known yet)"


UNKNOWN: Final = Unknown()


class SecretText(str):
    """A text that is compared like any other and never shown."""

    __slots__ = ()

    def __str__(self) -> str:
        return "[secret]"

    def __repr__(self) -> str:
        return "[secret]"

    def __format__(self, spec: str) -> str:
        return "[secret]"


def read(struct: Struct) -> dict[str, Any]:
    """Returns properties as plain values, with `UNKNOWN` and `SecretText` in them; None is left out."""
    found = {name: _value(value, secret=False) for name, value in struct.fields.items()}
    return {name: value for name, value in found.items() if value is not None}


def _value(value: Value, *, secret: bool) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            text = value.string_value
            if text in _PLACEHOLDERS:
                return UNKNOWN
            return SecretText(text) if secret else text
        case "bool_value":
            return value.bool_value
        case "number_value":
            return value.number_value
        case "list_value":
            return [_value(each, secret=secret) for each in value.list_value.values]
        case "struct_value":
            return _mapping(value.struct_value, secret=secret)
    return None


def _mapping(struct: Struct, *, secret: bool) -> Any:
    fields = struct.fields
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
    if signature not in (_SECRET, _OUTPUT):
        return {name: _value(each, secret=secret) for name, each in fields.items()}
    if "value" not in fields:
        return UNKNOWN
    is_secret = signature == _SECRET or ("secret" in fields and fields["secret"].bool_value)
    return _value(fields["value"], secret=secret or is_secret)

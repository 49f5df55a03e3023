"""Properties on the wire: the engine's protobuf structs to property values and back.

The SDK's own `PropertyValue.marshal` and `unmarshal` cannot do unknowns: they refuse `Computed` and let the engine's
placeholders through as if they were strings. Assets, archives and references are left to the SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime.rpc import UNKNOWN, _special_output_value_sig, _special_secret_sig, _special_sig_key

if TYPE_CHECKING:
    from tunestack.provider.lifecycle import Properties

_PLACEHOLDERS = frozenset(
    {
        UNKNOWN,  # a string, or anything
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""What the engine sends for an unknown, by the type it expects.

Source: pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go.
"""


def unmarshal(struct: Struct) -> dict[str, PropertyValue]:
    """Reads properties; placeholders become `Computed`, secrets stay marked."""
    return {name: _unmarshal(value) for name, value in struct.fields.items()}


def marshal(properties: Properties, *, unknowns: bool) -> Struct:
    """Writes properties.

    Args:
        properties: what to write. Dependencies are left out: the server tells the engine that it takes none.
        unknowns: whether the engine takes unknowns, as it does in a preview. Elsewhere one unknown makes it refuse
            the whole answer, the id of what was just created included; so they are left out there.
    """
    return Struct(
        fields={
            name: _marshal(value, unknowns=unknowns)
            for name, value in properties.items()
            if unknowns or not isinstance(value.value, Computed)
        }
    )


def _unmarshal(value: Value) -> PropertyValue:
    if value.string_value in _PLACEHOLDERS:
        return PropertyValue.computed()
    if value.HasField("list_value"):
        return PropertyValue([_unmarshal(item) for item in value.list_value.values])
    if not value.HasField("struct_value"):
        return PropertyValue.unmarshal(value)
    fields = value.struct_value.fields
    if _special_sig_key not in fields:
        return PropertyValue(unmarshal(value.struct_value))
    signature = fields[_special_sig_key].string_value
    if signature not in (_special_secret_sig, _special_output_value_sig):
        return PropertyValue.unmarshal(value)
    inner = _unmarshal(fields["value"]) if "value" in fields else PropertyValue.computed()
    secret = signature == _special_secret_sig or ("secret" in fields and fields["secret"].bool_value)
    return inner.with_secret(secret or inner.is_secret)


def _marshal(value: PropertyValue, *, unknowns: bool) -> Value:
    content = value.value
    if isinstance(content, Computed):
        wire = Value(string_value=UNKNOWN) if unknowns else Value(null_value=NullValue.NULL_VALUE)
    elif isinstance(content, Mapping):
        fields = {name: _marshal(item, unknowns=unknowns) for name, item in content.items()}
        wire = Value(struct_value=Struct(fields=fields))
    elif isinstance(content, tuple):
        wire = Value(list_value=ListValue(values=[_marshal(item, unknowns=unknowns) for item in content]))
    else:
        wire = PropertyValue(content).marshal()
    if not value.is_secret:
        return wire
    return Value(struct_value=Struct(fields={_special_sig_key: Value(string_value=_special_secret_sig), "value": wire}))

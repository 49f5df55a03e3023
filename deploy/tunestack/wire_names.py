"""Python names in a program, camelCase names on the wire: one place that derives them."""

from __future__ import annotations


def wire_name(name: str) -> str:
    """Returns the name a property has in the engine: `base_model` → `baseModel`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)

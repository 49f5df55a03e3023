"""What the resources share: Python names in a program, camelCase names on the wire, one place that derives them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any, ClassVar, cast, get_origin

import pulumi

PACKAGE = "tunestack"


def wire_name(name: str) -> str:
    """Returns the name a property has in the engine: `base_model` → `baseModel`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def python_name(name: str) -> str:
    """Returns the name a property has in a Python program: `baseModel` → `base_model`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Declaration(pulumi.CustomResource):
    """A resource of the `tunestack` provider; its `pulumi.Output` annotations are its outputs.

    Attributes:
        token: the type token, `tunestack:index:` and the class's name.
    """

    token: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.token = f"{PACKAGE}:index:{cls.__name__}"

    def __init__(self, resource_name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        outputs: dict[str, Any] = dict.fromkeys(output_names(type(self)))
        super().__init__(self.token, resource_name, {**outputs, **inputs}, opts)

    def translate_input_property(self, prop: str) -> str:
        """Returns the engine's name of a property; called by the SDK."""
        return wire_name(prop)

    def translate_output_property(self, prop: str) -> str:
        """Returns the program's name of a property; called by the SDK."""
        return python_name(prop)


def output_names(declaration: type[Declaration]) -> tuple[str, ...]:
    """Returns the Python names of a resource's outputs, in the order in which its class declares them."""
    return tuple(
        name
        for name, hint in inspect.get_annotations(declaration, eval_str=True).items()
        if get_origin(cast("Any", hint)) is pulumi.Output
    )

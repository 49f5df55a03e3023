"""What the resources share: a class each, whose annotations are its outputs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, get_origin

import pulumi

from tunestack.wire_names import wire_name

PACKAGE = "tunestack"


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
        # The SDK's own translation of names would reach into labels and environment variables, so it is given nothing
        # to translate.
        named = {wire_name(name): value for name, value in {**outputs, **inputs}.items()}
        super().__init__(self.token, resource_name, named, opts)

    @classmethod
    def get(cls, resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Self:  # noqa: A002 - as in every package
        """Reads what exists, to use it and neither change nor delete it.

        Args:
            resource_name: the name in the program.
            id: of what exists, as an import takes it.
            opts: the engine's options.
        """
        found = cls.__new__(cls)
        Declaration.__init__(
            found, resource_name, {}, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id))
        )
        return found

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Finds an output under the name that the class declares."""
            try:
                return self.__dict__[wire_name(name)]
            except KeyError:
                raise AttributeError(f"{type(self).__name__} has no output {name}") from None


def wire_object(value: pulumi.Input[Mapping[str, Any]] | None) -> pulumi.Output[dict[str, Any]] | None:
    """Returns a nested object under the names that its parts have in the engine; what they hold stays as it is."""
    if value is None:
        return None
    return pulumi.Output.from_input(value).apply(lambda parts: {wire_name(name): part for name, part in parts.items()})


def output_names(declaration: type[Declaration]) -> tuple[str, ...]:
    """Returns the Python names of a resource's outputs, in the order in which its class declares them."""
    return tuple(
        name
        for name, hint in inspect.get_annotations(declaration, eval_str=True).items()
        if get_origin(cast("Any", hint)) is pulumi.Output
    )

"""The outputs of other stacks, read before anything is declared, so that what is missing there is told first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi


class UnreadableStackError(Exception):
    """A stack that is not there, or has not been applied; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a stack tells.

    Attributes:
        stack: its name, as the configuration has it.
        values: by name; in the clear, whatever they are in the state.
        secret: names of those that are, or hold, a secret.
    """

    stack: str
    values: Mapping[str, Any]
    secret: frozenset[str] = frozenset()


class StackOutputs:
    """Reads each stack once."""

    def __init__(self) -> None:
        self._references: dict[str, pulumi.StackReference] = {}
        self._read: dict[str, Outputs] = {}

    def reference(self, stack: str) -> pulumi.StackReference:
        """Returns a stack as the engine has it, whose outputs are there only later."""
        if stack not in self._references:
            self._references[stack] = pulumi.StackReference(stack)
        return self._references[stack]

    def read(self, stack: str) -> Outputs:
        """Returns what a stack tells.

        Raises:
            UnreadableStackError: it is not there, cannot be read, or tells nothing.
        """
        if stack not in self._read:
            found = _read(stack)
            # Keeps in this stack's state of which other ones it is made.
            self.reference(stack)
            self._read[stack] = found
        return self._read[stack]


def refusal(error: Exception) -> str:
    """Returns what was said where the engine was asked for something: the SDK puts its own words before that."""
    return " ".join(str(error).rpartition("returned an error: ")[2].split())


def _read(stack: str) -> Outputs:
    try:
        found = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}, pulumi.InvokeOptions()).value
    except Exception as error:  # the SDK raises nothing more precise
        said = refusal(error)
        if "unknown stack" in said:
            raise UnreadableStackError(
                f"there is no stack {stack} in this backend; mend the name, or bring it up first: tunestack up {stack}"
            ) from error
        raise UnreadableStackError(f"stack {stack} cannot be read: {said}") from error
    values = found.get("outputs") or {}
    if not values.get("project"):
        raise UnreadableStackError(f"stack {stack} is not up; run pulumi up --stack {stack} first")
    return Outputs(stack, values, frozenset(found.get("secretOutputNames") or ()))

"""An example as all formats tell it: turns of text and images."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tunestack.data.preparation.error import FaultError

Role: TypeAlias = Literal["system", "user", "assistant"]


class Image(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A picture: a `gs://` address, or its bytes as a data URI."""

    uri: str
    mime_type: str | None = None
    detail: str | None = None

    @property
    def is_inline(self) -> bool:
        """Whether its bytes stand in the example."""
        return self.uri.startswith("data:")


class Turn(msgspec.Struct, array_like=True):
    """What one side says."""

    role: Role
    parts: list[str | Image]


Example: TypeAlias = list[Turn]


def with_system(example: Example, text: str) -> Example:
    """Returns the example under a system message.

    Raises:
        FaultError: it has one already.
    """
    if example[0].role == "system":
        reason = "a system message of its own beside the one that was asked for"
        raise FaultError(reason, "leave out one of them", turn=0)
    return [Turn("system", [text]), *example]

"""Which columns of a table hold what, and how a row of them becomes an example."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tunestack.data.preparation.conversations import turns_of
from tunestack.data.preparation.error import FaultError, shown
from tunestack.data.preparation.example import Example, Role, Turn, with_system
from tunestack.data.preparation.images import images_of
from tunestack.data.preparation.template import Field, Template, nearest
from tunestack.data.preparation.values import WRITE_OR_SKIP

_MESSAGES = ("messages", "conversations")


@dataclass(frozen=True, slots=True)
class Columns:
    """A column mapping: prompt and completion, or a list of messages; beside either a system text, or images.

    Attributes:
        prompt: the user's text.
        completion: the assistant's.
        system: the system message; a constant, where it has no fields.
        messages: a column that holds a list of messages: objects with `role` and `content`, or `from` and `value`.
        images: columns that hold images of the user's first turn: `gs://` addresses, data URIs or bytes.
        roles: names of roles beyond those that are known, see `conversations.ROLES`.
    """

    prompt: Template | None = None
    completion: Template | None = None
    system: Template | None = None
    messages: Field | None = None
    images: tuple[Field, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)

    def named_by(self, names: Iterable[str]) -> Columns:
        """Returns the mapping that the columns' own names say, where this one says none.

        Raises:
            FaultError: they say nothing.
        """
        if self.names_columns:
            return self
        known = list(names)
        if "prompt" in known and "completion" in known:
            return replace(self, prompt=_column("prompt"), completion=_column("completion"))
        for name in _MESSAGES:
            if name in known:
                return replace(self, messages=Field(name))
        remedy = "say which is which, as in --map prompt=question --map completion=answer"
        there = ", ".join(map(shown, known[:8]))
        raise FaultError(f'no columns "prompt" and "completion", or "messages"; there are {there or "none"}', remedy)

    @property
    def names_columns(self) -> bool:
        """Whether it says more than a system message for all."""
        return self.prompt is not None or self.messages is not None

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields that are read."""
        templates = [template for template in (self.prompt, self.completion, self.system) if template]
        read = [each for template in templates for each in template.fields]
        return (*read, *([self.messages] if self.messages else ()), *self.images)

    def require(self, names: Sequence[str]) -> None:
        """Makes sure that a table of these columns can have what is read.

        Raises:
            FaultError: there is no such column; the nearest is named.
        """
        for each in self.fields:
            if not set(each.columns()).intersection(names):
                raise FaultError(f"no such column; {nearest(each.name, names)}", "name one that is there", each.name)

    def example(self, row: Mapping[str, Any]) -> Example:
        """Makes an example of a row.

        Raises:
            FaultError: the row lacks something, or holds what no example can.
        """
        if self.messages:
            turns = turns_of(self.messages, row, self.roles)
        else:
            turns = [Turn("user", [_filled(self.prompt, row)]), Turn("assistant", [_filled(self.completion, row)])]
        if self.system and (text := self.system.fill(row)):
            turns = with_system(turns, text)
        images = [image for column in self.images for image in images_of(column, row)]
        if images:
            first = next(turn for turn in turns if turn.role == "user")
            first.parts[:0] = images
        return turns


def _column(name: str) -> Template:
    return Template((Field(name),))


def _filled(template: Template | None, row: Mapping[str, Any]) -> str:
    text = template.fill(row) if template else ""
    if not text or text.isspace():
        raise FaultError("empty", WRITE_OR_SKIP, is_incomplete=True)
    return text

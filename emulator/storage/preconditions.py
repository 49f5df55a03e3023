"""The conditions that a request may set on generations, metagenerations and etags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.storage.errors import condition_not_met, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotModified(Exception):  # noqa: N818 - the name of the status it becomes
    """A read whose `…NotMatch` condition does not hold: answered 304 without a body."""


@dataclass(frozen=True, slots=True)
class Preconditions:
    """Conditions on what is there now; None where none was set. Generation 0 means that no live object exists."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None
    etags: tuple[str, ...] = ()
    not_etags: tuple[str, ...] = ()

    @classmethod
    def read(cls, query: Mapping[str, str], headers: Mapping[str, str], *, source: bool = False) -> Preconditions:
        """The conditions of a request; with `source`, those on the source of a copy.

        Raises:
            StorageError: a condition that is not a number.
        """
        infix = "Source" if source else ""

        def number(name: str) -> int | None:
            text = query.get(f"if{infix}{name}")
            if text is None:
                return None
            if not text.lstrip("-").isdigit():
                raise invalid(f"Invalid value for if{infix}{name}: {text!r} is not a number.")
            return int(text)

        return cls(
            number("GenerationMatch"),
            number("GenerationNotMatch"),
            number("MetagenerationMatch"),
            number("MetagenerationNotMatch"),
            () if source else _etags(headers.get("if-match", "")),
            () if source else _etags(headers.get("if-none-match", "")),
        )

    def check(self, current: Mapping[str, Any] | None, *, reading: bool = False) -> None:
        """Holds the conditions against the resource that is there, or None.

        Raises:
            StorageError: a condition does not hold (412).
            NotModified: a `…NotMatch` condition does not hold and the request only reads.
        """
        generation = int(current.get("generation", 0)) if current else 0
        metageneration = int(current["metageneration"]) if current else 0
        etag = current["etag"] if current else ""
        if (
            (self.generation is not None and self.generation != generation)
            or (self.metageneration is not None and self.metageneration != metageneration)
            or (self.etags and etag not in self.etags)
        ):
            raise condition_not_met()
        if generation == self.not_generation or metageneration == self.not_metageneration or etag in self.not_etags:
            raise NotModified if reading else condition_not_met()


def _etags(header: str) -> tuple[str, ...]:
    return tuple(etag.strip().strip('"') for etag in header.split(",") if etag.strip())

"""Sources as a screen tells them: numbered where they are named, and spelt out once below."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunestack.catalogue import Source


class Sources:
    """Numbers the sources in the order in which they are named."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, source: Source | None) -> str:
        """Returns the number of a source, as it stands behind what is from there; nothing where there is none."""
        return f"[{self._numbers.setdefault(str(source), len(self._numbers) + 1)}]" if source else ""

    def lines(self) -> Iterator[str]:
        """Yields the sources, numbered."""
        return (f"[{number}] {source}" for source, number in self._numbers.items())

"""What several engines print at the same time, so that it can be told whose line is whose."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TextIO

import typer

from tunestack.cli.terminal import is_colourful
from tunestack.wording import printable

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "bright_cyan", "bright_magenta", "bright_yellow")


class PrefixedOutput:
    """A stream that the engines of several stacks share; one alone needs no name before its lines.

    Args:
        stacks: names of the stacks.
        stream: standard output by default.
    """

    def __init__(self, stacks: Sequence[str], stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.in_colour = stream is None and is_colourful()
        self._width = max(map(len, stacks), default=0) if len(stacks) > 1 else 0
        self._colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(stacks)}
        self._lock = threading.RLock()  # a signal may come while it is held

    def of(self, stack: str) -> Callable[[str], None]:
        """Returns what prints a line of a stack's engine, and does not repeat the last one."""
        last = ""

        def say(line: str) -> None:
            nonlocal last
            if line != last:
                self.block(stack, [line])
            last = line

        return say

    def block(self, stack: str, lines: Iterable[str]) -> None:
        """Prints lines of a stack's engine that nobody else's come between; empty ones are left out."""
        told = f"{stack.ljust(self._width)} | " if self._width else ""
        before = typer.style(told, fg=self._colours[stack]) if told and self.in_colour else told
        with self._lock:
            for line in (each.expandtabs(4) for each in lines):
                if line.strip():
                    # The engine's own colours have to stay; it prints no other control characters when it is read.
                    self._write(f"{before}{line if self.in_colour else printable(line)}")

    def say(self, line: str) -> None:
        """Prints a line that is no stack's."""
        with self._lock:
            self._write(line)

    def _write(self, line: str) -> None:
        # Whoever has stopped reading, or a terminal that was closed, must not end the engines: they would be cut off
        # in the middle of a step.
        with suppress(OSError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

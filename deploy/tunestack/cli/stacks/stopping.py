"""Ctrl-C while engines run: the first asks them to stop after the steps that they are at, the second stops them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tunestack.cli.stacks.running import Running

# Of a terminal, of a pipeline that is cancelled, of a terminal that is closed.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

FIRST = (
    "stopping: no other stack is begun, and those that run end after the steps that they are at. "
    "Tuning jobs go on where they run. Once more ends the engines at once and may leave things that no state knows"
)
SECOND = "ending the engines at once"


@contextmanager
def stops(running: Running, say: Callable[[str], None]) -> Iterator[None]:
    """Hands on signals to the engines that run, as long as the block lasts."""

    def ask(number: int, frame: FrameType | None) -> None:
        del number, frame
        running.interrupt()
        say(FIRST if running.asked == 1 else SECOND)

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""The kinds of interruption: what happens to a run while one of its calls stands still."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final

import psutil

from tests.campaign.lane import Lane

_SEEN = 0.4
"""Seconds that the CLI has to take notice of a Ctrl-C before the next."""

_START_LIMIT = 3.0
"""Seconds in which a provider that the run needs is there."""


class NoSuchProcessError(Exception):
    """The run has, at this call, no process of that kind."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A run that stands still at a call.

    Attributes:
        lane: its stack.
        cli: its CLI.
        random: decides what a kind leaves open.
    """

    lane: Lane
    cli: psutil.Popen
    random: Random

    def release(self) -> None:
        """Lets the call go on."""
        self.lane.post("/emulator/faults/release")

    def provider(self, *marks: str) -> list[psutil.Process]:
        """The processes below the CLI whose command has one of the marks.

        Raises:
            NoSuchProcessError: there is none.
        """
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline:
            commands = descendants(self.cli)
            if found := [process for process, command in commands.items() if any(mark in command for mark in marks)]:
                return found
            time.sleep(0.05)
        raise NoSuchProcessError(marks[-1])


def first_interrupt(run: Interrupted) -> None:
    """Ctrl-C: the CLI tells the providers, and waits for the steps under way."""
    run.cli.send_signal(signal.SIGINT)
    time.sleep(_SEEN + run.random.random())
    run.release()


def second_interrupt(run: Interrupted) -> None:
    """Ctrl-C twice: the CLI ends without waiting."""
    run.cli.send_signal(signal.SIGINT)
    time.sleep(_SEEN)
    run.cli.send_signal(signal.SIGINT)
    time.sleep(run.random.random())
    run.release()


def kill_provider(*marks: str) -> Callable[[Interrupted], None]:
    """`kill -9` of a provider."""

    def kill(run: Interrupted) -> None:
        for process in run.provider(*marks):
            process.kill()
        # Either the service goes on at once, or it has seen that nobody waits for the answer. A call of the other
        # provider has to be answered in any case.
        time.sleep(run.random.choice((0.0, 1.0)))
        run.release()

    return kill


def kill_cli(run: Interrupted) -> None:
    """`kill -9` of the CLI: its providers live on for a moment, with or without the answer to their call."""
    run.cli.kill()
    run.cli.wait()
    if run.random.random() < 0.5:
        run.release()


def kill_emulator(run: Interrupted) -> None:
    """`kill -9` of the service, which comes back at the same address."""
    run.lane.kill_emulator()
    time.sleep(run.random.random() / 2)
    run.lane.start_emulator()


TUNESTACK: Final = "pulumi-resource-tunestack"
_GCP: Final = ("emulator.gcp_provider", "pulumi-resource-gcp")

KINDS: Final[Mapping[str, Callable[[Interrupted], None]]] = MappingProxyType(
    {
        "ctrl-c": first_interrupt,
        "ctrl-c-twice": second_interrupt,
        "kill-tunestack": kill_provider(TUNESTACK),
        "kill-gcp": kill_provider(*_GCP),
        "kill-cli": kill_cli,
        "kill-emulator": kill_emulator,
    }
)


def descendants(cli: psutil.Process) -> dict[psutil.Process, str]:
    """The processes below a CLI, with what they run."""
    found = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in cli.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                found[process] = " ".join(process.cmdline())
    return found

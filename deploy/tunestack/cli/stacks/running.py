"""Engines that run: out of the terminal's reach, and asked to stop all together."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from pulumi.automation import CommandResult, PulumiCommand


class Running:
    """The engines that run now, so that they can be asked to stop; they are out of the terminal's reach."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[str]] = set()
        self._lock = threading.RLock()  # a signal may come while it is held
        self.asked = 0

    def interrupt(self) -> None:
        """Asks all engines to stop: the first time when their steps are done, the second time at once."""
        with self._lock:
            self.asked += 1
            for process in self._processes:
                _interrupt(process)

    def add(self, process: subprocess.Popen[str]) -> None:
        """Minds an engine; one that started while all were asked to stop is asked as well."""
        with self._lock:
            self._processes.add(process)
            if self.asked:
                _interrupt(process)

    def remove(self, process: subprocess.Popen[str]) -> None:
        """Forgets an engine that has ended."""
        with self._lock:
            self._processes.discard(process)


class Command(PulumiCommand):
    """The engine's command, which can be asked to stop while it updates a stack.

    Args:
        executable: of the engine; its version is not asked for, which would take longer than much that it does.
        running: where those that update are minded.
    """

    def __init__(self, executable: str, running: Running | None) -> None:
        self.command = executable
        self.version = None
        self._running = running

    def update(
        self, arguments: list[str], folder: str, variables: Mapping[str, str], on_output: Callable[[str], None] | None
    ) -> CommandResult:
        """Runs an update to its end, however it ends; both streams become one."""
        lines: list[str] = []
        with subprocess.Popen(
            [self.command, "--non-interactive", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **variables},
            encoding="utf-8",
            errors="replace",
            # A Ctrl-C of the terminal must come once, and by way of `Running`: the second one kills.
            process_group=None if self._running is None else 0,
        ) as process:
            if self._running:
                self._running.add(process)
            try:
                for line in process.stdout or ():
                    lines.append(line.rstrip("\n"))
                    if on_output:
                        on_output(lines[-1])
            finally:
                if self._running:
                    self._running.remove(process)
        return CommandResult(stdout="\n".join(lines), stderr="", code=process.returncode)


def _interrupt(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)

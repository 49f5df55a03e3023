"""The engine's event log, read while it is written."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tunestack.cli.stacks.engine_events import Event

_POLL_SECONDS = 0.1
"""Between two looks into the event log: what a person takes for at once."""


class EventLog:
    """Reads the engine's event log while it is written."""

    def __init__(self, folder: str, on_event: Callable[[Event], None] | None) -> None:
        self.path = Path(folder, "events")
        self.events: list[Event] = []
        self._on_event = on_event
        self._rest = b""  # what is not a whole line yet
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self) -> EventLog:
        self.path.touch()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        with self.path.open("rb") as log:
            while not self._ended.wait(_POLL_SECONDS):
                self._take(log)
            self._take(log)

    def _take(self, log: IO[bytes]) -> None:
        *lines, self._rest = (self._rest + log.read()).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:  # of an engine that was killed while it wrote it
                continue
            if event.get("diagnosticEvent", {}).get("severity") == "debug":
                continue
            self.events.append(event)
            if self._on_event:
                self._on_event(event)

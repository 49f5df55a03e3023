"""The locks that the engine puts beside the state it keeps in a folder or a bucket, and whose process has ended."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import psutil

_COARSE_SECONDS = 1.0
"""How much younger than its lock a process may look: the clock of process starts is coarse, 0.01 s on Linux."""


class Holder(Enum):
    """What is known of the process that holds a lock."""

    ENDED = "it has ended"
    ALIVE = "it runs"
    ELSEWHERE = "it is on another machine"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock says of the process that holds it.

    Attributes:
        pid: its number on its machine.
        user: who started it.
        host: its machine's name.
        since: when it took the lock, by its machine's clock.
    """

    pid: int
    user: str
    host: str
    since: datetime

    @classmethod
    def own(cls) -> Lock:
        """Returns a lock of this process."""
        return cls(os.getpid(), psutil.Process().username(), socket.gethostname(), datetime.now(UTC))

    @classmethod
    def parse(cls, content: bytes) -> Lock:
        """Reads a lock as the engine writes it.

        Raises:
            ValueError: it was never finished, or is none.
        """
        try:
            said = json.loads(content)
            since = datetime.fromisoformat(said["timestamp"])
            return cls(int(said["pid"]), str(said["username"]), str(said["hostname"]), since.astimezone(UTC))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("this is no lock of the engine") from error

    def content(self) -> bytes:
        """Returns the lock as the engine writes it."""
        said = {"pid": self.pid, "username": self.user, "hostname": self.host, "timestamp": self.since.isoformat()}
        return json.dumps(said).encode()

    def holder(self, own_names: Collection[str]) -> Holder:
        """Says what is known of the holder, from this machine, which has or had these names.

        An ended process's number may have been given away again. A later start shows that, except where the clock was
        set forward since: that moves the starts of all processes. So what is called like an engine counts as alive.
        """
        if self.host not in own_names:
            return Holder.ELSEWHERE
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return Holder.ENDED  # killed, and nobody has asked how it ended
            is_younger = process.create_time() > self.since.timestamp() + _COARSE_SECONDS
            return Holder.ENDED if is_younger and "pulumi" not in process.name() else Holder.ALIVE
        except psutil.NoSuchProcess:
            return Holder.ENDED
        except psutil.AccessDenied:
            return Holder.ALIVE

    def __str__(self) -> str:
        return f"pulumi process {self.pid} of {self.user} on {self.host} since {self.since:%Y-%m-%d %H:%M:%S} UTC"

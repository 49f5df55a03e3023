"""The log of what clients asked, for tests and for `GET /emulator/requests`. It outlives a restart."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Final

from emulator.clock import timestamp

if TYPE_CHECKING:
    from pathlib import Path

_KEPT: Final = 100_000  # requests; the oldest go first
_PAGE: Final = 10_000  # requests in one answer

DROPPED: Final = 0
"""The status of a request whose connection was dropped on purpose."""
LEFT: Final = 499
"""The status of a request whose client went away before its answer."""


class RequestLog:
    """Requests in the order in which their answer began. Indexes start at 1 and are never given twice."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute(
            'CREATE TABLE IF NOT EXISTS requests ("index" INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT, method TEXT,'
            " path TEXT, query TEXT, status INTEGER)"
        )

    def add(self, method: str, path: str, query: str, status: int) -> None:
        """Notes one request."""
        with self._lock:
            cursor = self._connection.execute(
                "INSERT INTO requests (time, method, path, query, status) VALUES (?, ?, ?, ?, ?)",
                (timestamp(), method, path, query, status),
            )
            index = cursor.lastrowid or 0
            if index % 1000 == 0:
                self._connection.execute('DELETE FROM requests WHERE "index" <= ?', (index - _KEPT,))

    def since(self, index: int) -> dict[str, Any]:
        """The requests from `index` on, and the index to ask for next."""
        names = ("index", "time", "method", "path", "query", "status")
        with self._lock:
            rows = self._connection.execute(
                'SELECT "index", time, method, path, query, status FROM requests WHERE "index" >= ?'
                ' ORDER BY "index" LIMIT ?',
                (index, _PAGE),
            ).fetchall()
            last = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'requests'").fetchone()
        following = rows[-1][0] + 1 if rows else (last[0] + 1 if last else 1)
        return {"requests": [dict(zip(names, row, strict=True)) for row in rows], "next": following}

    def close(self) -> None:
        """Ends the connection."""
        with self._lock:
            self._connection.close()

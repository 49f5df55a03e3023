"""Everything the emulator remembers besides object content: JSON documents in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Documents:
    """JSON documents by collection and key, safe to use from any thread.

    A write that returned survives the death of the process: it is in the write-ahead log. (`synchronous=NORMAL` leaves
    out the sync to disk, so a loss of power may cost the last moments.) Inside `transaction` several calls become
    one, and other threads wait.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents (collection TEXT, key TEXT, document TEXT NOT NULL,"
            " PRIMARY KEY (collection, key)) WITHOUT ROWID"
        )

    def get(self, collection: str, key: str) -> dict[str, Any] | None:
        """The document, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT document FROM documents WHERE collection = ? AND key = ?", (collection, key)
            ).fetchone()
        return None if row is None else _decode(row[0])

    def put(self, collection: str, key: str, document: dict[str, Any]) -> None:
        """Writes the document in place of the one under the same key."""
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (collection, key, text))

    def delete(self, collection: str, key: str) -> bool:
        """Removes the document; False when there was none."""
        with self._lock:
            cursor = self._connection.execute(
                "DELETE FROM documents WHERE collection = ? AND key = ?", (collection, key)
            )
            return cursor.rowcount > 0

    def list(self, collection: str, prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
        """The documents whose key starts with `prefix`, ordered by key."""
        # Text is compared as UTF-8 bytes, where the last code point sorts behind all others.
        with self._lock:
            rows = self._connection.execute(
                "SELECT key, document FROM documents WHERE collection = ? AND key >= ? AND key < ? ORDER BY key",
                (collection, prefix, prefix + "\U0010ffff"),
            ).fetchall()
        return [(key, _decode(text)) for key, text in rows]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All calls inside, or none when one raises. May be nested in one thread: the outermost decides."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def close(self) -> None:
        """Ends the connection; everything is on disk already."""
        with self._lock:
            self._connection.close()


def _decode(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document

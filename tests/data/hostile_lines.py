"""Checks lines that were written to harm, each as long as a line may be, and prints what became of it, as JSON.

A program of its own, so that its memory and time are its own: `python tests/data/hostile_lines.py`.
"""

from __future__ import annotations

import io
import json
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from tunestack.data import check
from tunestack.data.lines.blocks import MAX_LINE_BYTES
from tunestack.data.stream import Stream

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def filled(
    before: bytes, piece: bytes, after: bytes = b"", length: int = MAX_LINE_BYTES
) -> Callable[[], Iterator[bytes]]:
    """Writes a line of the length, of a piece again and again."""

    def written() -> Iterator[bytes]:
        times = (length - len(before) - len(after)) // len(piece)
        yield before
        for done in range(0, times, CHUNK):
            yield piece * min(CHUNK, times - done)
        yield after

    return written


def numbered_keys() -> Iterator[bytes]:
    yield b'{"prompt":"\xc3\xa9"'
    for number in range(200_000):
        yield b',"%d":1' % number
    yield b"}"


CHUNK = 50_000
IMAGE = b'{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,'
REST = b'"}}]},{"role":"assistant","content":"a"}]}'

CASES: dict[str, tuple[Callable[[], Iterator[bytes]], set[str]]] = {
    "right": (lambda: iter([b'{"prompt": "2 + 2", "completion": "4"}']), set()),
    "lists in lists": (filled(b"", b"["), {"nested-too-deeply"}),
    "objects in objects": (filled(b"", b'{"a":'), {"nested-too-deeply"}),
    "a line of 100 MB": (filled(b'{"prompt": "', b"a", b'", "completion": "b"}', 100_000_000), {"line-too-long"}),
    "a line of 100 MB in lists": (filled(b"", b"[", b"", 100_000_000), {"line-too-long"}),
    "an integer of 20 million digits": (filled(b'{"prompt": ', b"9", b', "completion": "b"}'), {"wrong-type"}),
    "a fraction of 20 million digits": (filled(b'{"prompt": 1.', b"9", b'e9, "completion": "b"}'), {"wrong-type"}),
    "no UTF-8 at the very end": (filled(b'{"prompt": "', b"a", b"\xff"), {"not-utf-8"}),
    "NUL": (filled(b"", b"\0"), {"bad-json"}),
    "escapes": (filled(b'{"prompt": "', b"\\n", b'x", "completion": "b"}'), set()),
    "escapes beyond ASCII": (filled(b'{"prompt": "', b"\\u00e9", b'", "completion": "b"}'), set()),
    "emoji and escapes": (filled(b'{"prompt": "', "😀\\n".encode(), b'", "completion": 1}'), {"wrong-type"}),
    "one key a million times": (filled(b"{", b'"a":1,', b'"b":2}'), {"too-many-values"}),
    "200,000 keys": (numbered_keys, {"missing-key", "extra-key"}),
    "a million lists": (filled(b'{"x":[', b"[],", b"1]}"), {"too-many-values"}),
    "half a million messages": (
        filled(b'{"messages":[', b'{"role":"user","content":"\xc3\xa9"},', b'{"role":"assistant","content":"a"}]}'),
        {"too-many-values"},
    ),
    "unclosed texts": (filled(b"", b'"'), {"bad-json"}),
    "backslashes": (filled(b'{"prompt": "', b"\\", b'"'), {"truncated-line"}),
    "white space": (filled(b'{"prompt"', b" ", b': 1, "completion": "b"}'), {"wrong-type"}),
    "an image of nothing": (filled(IMAGE, b"AAAA", REST), {"mixed-formats", "image-kind"}),
    "a role of 20 MB": (
        filled(b'{"messages":[{"role":"', "é".encode(), b'","content":"a"}]}'),
        {"mixed-formats", "unknown-role"},
    ),
}


class Lines(io.RawIOBase):
    """The cases as a file, made as it is read."""

    def __init__(self) -> None:
        self._rest = memoryview(b"")
        self._pieces = chain.from_iterable(chain(write(), (b"\n",)) for write, _ in CASES.values())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills the buffer, as a file does."""
        view, filled = memoryview(buffer).cast("B"), 0
        while filled < len(view):
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
            taken = self._rest[: len(view) - filled]
            view[filled : filled + len(taken)] = taken
            self._rest = self._rest[len(taken) :]
            filled += len(taken)
        return filled


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = check(Stream("hostile", Lines, None), problem_limit=50)  # type: ignore[arg-type]
    found: dict[int, Counter[str]] = {}
    for problem in report.problems:
        found.setdefault(problem.line, Counter())[problem.kind] += 1
    print(
        json.dumps(
            {
                "kinds": {name: sorted(found.get(line, ())) for line, name in enumerate(CASES, 1)},
                "wanted": {name: sorted(kinds) for name, (_, kinds) in CASES.items()},
                "longest message": max(len(str(problem)) for problem in report.problems),
                "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
                "seconds": time.process_time(),
            }
        )
    )


if __name__ == "__main__":
    main()

"""Looks at the lines of a file, block by block: a block with the fast half, lines in doubt with the exact one."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from xxhash import xxh3_64_intdigest

from tunestack.data.fast.half import FastHalf
from tunestack.data.formats import FORMAT_NAMES
from tunestack.data.lines import blocks as lines
from tunestack.data.lines import bytewise
from tunestack.data.lines.bytewise import Rows
from tunestack.data.lines.tally import MAX_COMPARED, Tally
from tunestack.data.report import KINDS, Problem
from tunestack.data.signatures import fingerprint

if TYPE_CHECKING:
    from tunestack.data.demands import Demands
    from tunestack.data.fast.right import Right
    from tunestack.data.lines.blocks import Block
    from tunestack.data.report import Format

_FEW_BYTES = 8 * 1024
_DENSE = 40
"""Where one line of so many is in doubt, looking at halves takes longer than at each line."""

_blanks = re.compile(rb"[ \t\r\n]+").match


class Inspection:
    """One pass over lines that follow each other.

    Args:
        name: the file, as problems name it.
        demands: what the models demand.
        limit: how many problems of each kind are kept.
        data_format: of the file, where lines before these have shown it.
        format_line: the first of those lines.
        sizes: whether to count the examples by their characters.
    """

    def __init__(
        self,
        name: str,
        demands: Demands,
        limit: float,
        data_format: Format | None = None,
        format_line: int = 0,
        *,
        sizes: bool = False,
    ) -> None:
        self.format = data_format
        self.format_line = format_line
        self.tally = Tally(sizes=Counter() if sizes else None)
        self.name = name
        self.demands = demands
        self.limit = limit
        self._has_error = False
        self._doubts = 0
        self._is_doubtful = False
        self._fast_since = -1
        self._fast = FastHalf(data_format, demands) if data_format else None
        self._learners = {} if data_format else {name: FastHalf(name, demands) for name in FORMAT_NAMES}

    def block(self, block: Block) -> None:
        """Looks at a block's lines."""
        if block.is_cut:
            self._line(block.raw, block.offset, block.rows.longest)
        elif not self._is_right(block.raw, block.rows, block.offset):
            doubts, lines_before = self._doubts, self.tally.lines
            (self._one_by_one if self._is_doubtful else self._in_doubt)(block.raw, block.offset)
            self._is_doubtful = (self._doubts - doubts) * _DENSE > self.tally.lines - lines_before

    def _in_doubt(self, raw: bytes, offset: int) -> None:
        """Looks at halves, until the lines in doubt are among few."""
        middle = raw.find(b"\n", len(raw) // 2) if self._fast and len(raw) > _FEW_BYTES else -1
        if middle < 0:
            self._one_by_one(raw, offset)
            return
        self._part(raw[:middle], offset)
        self._part(raw[middle + 1 :], offset + middle + 1)

    def _part(self, raw: bytes, offset: int) -> None:
        if not self._is_right(raw, bytewise.rows(raw), offset):
            self._in_doubt(raw, offset)

    def _one_by_one(self, raw: bytes, offset: int) -> None:
        start = 0
        while start <= len(raw):
            if start and self._fast_since == offset + start:  # the line before has shown what lines here are like
                self._part(raw[start:], offset + start)
                return
            end = raw.find(b"\n", start)
            line = raw[start : end if end >= 0 else len(raw)]
            if not line.strip(b" \t\r"):
                start += self._blank(_blank_lines(raw, start), offset + start)
            else:
                self._line(line, offset + start, len(line))
                start += len(line) + 1

    def _blank(self, run: bytes, offset: int) -> int:
        """Takes lines of nothing but white space, as many as stand together; says how many bytes they are."""
        from tunestack.data.exact.line import examine

        rows = bytewise.rows(run)
        for number, start in enumerate(
            accumulate(rows.lengths[:-1], lambda at, length: at + length + 1, initial=offset)
        ):
            tell = partial(self._tell, self.tally.lines + 1 + number, start)
            if self.tally.counts["blank-line"] >= self.limit:
                self.tally.counts["blank-line"] += len(rows.lengths) - number
                break
            examine(b"", self.format, self.format_line, self.demands, tell)
        self._remember(array("Q", bytes(8 * len(rows.lengths))), array("I", bytes(4 * len(rows.lengths))), rows.lengths)
        return len(run) + 1

    def _line(self, line: bytes, offset: int, length: int) -> None:
        """Looks at one line, of which `length` bytes are in the file."""
        rows = Rows.of_one(length)
        if self._fast is None:
            self._learn(line, rows, offset)
        if not self._is_right(line, rows, offset):
            self._doubtful(line, offset, length)

    def _learn(self, line: bytes, rows: Rows, offset: int) -> None:
        """Finds out the format by a right line, which spares most files the exact half."""
        if len(line) > lines.MAX_LINE_BYTES:
            return
        right = (name for name, learner in self._learners.items() if learner.look(line, rows))
        if name := next(right, None):
            self._is(name, offset + len(line) + 1)

    def _is(self, name: Format, end: int) -> None:
        self.format, self.format_line = name, self.tally.lines + 1
        self._fast = self._learners[name]
        self._fast_since = end

    def _is_right(self, raw: bytes, rows: Rows, offset: int) -> bool:
        """Says whether the lines are right beyond doubt; they are counted then."""
        if self._fast is None or rows.longest > lines.MAX_LINE_BYTES:
            return False
        right = self._fast.look(raw, rows)
        if right:
            self._right(right, rows, offset)
        return right is not None

    def _right(self, right: Right, rows: Rows, offset: int) -> None:
        tally = self.tally
        first = tally.lines
        if self.format and self.format not in tally.first_lines:
            tally.first_lines[self.format] = first + 1
        tally.add(right, len(rows.lengths))
        if tally.sizes is not None:
            tally.sizes.update(right.totals())
        # No example has more characters than its line has bytes.
        short = min(tally.longest, self.demands.longest)
        if right.links or rows.longest > short:
            tally.longest = max(tally.longest, *right.totals())
            if right.links or tally.longest > self.demands.longest:
                self._look_closer(right, rows, offset)
        self._remember(right.hashes, right.inputs, rows.lengths)

    def _look_closer(self, right: Right, rows: Rows, offset: int) -> None:
        """Tells of examples that are too long, and keeps where images are linked."""
        starts = [offset]
        for length in rows.lengths:
            starts.append(starts[-1] + length + 1)
        for place, address, byte, path, mime_type in right.links:
            self.tally.links.add(address, self.tally.lines + place + 1, starts[place] + byte, path, mime_type)
        for place, characters in enumerate(right.totals()):
            self._tell_over_long(characters, self.tally.lines + place + 1, starts[place])

    def _tell_over_long(self, characters: int, number: int, offset: int) -> None:
        if characters > self.demands.longest:
            self.demands.tell_over_long(characters, partial(self._tell, number, offset))

    def _doubtful(self, line: bytes, offset: int, length: int) -> None:
        from tunestack.data.exact.line import examine

        tally = self.tally
        number = tally.lines + 1
        self._has_error = False
        self._doubts += 1
        found = examine(line, self.format, self.format_line, self.demands, partial(self._tell, number, offset))
        if found.names:
            tally.first_lines.setdefault(found.names, number)
            if self.format is None:
                self._is(found.names, offset + length + 1)
        tally.add(found, 1)
        tally.longest = max(tally.longest, found.characters)
        if tally.sizes is not None:
            tally.sizes[found.characters] += 1
        for address, byte, path, mime_type in found.links:
            tally.links.add(address, number, offset + byte, path, mime_type)
        self._tell_over_long(found.characters, number, offset)
        # A line that is no right example is as good as its bytes; of one that is too long, those that are always kept.
        whole = before = xxh3_64_intdigest(line[: lines.MAX_LINE_BYTES + 1], length)
        if not self._has_error:
            whole, before = fingerprint.of_line(line)
        self._remember_one(whole, before, length)

    def _remember_one(self, whole: int, before: int, length: int) -> None:
        self._remember(array("Q", [whole]), array("I", [before & fingerprint.HALF]), Rows.of_one(length).lengths)

    def _remember(self, hashes: array[int], inputs: array[int], lengths: array[int]) -> None:
        tally = self.tally
        tally.lines += len(lengths)
        room = MAX_COMPARED - len(tally.hashes)
        if room < len(lengths):
            hashes, inputs, lengths = hashes[:room], inputs[:room], lengths[:room]
        tally.hashes.extend(hashes)
        tally.inputs.extend(inputs)
        tally.lengths.extend(lengths)

    def _tell(
        self, line: int, start: int, kind: str, path: str, reason: str, expected: str, remedy: str, offset: int = 0
    ) -> None:
        """Counts a problem, and keeps it if it is among the first of its kind."""
        counts = self.tally.counts
        counts[kind] += 1
        self._has_error |= KINDS[kind] == "error"
        if counts[kind] <= self.limit:
            self.tally.problems.append(Problem(self.name, line, start + offset, path, kind, reason, expected, remedy))


def _blank_lines(raw: bytes, start: int) -> bytes:
    """Returns the blank lines that start here, without the last one's newline."""
    run = _blanks(raw, start)
    end = run.end() if run else start
    if end == len(raw):
        return raw[start:]
    return raw[start : raw.rfind(b"\n", start, end)]

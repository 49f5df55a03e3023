"""Lines looked at through stencils: by counts and comparisons over all bytes of a block, with numpy."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from tunestack.data.fast.right import Right
from tunestack.data.formats import is_blank, is_missing_value
from tunestack.data.signatures import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tunestack.data.fast.stencil import Stencil
    from tunestack.data.lines.bytewise import Rows

_QUOTE, _BACKSLASH = b'"\\'
_SPACE = 0x20
_RESPELLED = 2
_ESCAPES = bytes(_RESPELLED if byte in b"u/" else byte in b'"\\bfnrt' for byte in range(256))
"""What a backslash may stand before: how `fingerprint` spells a character, or may spell it otherwise."""

_NAN, _LOWER_CASE = b"nan", 0x20
_BEYOND_ASCII, _LEADING = 0x80, 0xC0
"""The least byte of a character beyond ASCII, and of the first byte of one."""
_SPACES = (b"\xc2\x85", b"\xc2\xa0", b"\xe1\x9a", b"\xe2\x80", b"\xe2\x81", b"\xe3\x80")
"""How the UTF-8 of white space beyond ASCII starts."""

_decoder = msgspec.json.Decoder(list[str])


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines of one block that a stencil fits.

    Attributes:
        places: which they are.
        characters: of each, as if escapes, and bytes that continue a character, were characters themselves.
        turns: of all.
        hashes: see `fingerprint`, as are `inputs`.
        beyond: how many more characters beyond ASCII there are than one sees from the bytes.
    """

    places: Any
    characters: Any
    turns: int
    hashes: array[int]
    inputs: array[int]
    beyond: int


@dataclass(frozen=True, slots=True)
class Lines:
    """A block's bytes, and where in them things are.

    Attributes:
        raw: the bytes.
        values: the same for numpy.
        starts: of lines.
        ends: of lines.
        marks: quotation marks that start or end a string.
        counts: how many of them each line has.
        kinds: each of these numbers once.
        escapes: backslashes that start one.
        respelled: those of them that spell what others spell otherwise.
        continuations: bytes of characters that are not their first.
    """

    raw: bytes
    values: Any
    starts: Any
    ends: Any
    marks: Any
    counts: Any
    kinds: list[int]
    escapes: Any
    respelled: Any
    continuations: Any

    @classmethod
    def of(cls, raw: bytes, rows: Rows) -> Lines | None:
        """Finds them; None where an escape stands that JSON does not have."""
        import numpy as np

        values = np.frombuffer(raw, np.uint8)
        continuations = np.empty(0, np.int64)
        if not raw.isascii():
            raw.decode()  # raises what is told of any look
            continuations = np.flatnonzero((values & _LEADING) == _BEYOND_ASCII)
        marks = rows.marks
        is_quote = values[marks] == _QUOTE
        escapes = respelled = _firsts(marks[~is_quote])
        if len(escapes):
            if escapes[-1] + 1 == len(raw):
                return None
            escaped = values[escapes + 1]
            classes = np.frombuffer(_ESCAPES, np.uint8)[escaped]
            if not classes.all():
                return None
            is_quote[marks.searchsorted(escapes[escaped == _QUOTE] + 1)] = False
            respelled = escapes[classes == _RESPELLED]
        marks = marks[is_quote]
        lengths = np.frombuffer(rows.lengths, np.uint32).astype(np.int64)
        ends = np.cumsum(lengths + 1) - 1
        counts = np.diff(marks.searchsorted(ends), prepend=0)
        kinds = [int(counts[0])] if (counts == counts[0]).all() else np.unique(counts).tolist()
        return cls(raw, values, ends - lengths, ends, marks, counts, kinds, escapes, respelled, continuations)

    def first(self, quotes: int) -> bytes:
        """Returns the first line with so many quotation marks."""
        place = (self.counts == quotes).argmax()
        return self.raw[self.starts[place] : self.ends[place]]

    def through(self, stencil: Stencil) -> Fitted | None:
        """Looks at the lines that have as many quotation marks as a stencil; None if any of them differs otherwise."""
        import numpy as np

        is_all = len(self.kinds) == 1
        places = slice(None) if is_all else np.flatnonzero(self.counts == stencil.quotes)
        starts, ends = self.starts[places], self.ends[places]
        if is_all:
            marks = self.marks.reshape(-1, stencil.quotes)
        else:
            first = np.cumsum(self.counts) - self.counts
            marks = self.marks[first[places][:, None] + np.arange(stencil.quotes)]
        opens, closes = marks[:, stencil.openings], marks[:, stencil.closings]
        edges = zip(stencil.parts, [starts, *closes.T], [*(opens + 1).T, ends], strict=True)
        if not all(self._is_at(start, end, part) for part, start, end in edges):
            return None
        texts = _Texts(self.raw, opens.ravel(), closes.ravel() + 1)
        respelled = texts.around(self.respelled)
        doubtful = texts.maybe_nothing(self.values)
        if len(respelled) + len(doubtful) > len(texts.starts) // 4 + 8:
            return None  # to decode each for itself would take longer than another look
        if any(is_blank(text) or is_missing_value(text) for text in _decoded(texts.pieces(doubtful))):
            return None
        digests = fingerprint.digests_within(self.raw, texts.starts.tolist(), texts.ends.tolist())
        lengths = closes - opens - 1
        others = texts.pieces(respelled)
        decoded = _decoded(others)
        np.frombuffer(digests, np.uint64)[respelled] = fingerprint.digests(map(fingerprint.spelled, decoded))
        more = np.array(list(map(len, decoded)), np.int64) - lengths.ravel()[respelled]
        for unseen in (self.escapes, self.continuations):
            more += unseen.searchsorted(texts.ends[respelled]) - unseen.searchsorted(texts.starts[respelled])
        characters = lengths.sum(axis=1)
        np.add.at(characters, np.array(respelled, np.int64) // len(stencil.shape), more)
        beyond = _beyond_ascii(decoded) - _beyond_ascii(each.decode() for each in others if not each.isascii())
        hashes, inputs = fingerprint.of_digests(stencil.shape, digests)
        return Fitted(places, characters, len(starts) * stencil.turns, hashes, inputs, beyond)

    def right(self, found: Sequence[Fitted]) -> Right:
        """Puts together what all lines hold, each of which a stencil fits."""
        import numpy as np

        lines = len(self.starts)
        hashes, inputs = found[0].hashes, found[0].inputs
        if len(found) > 1:
            whole, before = np.empty(lines, np.uint64), np.empty(lines, np.uint32)
            for each in found:
                whole[each.places], before[each.places] = each.hashes, each.inputs
            hashes, inputs = array("Q", whole.tobytes()), array("I", before.tobytes())
        unseen = len(self.escapes) + len(self.continuations)
        beyond = int(np.count_nonzero(self.values >= _LEADING)) if len(self.continuations) else 0
        return Right(
            hashes,
            inputs,
            partial(self._totals, found),
            sum(int(each.characters.sum()) for each in found) - unseen,
            beyond + sum(each.beyond for each in found),
            sum(each.turns for each in found),
            lines,
        )

    def _totals(self, found: Iterable[Fitted]) -> list[int]:
        """Counts each line's characters."""
        import numpy as np

        totals = np.empty(len(self.starts), np.int64)
        for each in found:
            totals[each.places] = each.characters
        for unseen in (self.escapes, self.continuations):
            totals -= np.diff(unseen.searchsorted(self.ends), prepend=0)
        counted: list[int] = totals.tolist()
        return counted

    def _is_at(self, starts: Any, ends: Any, part: bytes) -> bool:
        """Says whether these bytes, and no others, stand between the places."""
        import numpy as np

        if (ends - starts != len(part)).any():
            return False
        windows: Any = np.ndarray((len(self.raw) - len(part) + 1,), f"V{len(part)}", self.raw, strides=(1,))
        return bool(windows[starts].tobytes() == part * len(starts))


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts in a block: where each starts and ends, quotation marks included."""

    raw: bytes
    starts: Any
    ends: Any

    def pieces(self, places: Iterable[int]) -> list[bytes]:
        """Returns texts as they are spelled."""
        return [self.raw[self.starts[place] : self.ends[place]] for place in places]

    def around(self, bytes_of_texts: Any) -> list[int]:
        """Returns the texts in which these bytes are; some may be elsewhere."""
        import numpy as np

        if not len(bytes_of_texts):
            return []
        places = np.unique(self.starts.searchsorted(bytes_of_texts) - 1)
        places = places[places >= 0]
        inside = bytes_of_texts.searchsorted(self.ends[places]) > bytes_of_texts.searchsorted(self.starts[places])
        found: list[int] = places[inside].tolist()
        return found

    def maybe_nothing(self, values: Any) -> list[int]:
        """Returns the texts that start as one does that is white space or a missing value."""
        import numpy as np

        first = values[self.starts + 1]
        doubtful = (first <= _SPACE) | (first == _QUOTE) | (first == _BACKSLASH)
        may_be_nan = np.flatnonzero(first | _LOWER_CASE == _NAN[0])
        doubtful[may_be_nan] = self._go_on(values, may_be_nan, _NAN, _LOWER_CASE)
        if first.max() >= _BEYOND_ASCII:
            for start in _SPACES:
                may_be_space = np.flatnonzero(first == start[0])
                doubtful[may_be_space] |= self._go_on(values, may_be_space, start)
        found: list[int] = np.flatnonzero(doubtful).tolist()
        return found

    def _go_on(self, values: Any, places: Any, start: bytes, either: int = 0) -> Any:
        """Says which of these texts start with these bytes, of which the first one is known."""
        starts = self.starts[places] + 1
        alike = starts < len(values) - len(start)
        for number in range(1, len(start)):
            alike &= values[(starts + number) * alike] | either == start[number]
        return alike


def _firsts(places: Any) -> Any:
    """Returns where escapes start: the first, third, … of backslashes that stand together."""
    import numpy as np

    begins = np.diff(places, prepend=-2) > 1
    if begins.all():
        return places
    return places[(places - np.maximum.accumulate(np.where(begins, places, 0))) % 2 == 0]


def _decoded(pieces: Iterable[bytes]) -> list[str]:
    return _decoder.decode(b"[" + b",".join(pieces) + b"]")


def _beyond_ascii(texts: Iterable[str]) -> int:
    import numpy as np

    return int(np.count_nonzero(np.frombuffer("".join(texts).encode(), np.uint8) >= _LEADING))

"""How many tokens a service would count in text that nobody has tokenized, and within what bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from tunestack.catalogue.amounts import Span
from tunestack.catalogue.reader import token_range

if TYPE_CHECKING:
    from tunestack.catalogue.entries import TokenRange


class TextCounts(Protocol):
    """What was counted in the examples' text; `tunestack.data.Report` is one."""

    @property
    def examples(self) -> int:
        """Examples."""

    @property
    def characters(self) -> int:
        """Characters of the text."""

    @property
    def non_ascii(self) -> int:
        """How many of the characters are beyond ASCII."""

    @property
    def turns(self) -> int:
        """Messages, two for a prompt and its completion."""

    @property
    def bytes(self) -> int | None:
        """Size of the file; None where it does not matter."""


def expected_tokens(model: str, ratio: Decimal | None, counts: TextCounts) -> Span | None:
    """Returns the tokens of a data file, once; None where nobody measured the model's tokens per character.

    The middle is the measured ratio of billed tokens to characters, which is one of English text; characters beyond
    ASCII count as the model's tokenizer takes them in most languages. The bounds are what the tokenizer makes of other
    texts, and what the chat template adds to each turn and example. docs/estimates.md says how they were measured.

    Args:
        model: as the catalogue names it.
        ratio: measured tokens per character of the model, in the mode that is meant.
        counts: what was counted in the file.
    """
    measured = token_range(model)
    if ratio is None:
        return None
    if measured is None:
        return Span.exactly(counts.characters * ratio).rounded()
    low = _tokens(measured, counts, measured.ascii_low, measured.other_low, measured.example_low)
    high = _tokens(measured, counts, measured.ascii_high, measured.other_high, measured.example_high)
    plain = counts.characters - counts.non_ascii
    middle = max(plain * ratio + counts.non_ascii * measured.other_middle, low)
    return Span(low, middle, max(high, middle)).rounded()


def _tokens(measured: TokenRange, counts: TextCounts, plain: Decimal, other: Decimal, example: int) -> Decimal:
    text = (counts.characters - counts.non_ascii) * plain + counts.non_ascii * other
    return text + counts.turns * measured.turn + counts.examples * example

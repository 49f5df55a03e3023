"""Counts a data file's tokens exactly, by the model's own tokenizer."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tunestack.catalogue.reader import token_range
from tunestack.data.formats import FORMAT_NAMES
from tunestack.data.lines.blocks import MAX_LINE_BYTES
from tunestack.data.preparation.example import Image
from tunestack.data.preparation.formats import reader
from tunestack.data.preparation.source import Source
from tunestack.data.report import UnreadableDataError
from tunestack.data.tokens.error import TemplateRefusalError, TokenizerError
from tunestack.data.tokens.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tunestack.data.preparation.example import Example
    from tunestack.data.stream import Stream

BATCH_BYTES = 1024 * 1024
"""Read before the tokenizer is asked, which takes a batch on all cores."""


@dataclass(frozen=True, slots=True)
class OverLong:
    """An example that is longer than the model's longest sequence."""

    line: int
    offset: int
    tokens: int


@dataclass(frozen=True, slots=True)
class TokenCount:
    """The tokens of a data file.

    Attributes:
        tokens: all of them, once through the file.
        lengths: of each example, in the order of the file.
        template: what was added to the text, for people.
        images: parts that are no text, whose tokens no tokenizer file knows.
        over_long: the first examples that are longer than asked.
        over_long_count: all of them.
    """

    tokens: int
    lengths: array[int] = field(repr=False)
    template: str
    images: int
    over_long: tuple[OverLong, ...]
    over_long_count: int

    @property
    def examples(self) -> int:
        """How many examples there are."""
        return len(self.lengths)

    def to_json(self) -> dict[str, Any]:
        """Returns the count as JSON has it; the length of each example stays out."""
        return {
            "tokens": self.tokens,
            "examples": self.examples,
            "template": self.template,
            "images": self.images,
            "overLong": [{"line": each.line, "offset": each.offset, "tokens": each.tokens} for each in self.over_long],
            "overLongCount": self.over_long_count,
        }


def count_tokens(
    source: Path | str | Stream,
    tokenizer: Path | str,
    *,
    model: str | None = None,
    longest: int | None = None,
    problem_limit: int | None = 20,
    progress: Callable[[int], None] | None = None,
) -> TokenCount:
    """Counts the tokens of a file that was checked before.

    A chat template next to the tokenizer is applied to each example; a prompt and its completion count as a user's and
    an assistant's turn. Without one, each turn and example is given what the catalogue knows of the model's template.

    Args:
        source: a training file in any format.
        tokenizer: the model's `tokenizer.json`, or the folder that holds it.
        model: the model's name, only for what a template would add where none is at hand.
        longest: tokens of an example at the most.
        problem_limit: how many longer examples are named; None names all, and all are counted.
        progress: told how many bytes were read.

    Raises:
        TokenizerError: the tokenizer cannot be used, or its chat template refuses an example.
        UnreadableDataError: the file cannot be read, or a line of it is no example.
    """
    counter = Tokenizer(tokenizer)
    known = None if counter.template or model is None else token_range(model)
    turn, each = (known.turn, known.example_low) if known else (0, 0)
    if counter.template:
        told = counter.template
    elif known:
        told = f"{turn} tokens a turn and {each} an example, as the model's published template adds"
    else:
        told = f"none lies next to {counter.path}"
    lengths, over_long, images, too_long = array("I"), [], 0, 0
    opened = Source(source)
    for batch in _batches(opened, progress):
        try:
            found = counter.lengths([example for _, _, example in batch])
        except TemplateRefusalError as error:
            raise TokenizerError(f"{opened.name}:{batch[error.index][0]}: {error}") from error
        for (line, offset, example), length in zip(batch, found, strict=True):
            tokens = length + turn * len(example) + each
            lengths.append(tokens)
            images += sum(isinstance(part, Image) for said in example for part in said.parts)
            if longest is not None and tokens > longest:
                too_long += 1
                if problem_limit is None or too_long <= problem_limit:
                    over_long.append(OverLong(line, offset, tokens))
    return TokenCount(sum(lengths), lengths, told, images, tuple(over_long), too_long)


def _batches(source: Source, progress: Callable[[int], None] | None) -> Iterator[list[tuple[int, int, Example]]]:
    """Yields examples with their line and offset, as many at once as keep the tokenizer busy."""
    batch: list[tuple[int, int, Example]] = []
    size = offset = 0
    read: Callable[[bytes], Example] | None = None
    with source.opened(progress) as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), 1):
            try:
                read = read or _reader_of(line)
                batch.append((number, offset, read(line)))
            except (ValueError, RecursionError) as error:  # msgspec's and UTF-8's errors are ValueErrors
                reason = "is too long" if len(line) > MAX_LINE_BYTES else f"is no example ({error})"
                place = f"{source.name}:{number}"
                raise UnreadableDataError(f"{place}: the line {reason}; tunestack data check says all") from error
            offset += len(line)
            size += len(line)
            if size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _reader_of(line: bytes) -> Callable[[bytes], Example]:
    """Returns what reads lines such as this one.

    Raises:
        ValueError: it is in no format.
    """
    for name in FORMAT_NAMES:
        try:
            reader(name)(line)
        except (ValueError, RecursionError):
            continue
        return reader(name)
    raise ValueError("in none of the formats of training data")

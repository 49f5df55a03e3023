"""Splits training data into a training and a validation file, and a test file where one is wanted."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import xxhash

from tunestack.catalogue import data_rules
from tunestack.data.preparation.assignment import TooFewError, assign
from tunestack.data.preparation.checked import changed, checked
from tunestack.data.preparation.error import PreparationError
from tunestack.data.preparation.example import Image
from tunestack.data.preparation.formats import reader
from tunestack.data.preparation.source import Source
from tunestack.data.preparation.table import Table, kind_of
from tunestack.data.preparation.target import whole
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.report import Format
    from tunestack.data.stream import Stream

MAX_SEED = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Part:
    """One of the files that a split makes."""

    path: Path
    examples: int
    bytes: int

    def __str__(self) -> str:
        return f"{self.path}: {counted(self.examples, 'example')}, {counted(self.bytes, 'byte')}"

    def to_json(self) -> dict[str, Any]:
        """Returns it for machines."""
        return {"path": str(self.path), "examples": self.examples, "bytes": self.bytes}


@dataclass(frozen=True, slots=True)
class Split:
    """What was split.

    Attributes:
        source: what was read, as it was named.
        format: the format of its examples.
        seed: of the hashes.
        training: what is to be learnt from.
        validation: what the service measures on while it tunes.
        test: what is kept for the time after; None where none was wanted.
        moved: examples meant for validation that went to training, since the rules take no more.
    """

    source: str
    format: Format
    seed: int
    training: Part
    validation: Part
    test: Part | None
    moved: int

    def __str__(self) -> str:
        share = f", which is {self.percent_of_bytes:.1f} % of training"
        told = [str(self.training), f"{self.validation}{share}", *([str(self.test)] if self.test else [])]
        return "; ".join(told)

    @property
    def percent_of_bytes(self) -> float:
        """The validation file's bytes by the training file's."""
        return 100 * self.validation.bytes / self.training.bytes

    def to_json(self) -> dict[str, Any]:
        """Returns it for machines."""
        return {
            "source": self.source,
            "format": self.format,
            "seed": self.seed,
            "training": self.training.to_json(),
            "validation": self.validation.to_json(),
            "test": self.test and self.test.to_json(),
            "moved": self.moved,
            "percentOfBytes": self.percent_of_bytes,
        }


def split(
    source: Path | str | Stream,
    training: Path | str,
    validation: Path | str,
    test: Path | str | None = None,
    *,
    validation_percent: Decimal | float = 10,
    test_percent: Decimal | float = 10,
    seed: int = 0,
    rules: Sequence[DataRules] = (),
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Split:
    """Splits training data; each line goes to one file, as it stands and in its order.

    An example's file follows from the seed and its input alone, which is all but its last answer: so examples with one
    input are never divided, and an example stays in its file when others come, or when it is written in another
    format. The validation file is within the rules by construction: what would be too much goes to training.

    Args:
        source: JSON lines in one of the three formats; read three times, see `tunestack.data.preparation.convert` for
            tables.
        training: where to write what is to be learnt from.
        validation: where to write what the service measures on.
        test: where to write what is kept aside; None for none.
        validation_percent: how many of 100 inputs are to validate.
        test_percent: how many of 100 inputs are kept aside, where `test` is given.
        seed: another one, another split.
        rules: what the base models demand; what any open model does where none is given.
        overwrite: replace files that are there.
        progress: told how many bytes of the source are done.

    Raises:
        PreparationError: the data has errors, is too little to be split, or a file cannot be written.
        UnreadableDataError: the source is not there or cannot be read.
    """
    share, kept = _shares(validation_percent, test_percent if test else 0)
    if not 0 <= seed <= MAX_SEED:
        raise PreparationError(f"the seed {seed}", f"write a whole number from 0 to {MAX_SEED}")
    read = Source(source)
    with read.opened() as file:
        kind = kind_of(read.name, file, Table())
    if kind != "jsonl":
        raise PreparationError(f"a table ({kind})", "convert it first: tunestack data convert", file=read.name)
    targets = [Path(each) for each in (training, validation, *([test] if test else []))]
    with whole(targets, read, overwrite=overwrite) as files:
        data_format, size = checked(read, progress and (lambda done: progress(done // 3)), rules)
        keys, sizes = _measured(read, data_format, seed, progress and (lambda done: progress((size + done) // 3)))
        try:
            sides, moved = assign(keys, sizes, validation=share, test=kept, rules=rules or [data_rules.OPEN_RULES])
        except TooFewError:
            inputs = counted(len(set(keys)), "different input")
            reason = f"{counted(len(keys), 'example')} with {inputs}: too few to split by the rules"
            raise PreparationError(reason, "add examples", file=read.name) from None
        with read.opened(progress and (lambda done: progress((2 * size + done) // 3))) as file:
            try:
                for side, length, line in zip(sides, sizes, map(_ended, file), strict=True):
                    if len(line) != length:
                        raise changed(read)
                    files[side].write(line)
            except ValueError as error:  # there are more lines than there were, or fewer
                raise changed(read) from error
        parts = [
            Part(path, sides.count(side), file.tell())
            for side, (path, file) in enumerate(zip(targets, files, strict=True))
        ]
    return Split(read.name, data_format, seed, parts[0], parts[1], parts[2] if test else None, moved)


def _shares(validation_percent: Decimal | float, test_percent: Decimal | float) -> tuple[float, float]:
    for name, percent in (("validation", validation_percent), ("test", test_percent)):
        if not 0 < percent < 100 and not (name == "test" and percent == 0):
            raise PreparationError(f"{percent} % for {name}", "write a number above 0 and below 100")
    validation, test = float(validation_percent), float(test_percent)  # a Decimal and a float cannot be added
    if validation + test >= 100:
        raise PreparationError("nothing is left for training", "let validation and test be less than 100 % together")
    return validation / 100, test / 100


def _measured(
    source: Source, data_format: Format, seed: int, progress: Callable[[int], None] | None
) -> tuple[array[int], array[int]]:
    """Returns a hash of each example's input, and the length of its line."""
    input_of = _input_of(data_format)
    digest = xxhash.xxh3_64_intdigest
    keys, sizes = array("Q"), array("Q")
    with source.opened(progress) as file:
        for line in map(_ended, file):
            try:
                keys.append(digest(input_of(line), seed))
            except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError) as error:
                raise changed(source) from error
            sizes.append(len(line))
    return keys, sizes


def _input_of(data_format: Format) -> Callable[[bytes], bytes]:
    """Returns what takes the answer off an example: the rest is the same however it is written."""
    read = reader(data_format)
    encode = msgspec.msgpack.Encoder(order="sorted").encode

    def input_of(line: bytes) -> bytes:
        try:
            return encode([(turn.role, [_bare(part) for part in turn.parts]) for turn in read(line)[:-1]])
        except msgspec.ValidationError:  # what no other format has, such as Gemini's tools
            example = msgspec.json.decode(line)
            return encode({**example, "contents": example["contents"][:-1]})

    return input_of


def _bare(part: str | Image) -> str | Image:
    """Returns an image without what only some formats say of it."""
    return part if isinstance(part, str) else Image(part.uri)


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"

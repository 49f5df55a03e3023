"""Which examples validate: by a hash of each example's input, within what the service takes.

The hash says it alone, so an example stays where it is when others come, in whatever order; and equal inputs have equal
hashes, so none is learnt from and validated on. Only what the rules forbid goes to the training file after all.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunestack.catalogue.data_rules import DataRules

TRAINING, VALIDATION, TEST = range(3)

_HASHES = 2**64


class TooFewError(Exception):
    """There are too few different examples to divide."""


@dataclass(slots=True)
class _Amount:
    examples: int = 0
    bytes: int = 0

    def __add__(self, other: _Amount) -> _Amount:
        return _Amount(self.examples + other.examples, self.bytes + other.bytes)


def assign(
    keys: array[int], sizes: array[int], *, validation: float, test: float, rules: Sequence[DataRules]
) -> tuple[bytearray, int]:
    """Assigns each example to training, validation or test.

    Args:
        keys: 64-bit hashes of the examples' inputs.
        sizes: bytes of each example's line, its newline included.
        validation: wanted share of the different inputs, between 0 and 1.
        test: share that is kept for tests, 0 for none. It comes from the other end of the hashes, so that a larger
            share of validation takes none of it.
        rules: what the base models demand of a validation file.

    Returns:
        Where each example goes, and how many of those meant for validation were too many for the rules.

    Raises:
        TooFewError: no part for validation is small enough, or nothing is left to learn from.
    """
    below = int(validation * _HASHES)
    tested_from = min(_HASHES - int(test * _HASHES), max(keys)) if test else _HASHES
    total = _Amount(len(keys), sum(sizes))
    tested = _sum(size for key, size in zip(keys, sizes, strict=True) if key >= tested_from)

    def fits(amount: _Amount) -> bool:
        return _fits(amount, _Amount(total.examples - tested.examples, total.bytes - tested.bytes), rules)

    meant = _groups(keys, sizes, lambda key: key < below and key < tested_from)
    chosen = _choose(meant.items(), fits)
    if not chosen:  # few examples: the one with the lowest hash that is small enough
        others = _groups(keys, sizes, lambda key: key < tested_from)
        chosen = _choose(sorted(others.items()), fits, limit=1)
    if not chosen:
        raise TooFewError
    sides = bytearray(VALIDATION if key in chosen else TEST if key >= tested_from else TRAINING for key in keys)
    return sides, sum(amount.examples for key, amount in meant.items() if key not in chosen)


def _groups(keys: array[int], sizes: array[int], wanted: Callable[[int], bool]) -> dict[int, _Amount]:
    """Sums up the examples of each wanted hash, in the order in which the hashes first stand."""
    groups: dict[int, _Amount] = {}
    for key, size in zip(keys, sizes, strict=True):
        if wanted(key):
            amount = groups.setdefault(key, _Amount())
            amount.examples += 1
            amount.bytes += size
    return groups


def _choose(
    groups: Iterable[tuple[int, _Amount]], fits: Callable[[_Amount], bool], limit: int | None = None
) -> set[int]:
    """Takes one group after the other, as long as all together fit: so what came first stays when more comes."""
    chosen: set[int] = set()
    taken = _Amount()
    for key, amount in groups:
        if fits(taken + amount):
            taken += amount
            chosen.add(key)
            if len(chosen) == limit:
                break
    return chosen


def _fits(validation: _Amount, rest: _Amount, rules: Sequence[DataRules]) -> bool:
    training = _Amount(rest.examples - validation.examples, rest.bytes - validation.bytes)
    return training.examples > 0 and all(_is_allowed(validation, training, each) for each in rules)


def _is_allowed(validation: _Amount, training: _Amount, rules: DataRules) -> bool:
    if rules.validation_examples is not None and validation.examples > rules.validation_examples:
        return False
    share = rules.validation_percent_of_bytes
    if share is not None and validation.bytes * 100 > training.bytes * share:
        return False
    share = rules.validation_percent_of_examples
    if share is None or validation.examples <= (rules.validation_percent_beyond or 0):
        return True
    return validation.examples * 100 <= training.examples * share


def _sum(sizes: Iterable[int]) -> _Amount:
    amount = _Amount()
    for size in sizes:
        amount.examples += 1
        amount.bytes += size
    return amount

"""Which cases there are, and which of them a run takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from random import Random

from tests.campaign.case import Case
from tests.campaign.interruptions import KINDS
from tests.campaign.phases import PHASES
from tests.campaign.reference import Reference

_POINTS = ("before", "after")


def walk(references: Mapping[str, Reference], seed: int) -> list[Case]:
    """Every call that changes something × before and after × every kind; of the others one each, drawn by the seed."""
    random = Random(seed)  # noqa: S311 (repeatable on purpose)
    cases: list[Case] = []
    for phase in PHASES:
        if phase.name not in references:
            continue
        for call in references[phase.name].calls:
            every = [Case(phase, call, point, kind) for point in _POINTS for kind in KINDS]
            cases += every if call.changes else random.sample(every, 1)
    return cases


def sample(cases: list[Case], number: int, seed: int) -> list[Case]:
    """Some of the cases: each phase with each kind before any of these pairs comes again."""
    random = Random(seed)  # noqa: S311 (repeatable on purpose)
    pairs: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in random.sample(cases, len(cases)):
        pairs[case.phase.name, case.kind].append(case)
    chosen: list[Case] = []
    while pairs and len(chosen) < number:
        for pair in random.sample(sorted(pairs), len(pairs)):
            chosen.append(pairs[pair].pop())
            if not pairs[pair]:
                del pairs[pair]
    return chosen[:number]

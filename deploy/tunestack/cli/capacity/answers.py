"""What was found: each machine with all that is known of it, and which one a deployment would take."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tunestack.catalogue import find_machine
from tunestack.serving import machine_choice
from tunestack.serving.capacity import look

if TYPE_CHECKING:
    from tunestack.catalogue import Source
    from tunestack.cli.capacity.questions import Question
    from tunestack.serving.capacity import Capacity
    from tunestack.serving.specification import Machine


@dataclass(frozen=True, slots=True)
class Row:
    """A machine in a region; None is not known.

    Attributes:
        machine: type, accelerator and their number.
        usable_bytes: how much of its accelerators' memory weights may fill.
        holds: whether the checkpoint fits.
        granted: what the project may use of the accelerator, -1 without limit.
        in_use: what deployed models have of it.
        needed: what the deployment takes beside that.
        available: whether the service has the machine now.
        usd_per_hour: of one replica.
        source: of the price.
        obstacle: what speaks against it; empty for nothing.
    """

    machine: Machine
    usable_bytes: int | None
    holds: bool | None
    granted: int | None
    in_use: int | None
    needed: int
    available: bool | None
    usd_per_hour: Decimal | None
    source: Source | None
    obstacle: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for a question.

    Attributes:
        question: what was asked.
        capacity: what is known of the region.
        rows: one for each machine, in the order of preference.
        choice: the machine that a deployment would take; None where none can be had.
    """

    question: Question
    capacity: Capacity
    rows: tuple[Row, ...]
    choice: Machine | None

    @property
    def is_stuck(self) -> bool:
        """Whether an endpoint does not serve, and cannot now."""
        return bool(self.question.endpoint) and not self.question.serving and self.choice is None

    @property
    def reason(self) -> str:
        """Why that machine, or what speaks against all."""
        order = machine_choice.in_order(self.question.machines, self.question.serving)
        against = {row.machine: row.obstacle for row in self.rows if row.obstacle}
        if self.choice is None:
            return machine_choice.told(order, against)
        return machine_choice.reason(order, self.choice, against, self.question.serving)


def answers(asked: Sequence[Question]) -> list[Answer]:
    """Asks all at the same time."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(_answer, asked))


def _answer(question: Question) -> Answer:
    capacity = look(question.connection, question.checkpoint_uris, question.base_model)
    against = machine_choice.obstacles(question.machines, capacity, question.need)
    rows = tuple(_row(machine, question, capacity, against.get(machine, "")) for machine in question.machines)
    order = machine_choice.in_order(question.machines, question.serving)
    return Answer(question, capacity, rows, next((each for each in order if each not in against), None))


def _row(machine: Machine, question: Question, capacity: Capacity, obstacle: str) -> Row:
    name, accelerator, count = machine
    row = find_machine(name)
    usd, source = row.price_in(capacity.region) if row else (None, None)
    return Row(
        machine,
        row.usable_bytes if row else None,
        row.holds(capacity.weight_bytes) if row else None,
        capacity.granted(accelerator),
        capacity.in_use(accelerator),
        question.need.accelerators(count),
        None if capacity.offers is None else machine in capacity.offers.available,
        usd,
        source,
        obstacle,
    )

"""The runs that nobody interrupts: what they ask the services, and what there is afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.campaign import calls, inventory
from tests.campaign.calls import Call
from tests.campaign.lane import Lane
from tests.campaign.phases import PHASES, Phase


class HarnessError(Exception):
    """The campaign itself did not work; nothing is said about the product."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What belongs to a phase.

    Attributes:
        calls: where it can be interrupted.
        before: what exists when it starts.
        least: what must exist afterwards.
        most: what may exist afterwards.
        resources: what the state has afterwards.
    """

    calls: list[Call]
    before: Counter[str]
    least: Counter[str]
    most: Counter[str]
    resources: Counter[str]

    def most_after(self, interrupted: Counter[str]) -> Counter[str]:
        """What may exist afterwards, given what the interrupted run left.

        A job whose artifacts are all there is not paid for again.
        """
        if any(_artifact(line) and line not in interrupted for line in self.before):
            return self.most
        return Counter(
            {line: self.before[line] or most if line.startswith("job ") else most for line, most in self.most.items()}
        )


_BEFORE: Final = {"roll": "up", "destroy": "roll", "destroy-up": "roll"}
"""Which phase leaves what a phase starts with."""


def learn(lane: Lane, times: int, phases: Sequence[Phase] = PHASES) -> dict[str, Reference]:
    """Runs the phases one after the other, saves the lane where a phase starts, and notes what belongs to each.

    Args:
        lane: as new.
        times: how often each is run, to tell the calls that always happen.
        phases: which, in their order.
    """
    lane.save("nothing")
    found: dict[str, Reference] = {}
    after: dict[str, Counter[str]] = {}
    for phase in phases:
        if phase.name == "destroy-up":  # goes on where destroy has ended
            heard = found["destroy"].calls
            _apply(lane, *phase.again)
        else:
            recordings = []
            for number in range(times):
                if number:  # before the first it has just been saved
                    lane.restore(phase.start)
                recordings.append(_run(lane, phase))
            heard = calls.of(recordings)
        least = most = after[phase.name] = inventory.remote(lane)
        before = after[_BEFORE[phase.name]] if phase.name in _BEFORE else Counter[str]()
        if phase.name == "destroy-up":
            # What the interrupted destroy had left alone yet stays. Checkpoints before the final one are not needed.
            least, most = least & before, least | before
            least = Counter({line: number for line, number in least.items() if "/checkpoints/checkpoint-" not in line})
        found[phase.name] = Reference(heard, before, least, most, inventory.resources(lane))
        following = {"up": "up", "roll": "rolled"}.get(phase.name)
        if following:
            lane.save(following)
    return found


def _run(lane: Lane, phase: Phase) -> list[Mapping[str, Any]]:
    lane.configure(phase.model)
    since = lane.get("/emulator/requests")["next"]
    _apply(lane, *phase.interrupted)
    heard: list[Mapping[str, Any]] = lane.get("/emulator/requests", since=since)["requests"]
    return heard


def _apply(lane: Lane, *command: str) -> None:
    log = lane.folder / "reference.log"
    if lane.start(log, *command).wait():
        raise HarnessError(f"pulumi {command[0]} fails even when nobody interrupts it; see {log}")


def _artifact(line: str) -> bool:
    return line.startswith("objects/") and "/checkpoints/" in line

"""One case: a run interrupted at one call, run again, and looked at."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import psutil

from tests.campaign import inventory
from tests.campaign.calls import Call
from tests.campaign.interruptions import KINDS, Interrupted, NoSuchProcessError, descendants
from tests.campaign.lane import Lane
from tests.campaign.phases import Phase
from tests.campaign.reference import HarnessError, Reference

_RUN_LIMIT: Final = 120.0
"""Seconds in which any run ends: one takes under ten on a machine that does nothing else."""

_END_LIMIT: Final = 60.0
"""Seconds in which what the CLI had started ends after it: a provider looks for it every 2 s, and gets 5 more; the rest
is for a machine that does other things."""

_ATTEMPTS: Final = 3
"""How often the run is repeated at most; once must be enough."""


@dataclass(frozen=True, slots=True)
class Case:
    """Where a run is interrupted, and how.

    Attributes:
        phase: the run.
        call: the call that stands still meanwhile.
        point: `before` or `after` the service acted on it.
        kind: of interruption; one of `KINDS`.
    """

    phase: Phase
    call: Call
    point: str
    kind: str

    def __str__(self) -> str:
        return f"{self.phase.name}, {self.call}, {self.point}, {self.kind}"


@dataclass
class Outcome:
    """What came of a case.

    Attributes:
        case: what was done.
        problems: what was wrong afterwards; empty where all is well.
        attempts: how often the run had to be repeated.
        applicable: whether there was something to interrupt.
        seconds: how long it took.
        log: what the runs printed.
    """

    case: Case
    problems: list[str] = field(default_factory=list)
    attempts: int = 0
    applicable: bool = True
    seconds: float = 0.0
    log: Path = Path()

    @property
    def failed(self) -> bool:
        return bool(self.problems)

    def __str__(self) -> str:
        told = "FAILED" if self.failed else f"ok, repeated {self.attempts} ×" if self.applicable else "no such process"
        return "; ".join([f"{self.case}: {told}, {self.seconds:.0f} s", *self.problems])


def run(case: Case, lane: Lane, reference: Reference, seed: int, log: Path) -> Outcome:
    """Runs a case in a lane; the log is written anew."""
    begin = time.monotonic()
    outcome = Outcome(case, log=log)
    log.unlink(missing_ok=True)
    lane.restore(case.phase.start)
    lane.configure(case.phase.model)
    try:
        outcome.problems += _interrupt(case, lane, Random(f"{seed} {case}"), log)  # noqa: S311 (repeatable on purpose)
    except NoSuchProcessError:
        outcome.applicable = False
    except HarnessError as error:
        outcome.problems.append(f"harness: {error}")
    else:
        outcome.problems += _put_right(outcome, lane, reference)
    if outcome.failed:
        shutil.rmtree(log.with_suffix(""), ignore_errors=True)
        shutil.copytree(lane.project / ".tunestack", log.with_suffix(""), ignore=shutil.ignore_patterns("home", "bin"))
    outcome.seconds = time.monotonic() - begin
    return outcome


def _interrupt(case: Case, lane: Lane, random: Random, log: Path) -> list[str]:
    hold = {"method": case.call.method, "path": case.call.template, "skip": case.call.occurrence - 1}
    lane.post("/emulator/faults", {**hold, "hold": case.point})
    cli = lane.start(log, *case.phase.interrupted)
    started: dict[psutil.Process, str] = {}
    try:
        _until_held(lane, cli)
        time.sleep(random.random() / 2)
        started = descendants(cli)
        KINDS[case.kind](Interrupted(lane, cli, random))
        cli.wait(_RUN_LIMIT)
    except psutil.TimeoutExpired:
        return [f"the interrupted run did not end within {_RUN_LIMIT:.0f} s"]
    finally:
        started |= descendants(cli)
        with contextlib.suppress(psutil.NoSuchProcess):
            cli.kill()
            cli.wait()
        left = _left(started)
        lane.http.delete(f"{lane.url}/emulator/faults")
        lane.post("/emulator/faults/release")
    return [f"{command} lives on, {_END_LIMIT:.0f} s after the CLI" for command in left]


def _until_held(lane: Lane, cli: psutil.Popen) -> None:
    deadline = time.monotonic() + _RUN_LIMIT
    while not lane.get("/emulator/faults/held")["held"]:
        if cli.poll() is not None:
            raise HarnessError(f"the run ended, exit status {cli.returncode}, without the call")
        if time.monotonic() > deadline:
            raise HarnessError("the call did not happen")
        time.sleep(0.02)


def _left(started: dict[psutil.Process, str]) -> list[str]:
    """Waits for the end of what a CLI had started; kills what does not end, and says what of that is ours."""
    _, alive = psutil.wait_procs(started, timeout=_END_LIMIT)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    # The real pulumi-gcp looks for its engine every few minutes only.
    return [started[process] for process in alive if "pulumi-resource-gcp" not in started[process]]


def _put_right(outcome: Outcome, lane: Lane, reference: Reference) -> list[str]:
    problems: list[str] = []
    most = reference.most_after(inventory.remote(lane))
    status = 1
    while status and outcome.attempts < _ATTEMPTS:
        outcome.attempts += 1
        with outcome.log.open("a") as log:
            log.writelines(f"\n# {done}" for done in lane.recover())
        try:
            status = lane.start(outcome.log, *outcome.case.phase.again).wait(_RUN_LIMIT)
        except psutil.TimeoutExpired:
            return [f"the run after it did not end within {_RUN_LIMIT:.0f} s"]
    if status:
        return [f"the run after it fails, {_ATTEMPTS} times in a row"]
    if outcome.attempts > 1:
        problems.append(f"the run after it had to be repeated {outcome.attempts} times")
    problems += inventory.unclean(lane)
    problems += inventory.traffic_elsewhere(lane)
    there, known = inventory.remote(lane), inventory.resources(lane)
    problems += [f"missing: {line}" for line in (reference.least - there).elements()]
    problems += [f"left over: {line}" for line in (there - most).elements()]
    problems += [f"not in the state: {line}" for line in (reference.resources - known).elements()]
    problems += [f"still in the state: {line}" for line in (known - reference.resources).elements()]
    if outcome.case.phase.again[0] == "up":
        look = lane.start(outcome.log, "preview", "--refresh", "--expect-no-changes")
        if look.wait(_RUN_LIMIT):
            problems.append("a preview with refresh shows changes")
    return problems

"""Everything together: the stacks that have files, those that the backend has, and what nobody owns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunestack.cli.stack import Engine, StackError
from tunestack.cli.stacks.stack_files import ProjectFile, StackFile, read_all
from tunestack.cli.status import engine_drift, kept, strays
from tunestack.cli.status.kept import Kept, Resource, Update
from tunestack.cli.status.live import Drift, Look, Seen, state_of
from tunestack.cli.status.machines import total
from tunestack.cli.status.strays import Stray
from tunestack.connection import Connection
from tunestack.resource_types import COPY, DEPLOYMENT, JOB, MODEL

_THREADS = 4
"""Stacks at a time: the engine reads a state in a third of a second of computing."""


@dataclass(frozen=True, slots=True)
class Job:
    """A tuning job, or a model that was taken over from another stack."""

    name: str
    job: str
    state: str
    checkpoint: str
    billed_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """Something that serves, and what it costs.

    Attributes:
        name: of the deployment.
        endpoint: its resource name.
        state: `serving`, `pending`, or `gone` where a look found nothing there.
        machine: such as `1 × g2-standard-12`.
        usd_per_hour: as it runs now; None where that is not known.
    """

    name: str
    endpoint: str
    state: str
    machine: str
    usd_per_hour: float | None


@dataclass
class StackStatus:
    """What is known of one stack.

    Attributes:
        name: of the stack.
        project: Google Cloud project; empty where nothing tells.
        location: of its jobs and endpoints.
        foundation: the stack that it is a region of, if it is one.
        is_emulated: whether it is a stack of the emulator.
        is_known: whether the backend has it.
        is_up: whether it has anything; False before its first up and after a destroy.
        update: the last one; None before the first.
        resources: how many it has.
        pending: operations that were cut off.
        locks: who works on it, in words.
        jobs: its tuning jobs, and models taken over.
        endpoints: what serves.
        drift: what is otherwise than the engine keeps it.
        unseen: what could not be looked at: while there is any, it is not known to be without drift.
    """

    name: str
    project: str = ""
    location: str = ""
    foundation: str = ""
    is_emulated: bool = False
    is_known: bool = False
    is_up: bool = False
    update: Update | None = None
    resources: int = 0
    pending: int = 0
    locks: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    endpoints: list[Serving] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    @property
    def usd_per_hour(self) -> float | None:
        """What it costs an hour until it is undeployed; None where a price is not known."""
        return total([each.usd_per_hour for each in self.endpoints])


@dataclass(frozen=True, slots=True)
class Overview:
    """All stacks of a project.

    Attributes:
        backend: where the engine keeps them.
        stacks: by name.
        strays: endpoints that are billed and that no stack owns.
        unseen: what could not be looked at, besides that of each stack.
    """

    backend: str
    stacks: list[StackStatus]
    strays: list[Stray]
    unseen: list[str]

    @property
    def usd_per_hour(self) -> float | None:
        """What all stacks on Google Cloud cost an hour, endpoints that nobody owns included; None where one is unknown.

        Emulated ones cost nothing.
        """
        return total(self._prices())

    @property
    def known_usd_per_hour(self) -> float:
        """The same of those whose price is known: it costs at least that."""
        return sum(price for price in self._prices() if price is not None)

    def _prices(self) -> list[float | None]:
        emulated = {(each.project, each.location) for each in self.stacks if each.is_emulated}
        served = [each.usd_per_hour for stack in self.stacks if not stack.is_emulated for each in stack.endpoints]
        return [*served, *(each.usd_per_hour for each in self.strays if (each.project, each.location) not in emulated)]


def gather(stacks: Collection[str] = (), *, refresh: bool = False, folder: Path | None = None) -> Overview:
    """Looks at stacks of the project in a folder or above it, side by side.

    Args:
        stacks: names; all that have a file or are in the backend when left out.
        refresh: whether the engine compares everything that it keeps with what is there; takes seconds a stack.
        folder: the current one by default.

    Raises:
        StackError: there is no project, no engine, or no such stack.
    """
    project = ProjectFile.find(folder)
    engine = Engine(project.folder)
    files = read_all(project.folder)
    known = {str(each["name"]).rpartition("/")[2]: str(each["name"]) for each in engine.stacks()}
    names = sorted({*files, *known})
    if missing := sorted(set(stacks) - set(names)):
        raise StackError(f"there is no stack {missing[0]}; there are: {', '.join(names) or 'none'}")
    wanted = [name for name in names if not stacks or name in stacks]
    locked = kept.locks(engine, {name: known[name] for name in wanted if name in known})

    def look(name: str) -> tuple[StackStatus, Kept, Connection | None]:
        return _look(
            engine, project, files.get(name) or StackFile(name, Path()), is_known=name in known, refresh=refresh
        )

    with ThreadPoolExecutor(_THREADS) as threads:
        # Of the others it is only asked what they own.
        others = threads.map(lambda name: _owner(engine, name), [name for name in known if name not in wanted])
        found = list(threads.map(look, wanted))
        rest = [each for each in others if each]
    for status, _, _ in found:
        status.locks += locked.get(status.name, ())
    places = dict.fromkeys(place for _, _, place in found if place)
    astray, unseen = strays.find(list(places), strays.owned([*(each for _, each, _ in found), *rest]))
    return Overview(engine.backend(), [status for status, _, _ in found], astray, unseen)


def _owner(engine: Engine, name: str) -> Kept | None:
    try:
        return Kept.read(engine, name, with_update=False)
    except StackError:
        return None


def _look(
    engine: Engine, project: ProjectFile, file: StackFile, *, is_known: bool, refresh: bool
) -> tuple[StackStatus, Kept, Connection | None]:
    status = StackStatus(
        file.name, file.project, file.location, file.foundation, is_emulated=file.emulator, is_known=is_known
    )
    if file.problem:
        status.unseen.append(file.problem)
    if not is_known:
        return status, Kept(), None
    try:
        found = Kept.read(engine, file.name)
        connection = found.connection() or (_configured(file) if found.update else None)
    except StackError as error:
        status.unseen.append(str(error))
        return status, Kept(), None
    status.is_up, status.update, status.pending = found.is_up, found.update, found.pending
    status.resources = sum(not each.type.startswith("pulumi:") for each in found.resources)
    seen = None
    if connection:
        status.project, status.location = connection.project, connection.location
        status.is_emulated = bool(connection.api_endpoint)
        seen = Look(file.name, connection).at(found)
        status.drift += seen.drift
        status.unseen += seen.reasons()
    status.jobs = _jobs(found, seen)
    status.endpoints = [_serving(each, seen) for each in found.of(DEPLOYMENT)]
    if refresh and found.is_up:
        told = {drift.resource for drift in status.drift}
        drift, trouble = engine_drift.look(project.folder, file.name)
        status.drift += [each for each in drift if each.resource not in told]
        status.unseen += trouble
    return status, found, connection


def _configured(file: StackFile) -> Connection | None:
    """Returns where a stack had its things that is gone by now: what it has forgotten is still billed."""
    if file.emulator or not (file.project and file.location):
        return None  # an emulator bills nothing, and may have been forgotten itself
    return Connection(file.project, file.location)


def _jobs(found: Kept, seen: Seen | None) -> list[Job]:
    models = {each.text("job"): each for each in found.of(MODEL)}
    jobs = []
    for job in found.of(JOB):
        name = job.text("job") or job.id
        model = models.get(name)
        known = model.text("state") if model else ""
        tokens = model.outputs.get("billedTokens") if model else None
        checkpoint = (model.text("finalCheckpointUri") or model.text("tunedModel")) if model else ""
        jobs.append(Job(job.name, name, state_of(seen, name, known), checkpoint, _number(tokens)))
    return [*jobs, *(_copied(each) for each in found.of(COPY))]


def _copied(copy: Resource) -> Job:
    origin: Mapping[str, Any] = copy.inputs.get("origin") or {}
    run = str(origin.get("run") or "")
    stack = origin.get("tunedIn") or origin.get("stack")
    source = f"{run} of {stack}" if run and stack else run
    return Job(copy.name, source, copy.text("state").lower() or "copied", copy.text("uri"))


def _serving(deployment: Resource, seen: Seen | None) -> Serving:
    endpoint, deployed = deployment.text("endpoint"), deployment.text("deployedModelId")
    kept_price = _number(deployment.outputs.get("estimatedHourlyCostUsd"))
    machine = deployment.text("machineType")
    is_seen = seen is not None and not any(deployment.title in titles for titles in seen.unseen.values())
    if not deployed:
        return Serving(deployment.name, endpoint, "pending", machine, 0.0)
    if not is_seen:
        return Serving(deployment.name, endpoint, deployment.text("state").lower(), machine, kept_price)
    machines = seen.machines.get(deployment.name) if seen else None
    if machines is None:
        return Serving(deployment.name, endpoint, "gone", machine, 0.0)
    hourly = machines.hourly(endpoint.split("/")[3])
    told = f"{machines.replicas} × {machines.type}"
    return Serving(deployment.name, endpoint, deployment.text("state").lower(), told, hourly)


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) else None

"""What is asked: which machines, for which model, in which region of which project."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import typer

from tunestack.catalogue import machine, machines, open_model
from tunestack.cli.place import EMULATOR_URL, emulator_url
from tunestack.cli.stack import Engine, StackError
from tunestack.cli.stacks.selection import select
from tunestack.cli.stacks.stack_files import StackFile, entries, find, read_all, section
from tunestack.connection import Connection
from tunestack.serving.candidates import candidates, resolved
from tunestack.serving.machine_choice import Need

if TYPE_CHECKING:
    from tunestack.serving.specification import Machine


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of the command; empty is not given."""

    stacks: tuple[str, ...] = ()
    project: str = ""
    regions: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    model: str = ""
    checkpoint: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One region, and the machines that are asked for there.

    Attributes:
        connection: to the project, in the region.
        machines: in the order of preference.
        base_model: what would be served; empty where that is not known.
        checkpoint_uris: what the service is asked about; the first that is there counts.
        stack: whose endpoint it is; empty for none.
        endpoint: in the stack's region, the name that it has there.
        serving: machine type on which the endpoint serves now.
        need: what its next deployment takes.
    """

    connection: Connection
    machines: tuple[Machine, ...]
    base_model: str = ""
    checkpoint_uris: tuple[str, ...] = ()
    stack: str = ""
    endpoint: str = ""
    serving: str = ""
    need: Need = field(default_factory=Need)

    @property
    def label(self) -> str:
        """The stack and endpoint that it is about."""
        return f"{self.stack} {self.endpoint}".strip()


def questions(wanted: Wanted) -> list[Question]:
    """Returns what is to be asked.

    Raises:
        typer.BadParameter: the options name no place, or two kinds of it.
        UnknownRowError: the catalogue has no such machine or model.
        StackError: there is no such stack, or it serves nothing.
    """
    if wanted.model:
        open_model(wanted.model)
    for name in wanted.machines:
        machine(name)
    if wanted.stacks and wanted.project:
        raise typer.BadParameter("--project is for looking without a stack: a stack names its project itself")
    if wanted.stacks:
        return list(_of_stacks(wanted))
    if not (wanted.project and wanted.regions):
        raise typer.BadParameter("name the stack with --stack, or the place with --project and --region")
    listed = wanted.machines or _holding(wanted.model)
    found = tuple(resolved({"machineType": name}) for name in listed)
    uris = (wanted.checkpoint,) if wanted.checkpoint else ()
    url = os.environ.get(EMULATOR_URL, "").rstrip("/")
    return [Question(Connection(wanted.project, region, url), found, wanted.model, uris) for region in wanted.regions]


def _holding(model: str) -> list[str]:
    """Returns the machines that hold a model, or all where none is named."""
    size = open_model(model).weight_bytes if model else None
    return [row.name for row in machines() if row.holds(size) is not False]


def _of_stacks(wanted: Wanted) -> Iterator[Question]:
    files = read_all()
    chosen = select(wanted.stacks, (), files)
    serving = [file for file in chosen if section(file.config, "serving")]
    if not serving:
        names = ", ".join(file.name for file in chosen)
        raise StackError(f"{names}: no endpoint is configured below tunestack:serving")
    above = {file.foundation: find(file.foundation, files) for file in serving if file.foundation}
    read = sorted({*(file.name for file in serving), *above})
    with ThreadPoolExecutor(max_workers=4) as pool:
        outputs = dict(zip(read, pool.map(_outputs, read), strict=True))
    for file in serving:
        found = [outputs[file.name], outputs.get(file.foundation, {})]
        configured = [file.config, above[file.foundation].config if file.foundation else {}]
        for name, entry in entries(file.config, "serving").items():
            yield from _of_endpoint(wanted, file, name, entry, found, configured)


def _of_endpoint(
    wanted: Wanted,
    file: StackFile,
    name: str,
    entry: Mapping[str, Any],
    outputs: list[dict[str, Any]],
    configured: list[Mapping[str, Any]],
) -> Iterator[Question]:
    """Yields the endpoint's own region, then others that the user names."""
    model = entry.get("model")
    there = section(section(outputs[0], "endpoints"), name)
    models = [section(section(each, "models"), str(model)) for each in (*outputs, *configured)]
    base_model = wanted.model or _first(there.get("baseModel"), *(each.get("baseModel") for each in models))
    known = [wanted.checkpoint, there.get("checkpointUri"), *(each.get("finalCheckpointUri") for each in models)]
    uris = [uri for uri in (*known, entry.get("checkpoint")) if isinstance(uri, str) and uri.startswith("gs://")]
    named = tuple(resolved({"machineType": each}) for each in wanted.machines)
    own = Question(
        Connection(file.project, file.location, emulator_url() if file.emulator else ""),
        named or candidates(entry),
        base_model or _first(entry.get("baseModel")),
        tuple(dict.fromkeys(uris[:1] if wanted.checkpoint else uris)),
        file.name,
        name,
        str(there.get("machineType") or "") if there.get("state") == "SERVING" else "",
        # Where it serves, the next checkpoint takes one replica more for a while; see Rollout.
        _need(entry, there),
    )
    yield own
    for region in wanted.regions:
        if region != file.location:
            there_too = replace(own.connection, location=region)
            need = Need(_whole(entry.get("minReplicas")), own_container=own.need.own_container)
            yield replace(own, connection=there_too, endpoint="", serving="", need=need)


def _need(entry: Mapping[str, Any], there: Mapping[str, Any]) -> Need:
    rollout = section(entry, "rollout")
    surge, away = rollout.get("maxSurgeReplicas"), rollout.get("maxUnavailableReplicas")
    options = {
        "max_surge_replicas": _whole(surge, 1 if away is None else 0),
        "max_unavailable_replicas": _whole(away, 0),
    }
    # Which deployed model makes way is not asked: with an interrupting rollout nothing more is taken.
    is_serving, container = there.get("state") == "SERVING", bool(entry.get("container"))
    if is_serving and options["max_unavailable_replicas"]:
        return Need(0, own_container=container)
    before = ["the present one"] if is_serving else []
    return Need.of(_whole(entry.get("minReplicas")), options, "", before, own_container=container)


def _outputs(stack: str) -> dict[str, Any]:
    """Returns a stack's outputs; none where it is not up yet, or was never made in this backend."""
    try:
        return Engine().outputs(stack)
    except StackError:
        return {}


def _whole(value: object, default: int = 1) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _first(*values: object) -> str:
    return next((value for value in values if isinstance(value, str) and value), "")

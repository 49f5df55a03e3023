"""`tunestack models`: the models of the catalogue as a table, as far as they are asked for."""

from __future__ import annotations

import datetime
import sys
from dataclasses import dataclass

from tunestack.catalogue import GeminiModel, OpenModel, machine, problems
from tunestack.catalogue.names import nearest
from tunestack.cli import terminal
from tunestack.cli.models.entry import TEACHER, Entry, entries

HEADINGS = ("model", "methods", "modes", "adapters", "tokens", "learns from", "USD/1M", "served", "retires")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model must be able to do; None is not asked for."""

    method: str | None = None
    mode: str | None = None
    region: str | None = None
    modality: str | None = None
    adapter: int | None = None
    machine: str | None = None

    def takes(self, entry: Entry) -> bool:
        """Says whether a model is not known to be unable to; what is not known refuses nothing."""
        if entry.row is None:  # a teacher
            only_method = Wanted(self.method)
            return self == only_method and self.method in (None, "distillation")
        return (
            (self.method is None or self.method in entry.methods or self.is_doubtful(entry))
            and (self.modality is None or self.modality in entry.modalities)
            and (self.mode is None or self.mode in entry.modes)
            and (self.region is None or not _fails(entry, location=self.region))
            and (self.adapter is None or self._takes_adapter(entry.row))
            and (self.machine is None or self._is_served(entry))
        )

    def is_doubtful(self, entry: Entry) -> bool:
        """Says whether no page says that a model is tuned by the method, and none that it is not."""
        return self.method == "continuous" and isinstance(entry.row, GeminiModel) and entry.row.continuous is None

    def _takes_adapter(self, row: OpenModel | GeminiModel) -> bool:
        if isinstance(row, OpenModel) and "PEFT_ADAPTER" not in row.modes:
            return False
        mode = "PEFT_ADAPTER" if isinstance(row, OpenModel) else None
        found = problems(base_model=row.name, mode=mode, adapter_size=self.adapter)
        return not any(problem.property == "adapterSize" and not problem.is_warning for problem in found)

    def _is_served(self, entry: Entry) -> bool:
        return isinstance(entry.row, OpenModel) and not _fails(entry, machine_type=self.machine)


def _fails(entry: Entry, *, location: str | None = None, machine_type: str | None = None) -> bool:
    blamed = {"location", "baseModel", "machineType"}
    found = problems(base_model=entry.name, location=location, machine_type=machine_type)
    return any(problem.property in blamed and not problem.is_warning for problem in found)


def show_all(wanted: Wanted, *, as_json: bool) -> None:
    """Prints the models that can do what is wanted.

    Raises:
        UnknownRowError: the catalogue has no such machine.
    """
    if wanted.machine is not None:
        machine(wanted.machine)
    known = dict.fromkeys(place for entry in entries() for place in entry.regions)
    if wanted.region is not None and wanted.region not in known:
        near = ", ".join(nearest(wanted.region, known))
        terminal.print_lines(
            [f'note: no page names "{wanted.region}" as a place to tune in; nearest: {near}'], sys.stderr
        )
    found = [entry for entry in entries() if wanted.takes(entry)]
    today = datetime.datetime.now(datetime.UTC).date()
    if as_json:
        terminal.print_json([{**entry.to_json(), "stale": entry.is_stale(today)} for entry in found])
    elif found:
        terminal.print_lines(_table(found, today))
        nowhere = [entry.name for entry in found if entry.row and not entry.regions]
        if wanted.region and nowhere:
            terminal.print_lines([f"no page says where these are tuned: {', '.join(nowhere)}"])
        if doubtful := [entry.name for entry in found if wanted.is_doubtful(entry)]:
            terminal.print_lines([f"no page says whether these can be tuned further: {', '.join(doubtful)}"])
    else:
        terminal.print_lines(["no model of the catalogue can do all of that"])


def _table(found: list[Entry], today: datetime.date) -> list[str]:
    rows = [_row(entry, today) for entry in found]
    lines = terminal.table(HEADINGS, rows, right=("tokens",), drop_empty=True)
    old = dict.fromkeys(entry.source.told_age(today) for entry in found if entry.is_stale(today))
    if old:
        lines += ["", f"* {'; '.join(old)}, with tunestack prices refresh"]
    return [*lines, *_notes(found)]


def _row(entry: Entry, today: datetime.date) -> tuple[str, ...]:
    return (
        entry.name,
        ", ".join(entry.methods),
        ", ".join(entry.modes),
        entry.adapters,
        "" if entry.longest is None else f"{entry.longest:,}",
        ", ".join(entry.modalities),
        entry.price + "*" * entry.is_stale(today),
        entry.served,
        entry.retires,
    )


def _notes(found: list[Entry]) -> list[str]:
    notes = []
    if any(TEACHER in entry.methods for entry in found):
        notes.append("of a teacher: USD for a million tokens that it reads / that it writes")
    if any(isinstance(entry.row, GeminiModel) and entry.row.is_disputed for entry in found):
        disputed = [entry.name for entry in found if isinstance(entry.row, GeminiModel) and entry.row.is_disputed]
        notes.append(f"sources differ about whether it can be tuned: {', '.join(disputed)}")
    return ["", *notes] if notes else []

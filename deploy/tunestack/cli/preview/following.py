"""What follows in a stack from what is about to change in those that it reads: its own preview cannot know of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tunestack.cli.preview.headline import headline
from tunestack.cli.preview.report import Report
from tunestack.cli.stacks.stack_files import StackFile, entries, named_stack, section
from tunestack.resource_types import COPY, JOB
from tunestack.wording import together


@dataclass
class Following:
    """What is about to come, stack by stack in the order in which they go up.

    Attributes:
        reports: of all stacks, by name; of those that were gone through, with what follows for them.
        rolled: by stack, its endpoints that get a checkpoint which is yet to be made.
    """

    reports: dict[str, Report]
    rolled: dict[str, list[str]] = field(default_factory=dict)
    _coming: dict[str, Collection[str]] = field(default_factory=dict)
    """By stack, the models that will have another checkpoint."""

    def go_through(self, files: Iterable[StackFile]) -> None:
        """Adds to the reports of stacks, each after those that it reads, what follows for them."""
        for file in files:
            self._follow(file)

    def _follow(self, file: StackFile) -> None:
        report = self.reports[file.name]
        if report.waits_for:
            return
        models = entries(file.config, "models")
        copied = _promoted(models, self._coming)
        retrained = _continued(file.name, models, {**self._coming, file.name: copied})
        taken = [*copied, *retrained, *self._coming.get(file.foundation, ())]
        rolled = {
            name: model
            for name, entry in entries(file.config, "serving").items()
            if (model := entry.get("model")) in taken
        }
        if file.foundation:
            copied = sorted(set(rolled.values()))
        own = [
            change.name
            for change in report.changes
            if change.awaits_job or (change.type in (JOB, COPY) and change.kind != "delete")
        ]
        self._coming[file.name] = [] if report.failed else [*own, *copied, *retrained]
        self.rolled[file.name] = list(rolled)
        above = [name for name in file.needs if name in self.reports]
        deeds = [
            *([f"copies the new checkpoint of {together(copied)}"] if copied else []),
            *([f"retrains {together(retrained)}"] if retrained else []),
            *([f"rolls {', '.join(rolled)} to it"] if rolled else []),
        ]
        failed = [name for name in above if self.reports[name].failed]
        changed = [name for name in above if deeds and self._coming.get(name)]
        told = [f"{name}, from which the models come: {headline(self.reports[name])}" for name in failed]
        if deeds:
            told += [f"{name} goes first: {headline(self.reports[name])}." for name in changed]
            shown = "show and price" if retrained else "show"
            told.append(f"Then this stack {together(deeds)}, which a preview can {shown} only after that")
        self.reports[file.name] = msgspec.structs.replace(
            report, foundation=file.foundation, follows=[*failed, *changed], upstream=" ".join(told)
        )


def _promoted(models: Mapping[str, Mapping[str, Any]], coming: Mapping[str, Collection[str]]) -> list[str]:
    """Returns the models that are taken over from another stack and not held at one run."""
    taken = {name: section(entry, "promote") for name, entry in models.items()}
    return [
        name
        for name, origin in taken.items()
        if not origin.get("run") and origin.get("model") in coming.get(named_stack(origin.get("from")), ())
    ]


def _continued(
    stack: str, models: Mapping[str, Mapping[str, Any]], coming: Mapping[str, Collection[str]]
) -> Sequence[str]:
    """Returns the models that go on from one of another stack, directly or through others of this one."""
    found: list[str] = []
    for _ in models:  # as many times as the longest chain may have links
        for name, entry in models.items():
            origin = section(entry, "continueFrom")
            there = named_stack(origin.get("stack")) or stack
            known = [*coming.get(there, ()), *(found if there == stack else ())]
            if name not in found and origin.get("model") in known:
                found.append(name)
    return found

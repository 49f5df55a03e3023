"""What a change does, in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tunestack.cli.preview.report import Change, Report
from tunestack.resource_types import OWN
from tunestack.wording import counted, some, together

_NAMED = 3
"""Resources that a sentence names."""

_LENGTH = 160
"""Characters of an error in a sentence."""

_DEEDS: tuple[tuple[str, str, Callable[[Change], bool]], ...] = (
    ("takes over the job of", "TuningJob", lambda change: change.takes_over),
    ("trains", "TuningJob", lambda change: change.kind == "create"),
    ("retrains", "TuningJob", lambda change: change.kind == "replace"),
    ("copies the checkpoint of", "CheckpointCopy", lambda change: change.kind in ("create", "replace", "update")),
    ("deploys", "ModelDeployment", lambda change: change.kind == "create"),
    ("rolls", "ModelDeployment", lambda change: any(each.startswith("checkpointUri") for each in change.differences)),
    ("brings back", "ModelDeployment", lambda change: any(each.startswith("state: ") for each in change.differences)),
    ("changes the deployment", "ModelDeployment", lambda change: change.kind in ("update", "replace")),
    ("undeploys", "ModelDeployment", lambda change: change.kind == "delete"),
)
"""What is worth a word of its own: a verb, a type, and which changes it is said of; the first that fits."""

_FOLLOWS = ("TuningJob", "TunedModel", "Dataset", "ModelDeployment", "CheckpointCopy")
"""Types whose changes follow from those that are told, or are."""

_COUNTED = (
    ("create", "creates"),
    ("import", "imports"),
    ("update", "updates"),
    ("replace", "replaces"),
    ("delete", "deletes"),
)


def headline(report: Report) -> str:
    """Returns what a change does, such as `retrains tickets, rolls support`."""
    if report.failed:
        return _failure(report)
    if report.waits_for:
        return f"comes after {together(report.waits_for)}, and cannot be previewed before"
    if report.follows and not report.changes:
        return f"follows {together(report.follows)}"
    if report.outputs:
        return f"changes only what it tells others: {some(report.outputs, _NAMED)}"
    if not report.changes:
        return "nothing changes"
    waits = some([change.name for change in report.changes if change.awaits_job], _NAMED)
    done = ", ".join(_deeds(report.changes)) or (waits and f"waits for the job of {waits}")
    return done or counted(len(report.changes), "change")


def _failure(report: Report) -> str:
    if report.errors:
        text = report.errors[0].text
        if "Traceback (most recent" in text:  # what it is about stands at its end
            text = text.strip().rpartition("\n")[2]
        first, _, rest = text.rpartition("has a problem: ")[2].partition("\n")
        line = " ".join((first, rest.partition("\n")[0])) if first.endswith(":") else first
        return f"the preview failed: {line if len(line) <= _LENGTH else f'{line[: _LENGTH - 1]}…'}"
    policies = list(dict.fromkeys(each.policy for each in report.findings if each.level == "mandatory"))
    return f"stopped by {'policy' if len(policies) == 1 else 'policies'} {some(policies, _NAMED)}"


def _deeds(changes: Sequence[Change]) -> Iterator[str]:
    done: dict[str, list[str]] = {verb: [] for verb, *_ in _DEEDS}
    others = dict.fromkeys((kind for kind, _ in _COUNTED), 0)
    for change in changes:
        fitting = (verb for verb, kind, is_meant in _DEEDS if change.type == OWN + kind and is_meant(change))
        verb = next(fitting, "")
        if verb:
            done[verb].append(change.name)
        elif change.type.removeprefix(OWN) not in _FOLLOWS:
            others[change.kind] += 1
    for verb, names in done.items():
        if names:
            yield f"{verb} {some(names, _NAMED)}"
    told = [f"{verb} {others[kind]:,}" for kind, verb in _COUNTED if others[kind]]
    if told:
        other = "other resource" if any(done.values()) else "resource"
        yield f"{', '.join(told)} {other}{'' if sum(others.values()) == 1 else 's'}"

"""Keeps a plan with all that it depends on, and hands it out again only while nothing of that has moved."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from tunestack.cli.reviewed.moment import Moment
from tunestack.cli.stack import Engine, StackError
from tunestack.cli.stacks.engine_events import UNKNOWN, typed
from tunestack.cli.stacks.stack_files import ProjectFile
from tunestack.wording import counted, some

_NAMED = 5
"""Files or resources that a refusal names."""


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies beside a plan.

    Attributes:
        plan: digest of the plan's file.
        moment: when it was made.
    """

    plan: str
    moment: Moment


def plan_file(folder: Path, stack: str) -> Path:
    """Returns where the plan of a stack lies in a folder of plans."""
    return folder / f"{stack}.plan.json"


def _record_file(folder: Path, stack: str) -> Path:
    return folder / f"{stack}.reviewed.json"


def save(folder: Path, moment: Moment) -> None:
    """Puts beside a plan, which the engine has written to `plan_file`, what it depends on.

    Args:
        folder: of the plans.
        moment: before the preview.
    """
    _leave_outputs_open(plan_file(folder, moment.stack))
    record = _Record(_digest(plan_file(folder, moment.stack)), moment)
    _record_file(folder, moment.stack).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))


def _leave_outputs_open(file: Path) -> None:
    """Has a plan hold a run to no output of the stack: a quota that was granted since is no other change.

    The engine compares them when all is done, and where one differs it fails without a word and keeps the outputs of
    before (deployment_executor.go of 3.259; the values that it leaves open are those that a plan does not know).
    """
    plan = msgspec.json.decode(file.read_bytes())
    for urn, resource in plan["resourcePlans"].items():
        if typed(urn)[0] == "pulumi:pulumi:Stack":
            diff = resource["goal"]["outputDiff"]
            new = diff.get("adds", {})
            diff["adds"] = dict.fromkeys(new, UNKNOWN)
            diff["updates"] = dict.fromkeys(resource.get("state", {}).keys() - new.keys(), UNKNOWN)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(plan)))


def discard(folder: Path, stack: str) -> None:
    """Removes the plan of a stack, of which a new one is about to be made."""
    for file in (plan_file(folder, stack), _record_file(folder, stack)):
        file.unlink(missing_ok=True)


def check(folder: Path, stack: str, engine: Engine | None = None) -> Path:
    """Returns the file of a reviewed plan, if what would be applied now is what was reviewed.

    Args:
        folder: of the plans, as `tunestack preview --save-plan` has filled it.
        stack: which is to be applied.
        engine: in the project's folder; by default that of the current one.

    Raises:
        StackError: there is no such plan, or something has moved since: says what.
    """
    engine = engine or Engine(ProjectFile.find().folder)
    record, again = _read(folder, stack), f"tunestack preview {stack} --save-plan {folder}"
    reviewed = record.moment
    now = Moment.now(stack, reviewed.outputs, engine)
    moved = [*_moved_files(reviewed, now, engine), *_moved_state(reviewed, now)]
    if _digest(plan_file(folder, stack)) != record.plan:
        moved.append(f"{plan_file(folder, stack)} is not the file that was saved then")
    if moved:
        raise StackError(
            f"stack {stack}: what would be applied is not what was reviewed on {reviewed.made_at}:\n"
            + "\n".join(f"- {each}" for each in moved)
            + f"\npreview again and have that reviewed: {again}"
        )
    return plan_file(folder, stack)


def _read(folder: Path, stack: str) -> _Record:
    file = _record_file(folder, stack)
    again = f"make it with: tunestack preview {stack} --save-plan {folder}"
    try:
        record = msgspec.json.decode(file.read_bytes(), type=_Record)
    except FileNotFoundError:
        raise StackError(f"stack {stack} has no reviewed plan: there is no {file}; {again}") from None
    except msgspec.DecodeError as error:
        raise StackError(f"{file} cannot be read: {error}; {again}") from None
    if record.moment.stack != stack:
        raise StackError(f"{file} is of the plan of stack {record.moment.stack}, not of {stack}; {again}")
    if not plan_file(folder, stack).is_file():
        raise StackError(f"stack {stack}: there is no {plan_file(folder, stack)} beside {file.name}; {again}")
    return record


def _moved_files(reviewed: Moment, now: Moment, engine: Engine) -> list[str]:
    moved = []
    then, here = reviewed.checkout, now.checkout
    if (then.tree, then.uncommitted) != (here.tree, here.uncommitted):
        differing = then.differing(engine.folder or Path())
        files = some(differing, _NAMED) if differing else "files that git cannot tell here"
        moved.append(f"other files: {files} (reviewed at commit {_short(then.commit)}, here is {_short(here.commit)})")
    if reviewed.engine != now.engine:
        moved.append(f"another engine: Pulumi {reviewed.engine} then, {now.engine} here")
    return moved


def _moved_state(reviewed: Moment, now: Moment) -> list[str]:
    before, after = reviewed.resources, now.resources
    urns = [urn for urn in dict.fromkeys([*before, *after]) if before.get(urn) != after.get(urn)]
    moved = []
    if urns:
        named = [" ".join(typed(urn)) for urn in urns]
        moved.append(f"the stack's state has moved, in {counted(len(urns), 'resource')}: {some(named, _NAMED)}")
    for name, digest in reviewed.outputs.items():
        if digest != now.outputs[name]:
            moved.append(f"stack {name}, which this one reads, has other outputs since")
    return moved


def _short(commit: str) -> str:
    return commit[:10] or "none"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()

"""`tunestack destroy`: regions before their foundation, and nothing that others still stand on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tunestack.cli.stack import StackError
from tunestack.cli.stacks.engine_events import typed
from tunestack.cli.stacks.engine_runs import Options
from tunestack.cli.stacks.rounds import INTERRUPTED, Request, Round
from tunestack.cli.stacks.selection import order, select
from tunestack.cli.stacks.stack_files import ProjectFile, StackFile, named_stack, read_all
from tunestack.cli.terminal import confirm
from tunestack.resource_types import BUCKET
from tunestack.wording import counted, together


def destroy(asked: Request) -> int:
    """Brings stacks down; returns the exit status.

    Raises:
        StackError: nothing was done: there is no such stack, regions stand on one of them, one is protected, or
            nobody could be asked.
    """
    files = read_all()
    chosen = select(asked.names, asked.only, files)
    work = Round(ProjectFile.find(), chosen, asked)
    _refuse_foundations(work, files)
    work.files = {file.name: file for file in chosen if work.workspace.resources(file.name)}
    for file in chosen:
        if file.name not in work.files:
            work.output.say(f"{file.name}: has nothing to destroy")
    if not work.files:
        return work.finish([], "", ())
    kept = {name: work.workspace.engine.deployment(name).get("resources") or () for name in work.files}
    _refuse_protected(work, kept)
    for told in (*_readers(work, files), *_buckets(work, kept)):
        work.output.say(told)
    if len(work.files) > 1:
        work.output.say(f"order: {order(list(work.files.values()), backwards=True)}")
    options = Options(refresh=asked.refresh, colour=work.output.in_colour)
    if not asked.skips_preview:
        failed = work.show_destroys()
        if work.is_stopped:
            work.output.say("stopped; nothing was changed")
            return INTERRUPTED
        if failed:
            raise StackError(f"nothing was destroyed, since the preview of {together(failed)} failed")
    if not asked.is_sure:
        listed = [f"{name} ({counted(work.workspace.resources(name), 'resource')})" for name in work.files]
        confirm(f"Destroy {', '.join(listed)}?")
    status = work.finish(work.destroy(options), shlex.join(["tunestack", "destroy", *asked.names]), asked.only)
    if status == 0:
        work.output.say(f"What the service keeps of it: `tunestack kept --stack {chosen[0].name}`.")
    return status


def _refuse_foundations(work: Round, files: Mapping[str, StackFile]) -> None:
    others = [name for name in work.workspace.stacks if name not in work.files and work.workspace.resources(name)]
    above = {name: _foundation(work, name, files) for name in others}
    for name in work.files:
        if standing := [other for other, foundation in above.items() if foundation == name]:
            together_with = [other for other in standing if other in files and files[other].foundation == name]
            all_of_them = f", or all together with `tunestack destroy {name}`" if together_with == standing else ""
            regions, stand = together(standing), "stands" if len(standing) == 1 else "stand"
            by_hand = "".join(
                f"; {other} has no file here: `pulumi destroy --stack {other}`"
                for other in standing
                if other not in files
            )
            raise StackError(
                f"{regions} {stand} on {name}, for its outputs: destroy {regions} first{all_of_them}{by_hand}"
            )


def _refuse_protected(work: Round, kept: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """The engine would first delete all that stands before what is protected, and so take down what serves."""
    for name, resources in kept.items():
        if protected := [" ".join(typed(each["urn"])) for each in resources if each.get("protect")]:
            raise StackError(
                f"{name} is protected: {together(protected)}. To destroy it all the same, set tunestack:protect: false "
                f"in {work.files[name].path}, bring that up with `tunestack up {name}`, and come back"
            )


def _buckets(work: Round, kept: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """Tells of buckets that are only deleted empty, which those with checkpoints are not: all else goes before them."""
    for name, resources in kept.items():
        held = [each for each in resources if each.get("type") == BUCKET and not each.get("external")]
        if stay := [str(each["id"]) for each in held if (each.get("inputs") or {}).get("forceDestroy") is not True]:
            which, goes = together(stay), "goes" if len(stay) == 1 else "go"
            yield (
                f"{name}: {which} {goes} only when empty; else the run fails there, with all that serves taken down. "
                "To have what lies there deleted as well, first set tunestack:buckets.forceDestroy: true in "
                f"{work.files[name].path} and bring that up with `tunestack up {name}`"
            )


def _foundation(work: Round, stack: str, files: Mapping[str, StackFile]) -> str:
    """Returns what a stack that is up stands on: where its file is gone, broken or renamed, it told so itself."""
    file = files.get(stack)
    if file and not file.problem and (not file.foundation or file.foundation in files):
        return file.foundation
    with suppress(StackError):
        return named_stack(work.workspace.engine.outputs(stack).get("foundation"))
    return ""


def _readers(work: Round, files: Mapping[str, StackFile]) -> list[str]:
    """Tells of stacks that took models from those that go: what they copied is theirs, but their next run looks."""
    return [
        f"{file.name} takes models from {name}: what it has copied stays, but its next preview will miss {name}"
        for file in files.values()
        for name in (*file.promotes_from, *file.continues_from)
        if name in work.files and file.name not in work.files and work.workspace.resources(file.name)
    ]

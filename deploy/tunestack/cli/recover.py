"""Clears what killed runs of the engine have left: their locks, and what they had begun."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import typer

from tunestack.cli.backend import Backend, StoredLock, backend_at
from tunestack.cli.cut_off import Deployment, distrust, settle
from tunestack.cli.locks import Holder, Lock
from tunestack.cli.stack import Engine, StackError
from tunestack.cli.terminal import confirm

_UNFINISHED_SECONDS = 60.0
"""How old half a lock must be before it counts as left behind; the engine writes one in milliseconds."""


@dataclass
class Recovery:
    """What was found and done.

    Attributes:
        done: what was cleared, one text each.
        kept: locks that stay, each with what to do about it; while there are any, the state is not touched.
    """

    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def show(stack: str, *, earlier_names: Collection[str], only_look: bool, is_sure: bool) -> None:
    """Recovers a stack of the project in the current folder, and says what was done.

    Where other machines write to the backend as well, a machine of the same name may be another one, as containers
    are: then somebody has to say that it is not.

    Raises:
        StackError: a lock has to stay, or nobody was there to ask.
    """
    engine = Engine()
    backend = find_backend(engine)
    if mended := _mended(backend, only_look=only_look):  # or the engine cannot even say which stacks there are
        _tell(mended, "would have " if only_look else "")
        if only_look:
            return
    name = full_name(engine, stack)

    def run(*, only_look: bool) -> Recovery:
        return recover(engine, backend, name, earlier_names=earlier_names, only_look=only_look)

    found = run(only_look=only_look or (backend.is_shared and not is_sure))
    if found.done and backend.is_shared and not is_sure and not only_look:
        _tell(found.done, "would have ")
        confirm("Is this the machine that ran them, and not another one of its name?")
        found = run(only_look=False)
    _tell(found.done, "would have " if only_look else "")
    if found.kept:
        raise StackError(f"stack {name} is locked:" + "".join(f"\n  - {kept}" for kept in found.kept))
    if not found.done:
        typer.echo(f"Stack {name} needs nothing: no lock, and nothing that was cut off.")


def _tell(done: Sequence[str], before: str) -> None:
    for each in done:
        typer.echo(before + each)


def full_name(engine: Engine, stack: str) -> str:
    """Returns the name of a stack as its backend has it; of the selected one where none is named.

    Raises:
        StackError: there is no such stack.
    """
    if stack.count("/") == 2:
        return stack
    listed = engine.stacks()
    wanted = stack.rpartition("/")[2]
    names = [
        each["name"] for each in listed if each["name"].rpartition("/")[2] == wanted or (each["current"] and not stack)
    ]
    if not names:
        known = ", ".join(each["name"].rpartition("/")[2] for each in listed) or "none"
        raise StackError(
            f"there is no stack {stack}; the project has {known}"
            if stack
            else "no stack is selected; name one with --stack"
        )
    return str(names[0])


def find_backend(engine: Engine) -> Backend:
    """Returns where the engine keeps its state, however it was told: by variable, by login or by Pulumi.yaml.

    Raises:
        StackError: it is none whose locks can be seen.
    """
    return backend_at(engine.backend())


def recover(
    engine: Engine, backend: Backend, stack: str, *, earlier_names: Collection[str] = (), only_look: bool = False
) -> Recovery:
    """Removes the locks of ended processes of this machine, and what the state says of operations that were cut off.

    Args:
        engine: in the stack's project.
        backend: where the stack is kept.
        stack: its full name.
        earlier_names: other names that this machine had.
        only_look: whether to say what would be done, and do nothing.

    Raises:
        StackError: the engine refuses, as it does when a run starts at the same moment; nothing was changed then.
    """
    found = Recovery() if only_look else Recovery(_mended(backend))
    own_names = {socket.gethostname(), *earlier_names}
    for stored in backend.locks(stack):
        why_kept = _why_kept(stored, own_names, stack)
        if why_kept:
            found.kept.append(why_kept)
            continue
        if not only_look:
            backend.remove(stack, stored.name)
        found.done.append(f"removed {_told(stored)}")
    if not found.kept:
        destroy_failed = backend.may_have_failed(stack) and _destroy_failed(engine, stack)
        if destroy_failed or backend.has_pending(stack):
            found.done += _settle(engine, backend, stack, destroy_failed=destroy_failed, only_look=only_look)
    return found


def _destroy_failed(engine: Engine, stack: str) -> bool:
    last = engine.last_update(stack)
    return bool(last) and (last["kind"], last["result"]) == ("destroy", "failed")


def _mended(backend: Backend, *, only_look: bool = False) -> list[str]:
    return [f"removed the half-written checksum {name}" for name in backend.mend(only_look=only_look)]


def _told(stored: StoredLock) -> str:
    try:
        return f"the lock of {Lock.parse(stored.content)}, which has ended"
    except ValueError:
        return f"{stored.name}, a lock whose process was killed while it wrote it"


def _why_kept(stored: StoredLock, own_names: Collection[str], stack: str) -> str:
    """Returns why a lock has to stay and what to do; nothing where its process has surely ended."""
    try:
        lock = Lock.parse(stored.content)
    except ValueError:
        if stored.age_seconds > _UNFINISHED_SECONDS:
            return ""
        return f"{stored.name} is being written; run the command again in a minute"
    match lock.holder(own_names):
        case Holder.ENDED:
            return ""
        case Holder.ALIVE:
            return f"{lock}: it still works on the stack; wait for it, or end it with Ctrl-C"
        case Holder.ELSEWHERE:
            return (
                f"{lock}: whether it still runs can only be seen there. Run `tunestack recover --stack {stack}` on "
                f"that machine; if it is this one under an earlier name, add `--host {lock.host}`; if it is gone, with "
                f"its pulumi, run `pulumi cancel --stack {stack}` and then this again"
            )


def _settle(engine: Engine, backend: Backend, stack: str, *, destroy_failed: bool, only_look: bool) -> list[str]:
    """Edits the state under a lock of our own, so that neither another recovery nor a run can come between."""

    def edit(deployment: Deployment) -> list[str]:
        return [*settle(deployment), *(distrust(deployment) if destroy_failed else ())]

    if only_look:
        return edit(_exported(engine, stack)["deployment"])
    name = f"{uuid.uuid4()}.json"
    backend.place(stack, name, Lock.own().content())
    try:
        if others := [stored for stored in backend.locks(stack) if stored.name != name]:
            raise StackError(f"the stack is in use by now: {_told(others[0]).removesuffix(', which has ended')}")
        exported = _exported(engine, stack)
        done = edit(exported["deployment"])
    finally:
        backend.remove(stack, name)
    if done:
        # The engine takes its own lock for this, and refuses where somebody else was faster.
        engine.run("stack", "import", "--stack", stack, stdin=json.dumps(exported))
    return done


def _exported(engine: Engine, stack: str) -> dict[str, dict[str, object]]:
    """Returns the state; its secrets stay encrypted."""
    return dict(json.loads(engine.run("stack", "export", "--stack", stack)))

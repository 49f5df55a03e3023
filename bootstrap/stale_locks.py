"""Clears what a killed `pulumi` left in the state: its lock, and creations that it will never finish."""

from __future__ import annotations

import json
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from bootstrap.local_stack import PROJECT, STACK, LocalStack


def clear(stack: LocalStack) -> list[str]:
    """Removes the locks of dead processes of this machine and the creations they had begun.

    A resource that was being created may exist, but the state does not know its id; the resources of this project find
    theirs again by owner. Without this the engine refuses to run, and then warns on every run.

    Returns:
        What was done, one text each.
    """
    removed, kept = _remove_locks(stack.state / ".pulumi" / "locks" / "organization" / PROJECT / STACK)
    done = [f"removed the lock of pulumi process {pid}, which has ended" for pid in removed]
    if not kept:
        done += [f"forgot a creation that was cut off: {urn}" for urn in _forget_creations(stack)]
    return done


def _remove_locks(folder: Path) -> tuple[list[int], list[int]]:
    """The processes whose locks were removed, and those whose locks stay."""
    removed: list[int] = []
    kept: list[int] = []
    for file in sorted(folder.glob("*.json")):
        lock = json.loads(file.read_text(encoding="utf-8"))
        if _is_dead(lock):
            file.unlink(missing_ok=True)
            removed.append(lock["pid"])
        else:
            kept.append(lock["pid"])
    return removed, kept


def _is_dead(lock: dict[str, Any]) -> bool:
    """Whether the lock's process has surely ended; one on another machine may be alive."""
    if lock["hostname"] != socket.gethostname():
        return False
    try:
        started = psutil.Process(lock["pid"]).create_time()
    except psutil.NoSuchProcess:
        return True
    # A process that is younger than the lock has only been given the same number. psutil's clock is 0.01 s coarse.
    return started > datetime.fromisoformat(lock["timestamp"]).timestamp() + 1


def _forget_creations(stack: LocalStack) -> list[str]:
    """Drops pending creations from the state as `refresh --clear-pending-creates` does, but runs no provider."""
    file = stack.state / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"
    if not file.exists() or '"pending_operations"' not in file.read_text(encoding="utf-8"):
        return []
    exported = json.loads(stack.pulumi("stack", "export", "--stack", STACK, "--show-secrets"))
    deployment = exported["deployment"]
    pending = deployment.get("pending_operations", [])
    creations = [operation for operation in pending if operation["type"] == "creating"]
    if creations:
        deployment["pending_operations"] = [operation for operation in pending if operation not in creations]
        stack.pulumi("stack", "import", "--stack", STACK, "--non-interactive", stdin=json.dumps(exported))
    return [operation["resource"]["urn"] for operation in creations]

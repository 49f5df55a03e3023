"""Gets everything the local stack needs onto this machine: `python -m bootstrap`, from anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bootstrap import engine, gcp_plugin, stale_locks
from bootstrap.cache import Cache
from bootstrap.local_stack import STACK, LocalStack, path_of_user
from bootstrap.report import BootstrapError, say


def main() -> int:
    """Runs all steps; each prints the choice it made."""
    checkout = Path(__file__).resolve().parent.parent
    stack = LocalStack(checkout, checkout / ".tunestack")
    cache = Cache.of_user()
    path = path_of_user(os.environ["PATH"])
    try:
        chosen = engine.obtain(cache, path)
        stack.prepare(chosen)
        say("engine", f"pulumi {chosen.version}, {chosen.origin}")
        if not chosen.has_language_host:
            say("language", "this project's host for Python programs (that pulumi comes without one)")
        say("gcp plugin", gcp_plugin.provide(stack, chosen.executable, cache, {**os.environ, "PATH": path}))
        created = stack.create()
        for done in stale_locks.clear(stack):
            say("state", done)
        say("stack", f"{STACK} {'created' if created else 'ready'} in {stack.folder.relative_to(checkout)}/state")
    except BootstrapError as error:
        print(f"bootstrap  {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bootstrap  interrupted; nothing half is left, so run it again", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

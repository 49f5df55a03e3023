"""Notices that the engine has died: kill -9 of the CLI leaves its providers running otherwise."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERVAL = 2.0
"""Seconds between two looks."""

_PATIENCE = 5.0
"""Seconds that an orphan has for an end of its own making."""


def watch_parent(died: Callable[[], object]) -> None:
    """Calls `died` when the process that started this one is gone, and ends this one if that does not.

    A thread of its own, so that neither a blocked event loop nor a call under way can keep an orphan alive.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:  # an orphan gets another parent
            time.sleep(_INTERVAL)
        died()
        time.sleep(_PATIENCE)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watchdog", daemon=True).start()

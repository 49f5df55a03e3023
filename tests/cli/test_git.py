"""Questions to git."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from tunestack.cli.git import git


def test_a_terminals_interrupt_does_not_reach_it() -> None:
    """Whoever asked would take its death for an answer."""
    tells = shlex.join([sys.executable, "-S", "-c", "import os; print(os.getpgrp())"])
    assert int(git(Path(), "-c", f"alias.group=!{tells}", "group")) != os.getpgrp()

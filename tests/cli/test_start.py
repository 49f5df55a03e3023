"""The command starts fast: it imports what a command needs when that is run, and not before."""

from __future__ import annotations

import subprocess
import sys

LATE = (
    "google.",
    "msgspec",
    "numpy",
    "pulumi",
    "requests",
    "rich.console",
    "tenacity",
    "tunestack.catalogue",
    "tunestack.connection",
    "tunestack.tuning",
    "yaml",
)
"""Each takes as long to import as all that a list of commands needs."""

IMPORTED = "import sys; import tunestack.cli.application; print(*sys.modules, sep='\\n')"


def test_a_list_of_commands_imports_little() -> None:
    ran = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    modules = ran.stdout.split()
    assert "tunestack.cli.jobs.commands" in modules
    assert [module for module in modules if module.startswith(LATE) and module != "google.cloud"] == []

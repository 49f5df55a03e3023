"""Measurements: each prints a figure, its limit, and the ratio to its peer measured in the same run."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import data_check, five_stacks, images, preview, provider_start, stored_data
from tests.bench.figure import Figure


def main() -> int:
    """Runs all measurements; 1 when a limit is missed."""
    console = Console()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        measures = (provider_start, data_check, images, preview, five_stacks, stored_data)
        for measure in (module.measure for module in measures):
            with console.status(f"measuring {measure.__module__.rpartition('.')[2].replace('_', ' ')}"):
                figures += measure(Path(folder))
    table = Table("what", "measured", "peer", "ratio", "limit", title="make bench", title_justify="left")
    for figure in figures:
        table.add_row(*figure.row())
    console.width = max(console.width, 120)
    console.print(table)
    return int(any(figure.is_missed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())

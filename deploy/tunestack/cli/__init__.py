"""The `tunestack` command."""

import sys

INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 and the number of the signal, as shells have it."""


def main() -> None:
    """Runs the command; Ctrl-C ends it without a word, while it is still being imported, too."""
    try:
        from tunestack.cli.application import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)

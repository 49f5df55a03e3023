"""Which stacks a command means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunestack.cli.stack import StackError
from tunestack.cli.stacks.stack_files import StackFile, environment, ordered
from tunestack.wording import together


def select(names: Sequence[str], only: Sequence[str], files: Mapping[str, StackFile]) -> list[StackFile]:
    """Returns the named stacks, each with its regions, in the order in which they go up.

    Args:
        names: of stacks; a foundation stands for its environment.
        only: those of them that are meant; all when empty.
        files: of all stacks of the project.

    Raises:
        StackError: there is no such stack, or `only` names one that is none of them.
    """
    chosen = {file.name: file for name in names for file in environment(name, files)}
    if strangers := [name for name in only if name not in chosen]:
        raise StackError(f"--only {strangers[0]}: this is none of the stacks of {' '.join(names)}: {', '.join(chosen)}")
    wanted = [file for file in chosen.values() if not only or file.name in only]
    return [file for group in ordered(wanted) for file in group]


def order(files: Sequence[StackFile], *, backwards: bool = False) -> str:
    """Says in which order stacks go up, or come down."""
    groups = [together([file.name for file in group]) for group in ordered(files)]
    return ", then ".join(reversed(groups) if backwards else groups)

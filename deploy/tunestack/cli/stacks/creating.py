"""`tunestack stack new`: writes a stack's file and makes the stack in the backend."""

from __future__ import annotations

import re

from tunestack.cli.stack import StackError
from tunestack.cli.stacks.new_stack import NewStack, draft
from tunestack.cli.stacks.stack_files import ProjectFile, read_all
from tunestack.cli.stacks.stack_text import written
from tunestack.cli.terminal import print_lines

_NAME = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")
"""What fits into the names of buckets and accounts that a stack makes; the engine itself would take more."""


def create(asked: NewStack, *, initialises: bool) -> None:
    """Writes the file of a stack, and makes the stack in the backend.

    Args:
        asked: what somebody wants.
        initialises: whether the backend is asked; without it, the first `tunestack up` makes the stack.

    Raises:
        StackError: it cannot be made; nothing is left of it.
    """
    if not _NAME.fullmatch(asked.name):
        raise StackError(f"{asked.name}: a stack's name has lower-case letters, digits and hyphens, 2 to 40 of them")
    files, project = read_all(), ProjectFile.find()
    found = draft(asked, files)
    path = project.stacks_folder / f"Pulumi.{asked.name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)  # git keeps no empty folder
    with path.open("x", encoding="utf-8") as file:
        file.write(written(found))
    if initialises:
        from tunestack.cli.stacks.engine_runs import Workspace

        try:
            workspace = Workspace(project)
            if asked.name not in workspace.stacks:
                workspace.initialise(asked.name, found.secrets_provider)
        except BaseException:
            path.unlink()
            raise
    print_lines([f"{path.relative_to(project.folder)} written" + (", and the stack made" if initialises else "")])
    print_lines(f"  left out: {told}" for told in found.left_out)
    for each in asked.promotes:
        stack = each.partition(":")[0]
        if stack not in files or not files[stack].config.get("readers"):
            print_lines([f"  {stack} must let whoever runs this stack read its checkpoints: tunestack:readers there"])
    above = f"{asked.foundation} --only {asked.name}" if asked.foundation else asked.name
    print_lines([f"Look it over and commit it; `tunestack up {above}` brings it up."])

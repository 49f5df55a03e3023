"""Clears what a killed `pulumi` left in the state of the local stacks, as `tunestack recover` does for any stack."""

from __future__ import annotations

import os

from bootstrap.local_stack import PROJECT, STACK, LocalStack
from bootstrap.report import BootstrapError
from tunestack.cli.backend import Folder
from tunestack.cli.recover import recover
from tunestack.cli.stack import Engine, StackError


def clear(stack: LocalStack) -> list[str]:
    """Removes the locks of ended processes and what they had begun; locks of others stay.

    Returns:
        What was done, and which locks stay, one text each.

    Raises:
        BootstrapError: the engine refused.
    """
    engine, told = Engine(stack.checkout, stack.environment(os.environ)), []
    others = (file.stem for file in (stack.state / ".pulumi" / "stacks" / PROJECT).glob("*.json"))
    for name in (STACK, *sorted({*others} - {STACK})):
        try:
            found = recover(engine, Folder(stack.state), f"organization/{PROJECT}/{name}")
        except StackError as error:
            raise BootstrapError(str(error)) from error
        done = [*found.done, *(f"the stack is locked by {kept}" for kept in found.kept)]
        told += done if name == STACK else [f"{name}: {each}" for each in done]
    return told

"""Clears what a killed `pulumi` left in the local stack's state, as `tunestack recover` does for any stack."""

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
    engine = Engine(stack.checkout, stack.environment(os.environ))
    try:
        found = recover(engine, Folder(stack.state), f"organization/{PROJECT}/{STACK}")
    except StackError as error:
        raise BootstrapError(str(error)) from error
    return [*found.done, *(f"the stack is locked by {kept}" for kept in found.kept)]

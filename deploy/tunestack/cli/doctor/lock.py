"""Whether a killed `pulumi` has left something behind that would stop the next one."""

from __future__ import annotations

from collections.abc import Iterator

from tunestack.cli.doctor.finding import Finding, problem
from tunestack.cli.stack import Engine, StackError

NAME = "locks"


def look(stack: str) -> Iterator[Finding]:
    """Yields a line for what is left, and none where nothing is; a backend of the engine's service keeps its own."""
    from tunestack.cli.recover import find_backend, full_name, recover

    engine = Engine()
    try:
        backend = find_backend(engine)
        found = recover(engine, backend, full_name(engine, stack), earlier_names=(), only_look=True)
    except StackError:
        return
    for kept in found.kept:
        yield problem(NAME, kept)
    if found.done:
        yield problem(
            NAME, f"a pulumi that was killed left: {'; '.join(found.done)}", f"tunestack recover --stack {stack}"
        )

"""Whether a killed `pulumi` has left something behind that would stop the next one."""

from __future__ import annotations

from collections.abc import Iterator

from tunestack.cli.doctor.finding import Finding, problem, warning
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
        says = f"a pulumi was killed; tunestack recover would have {'; '.join(found.done)}"
        # Marks of what was cut off only make the next run warn; a lock stops it.
        tell = problem if any(done.startswith("removed") for done in found.done) else warning
        yield tell(NAME, says, f"tunestack recover --stack {stack}")

"""What a Check refuses of what the catalogue, or a look at something, finds wrong; and what it lets pass and tells."""

from __future__ import annotations

from collections.abc import Iterable

from tunestack.catalogue import Problem
from tunestack.provider.lifecycle import CheckFailure, Severity
from tunestack.provider.run import Run


async def refused(
    run: Run, urn: str, problems: Iterable[Problem], *, strict: bool | None, is_new: bool = True
) -> list[CheckFailure]:
    """Returns the problems that refuse a resource; warns of those that do not.

    Args:
        run: whose user is warned.
        urn: of the resource.
        problems: what may be wrong.
        strict: the resource's input; only False lets something unknown pass.
        is_new: False where nothing follows any more from what is only worth a warning.
    """
    failures = []
    for problem in problems:
        if problem.is_warning:
            if is_new:
                await run.tell(urn, str(problem), severity=Severity.WARNING)
        elif problem.is_unknown and strict is False:
            await run.tell(urn, f"{problem}; passed, since strict is false", severity=Severity.WARNING)
        else:
            failures.append(CheckFailure(problem.property, problem.reason))
    return failures

"""Machines that cannot be had for what a preview cannot show yet: endpoints that follow a foundation."""

from __future__ import annotations

from collections.abc import Collection

from tunestack.cli.preview.report import Told


def shortages(stack: str, endpoints: Collection[str]) -> list[Told]:
    """Asks the service as a deployment will; what cannot be asked is told of nothing, since the update asks again.

    Args:
        stack: a region.
        endpoints: those of its endpoints to which a model is going to be deployed.
    """
    from tunestack.cli.capacity.answers import answers
    from tunestack.cli.capacity.questions import Wanted, questions

    if not endpoints:
        return []
    try:
        found = answers([asked for asked in questions(Wanted(stacks=(stack,))) if asked.endpoint in endpoints])
    except Exception:  # whatever it is: a preview does not fail of what it foretells
        return []
    return [
        Told(
            f"ModelDeployment {answer.question.endpoint}",
            f"{answer.reason}; the update tries all the same. tunestack capacity shows what can be had where",
        )
        for answer in found
        if answer.choice is None
    ]

"""Whether the location is one, and whether the tuning service answers there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from difflib import get_close_matches

from tunestack import catalogue
from tunestack.cli import calls
from tunestack.cli.calls import RefusedError
from tunestack.cli.doctor.finding import Finding, ok, problem
from tunestack.cli.doctor.subject import Subject
from tunestack.service_errors import explain
from tunestack.wording import suggestion

REGION, SERVICE = "region", "tuning service"


def look_at_region(subject: Subject) -> Iterator[Finding]:
    """Yields whether models are tuned, and served, in the location."""
    name = subject.connection.location
    found = catalogue.region(name)
    if found is None and subject.takes_any_region:
        yield ok(
            REGION, f"{name}: pulumi preview says of each Gemini model whether it is tuned there, where that is known"
        )
        return
    if found is None and subject.tunes_nothing and catalogue.is_region_name(name):
        yield ok(REGION, f"{name}: tunes no open models, nor does the stack; serves where quota and machines are")
        return
    if found is None:
        known = [row.name for row in catalogue.regions()]
        near = (get_close_matches(name, known, n=1) or known)[0]
        say = (
            subject.set_command("location", near)
            if subject.stack
            else f"tunestack doctor --project {subject.project} --location {near}"
        )
        says = f'there is no region "{name}" that tunes open models; {suggestion(name, known)}'
        yield problem(REGION, says, say)
        return
    if subject.serving and not found.serves:
        says = f"nothing can be served in {name}, and the stack has {', '.join(subject.serving)}"
        yield problem(
            REGION, says, "serve in a stack of its own, in a region; it takes the checkpoint by StackReference"
        )
        return
    yield ok(REGION, f"{name}, {found.place}: tunes{', serves' if found.serves else '; serve in a region'}")


def look_at_service(subject: Subject) -> Iterator[Finding]:
    """Yields whether the service takes calls there: address, API, billing and permission at once."""
    import requests

    begun = time.monotonic()
    parent = subject.connection.parent
    try:
        calls.get(subject.connection, calls.VERTEX, f"{parent}/tuningJobs", pageSize="1")
    except RefusedError as error:
        if error.reason:
            raise
        yield problem(SERVICE, f"refuses to list tuning jobs in {subject.connection.location}: {error}")
    except requests.RequestException as error:
        says = explain(error) or str(error)
        yield problem(SERVICE, f"does not answer at {subject.connection.service_address}: {says}")
    else:
        yield ok(SERVICE, f"{subject.connection.service_address} answers in {time.monotonic() - begun:.1f} s")

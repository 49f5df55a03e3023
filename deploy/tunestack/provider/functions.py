"""Functions that a program may call."""

from __future__ import annotations

from tunestack.provider.lifecycle import CheckFailure, InvalidArgumentsError, Properties, ResourceError
from tunestack.provider.properties import plain_map, wrap_map
from tunestack.provider.run import Run
from tunestack.retries import CALL_SECONDS, TRANSIENT, retrying
from tunestack.service_errors import words


async def look_up(run: Run, arguments: Properties) -> Properties:
    """`tunestack:index:lookUp`: whether the tuning service has a resource of that name.

    Raises:
        InvalidArgumentsError: the name is none.
        ResourceError: the service refuses to say.
    """
    name = plain_map(arguments).get("name")
    if not isinstance(name, str) or not name.startswith("projects/"):
        raise InvalidArgumentsError([CheckFailure("name", f"{name!r} is not a resource name: projects/…/locations/…")])
    return wrap_map({"found": await run.call(_found, run, name)})


def _found(run: Run, name: str) -> bool:
    connection = run.connection

    def ask() -> bool:
        with connection.http() as session:
            answer = session.get(f"{connection.service_address}/v1beta1/{name}", timeout=CALL_SECONDS)
        if answer.status_code == 404:
            return False
        if answer.status_code in TRANSIENT:
            answer.raise_for_status()
        if not answer.ok:
            raise ResourceError(f"{name}: {words(answer)} (HTTP {answer.status_code})")
        return True

    return bool(retrying()(ask))

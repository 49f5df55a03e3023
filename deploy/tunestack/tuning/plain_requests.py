"""Plain requests to the service, for previews: they need a third of the memory of google-genai.

A call that fails is repeated once, as a preview has no time for more, unless nothing goes on without its answer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import tenacity

from tunestack.retries import PREVIEW_SECONDS, retrying
from tunestack.service_errors import document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tunestack.connection import Connection


def answer(connection: Connection, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Returns what the service answers to a GET.

    Raises:
        requests.RequestException: the service does not answer.
        google.api_core.exceptions.GoogleAPICallError: it refuses.
        google.auth.exceptions.GoogleAuthError: there are no credentials.
    """
    answered: dict[str, Any] = retrying().copy(stop=tenacity.stop_after_attempt(2))(ask, connection, path, query)
    return answered


def insist(connection: Connection, path: str) -> dict[str, Any]:
    """Returns what `answer` does, and asks a busy service a few times more: a run without the answer is refused."""
    answered: dict[str, Any] = retrying(2 * PREVIEW_SECONDS, refused_seconds=0)(ask, connection, path)
    return answered


def ask(connection: Connection, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Asks once; see `answer`."""
    # A resource is asked for where it lies: a tuned model may be served in other regions than it was tuned in.
    place = re.search(r"/locations/([^/]+)/", path)
    there = replace(connection, location=place[1]) if place else connection
    with connection.http() as session:
        return document(session.get(f"{there.service_address}/v1beta1/{path}", params=query, timeout=PREVIEW_SECONDS))

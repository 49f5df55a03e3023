"""Tuned Gemini models as the service keeps them: what comes of a Gemini job, in place of a folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tunestack.retries import CALL_SECONDS, repeatable

if TYPE_CHECKING:
    from tunestack.connection import Connection


@repeatable
def exists(connection: Connection, model: str) -> bool:
    """Says whether the service has a version of a model, `projects/…/models/ID@VERSION`.

    It is asked where the model lies: the newest Gemini models do not lie where they were tuned.
    """
    there = replace(connection, location=model.split("/")[3])
    with there.http() as session:
        response = session.get(f"{there.service_address}/v1beta1/{model}", timeout=CALL_SECONDS)
    if response.status_code == 404:
        return False
    response.raise_for_status()
    return True

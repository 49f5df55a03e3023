"""Reading the JSON body of a request, and which fields of it are meant."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from emulator.errors import ServiceError

if TYPE_CHECKING:
    from starlette.requests import Request


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object.

    Raises:
        ServiceError: the body is something else; 400 with the text of Google's frontend.
    """
    return parse_object(await request.body())


def parse_object(text: bytes) -> dict[str, Any]:
    """As `json_object`, for text already read."""
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except ValueError as error:
        message = f"Invalid JSON payload received. {error}"
        raise ServiceError("INVALID_ARGUMENT", message) from error
    if not isinstance(body, dict):
        raise ServiceError(
            "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "": Root element must be a message.'
        )
    return body


def masked_fields(mask: str) -> list[str]:
    """The fields that an update mask names, as the body has them: the frontend takes both ways to write a name."""
    named = [path.strip() for path in mask.split(",") if path.strip()]
    return [re.sub(r"_(.)", lambda match: match[1].upper(), name) for name in named]

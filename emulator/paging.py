"""Pages of a list, as Google's APIs cut them."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request


def page(
    name: str, found: Sequence[dict[str, Any]], request: Request, *, default: int, limit: int, size: str = "pageSize"
) -> dict[str, Any]:
    """One page of `found` under `name`, with `nextPageToken` where more follow.

    Args:
        name: the field that holds the list.
        found: the whole list, in a stable order.
        request: carries the page token and, in the parameter called `size`, the page size asked for.
        default: the page size when none is asked for.
        limit: the largest page size; a larger wish is cut.
        size: the name of the query parameter.

    Raises:
        ServiceError: a page size or token that is none.
    """
    try:
        count = int(request.query_params.get(size) or default)
        token = request.query_params.get("pageToken", "")
        start = int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise ServiceError("INVALID_ARGUMENT", f"Invalid {size} or pageToken.") from error
    if count < 0:
        raise ServiceError("INVALID_ARGUMENT", f"{size} must not be negative.")
    end = start + min(count or default, limit)
    answer: dict[str, Any] = {name: list(found[start:end])} if found[start:end] else {}
    if end < len(found):
        answer["nextPageToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return answer

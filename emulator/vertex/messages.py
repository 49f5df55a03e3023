"""Requests and resources as the service's own protobuf messages.

Bodies are read by the official types, which accept camelCase and snake_case names, enums as names or numbers and
64-bit integers as strings, and refuse unknown fields: the same rules as the real front end, from the same definitions.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import json_format

from emulator.vertex.refusals import invalid_argument


def read(kind: type[Any], body: dict[str, Any]) -> dict[str, Any]:
    """A request body in canonical JSON: camelCase names, enum names, 64-bit integers as strings.

    Args:
        kind: The message type the method takes.
        body: What was sent.

    Raises:
        ServiceError: The body has a field the type does not have, or a value of another type.
    """
    message = kind.pb(kind())
    try:
        json_format.ParseDict(body, message)
    except json_format.ParseError as error:
        # The words of Google's API front end for a body it cannot read, and for a field that the message does not have.
        unknown = re.search(r'has no field named "(\w+)"', str(error))
        what = f'Unknown name "{unknown[1]}": Cannot find field.' if unknown else str(error)
        raise invalid_argument(f"Invalid JSON payload received. {what}") from error
    content: dict[str, Any] = json_format.MessageToDict(message)
    return content


def camel_case(name: str) -> str:
    """A field name as the API writes it, whichever way it was sent."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)

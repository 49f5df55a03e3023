"""Requests and resources as the service's own protobuf messages.

Bodies are read by the official types, which accept camelCase and snake_case names, enums as names or numbers and
64-bit integers as strings, and refuse unknown fields: the same rules as the real front end, from the same definitions.
"""

from __future__ import annotations

import re
import threading
from typing import Any

from google.protobuf import json_format

from emulator.vertex.refusals import invalid_argument
from tunestack.package_parts import import_in_parts


def load() -> None:
    """Loads the types beside what else goes on: it takes longer than all else at a start, and no GET needs them."""
    threading.Thread(target=_types, name="message types", daemon=True).start()


def read(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """A request body in canonical JSON: camelCase names, enum names, 64-bit integers as strings.

    Args:
        kind: The name of the message type that the method takes.
        body: What was sent.

    Raises:
        ServiceError: The body has a field the type does not have, or a value of another type.
    """
    message_type = getattr(_types(), kind)
    message = message_type.pb(message_type())
    try:
        json_format.ParseDict(body, message)
    except json_format.ParseError as error:
        # The words of Google's API front end for a body it cannot read, and for a field that the message does not have.
        unknown = re.search(r'has no field named "(\w+)"', str(error))
        what = f'Unknown name "{unknown[1]}": Cannot find field.' if unknown else str(error)
        raise invalid_argument(f"Invalid JSON payload received. {what}") from error
    content: dict[str, Any] = json_format.MessageToDict(message)
    return content


def _types() -> Any:
    import_in_parts("google.cloud.aiplatform_v1beta1")
    from google.cloud.aiplatform_v1beta1 import types

    return types


def camel_case(name: str) -> str:
    """A field name as the API writes it, whichever way it was sent."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)

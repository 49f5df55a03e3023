"""Lists of messages in a column, as chat, ShareGPT and their kin write them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from tunestack.data.formats import is_blank, turns_fault
from tunestack.data.preparation.error import FaultError, shown
from tunestack.data.preparation.example import Example, Role, Turn
from tunestack.data.preparation.formats import parts_of
from tunestack.data.preparation.template import Field
from tunestack.data.preparation.values import WRITE_OR_SKIP

ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "system": "system",
        "user": "user",
        "human": "user",
        "assistant": "assistant",
        "gpt": "assistant",
        "chatgpt": "assistant",
        "bot": "assistant",
        "model": "assistant",
    }
)
"""Names of roles, as chat, ShareGPT and Gemini write them."""

_KEYS = (("role", "content"), ("from", "value"))


def turns_of(column: Field, row: Mapping[str, Any], roles: Mapping[str, Role]) -> Example:
    """Returns the turns that a row's column lists: objects with `role` and `content`, or `from` and `value`.

    Args:
        column: where they are.
        row: the row.
        roles: names of roles beyond `ROLES`.

    Raises:
        FaultError: there are none, or they are no conversation.
    """
    try:
        turns = [_turn(message, roles) for message in _list(column.value(row))]
        _check_order([turn.role for turn in turns])
    except FaultError as fault:
        fault.path = column.name
        raise
    return turns


def _check_order(roles: list[Role]) -> None:
    fault = turns_fault(roles)
    if fault is None:
        return
    index, expected = fault
    if index == len(roles):
        raise FaultError("the last turn is not the assistant's", WRITE_OR_SKIP, is_incomplete=True)
    reason = f"turn {index + 1} is of the role {roles[index]}, where {expected} is expected"
    remedy = "put the turns in order, or skip such rows with --skip-incomplete"
    raise FaultError(reason, remedy, is_incomplete=True)


def _turn(message: Any, roles: Mapping[str, Role]) -> Turn:
    if not isinstance(message, Mapping):
        raise FaultError("a message that is no object", 'write objects with "role" and "content"')
    for role_key, content_key in _KEYS:
        if role_key in message and content_key in message:
            content = message[content_key]
            if content is None or (isinstance(content, str) and is_blank(content)):
                raise FaultError("an empty message", WRITE_OR_SKIP, is_incomplete=True)
            return Turn(_role(message[role_key], roles), parts_of(content))
    has = ", ".join(map(shown, list(message)[:5]))
    raise FaultError(f"a message with {has or 'no keys'}", 'write "role" and "content", or "from" and "value"')


def _role(name: Any, roles: Mapping[str, Role]) -> Role:
    if not isinstance(name, str):
        raise FaultError("a role that is no text", "write its name")
    role = roles.get(name) or ROLES.get(name)
    if role is None:
        raise FaultError(f"the role {shown(name)}, which is not known", f"say which it is, as in --role {name}=user")
    return role


def _list(value: Any) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):  # a list in a cell of CSV
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError) as error:
            raise FaultError(f"a list that is no JSON ({error})", "write it with a JSON library") from error
    if value in (None, "", []):
        raise FaultError("no messages", WRITE_OR_SKIP, is_incomplete=True)
    if not isinstance(value, list):
        raise FaultError("no list of messages", "name a column that holds one")
    return value

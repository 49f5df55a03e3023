"""What the exact half says of turns: the parts of a message, its role, and whose turn it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.data.exact.json_places import Members, Value
from tunestack.data.exact.values import shown
from tunestack.data.formats import turns_fault
from tunestack.wording import either

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunestack.data.exact.values import Line

    ExaminePart = Callable[[Value, Members, str, Line], None]

_ANSWERING = frozenset({"assistant", "model"})
_ROLES_ELSEWHERE = {"model": "", "assistant": "", "gpt": "", "bot": "", "human": "user", "developer": "system"}
"""What a role of other formats means here; empty for the one that answers."""


def parts(value: Value, items: list[Value], path: str, examine: ExaminePart, line: Line) -> None:
    """Examines the parts of a message."""
    if not items:
        line.tell_at(value.at, "empty", path, "no parts", "non-empty text", "write the text or remove the line")
    for index, each in enumerate(items):
        place = f"{path}[{index}]"
        members = line.members_of(each, place, "an object")
        if members is not None:
            examine(each, members, place, line)


def role(members: Members, path: str, roles: Sequence[str], line: Line) -> str | None:
    """Examines a message's role; returns it where it is a known one."""
    value = members.values.get("role")
    if value is None:
        return None
    name = value.content
    if not isinstance(name, str):
        line.wrong_type(value, f"{path}.role", either(roles))
        return None
    if name not in roles:
        right = name.lower()
        if right not in roles:
            right = _ROLES_ELSEWHERE.get(right, right) or _answering(roles)
        remedy = f'write "{right}"' if right in roles else "use one of these roles"
        if right == "system" and right not in roles:
            remedy = 'write it as "systemInstruction", beside "contents"'
        line.tell_at(value.at, "unknown-role", f"{path}.role", f'role "{shown(name)}"', either(roles), remedy)
        return None
    return name


def order(
    value: Value, messages: list[Value], roles: list[str | None], path: str, known: Sequence[str], line: Line
) -> None:
    """Examines whose turn it is; `known` are the roles that there can be."""
    line.found.turns += len(messages)
    if not messages:
        line.tell_at(value.at, "empty", path, "no messages", "a user and an assistant turn", "remove the line")
    turns = [each for each in roles if each is not None]
    if len(turns) < len(roles) or not turns:  # the order of turns means nothing yet
        return
    answering = _answering(known)
    is_optional = line.demands.answers_optional
    if not is_optional and not _ANSWERING.intersection(turns):
        reason = f"no {answering} turn"
        line.tell_at(value.at, "no-assistant", path, reason, "an answer to learn", "add one, or remove the line")
    elif fault := turns_fault(
        ["assistant" if each in _ANSWERING else each for each in turns], answers_optional=is_optional
    ):
        index, expected = fault
        if index < len(turns):
            at, place = messages[index].at, f"{path}[{index}].role"
            if isinstance(members := messages[index].content, Members):
                at = members.values["role"].at
            expected = answering if expected == "assistant" else expected
            remedy = f"let user and {answering} take turns"
            line.tell_at(at, "turn-order", place, f"{turns[index]} turn", f"{expected} turn", remedy)
        else:
            reason = f"the last turn is not the {answering}'s"
            remedy = "add the answer, or remove the last turn"
            expected = "an answer to learn"
            if is_optional:
                reason, expected, remedy = "no user turn", "a prompt to answer", "add one, or remove the line"
            line.tell_at(messages[-1].at, "turn-order", path, reason, expected, remedy)


def _answering(roles: Sequence[str]) -> str:
    return "model" if "model" in roles else "assistant"

"""A column mapping as the command line writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast, get_args

from tunestack.data.formats import is_blank
from tunestack.data.preparation.columns import Columns
from tunestack.data.preparation.error import FaultError, PreparationError, shown
from tunestack.data.preparation.example import Role
from tunestack.data.preparation.template import Field, Template, nearest

FIELDS = ("prompt", "completion", "system", "messages", "image")
"""What a column can be mapped to."""

TEXTS = FIELDS[:3]
"""What a template can make."""


def parse_columns(
    maps: Iterable[str] = (), templates: Iterable[str] = (), system: str | None = None, roles: Iterable[str] = ()
) -> Columns | None:
    """Reads a mapping.

    Args:
        maps: `FIELD=COLUMN`, such as `prompt=question`; a `?` at the end lets the column be empty.
        templates: `FIELD=TEMPLATE`, such as `prompt=Question: {question}`.
        system: the same system message for every example.
        roles: `NAME=ROLE`, such as `customer=user`.

    Returns:
        The mapping; None where nothing is given.

    Raises:
        PreparationError: an option says nothing that can be done.
    """
    try:
        texts, messages, images = _maps(maps)
        _templates(templates, texts)
        _system(system, texts)
        known = _roles(roles)
        _check(texts, messages, images)
    except FaultError as fault:
        raise PreparationError(fault.reason, fault.remedy) from None
    columns = Columns(texts.get("prompt"), texts.get("completion"), texts.get("system"), messages, tuple(images), known)
    return None if columns == Columns() else columns


def _maps(maps: Iterable[str]) -> tuple[dict[str, Template], Field | None, list[Field]]:
    texts: dict[str, Template] = {}
    messages: Field | None = None
    images: list[Field] = []
    for name, value in _pairs(maps, "--map", "prompt=question", FIELDS):
        if name == "image":
            images.append(Field.parse(value))
        elif name in texts or (name == "messages" and messages):
            raise _twice(name)
        elif name == "messages":
            messages = Field.parse(value)
        else:
            texts[name] = Template((Field.parse(value),))
    return texts, messages, images


def _templates(templates: Iterable[str], texts: dict[str, Template]) -> None:
    for name, value in _pairs(templates, "--template", "prompt='Question: {question}'", TEXTS):
        if name in texts:
            raise _twice(name)
        texts[name] = Template.parse(value)


def _system(system: str | None, texts: dict[str, Template]) -> None:
    if system is None:
        return
    if "system" in texts:
        raise _twice("system")
    if is_blank(system):
        raise FaultError("an empty system message", "leave it out")
    texts["system"] = Template((system,))


def _roles(roles: Iterable[str]) -> dict[str, Role]:
    known = dict(_pairs(roles, "--role", "customer=user"))
    for name, role in known.items():
        if role not in get_args(Role):
            raise FaultError(f"{shown(role)} is no role", f"write {name}=system, {name}=user or {name}=assistant")
    return cast("dict[str, Role]", known)


def _check(texts: Mapping[str, Template], messages: Field | None, images: Sequence[Field]) -> None:
    halves = [name for name in ("prompt", "completion") if name in texts]
    if messages and halves:
        raise FaultError(f"both messages and {halves[0]} are given", "leave one out: messages hold both texts")
    if len(halves) == 1:
        missing = "completion" if halves == ["prompt"] else "prompt"
        raise FaultError(f"{halves[0]} is given without {missing}", f"add --map {missing}=COLUMN")
    if not messages and not halves and (images or (texts.get("system") and texts["system"].fields)):
        raise FaultError("prompt and completion are not given", "add --map prompt=COLUMN --map completion=COLUMN")


def _pairs(texts: Iterable[str], option: str, example: str, names: Sequence[str] = ()) -> Iterable[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise FaultError(f"{option} {shown(text)} is not NAME=VALUE", f"write it as in {option} {example}")
        if names and name not in names:
            raise FaultError(f"{option} cannot make {shown(name)}; {nearest(name, names)}", f"write {', '.join(names)}")
        yield name, value


def _twice(name: str) -> FaultError:
    return FaultError(f"{name} is given twice", "leave out one of them")

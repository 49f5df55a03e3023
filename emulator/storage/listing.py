"""One page of an object list: prefixes folded at the delimiter, in the order of names."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from emulator.storage.errors import StorageError, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LIMIT: Final = 1000  # entries in a page; source: reference of objects.list
_NOT_SERVED: Final = ("includeTrailingDelimiter", "matchGlob", "softDeleted")


def list_page(
    found: Iterable[Mapping[str, Any]], query: Mapping[str, str]
) -> tuple[list[Mapping[str, Any]], dict[str, Any]]:
    """The items of a page, and the rest of the answer: `prefixes` and `nextPageToken` where there are any.

    Args:
        found: the objects under the prefix, ordered by name and generation.
        query: the parameters of objects.list.

    Raises:
        StorageError: a parameter that is wrong, or that the emulator does not serve.
    """
    for name in _NOT_SERVED:
        if (query.get(name) or "false").lower() != "false":  # the client for Go names each, and leaves most empty
            raise StorageError(
                501, "notImplemented", f"The emulator does not serve the parameter {name} of objects.list."
            )
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start, end = query.get("startOffset", ""), query.get("endOffset", "")
    after = _position(query.get("pageToken", ""))
    limit = _size(query.get("maxResults", ""))
    items: list[Mapping[str, Any]] = []
    prefixes: list[str] = []
    last = ("", 0)
    for resource in found:
        name = resource["name"]
        if name < start or (end and name >= end):
            continue
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        folded = name[: cut + len(delimiter)] if cut >= 0 else ""
        # What stands for an entry in the order: a folded prefix comes where its first name would.
        position = (folded, -1) if folded else (name, int(resource["generation"]))
        if position <= after or (folded and prefixes and prefixes[-1] == folded):
            continue
        if len(items) + len(prefixes) == limit:
            return items, _answer(prefixes, last)
        if folded:
            prefixes.append(folded)
        else:
            items.append(resource)
        last = position
    return items, _answer(prefixes, None)


def _answer(prefixes: list[str], last: tuple[str, int] | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"prefixes": prefixes} if prefixes else {}
    if last is not None:
        answer["nextPageToken"] = base64.urlsafe_b64encode(f"{last[1]} {last[0]}".encode()).decode()
    return answer


def _position(token: str) -> tuple[str, int]:
    """The entry after which a page starts."""
    if not token:
        return ("", -1)
    try:
        generation, _, name = base64.urlsafe_b64decode(token).decode().partition(" ")
        return (name, int(generation))
    except (ValueError, binascii.Error) as error:
        raise invalid("Invalid page token.") from error


def _size(text: str) -> int:
    if not text:
        return _LIMIT
    if not text.isdigit():
        raise invalid(f"Invalid value for maxResults: {text!r} is not a number.")
    return min(int(text) or _LIMIT, _LIMIT)

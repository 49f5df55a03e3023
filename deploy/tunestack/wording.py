"""Numbers, choices and foreign text as they stand in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def counted(number: int, thing: str) -> str:
    """Returns a number of things, as in `1 example` and `2,000 examples`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def either(names: Sequence[str]) -> str:
    """Returns two names or more as a choice, as in `user, model or assistant`."""
    return f"{', '.join(names[:-1])} or {names[-1]}"


def together(names: Sequence[str]) -> str:
    """Returns names one after the other, as in `user, model and assistant`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def some(names: Sequence[str], most: int) -> str:
    """Returns the first of many names, and how many more there are, as in `a.py, b.py and 7 more`."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def suggestion(name: str, known: Collection[str], otherwise: str = "there are") -> str:
    """Returns which of the known names one that is not known is most like, or all of them where it is like none."""
    from difflib import get_close_matches  # only errors need it

    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"{otherwise} {', '.join(known)}"


def gib(size: int | None) -> str:
    """Returns a number of bytes as in `22.4 GiB`."""
    return "an unknown size" if size is None else f"{size / 2**30:.1f} GiB"


def printable(text: str) -> str:
    """Returns a text on one line, with nothing in it that a terminal would obey or that cannot be encoded."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)

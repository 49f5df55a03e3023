"""Foreign text in Markdown, so that it is shown as it is and does nothing: no markup, no mention, no command.

What has to be kept from working is written down in GitHub Flavored Markdown (github.github.com/gfm), in "Mentioning
people and teams" and "Autolinked references" (docs.github.com) and in "Quick actions" (docs.gitlab.com/user/project).
"""

from __future__ import annotations

import re

from tunestack.wording import printable

_ESCAPED = {
    "\\": "&#92;",
    "`": "&#96;",
    "|": "&#124;",  # the end of a cell, in code as well
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "$": "<span>$</span>",  # else what stands between two is a formula
    **{character: f"\\{character}" for character in "*_[]~"},
}
_SPECIAL = "|".join(map(re.escape, _ESCAPED))

_SIGIL = r"(?<![A-Za-z0-9])[@#](?=[A-Za-z0-9])|[#!](?=\d)|\bGH-(?=\d)"
"""Where a name would be a mention, or a number a reference, as `owner/name#12` is; `google/gemma3@gemma-3` is none."""

_ZERO_WIDTH_SPACE = "&#8203;"

_IN_PROSE = re.compile(f"{_SPECIAL}|{_SIGIL}")
_IN_CODE = re.compile(f"{_SPECIAL}|:(?=//)")


def prose(text: str, length: int = 0) -> str:
    """Returns a text for a paragraph or the cell of a table; line breaks stay.

    Args:
        text: from elsewhere.
        length: characters at the most; 0 for all of it.
    """
    return "<br>".join(_prose(line) for line in shortened(text, length).split("\n"))


def code(text: str, length: int = 0) -> str:
    """Returns a text on one line, in the letters of code; where nothing is a mention, a reference or a link."""
    shown = printable(shortened(text, length))
    return f"<code>{_IN_CODE.sub(lambda found: _ESCAPED.get(found[0], '&#58;'), shown)}</code>"


def fenced(text: str, length: int = 0) -> str:
    """Returns a text as a block of its own; indented, since GitLab takes a line that begins with a slash for a command.

    Args:
        text: from elsewhere, on any number of lines.
        length: characters at the most; 0 for all of it.
    """
    lines = [f"  {printable(line)}".rstrip() for line in shortened(text, length).splitlines()]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return "\n".join((f"{fence}text", *lines, fence))


def shortened(text: str, length: int) -> str:
    """Returns the beginning of a text that is longer than it may be, and says how much is missing."""
    if not length or len(text) <= length:
        return text
    return f"{text[:length]}… ({len(text) - length:,} more characters)"


def _prose(line: str) -> str:
    return _IN_PROSE.sub(lambda found: _ESCAPED.get(found[0], f"{found[0]}{_ZERO_WIDTH_SPACE}"), printable(line))

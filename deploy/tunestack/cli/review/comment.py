"""The comment that a stack has on a change: one, put in its own place at each preview."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tunestack.cli.preview.literal import code
from tunestack.cli.preview.markdown import marker
from tunestack.retries import repeatable

if TYPE_CHECKING:
    from tunestack.cli.review.hosting import Comment, Hosting

_MARKER = re.compile(r"<!-- tunestack preview: (\S+) -->")
_CUT = "\n\n… cut here: {} allows {:,} characters. All of it is in the log of this run.\n"


def read(stack: str, file: Path) -> str:
    """Returns what a preview wrote to be a comment, or, of one that did not come that far, that it failed."""
    try:
        written = file.read_text("utf-8")
    except FileNotFoundError:
        written = f"### `{stack}`: there is no preview\n\nIt ended before it began; the log of this run says why.\n"
    return written if written.startswith(marker(stack)) else f"{marker(stack)}\n{written}"


@repeatable
def post(hosting: Hosting, change: int, stack: str, text: str) -> str:
    """Writes a stack's comment, in the place of the one that is there; returns what was done.

    As a whole it can be repeated after a lost answer: what was added then is found, and edited.

    Raises:
        StackError: the host refuses.
    """
    text = fitted(_signed(text, hosting), hosting.longest, type(hosting).__name__)
    for comment in _own(hosting, change):
        if comment.text.startswith(marker(stack)):
            hosting.edit_comment(change, comment, text)
            return "updated"
    hosting.add_comment(change, text)
    return "added"


def of_removed(stack: str) -> str:
    """Returns the comment of a stack whose file a change takes away."""
    return (
        f"{marker(stack)}\n### ❗ {code(stack)}: its file goes, and what it has made stays\n\n"
        "It goes on being billed, and no later change brings it down. Where nobody needs it, before the merge: "
        f"{code(f'tunestack destroy {stack}')}.\n"
    )


@repeatable
def withdraw(hosting: Hosting, change: int, touched: set[str]) -> list[str]:
    """Says in the comments of stacks that a change touches no longer that it does; returns whose they were."""
    withdrawn = []
    for comment in _own(hosting, change):
        found = _MARKER.match(comment.text)
        if not found or found[1] in touched:
            continue
        told = f"{found[0]}\n### `{found[1]}`: no longer touched by this change"
        if not comment.text.replace("\r\n", "\n").startswith(told):
            hosting.edit_comment(change, comment, _signed(told, hosting))
            withdrawn.append(found[1])
    return withdrawn


def _own(hosting: Hosting, change: int) -> Iterator[Comment]:
    """Yields the stacks' comments that this account wrote.

    Anybody can begin a comment with a marker. What is written into it stays theirs, and they could edit it.
    """
    marked = [comment for comment in hosting.comments(change) if _MARKER.match(comment.text)]
    if marked:
        account = hosting.account()
        yield from (comment for comment in marked if comment.author == account)


def fitted(text: str, longest: int, host: str) -> str:
    """Returns a text that a host takes: cut at a line, and what is folded there closed."""
    if len(text) <= longest:
        return text
    note = _CUT.format(host, longest)
    # Enough for what has to be closed: a fence and a few folds.
    kept = text[: longest - len(note) - 200].rpartition("\n")[0]
    if sum(line.startswith("```") for line in kept.splitlines()) % 2:
        kept += "\n```"
    kept += "\n</details>" * (kept.count("<details") - kept.count("</details>"))
    return kept + note


def _signed(text: str, hosting: Hosting) -> str:
    """Returns a text that says which commit it is of, and where the log is."""
    known = [f"last commit {hosting.commit[:12]}" if hosting.commit else ""]
    known += [f"[log]({hosting.run_address})" if hosting.run_address else ""]
    told = ", ".join(filter(None, known))
    return f"{text.rstrip()}\n\n<sub>{told}</sub>\n" if told else text

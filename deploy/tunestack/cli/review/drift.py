"""Issues that tell of drift: one a stack, opened when there is some, kept up to date, closed when it is gone."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tunestack.retries import repeatable
from tunestack.wording import counted, printable

if TYPE_CHECKING:
    from tunestack.cli.review.hosting import Hosting

_MARK_UP = re.compile(r"[\\`*_\[\]|~@!#:]")
"""What Markdown, or a host that finds mentions, numbers and emoji, would make something of."""


class Difference(Protocol):
    """What is not as the state says; as `tunestack status` finds it."""

    @property
    def resource(self) -> str:
        """The resource."""

    @property
    def says(self) -> str:
        """What is different."""

    @property
    def advice(self) -> str:
        """What to do about it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at a stack has found.

    Attributes:
        stack: its name.
        drift: what is not as its state says.
        unseen: what could not be looked at, and why.
    """

    stack: str
    drift: Sequence[Difference]
    unseen: Sequence[str]


def look(stacks: Collection[str]) -> Iterator[Looked]:
    """Looks at all stacks that are up, or at those named; passes over those on which an update runs."""
    from tunestack.cli.status.overview import gather

    for found in gather(stacks, refresh=True).stacks:
        if (found.is_up or found.unseen) and not found.locks and (stacks or not found.is_emulated):
            yield Looked(found.name, found.drift, found.unseen)


@repeatable
def tell(hosting: Hosting, found: Looked) -> str:
    """Opens, updates or closes a stack's issue; returns what was done, in words.

    As a whole it can be repeated after a lost answer: an issue that was opened then is found.

    Raises:
        StackError: the host refuses.
    """
    from tunestack.cli.review.comment import fitted

    issue = next((each for each in hosting.drift_issues() if each.text.startswith(_marker(found.stack))), None)
    if not found.drift and not found.unseen:
        if issue is None:
            return f"stack {found.stack} is as its state says"
        log = f": {hosting.run_address}" if hosting.run_address else ""
        hosting.close_issue(issue, f"Stack `{found.stack}` is as its state says again{log}.")
        return f"stack {found.stack} is as its state says again; issue {issue.number} is closed"
    many = ", ".join(
        ([counted(len(found.drift), "difference")] if found.drift else [])
        + ([f"{counted(len(found.unseen), 'thing')} that could not be looked at"] if found.unseen else [])
    )
    if issue is None and not found.drift:
        return f"stack {found.stack}: {many}; no issue is opened for that"
    text = fitted(_described(found), hosting.longest, type(hosting).__name__)
    if issue is None:
        number = hosting.open_issue(f"Stack {found.stack} has drifted", text)
        return f"stack {found.stack}: {many}; issue {number} is opened"
    # What could not be looked at may have drifted still: the issue stays, and says so.
    if issue.text.replace("\r\n", "\n").strip() == text.strip():
        return f"stack {found.stack}: {many}; issue {issue.number} says so already"
    hosting.edit_issue(issue, text)
    return f"stack {found.stack}: {many}; issue {issue.number} is updated"


def _marker(stack: str) -> str:
    return f"<!-- tunestack drift: {stack} -->"


def _described(found: Looked) -> str:
    lines = [_marker(found.stack), f"Stack `{found.stack}` is not as its state says.", ""]
    if found.drift:
        lines += ["| resource | what is different | what to do |", "|---|---|---|"]
        lines += [f"| {_cell(each.resource)} | {_cell(each.says)} | {_cell(each.advice)} |" for each in found.drift]
    if found.unseen:
        lines += ["", "Could not be looked at:", "", *(f"- {_cell(each)}" for each in found.unseen)]
    advice = (
        f"`tunestack preview {found.stack}` shows what the next `tunestack up` would do about it. This issue is kept "
        "up to date by the scheduled check, and closed when nothing is different any more."
    )
    return "\n".join([*lines, "", advice, ""])


def _cell(text: str) -> str:
    """Returns a text that stands in a table as it is: no mark-up, no mention of anybody, on one line."""
    plain = html.escape(printable(" ".join(text.split())), quote=False)
    return _MARK_UP.sub(lambda found: f"&#{ord(found[0])};", plain)

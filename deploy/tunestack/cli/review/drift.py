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
    from tunestack.cli.status.strays import Stray

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
        stack: its name; empty for what no stack owns.
        drift: what is not as its state says.
        unseen: what could not be looked at, and why.
    """

    stack: str
    drift: Sequence[Difference]
    unseen: Sequence[str]

    @property
    def name(self) -> str:
        """As it stands in a sentence."""
        return f"stack {self.stack}" if self.stack else "what no stack owns"

    @property
    def title(self) -> str:
        """Of an issue."""
        return f"Stack {self.stack} has drifted" if self.stack else "Endpoints that no stack owns are billed"


@dataclass(frozen=True, slots=True)
class _Stray:
    """An endpoint that no stack owns, as a difference."""

    found: Stray

    @property
    def resource(self) -> str:
        return self.found.endpoint

    @property
    def says(self) -> str:
        hourly = self.found.usd_per_hour
        price = "an unknown price" if hourly is None else f"{hourly:,.2f} USD"
        return f"{self.found.display_name}: costs {price} an hour"

    @property
    def advice(self) -> str:
        return "undeploy what runs there, or take it into a stack"


def look(stacks: Collection[str]) -> Iterator[Looked]:
    """Looks at all stacks of Google Cloud, or at those named, and at what no stack owns.

    Passed over is what an update works on just now.
    """
    from tunestack.cli.stacks.stack_files import read_all
    from tunestack.cli.status.overview import gather

    names = list(stacks) or [file.name for file in read_all().values() if not file.emulator]
    if not names:
        return
    overview = gather(names, refresh=True)
    for found in overview.stacks:
        if not found.locks:
            yield Looked(found.name, found.drift, found.unseen)
    if not stacks:
        yield Looked("", [_Stray(each) for each in overview.strays], overview.unseen)


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
            return f"{found.name}: nothing to tell"
        log = f": {hosting.run_address}" if hosting.run_address else ""
        hosting.close_issue(issue, f"There is nothing of that any more{log}.")
        return f"{found.name}: nothing to tell any more; issue {issue.number} is closed"
    many = ", ".join(
        ([counted(len(found.drift), "difference")] if found.drift else [])
        + ([f"{counted(len(found.unseen), 'thing')} that could not be looked at"] if found.unseen else [])
    )
    if issue is None and not found.drift:
        return f"{found.name}: {many}; no issue is opened for that"
    text = fitted(_described(found), hosting.longest, type(hosting).__name__)
    if issue is None:
        number = hosting.open_issue(found.title, text)
        return f"{found.name}: {many}; issue {number} is opened"
    # What could not be looked at may have drifted still: the issue stays, and says so.
    if issue.text.replace("\r\n", "\n").strip() == text.strip():
        return f"{found.name}: {many}; issue {issue.number} says so already"
    hosting.edit_issue(issue, text)
    return f"{found.name}: {many}; issue {issue.number} is updated"


def _marker(stack: str) -> str:
    return f"<!-- tunestack drift: {stack} -->"


def _described(found: Looked) -> str:
    lines = [_marker(found.stack)]
    if found.stack:
        lines += [f"Stack `{found.stack}` is not as its state says.", ""]
    if found.drift:
        lines += ["| resource | what is different | what to do |", "|---|---|---|"]
        lines += [f"| {_cell(each.resource)} | {_cell(each.says)} | {_cell(each.advice)} |" for each in found.drift]
    if found.unseen:
        lines += ["", "Could not be looked at:", "", *(f"- {_cell(each)}" for each in found.unseen)]
    advice = (
        [f"`tunestack preview {found.stack} --refresh` shows what the next `up` would do about it."]
        if found.stack
        else []
    )
    kept = "The scheduled check keeps this issue up to date, and closes it when there is nothing of it any more."
    return "\n".join([*lines, "", *advice, kept, ""])


def _cell(text: str) -> str:
    """Returns a text that stands in a table as it is: no mark-up, no mention of anybody, on one line."""
    plain = html.escape(printable(" ".join(text.split())), quote=False)
    return _MARK_UP.sub(lambda found: f"&#{ord(found[0])};", plain)

"""Issues that tell of drift: one a stack, opened when there is some, kept up to date, closed when it is gone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.catalogue.amounts import hourly
from tunestack.cli.preview.literal import prose
from tunestack.cli.status.live import Drift
from tunestack.retries import repeatable
from tunestack.wording import counted, together

if TYPE_CHECKING:
    from tunestack.cli.review.hosting import Hosting
    from tunestack.cli.status.strays import Stray


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at a stack has found.

    Attributes:
        stack: its name; empty for what no stack owns.
        drift: what is not as its state says.
        unseen: what could not be looked at, and why.
        locks: who works on it, so that it is in between; or a killed run has left one.
    """

    stack: str
    drift: Sequence[Drift]
    unseen: Sequence[str]
    locks: Sequence[str] = ()

    @property
    def name(self) -> str:
        """As it stands in a sentence."""
        return f"stack {self.stack}" if self.stack else "what no stack owns"

    @property
    def title(self) -> str:
        """Of an issue."""
        return f"Stack {self.stack} has drifted" if self.stack else "Endpoints that no stack owns are billed"


def look(stacks: Collection[str]) -> Iterator[Looked]:
    """Looks at all stacks of Google Cloud, or at those named, and at what no stack owns.

    What an update works on just now is in between, and no drift.
    """
    from tunestack.cli.stacks.stack_files import read_all
    from tunestack.cli.status.overview import gather

    names = list(stacks) or [file.name for file in read_all().values() if not file.emulator]
    if not names:
        return
    overview = gather(names, refresh=True)
    for found in overview.stacks:
        if found.locks:
            yield Looked(found.name, (), (), found.locks)
        else:
            yield Looked(found.name, found.drift, found.unseen)
    if not stacks:
        yield Looked("", [_of_stray(each) for each in overview.strays], overview.unseen)


@repeatable
def tell(hosting: Hosting, found: Looked) -> str:
    """Opens, updates or closes a stack's issue; returns what was done, in words.

    As a whole it can be repeated after a lost answer: an issue that was opened then is found.

    Raises:
        StackError: the host refuses.
    """
    from tunestack.cli.review.comment import fitted

    if found.locks:
        return f"{found.name}: passed over, since it is locked by {together(found.locks)}"
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


@repeatable
def close_of_gone(hosting: Hosting, looked_at: Collection[str]) -> list[str]:
    """Closes the issues of stacks that nobody looks at any more; returns what was done, in words.

    Raises:
        StackError: the host refuses.
    """
    done = []
    for issue in hosting.drift_issues():
        found = _MARKER.match(issue.text)
        if found and found[1] not in looked_at:
            hosting.close_issue(issue, f"There is no file of stack `{found[1]}` any more, so that nobody looks at it.")
            done.append(f"stack {found[1]} has no file any more; issue {issue.number} is closed")
    return done


_MARKER = re.compile(r"<!-- tunestack drift: (\S*) -->")


def _marker(stack: str) -> str:
    return f"<!-- tunestack drift: {stack} -->"


def _described(found: Looked) -> str:
    lines = [_marker(found.stack)]
    if found.stack:
        lines += [f"Stack `{found.stack}` is not as its state says.", ""]
    if found.drift:
        lines += ["| resource | what is different | what to do |", "|---|---|---|"]
        lines += [f"| {prose(each.resource)} | {prose(each.says)} | {prose(each.advice)} |" for each in found.drift]
    if found.unseen:
        lines += ["", "Could not be looked at:", "", *(f"- {prose(each)}" for each in found.unseen)]
    advice = (
        [f"`tunestack preview {found.stack} --refresh` shows what the next `up` would do about it."]
        if found.stack
        else []
    )
    kept = "The scheduled check keeps this issue up to date, and closes it when there is nothing of it any more."
    return "\n".join([*lines, "", *advice, kept, ""])


def _of_stray(stray: Stray) -> Drift:
    told = f"{stray.display_name}: costs {hourly(stray.usd_per_hour)}"
    return Drift(stray.endpoint, told, "undeploy what runs there, or take it into a stack")

"""One issue a stack that tells of its drift."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Command
from tests.cli.review.conftest import TOKEN, Job
from tests.cli.review.fake_github import FakeGitHub
from tunestack.cli.review import drift
from tunestack.cli.review.drift import Looked
from tunestack.cli.status.live import Drift

UNDEPLOYED = Drift("ModelDeployment support", "its model is no longer deployed", "run tunestack up")


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Looked]:
    """What a look at the stacks finds, by stack."""
    found: dict[str, Looked] = {}
    monkeypatch.setattr(drift, "look", lambda stacks: [found[name] for name in stacks or found])
    return found


def test_an_issue_is_opened_updated_and_closed(job: Job, command: Command, finds: dict[str, Looked]) -> None:
    finds["prod"] = Looked("prod", [UNDEPLOYED], [])
    finds["prod-europe-west4"] = Looked("prod-europe-west4", [], [])
    assert command("review", "drift").lines == [
        f"stack prod: 1 difference; issue {next(iter(job.host.issues))} is opened",
        "stack prod-europe-west4: nothing to tell",
    ]
    ((state, text),) = job.issues
    assert state == "open"
    assert "| ModelDeployment support | its model is no longer deployed | run tunestack up |" in text

    seen = len(job.host.log)
    assert command("review", "drift").lines[0].endswith("says so already")
    assert all(line.startswith("GET") for line in job.host.log[seen:])

    finds["prod"] = Looked("prod", [UNDEPLOYED, Drift("Endpoint old", "nobody's", "")], [])
    assert command("review", "drift").lines[0].endswith("is updated")
    assert "nobody's" in job.issues[0][1]

    finds["prod"] = Looked("prod", [], [])
    assert command("review", "drift").lines[0].endswith("is closed")
    assert [state for state, _ in job.issues] == ["clos"]
    assert command("review", "drift").lines[0] == "stack prod: nothing to tell"
    finds["prod"] = Looked("prod", [UNDEPLOYED], [])
    assert command("review", "drift").lines[0].endswith("is opened")


def test_what_cannot_be_looked_at_closes_nothing_and_fails(
    job: Job, command: Command, finds: dict[str, Looked]
) -> None:
    finds["prod"] = Looked("prod", [], ["endpoints: no answer"])
    answer = command("review", "drift")
    assert (answer.status, job.issues) == (1, [])
    assert "endpoints: no answer" in answer.err
    finds["prod"] = Looked("prod", [UNDEPLOYED], [])
    command("review", "drift")
    finds["prod"] = Looked("prod", [], ["endpoints: no answer"])
    assert command("review", "drift").status == 1
    ((state, text),) = job.issues
    assert (state, "Could not be looked at" in text) == ("open", True)


def test_the_issue_of_a_stack_that_is_gone_is_closed(job: Job, command: Command, finds: dict[str, Looked]) -> None:
    """It says of itself that it is kept up to date, which nobody would do any more."""
    finds["prod"] = Looked("prod", [UNDEPLOYED], [])
    finds[""] = Looked("", [Drift("endpoint", "nobody's", "")], [])
    command("review", "drift")
    del finds["prod"]
    finds["dev"] = Looked("dev", [], [])
    assert command("review", "drift", "--stack", "dev").lines == ["stack dev: nothing to tell"]
    closed = f"stack prod has no file any more; issue {next(iter(job.host.issues))} is closed"
    assert command("review", "drift").lines[-1] == closed
    assert [state for state, _ in job.issues] == ["clos", "open"]


def test_what_is_locked_is_passed_over_and_said(job: Job, command: Command, finds: dict[str, Looked]) -> None:
    """The lock of a run that was killed stays: a stack that is passed over each night would be for ever."""
    finds["prod"] = Looked("prod", [], [], ["ci@runner since 2026-01-01"])
    answer = command("review", "drift")
    assert answer.lines == ["stack prod: passed over, since it is locked by ci@runner since 2026-01-01"]
    assert (answer.status, job.issues) == (0, [])


def test_what_others_named_is_text_and_nothing_else(job: Job, command: Command, finds: dict[str, Looked]) -> None:
    finds["prod"] = Looked("prod", [Drift("a|b", "<img src=x>\n@ada see #1 `x` [y](https://z)", "")], [])
    command("review", "drift")
    text = job.issues[0][1]
    (row,) = [line for line in text.splitlines() if line.startswith("| a")]
    said = r"&lt;img src=x&gt;<br>@&#8203;ada see #&#8203;1 &#96;x&#96; \[y\](https://z)"
    assert row == f"| a&#124;b | {said} |  |"


@pytest.mark.parametrize("fault", [503, "lost"])
def test_a_lost_answer_opens_no_second_one(
    job: Job, command: Command, finds: dict[str, Looked], fault: int | str
) -> None:
    class AfterTheList(list[int | str]):
        def __bool__(self) -> bool:
            return len(job.host.log) > 1 and len(self) > 0

    finds["prod"] = Looked("prod", [UNDEPLOYED], [])
    job.host.faults = AfterTheList([fault])
    assert command("review", "drift").status == 0
    assert len(job.issues) == 1


@pytest.mark.parametrize("job", [FakeGitHub], ids=["github"], indirect=True)
def test_an_issue_without_its_label_is_told(job: Job, command: Command, finds: dict[str, Looked]) -> None:
    """As a token without push access gets it: the issue would be opened anew each night."""
    finds["prod"] = Looked("prod", [UNDEPLOYED], [])
    assert isinstance(job.host, FakeGitHub)
    job.host.drops_labels = True
    assert "without its label tunestack-drift" in command("review", "drift").err
    assert TOKEN not in command("review", "drift").err

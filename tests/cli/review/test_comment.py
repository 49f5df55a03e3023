"""One comment a stack on a change, whatever happens to the answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.review.conftest import CHANGE, TOKEN, Job
from tests.cli.review.fake_github import FakeGitHub
from tests.cli.review.fake_gitlab import FakeGitLab
from tunestack.cli.review import touched
from tunestack.cli.review.comment import fitted
from tunestack.cli.review.touched import Change

MARKER = "<!-- tunestack preview: {} -->"


@pytest.fixture
def preview(tmp_path: Path) -> Path:
    file = tmp_path / "prod.md"
    file.write_text(f"{MARKER.format('prod')}\nprod: one job starts\n")
    return file


def test_each_stack_has_one_that_keeps_its_place(job: Job, command: Command, preview: Path) -> None:
    assert command("review", "comment", preview, "-s", "prod").out == f"added the comment of stack prod on {CHANGE}\n"
    command("review", "comment", preview, "-s", "prod-europe-west4")
    preview.write_text(f"{MARKER.format('prod')}\nprod: nothing changes\n")
    assert command("review", "comment", preview, "-s", "prod").out == f"updated the comment of stack prod on {CHANGE}\n"
    first, second = job.comments
    assert first.startswith(f"{MARKER.format('prod')}\nprod: nothing changes\n")
    # Not the comment of the stack whose name this one begins with.
    assert second.startswith(MARKER.format("prod-europe-west4"))
    assert "last commit aaaaaaaaaaaa, [log](https://git" in first


def test_it_is_found_behind_those_of_many_others(job: Job, command: Command, preview: Path) -> None:
    job.comment(*(f"{number}: see {MARKER.format('prod')}" for number in range(230)))
    command("review", "comment", preview, "-s", "prod")
    assert command("review", "comment", preview, "-s", "prod").out.startswith("updated")
    assert len(job.comments) == 231


def test_what_somebody_else_wrote_is_never_written_into(
    job: Job, command: Command, preview: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They could edit it afterwards: a preview with no changes, above which stands whoever may be believed."""
    forged = f"{MARKER.format('prod')}\nnothing changes, costs nothing"
    job.comment(forged)
    assert command("review", "comment", preview, "-s", "prod").out.startswith("added")
    assert command("review", "comment", preview, "-s", "prod").out.startswith("updated")
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    monkeypatch.chdir(tmp_path)
    assert command("review", "touched", "--only", "dev", "--withdraw").status == 0
    first, second = job.comments
    assert first == forged
    assert "no longer touched" in second


def test_a_preview_that_never_began_is_told_with_the_log(job: Job, command: Command, tmp_path: Path) -> None:
    assert command("review", "comment", tmp_path / "nosuch.md", "-s", "prod").status == 0
    (told,) = job.comments
    assert "there is no preview" in told
    assert "[log](https://git" in told


@pytest.mark.parametrize("faults", [[503, 502], ["lost"], [429, "lost"], ["too fast", "lost"]], ids=str)
@pytest.mark.parametrize("before", [0, 1], ids=["while looking", "while adding"])
def test_a_lost_answer_makes_no_second_one(
    job: Job, command: Command, preview: Path, faults: list[int | str], before: int
) -> None:
    class AfterSome(list[int | str]):
        """Faults of requests after the first ones."""

        def __bool__(self) -> bool:
            return len(job.host.log) > before and len(self) > 0

    job.host.faults = AfterSome(faults)
    assert command("review", "comment", preview, "-s", "prod").status == 0
    assert len(job.comments) == 1


def test_a_comment_of_a_stack_that_is_touched_no_longer_says_so(
    job: Job, command: Command, preview: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("review", "comment", preview, "-s", "prod")
    command("review", "comment", preview, "-s", "dev")
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: shop\n")
    (project / "Pulumi.dev.yaml").write_text("config: {}\n")
    monkeypatch.chdir(project)
    arguments = ("review", "touched", "--only", "dev", "--withdraw")
    assert "stack prod is touched no longer" in command(*arguments).err
    withdrawn, other = job.comments
    assert "no longer touched" in withdrawn
    assert "one job starts" in other
    edits = len(job.host.log)
    assert command(*arguments).err == ""
    assert not [each for each in job.host.log[edits:] if not each.startswith("GET") and each != "POST /graphql"]
    # When the change touches it again, its comment comes back in the same place.
    command("review", "comment", preview, "-s", "prod")
    assert "one job starts" in job.comments[0]


def test_a_stack_whose_file_goes_is_told_where_its_preview_was(
    job: Job, command: Command, preview: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not merely touched no longer: what it has made stays, and is billed."""
    change = Change(stages=[], removed=["prod"])
    monkeypatch.setattr(touched, "look", lambda *_, **__: change)
    command("review", "comment", preview, "-s", "prod")
    for _ in range(2):
        assert command("review", "touched", "--base", "main", "--withdraw").status == 0
        (told,) = job.comments
        assert "its file goes, and what it has made stays" in told
        assert "<code>tunestack destroy prod</code>" in told


@pytest.mark.parametrize(
    ("rights", "told"),
    [
        (None, "no token that it knows"),
        ({"pull-requests": "read", "api": "read"}, "needs the "),
    ],
    ids=["unknown token", "may only read"],
)
def test_a_refusal_says_what_is_missing(
    job: Job, command: Command, preview: Path, rights: dict[str, str] | None, told: str
) -> None:
    del job.host.tokens[TOKEN]
    if rights:
        job.host.tokens[TOKEN] = rights
    answer = command("review", "comment", preview, "-s", "prod")
    assert answer.status == 1
    assert told in answer.err
    assert TOKEN not in answer.out + answer.err


def test_a_limit_of_requests_is_no_want_of_rights(job: Job, command: Command, preview: Path) -> None:
    job.host.faults = ["too often"]
    answer = command("review", "comment", preview, "-s", "prod")
    assert answer.status == 1
    assert "TOKEN has asked as often as it may" in answer.err
    assert "needs the" not in answer.err


def test_without_a_change_or_a_host_it_says_what_to_set(
    job: Job, command: Command, preview: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    monkeypatch.delenv("CI_MERGE_REQUEST_IID", raising=False)
    assert "name one with --change" in command("review", "comment", preview, "-s", "prod").err
    assert command("review", "comment", preview, "-s", "prod", "--change", "12").status == 0
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)
    assert "TOKEN is not set; " in command("review", "comment", preview, "-s", "prod").err
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.delenv("CI_PROJECT_ID", raising=False)
    assert "neither GitHub Actions" in command("review", "comment", preview, "-s", "prod").err


def test_what_is_too_long_is_cut_and_closed(job: Job, command: Command, preview: Path) -> None:
    longest = {FakeGitHub: 65_536, FakeGitLab: 1_000_000}[type(job.host)]
    rows = "x" * 99 + "\n"
    preview.write_text(f"{MARKER.format('prod')}\n<details>\n\n```\n{rows * (longest // 100 + 9)}```\n</details>\n")
    assert command("review", "comment", preview, "-s", "prod").status == 0
    (told,) = job.comments
    assert longest - 1000 < len(told) <= longest
    head, _, note = told.rpartition("…")
    assert head.endswith("x\n```\n</details>\n\n")
    assert f"{longest:,} characters" in note


def test_what_fits_is_left_alone() -> None:
    assert fitted("x" * 100, 100, "GitHub") == "x" * 100

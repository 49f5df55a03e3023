"""The plan that was reviewed with a change, brought back by the commit that merged it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.review.conftest import CHANGE, HEAD, MERGED, TOKEN, Job
from tests.cli.review.fake_github import FakeGitHub
from tests.cli.review.fake_gitlab import FakeGitLab


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    folder = tmp_path / "plan"
    folder.mkdir()
    (folder / "prod.plan.json").write_text("{}")
    (folder / "prod.reviewed.json").write_text("{}")
    return folder


def bring(command: Command, folder: Path, commit: str = MERGED) -> str:
    answer = command("review", "plan", folder, "--stack", "prod", "--commit", commit)
    return answer.err if answer.status else answer.out


def test_its_files_come_back(job: Job, command: Command, plans: Path, tmp_path: Path) -> None:
    job.reviewed("prod", plans)
    told = bring(command, tmp_path / "here")
    assert f"{CHANGE}, is in " in told
    assert sorted(file.name for file in (tmp_path / "here").iterdir()) == ["prod.plan.json", "prod.reviewed.json"]
    # Downloads lead to another host, which is not to have the token.
    assert job.host.leaked == []


@pytest.mark.parametrize("job", [FakeGitLab], ids=["gitlab"], indirect=True)
def test_a_reporter_is_told_which_role_it_takes(job: Job, command: Command, plans: Path, tmp_path: Path) -> None:
    job.reviewed("prod", plans)
    job.host.tokens[TOKEN] = {"api": "write"}
    assert "GITLAB_TOKEN needs the scope `api` and the role Developer" in bring(command, tmp_path / "here")


def test_the_newest_of_a_commits_runs_is_meant(job: Job, command: Command, plans: Path, tmp_path: Path) -> None:
    job.reviewed("prod", plans)
    (plans / "prod.plan.json").write_text('{"newer": true}')
    job.reviewed("prod", plans)
    bring(command, tmp_path / "here")
    assert "newer" in (tmp_path / "here" / "prod.plan.json").read_text()


def test_files_go_nowhere_else(job: Job, command: Command, plans: Path, tmp_path: Path) -> None:
    (plans / "dev.plan.json").write_text("{}")
    (plans / "prod-europe-west4.plan.json").write_text("{}")
    job.reviewed("prod", plans)
    for place, packed in job.host.elsewhere.items():
        job.host.elsewhere[place] = packed.replace(b"prod.reviewed.json", b"../../../../../pr.")
    assert "is no zip file" in bring(command, tmp_path / "here") or not (tmp_path / "pr.").exists()
    assert not {file.name for file in (tmp_path / "here").iterdir()} - {"prod.plan.json", "prod.reviewed.json"}


def test_without_one_it_says_why(job: Job, command: Command, plans: Path, tmp_path: Path) -> None:
    assert "so nobody has reviewed a plan for it" in bring(command, tmp_path, MERGED)
    job.reviewed("dev", plans)
    assert "has no plan of stack prod for its last commit" in bring(command, tmp_path)
    for file in plans.iterdir():
        file.unlink()
    (plans / "other").touch()
    job.reviewed("prod", plans)
    assert "has no prod.plan.json in it" in bring(command, tmp_path)


@pytest.mark.parametrize("job", [FakeGitHub], ids=["github"], indirect=True)
@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ({"head": HEAD, "expired": True}, "is no longer kept"),
        ({"head": HEAD, "forked": True}, "has no plan of stack prod"),
        ({"head": "b" * 40}, "has no plan of stack prod"),
    ],
    ids=["too old", "of a fork", "of an earlier commit"],
)
def test_only_the_repositorys_own_of_the_last_commit_counts(
    job: Job, command: Command, plans: Path, tmp_path: Path, kept: dict[str, Any], told: str
) -> None:
    assert isinstance(job.host, FakeGitHub)
    job.host.keep("tunestack-plan-prod", plans, **kept)
    job.host.merge(CHANGE, MERGED, HEAD)
    assert told in bring(command, tmp_path)

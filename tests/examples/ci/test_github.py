"""A change's whole way through the workflows at GitHub: each script, with the real engine, against an emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.review.fake_github import REPOSITORY, FakeGitHub
from tests.examples.ci.github_runner import Runner
from tests.examples.ci.repository import FOUNDATION, REGION, Repository, tickets
from tests.running_emulator import Emulator

SCRIPTS = {
    f"{file.name}: {step['name']}"
    for file in (Path(__file__).parents[3] / "examples" / "ci" / "github").rglob("*.yml")
    for content in [yaml.safe_load(file.read_text())]
    for job in [*content.get("jobs", {}).values(), content.get("runs", {})]
    for step in job.get("steps", [])
    if "run" in step
}


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    host = FakeGitHub()
    with host.running():
        yield host


@pytest.fixture
def region() -> bool:
    """Whether the foundation has a region; tests override it."""
    return True


@pytest.fixture
def runner(
    region: bool, emulator: Emulator, github: FakeGitHub, pulumi_environment: dict[str, str], tmp_path: Path
) -> Runner:
    repository = Repository.made(tmp_path / "shop", emulator.url, region=region)
    repository.copy("github", ".github")
    # Whatever identity this machine has, none of this is to use it.
    nobody = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")}
    return Runner(repository, github, {**pulumi_environment, **nobody}, tmp_path)


def event(number: int, head: str) -> dict[str, Any]:
    request = {"number": number, "head": {"sha": head, "repo": {"full_name": REPOSITORY}}}
    return {"number": number, "pull_request": request}


@pytest.mark.engine
def test_a_change_is_previewed_merged_and_watched(runner: Runner, github: FakeGitHub) -> None:
    repository = runner.repository
    repository.init_stacks(runner.variables)
    before = repository.commit("Everything")
    head, merged = repository.merge("more-data", "".join(tickets(30)))

    # The night before: nothing was ever up, so that nothing can have drifted; test_gitlab has what has.
    night = runner.run("tunestack-drift.yml", before, {})["Drift"]
    assert (night.ok, github.issues) == (True, {}), night.log
    assert f"stack {FOUNDATION}: nothing to tell" in night.log

    # The pull request: a comment for each stack, and plans.
    done = runner.run("tunestack-preview.yml", merged, event(12, head), head=head)
    assert [job.name for job in done.values() if job.ok] == [
        "Touched stacks",
        f"Preview {FOUNDATION}",
        f"Preview {REGION}",
    ]
    assert {job.account for job in done.values()} == {"", "preview@shop"}
    of_foundation, of_region = (each["body"] for each in github.comments[12])
    assert "| ➕ create | <code>Dataset tickets</code> | training data: 30 examples |" in of_foundation
    assert f"last commit {head[:12]}, [log](https://github.com/" in of_foundation
    assert f"<code>{REGION}</code>: comes after {FOUNDATION}" in of_region
    assert [each["name"] for each in github.artifacts] == [f"tunestack-plan-{FOUNDATION}"]

    # The merge: the foundation by the plan that was reviewed, then the region by one that was made when it was up.
    # What lands is another commit of the same files, as a squash makes it.
    repository.git("commit", "-q", "--amend", "-m", "More data (#12)")
    reviewed, merged = merged, repository.git("rev-parse", "HEAD")
    assert merged != reviewed
    github.merge(12, merged, head)
    done = runner.run("tunestack-up.yml", merged, {"before": before})
    assert [job.name for job in done.values() if job.ok] == [
        "Touched stacks",
        f"Up {FOUNDATION}",
        f"Preview {REGION}",
        f"Up {REGION}",
    ]
    up = done[f"Up {FOUNDATION}"]
    assert (up.environment, up.account, up.group) == (FOUNDATION, f"{FOUNDATION}@shop", f"tunestack-{FOUNDATION}")
    assert f"the plan of stack {FOUNDATION}, reviewed in #12" in up.log
    assert "3 created" in up.log
    assert f"<code>{REGION}</code>" in done[f"Preview {REGION}"].summary
    assert done[f"Up {REGION}"].account == f"{REGION}@shop"

    assert runner.scripts == SCRIPTS


@pytest.mark.engine
@pytest.mark.parametrize("region", [False])
def test_a_preview_that_fails_says_why_in_its_comment(runner: Runner, github: FakeGitHub) -> None:
    runner.repository.init_stacks(runner.variables)
    runner.repository.commit("Everything")
    head, merged = runner.repository.merge("broken", '{"messages": 1}\n')
    done = runner.run("tunestack-preview.yml", merged, event(13, head), head=head)
    assert not done[f"Preview {FOUNDATION}"].ok
    assert "data/train.jsonl:1" in github.comments[13][0]["body"]
    assert github.artifacts == []


def test_a_forks_pull_request_gets_nothing(runner: Runner, github: FakeGitHub) -> None:
    commit = runner.repository.commit("Everything")
    foreign = event(14, commit)
    foreign["pull_request"]["head"]["repo"]["full_name"] = "somebody/models"
    assert runner.run("tunestack-preview.yml", commit, foreign) == {}
    assert github.log == []

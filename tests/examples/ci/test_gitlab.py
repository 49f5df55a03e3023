"""A change's whole way through the pipelines at GitLab: each script, with the real engine, against an emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.review.fake_gitlab import FakeGitLab
from tests.examples.ci import gitlab_runner
from tests.examples.ci.gitlab_runner import TOKEN, Runner
from tests.examples.ci.repository import FOUNDATION, PROJECT, Repository, tickets
from tests.running_emulator import Emulator

FOLDER = Path(__file__).parents[3] / "examples" / "ci" / "gitlab"
SCRIPTS = {
    name
    for file in (".gitlab-ci.yml", ".gitlab/tunestack.yml")
    for name, job in gitlab_runner.load(FOLDER / file).items()
    if isinstance(job, dict) and job.keys() & {"script", "before_script", "after_script"}
}
BY_HAND = {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "STACK": FOUNDATION}


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    host = FakeGitLab()
    host.tokens[TOKEN] = {"api": "write", "developer": "read"}
    with host.running():
        yield host


@pytest.mark.engine
def test_a_change_is_previewed_merged_and_watched(
    gitlab: FakeGitLab, emulator: Emulator, pulumi_environment: dict[str, str], tmp_path: Path
) -> None:
    repository = Repository.made(tmp_path / "shop", emulator.url, region=False)
    repository.copy("gitlab", ".")
    repository.init_stacks(pulumi_environment)
    before = repository.commit("Everything")
    head, merged = repository.merge("more-data", "".join(tickets(30)))
    runner = Runner(repository, gitlab, pulumi_environment, tmp_path)
    branch = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}

    # The merge request: a note, and a plan.
    asked = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "12"}
    # A pipeline of merged results tells the target branch, too; what that has, the change's base may not have.
    bases = {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": before, "CI_MERGE_REQUEST_DIFF_BASE_SHA": "f" * 40}
    done = runner.run(head, {**asked, **bases})
    assert [name for name, job in done.items() if job.ok] == ["touched", f"tunestack-plan-{FOUNDATION}"], done
    assert done[f"tunestack-plan-{FOUNDATION}"].account == "preview@shop"
    (note,) = gitlab.notes[12]
    assert "| ➕ create | <code>Dataset tickets</code> | training data: 30 examples |" in note["body"]

    # The merge: by that plan, in the stack's environment, one run at a time.
    gitlab.merge(12, merged, [1])
    push = {**branch, "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": before}
    up = runner.run(merged, push)[f"up {FOUNDATION}"]
    assert up.ok, up.log
    assert (up.account, up.job["environment"], up.job["resource_group"]) == (
        f"{FOUNDATION}@shop",
        {"name": FOUNDATION},
        FOUNDATION,
    )
    assert "reviewed in !12" in up.log
    assert "3 created" in up.log

    # The same plan once more: the state is not the reviewed one any more, and nothing is done.
    up = runner.run(merged, push)[f"up {FOUNDATION}"]
    assert not up.ok
    assert "created (" not in up.log
    assert "the stack's state has moved, in 3 resources" in up.log

    # At night, what somebody deleted is told; a plan made by hand brings it back.
    blobs = emulator.storage_client(PROJECT).list_blobs("shop-data")
    (stored,) = (blob for blob in blobs if blob.name.endswith(".jsonl"))
    stored.delete()
    drift = runner.run(merged, {**branch, "CI_PIPELINE_SOURCE": "schedule"})["drift"]
    assert drift.ok, drift.log
    (issue,) = gitlab.issues.values()
    assert issue["title"] == f"Stack {FOUNDATION} has drifted"
    done = runner.run(merged, BY_HAND)
    assert [name for name, job in done.items() if job.ok] == [
        "by-hand",
        f"tunestack-plan-{FOUNDATION}",
        f"up {FOUNDATION}",
    ], done
    assert len(gitlab.notes[12]) == 1

    assert runner.scripts - {""} == SCRIPTS

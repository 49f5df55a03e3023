"""Both hosts across a socket, and the variables that their jobs have."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.review.fake_github import REPOSITORY, FakeGitHub
from tests.cli.review.fake_gitlab import PROJECT, FakeGitLab
from tests.cli.review.fake_host import FakeHost

CHANGE = 12
HEAD = "a" * 40
MERGED = "c" * 40
TOKEN = "token-of-the-job"


@dataclass
class Job:
    """A job of a change at either host."""

    host: FakeGitHub | FakeGitLab

    @property
    def comments(self) -> list[str]:
        by_change: dict[int, list[dict[str, Any]]]
        by_change = self.host.comments if isinstance(self.host, FakeGitHub) else self.host.notes
        return [each["body"] for each in by_change.get(CHANGE, [])]

    def comment(self, *texts: str, by: str = "ada") -> None:
        """Adds comments of somebody else."""
        for text in texts:
            if isinstance(self.host, FakeGitHub):
                comments = self.host.comments.setdefault(CHANGE, [])
                comments.append({"id": 1000 + len(comments), "body": text, "user": {"login": by}})
            else:
                notes = self.host.notes.setdefault(CHANGE, [])
                notes.append({"id": 1000 + len(notes), "body": text, "system": False, "author": {"username": by}})

    @property
    def issues(self) -> list[tuple[str, str]]:
        """State and text of each."""
        return [
            (issue["state"].removesuffix("ed"), str(issue.get("body") or issue.get("description")))
            for issue in self.host.issues.values()
        ]

    def reviewed(self, stack: str, folder: Path) -> None:
        """Keeps a folder as the stack's plan of the change, and merges that."""
        name = f"tunestack-plan-{stack}"
        if isinstance(self.host, FakeGitHub):
            self.host.keep(name, folder, HEAD)
            self.host.merge(CHANGE, MERGED, HEAD)
        else:
            self.host.children[7] = [8]
            kept = folder.with_name("kept")
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(folder, kept / "plan")
            self.host.keep(name, kept, 8)
            self.host.merge(CHANGE, MERGED, [3, 7])


def _variables(host: FakeHost, event: Path) -> dict[str, str]:
    if isinstance(host, FakeGitHub):
        event.write_text(json.dumps({"pull_request": {"number": CHANGE, "head": {"sha": HEAD}}}))
        return {
            "GITHUB_API_URL": host.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_RUN_ID": "99",
        }
    return {
        "CI_API_V4_URL": f"{host.url}/api/v4",
        "CI_PROJECT_ID": PROJECT,
        "CI_MERGE_REQUEST_IID": str(CHANGE),
        "CI_COMMIT_SHA": "d" * 40,  # of merged results
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
        "CI_JOB_URL": "https://gitlab.example/jobs/99",
        "GITLAB_TOKEN": TOKEN,
    }


@pytest.fixture(params=[FakeGitHub, FakeGitLab], ids=["github", "gitlab"])
def job(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """A job of a change, at each of the hosts, whose token may do everything."""
    for name in (
        "GITHUB_REPOSITORY",
        "GITHUB_EVENT_PATH",
        "GITHUB_RUN_ID",
        "CI_PROJECT_ID",
        "HTTP_PROXY",
        "http_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    host: FakeGitHub | FakeGitLab = request.param()
    rights = ("pull-requests", "issues", "actions", "api", "developer")
    host.tokens[TOKEN] = dict.fromkeys(rights, "write")
    with host.running():
        for name, value in _variables(host, tmp_path / "event.json").items():
            monkeypatch.setenv(name, value)
        yield Job(host)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats at once."""
    import tenacity

    from tunestack import retries

    monkeypatch.setattr(retries, "_GROWING", tenacity.wait_none())

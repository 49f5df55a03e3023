"""A repository at GitHub, so far as the workflows need one; as https://docs.github.com/rest describes it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.review.fake_host import FakeHost, Reply, Request, paged

REPOSITORY = "shop/models"
LONGEST = 65_536
ACCOUNT = "github-actions[bot]"


@dataclass
class FakeGitHub(FakeHost):
    """`comments` by pull request, `issues` and `pulls` by number, `artifacts` in the order of their making."""

    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    drops_labels: bool = False

    def __post_init__(self) -> None:
        repo = f"/repos/{REPOSITORY}"
        comments = rf"{repo}/issues/(\d+)/comments"
        # On pull requests `pull-requests: write` lets a token comment, on issues `issues: write`.
        self.route("GET", comments, "pull-requests", "read", self._list_comments)
        self.route("POST", comments, "", "", self._add_comment)
        self.route("PATCH", rf"{repo}/issues/comments/(\d+)", "pull-requests", "write", self._edit_comment)
        self.route("GET", rf"{repo}/issues", "issues", "read", self._list_issues)
        self.route("POST", rf"{repo}/issues", "issues", "write", self._open_issue)
        self.route("PATCH", rf"{repo}/issues/(\d+)", "issues", "write", self._edit_issue)
        self.route("GET", rf"{repo}/commits/(\w+)/pulls", "pull-requests", "read", self._pulls_of)
        self.route("GET", rf"{repo}/actions/artifacts", "actions", "read", self._list_artifacts)
        self.route("GET", rf"{repo}/actions/artifacts/(\d+)/zip", "actions", "read", self._download)

    def answer(self, request: Request, token: str) -> Reply:
        if request.method == "POST" and request.path == "/graphql" and token in self.tokens:
            assert request.body == {"query": "{viewer{login}}"}
            return Reply(200, {"data": {"viewer": {"login": ACCOUNT}}})
        if request.method == "POST" and request.path.endswith("/comments") and token in self.tokens:
            number = int(request.path.split("/")[-2])
            right = "issues" if number in self.issues else "pull-requests"
            if self.tokens[token].get(right) != "write":
                return Reply(403, {"message": "Resource not accessible by integration"})
            return self._add_comment(request, str(number))
        return super().answer(request, token)

    def keep(self, name: str, folder: Path, head: str, *, forked: bool = False, expired: bool = False) -> None:
        """Does what actions/upload-artifact does."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name)
        run = {"head_sha": head, "repository_id": 1, "head_repository_id": 2 if forked else 1}
        made = f"2026-01-01T00:00:{len(self.artifacts):02}Z"
        number = len(self.artifacts) + 1
        kept = {"id": number, "name": name, "expired": expired, "created_at": made, "workflow_run": run}
        self.artifacts.append(kept)
        self.elsewhere[f"/artifact/{number}"] = packed.getvalue()

    def merge(self, number: int, commit: str, head: str) -> None:
        self.pulls[number] = {
            "number": number,
            "merged_at": "2026-01-01T00:00:00Z",
            "head": {"sha": head},
            "of": commit,
        }

    def _list_comments(self, request: Request, number: str) -> Reply:
        return Reply(200, paged(request, self.comments.get(int(number), [])))

    def _add_comment(self, request: Request, number: str) -> Reply:
        if len(request.body["body"]) > LONGEST:
            return Reply(422, {"message": "Validation Failed: body is too long (maximum is 65536 characters)"})
        made = {
            "id": sum(map(len, self.comments.values())) + 1,
            "body": request.body["body"],
            "user": {"login": ACCOUNT},
        }
        self.comments.setdefault(int(number), []).append(made)
        return Reply(201, made)

    def _edit_comment(self, request: Request, number: str) -> Reply:
        found = [each for listed in self.comments.values() for each in listed if each["id"] == int(number)]
        if not found:
            return Reply(404, {"message": "Not Found"})
        found[0]["body"] = request.body["body"]
        return Reply(200, found[0])

    def _list_issues(self, request: Request) -> Reply:
        label = request.query["labels"]
        found = [
            issue
            for issue in self.issues.values()
            if issue["state"] == request.query["state"] and label in [each["name"] for each in issue["labels"]]
        ]
        return Reply(200, paged(request, found))

    def _open_issue(self, request: Request) -> Reply:
        number = 100 + len(self.issues)
        labels = [{"name": name} for name in request.body["labels"] if not self.drops_labels]
        self.issues[number] = {**request.body, "number": number, "state": "open", "labels": labels}
        return Reply(201, self.issues[number])

    def _edit_issue(self, request: Request, number: str) -> Reply:
        self.issues[int(number)].update(request.body)
        return Reply(200, self.issues[int(number)])

    def _pulls_of(self, request: Request, commit: str) -> Reply:
        return Reply(200, [pull for pull in self.pulls.values() if pull["of"] == commit])

    def _list_artifacts(self, request: Request) -> Reply:
        found = [each for each in self.artifacts if each["name"] == request.query.get("name", each["name"])]
        return Reply(200, {"total_count": len(found), "artifacts": paged(request, found)})

    def _download(self, request: Request, number: str) -> Reply:
        return Reply(302, "", f"{self.other_url}/artifact/{number}")

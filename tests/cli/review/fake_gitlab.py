"""A project at GitLab, so far as the pipelines need one; as https://docs.gitlab.com/api/rest describes it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.review.fake_host import FakeHost, Reply, Request, paged

PROJECT = "42"
ACCOUNT = "project_42_bot_1"


@dataclass
class FakeGitLab(FakeHost):
    """`notes` by merge request, `issues` and `requests` by number, `jobs` and `children` by pipeline."""

    notes: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests: dict[int, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    children: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        here = f"/api/v4/projects/{PROJECT}"
        notes = rf"{here}/merge_requests/(\d+)/notes"
        self.route("GET", "/api/v4/user", "api", "read", lambda request: Reply(200, {"username": ACCOUNT}))
        self.route("GET", notes, "api", "read", self._list_notes)
        self.route("POST", notes, "api", "write", self._add_note)
        self.route("PUT", rf"{notes}/(\d+)", "api", "write", self._edit_note)
        self.route("GET", rf"{here}/issues", "api", "read", self._list_issues)
        self.route("POST", rf"{here}/issues", "api", "write", self._open_issue)
        self.route("PUT", rf"{here}/issues/(\d+)", "api", "write", self._edit_issue)
        self.route("POST", rf"{here}/issues/(\d+)/notes", "api", "write", self._note_issue)
        self.route("GET", rf"{here}/repository/commits/(\w+)/merge_requests", "api", "read", self._requests_of)
        self.route("GET", rf"{here}/merge_requests/(\d+)/pipelines", "api", "read", self._pipelines)
        self.route("GET", rf"{here}/pipelines/(\d+)/bridges", "api", "read", self._bridges)
        self.route("GET", rf"{here}/pipelines/(\d+)/jobs", "api", "read", self._jobs)
        # `artifacts: access: developer`, as the example's jobs have it.
        self.route("GET", rf"{here}/jobs/(\d+)/artifacts", "developer", "read", self._download)

    def keep(self, name: str, folder: Path, pipeline: int, status: str = "success") -> None:
        """Does what a job with `artifacts: paths` does."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file in sorted(each for each in folder.rglob("*") if each.is_file()):
                archive.write(file, file.relative_to(folder))
        number = sum(map(len, self.jobs.values())) + 1
        job = {"id": number, "name": name, "status": status, "artifacts_file": {"filename": "artifacts.zip"}}
        self.jobs.setdefault(pipeline, []).append(job)
        self.elsewhere[f"/artifact/{number}"] = packed.getvalue()

    def merge(self, number: int, commit: str, pipelines: list[int]) -> None:
        self.requests[number] = {"iid": number, "state": "merged", "of": commit, "pipelines": pipelines}

    def _list_notes(self, request: Request, number: str) -> Reply:
        return Reply(200, paged(request, self.notes.get(int(number), [])))

    def _add_note(self, request: Request, number: str) -> Reply:
        made = {
            "id": sum(map(len, self.notes.values())) + 1,
            "body": request.body["body"],
            "system": False,
            "author": {"username": ACCOUNT},
        }
        self.notes.setdefault(int(number), []).append(made)
        return Reply(201, made)

    def _edit_note(self, request: Request, number: str, note: str) -> Reply:
        found = next(each for each in self.notes[int(number)] if each["id"] == int(note))
        if found["author"]["username"] != ACCOUNT:
            return Reply(403, {"message": "403 Forbidden"})
        found["body"] = request.body["body"]
        return Reply(200, found)

    def _list_issues(self, request: Request) -> Reply:
        found = [
            issue
            for issue in self.issues.values()
            if issue["state"] == request.query["state"] and request.query["labels"] in issue["labels"]
        ]
        return Reply(200, paged(request, found))

    def _open_issue(self, request: Request) -> Reply:
        number = len(self.issues) + 1
        labels = request.body["labels"].split(",")
        self.issues[number] = {**request.body, "iid": number, "state": "opened", "labels": labels, "notes": []}
        return Reply(201, self.issues[number])

    def _edit_issue(self, request: Request, number: str) -> Reply:
        issue = self.issues[int(number)]
        issue.update(request.body)
        if request.body.get("state_event") == "close":
            issue["state"] = "closed"
        return Reply(200, issue)

    def _note_issue(self, request: Request, number: str) -> Reply:
        self.issues[int(number)]["notes"].append(request.body["body"])
        return Reply(201, {})

    def _requests_of(self, request: Request, commit: str) -> Reply:
        return Reply(200, [each for each in self.requests.values() if each["of"] == commit])

    def _pipelines(self, request: Request, number: str) -> Reply:
        return Reply(200, [{"id": each} for each in sorted(self.requests[int(number)]["pipelines"], reverse=True)])

    def _bridges(self, request: Request, pipeline: str) -> Reply:
        started = self.children.get(int(pipeline), [])
        return Reply(200, [{"downstream_pipeline": {"id": each}} for each in started])

    def _jobs(self, request: Request, pipeline: str) -> Reply:
        return Reply(200, paged(request, self.jobs.get(int(pipeline), [])))

    def _download(self, request: Request, number: str) -> Reply:
        return Reply(302, "", f"{self.other_url}/artifact/{number}")

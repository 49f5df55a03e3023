"""A project at GitLab, hosted or one's own; https://docs.gitlab.com/api/rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

from tunestack.cli.review.hosting import ARTIFACT, DRIFT_LABEL, Comment, Hosting, Issue, KeptPlan, token
from tunestack.cli.review.web_api import WebApi
from tunestack.cli.stack import StackError

_RIGHT = "the scope `api` and the role Developer; a job's own token cannot comment"


@dataclass(frozen=True)
class GitLab(Hosting):
    """The project of a pipeline.

    Attributes:
        api: its interface.
        project: its number.
        merge_request: number of the one that the pipeline is of; empty where it is of none.
        run_address: of the job's log.
        commit: of the merge request's branch, not the one of merged results, which nobody knows; else that of the
            pipeline.
    """

    # "Note: is too long (maximum is 1000000 characters)"; docs.gitlab.com/administration/instance_limits
    longest: ClassVar[int] = 1_000_000

    api: WebApi
    project: str
    merge_request: str
    run_address: str
    commit: str

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> GitLab:
        """Returns the project that the variables of a job name.

        Raises:
            StackError: the token is missing.
        """
        advice = "make a project access token with the scope `api`, and a masked CI/CD variable of it"
        found = token(variables, "GITLAB_TOKEN", advice)
        address = variables.get("CI_API_V4_URL", "https://gitlab.com/api/v4").rstrip("/")
        return cls(
            WebApi("GitLab", address, found, "GITLAB_TOKEN", {}),
            variables["CI_PROJECT_ID"],
            variables.get("CI_MERGE_REQUEST_IID", ""),
            variables.get("CI_JOB_URL", ""),
            variables.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or variables.get("CI_COMMIT_SHA", ""),
        )

    @property
    def _path(self) -> str:
        return f"/projects/{self.project}"

    def change(self) -> int:
        """Takes the merge request from the pipeline's variables."""
        if self.merge_request:
            return int(self.merge_request)
        raise StackError("this pipeline is of no merge request; name one with --change NUMBER")

    def account(self) -> str:
        """Takes the token's own user; that of a project's token is a bot."""
        return str(self.api.ask("GET", "/user", needs=_RIGHT).json()["username"])

    def comments(self, change: int) -> Iterator[Comment]:
        """Lists the notes of people and programs; GitLab's own are others."""
        query = {"sort": "asc", "order_by": "created_at"}
        for each in self.api.pages(f"{self._path}/merge_requests/{change}/notes", needs=_RIGHT, query=query):
            if not each["system"]:
                yield Comment(each["id"], each["body"], each["author"]["username"])

    def add_comment(self, change: int, text: str) -> None:
        """Adds a note."""
        self.api.ask("POST", f"{self._path}/merge_requests/{change}/notes", needs=_RIGHT, body={"body": text})

    def edit_comment(self, change: int, comment: Comment, text: str) -> None:
        """Edits a note, which keeps its place."""
        path = f"{self._path}/merge_requests/{change}/notes/{comment.id}"
        self.api.ask("PUT", path, needs=_RIGHT, body={"body": text})

    def drift_issues(self) -> Iterator[Issue]:
        """Lists open issues."""
        query = {"state": "opened", "labels": DRIFT_LABEL}
        for each in self.api.pages(f"{self._path}/issues", needs=_RIGHT, query=query):
            yield Issue(each["iid"], each["description"] or "")

    def open_issue(self, title: str, text: str) -> int:
        """Opens an issue; a label that does not exist yet is made by that."""
        body = {"title": title, "description": text, "labels": DRIFT_LABEL}
        return int(self.api.ask("POST", f"{self._path}/issues", needs=_RIGHT, body=body).json()["iid"])

    def edit_issue(self, issue: Issue, text: str) -> None:
        """Edits the issue's description."""
        self.api.ask("PUT", f"{self._path}/issues/{issue.number}", needs=_RIGHT, body={"description": text})

    def close_issue(self, issue: Issue, reason: str) -> None:
        """Comments and closes it."""
        path = f"{self._path}/issues/{issue.number}"
        self.api.ask("POST", f"{path}/notes", needs=_RIGHT, body={"body": reason})
        self.api.ask("PUT", path, needs=_RIGHT, body={"state_event": "close"})

    def plan(self, stack: str, commit: str) -> KeptPlan:
        """Finds the job that left it, in the last pipeline of the merged request or in one that this started."""
        merged = [
            each
            for each in self.api.pages(f"{self._path}/repository/commits/{commit}/merge_requests", needs=_RIGHT)
            if each["state"] == "merged"
        ]
        if not merged:
            raise StackError(f"commit {commit[:12]} merged no merge request, so nobody has reviewed a plan for it")
        number = merged[0]["iid"]
        pipelines = self.api.pages(f"{self._path}/merge_requests/{number}/pipelines", needs=_RIGHT)
        newest = max((each["id"] for each in pipelines), default=0)
        kept = [job for job in self._jobs(newest) if job["name"] == f"{ARTIFACT}{stack}" and job.get("artifacts_file")]
        if not kept or kept[-1]["status"] != "success":
            raise StackError(
                f"merge request !{number} has no plan of stack {stack} for its last commit: no preview of that stack "
                "succeeded there, or its artifacts are no longer kept"
            )
        found = self.api.ask("GET", f"{self._path}/jobs/{kept[-1]['id']}/artifacts", needs=_RIGHT)
        return KeptPlan(f"!{number}", found.content)

    def _jobs(self, pipeline: int) -> Iterator[dict[str, Any]]:
        """Yields the jobs of a pipeline and of those that it started; one that was run again is there once."""
        if not pipeline:
            return
        bridges = self.api.pages(f"{self._path}/pipelines/{pipeline}/bridges", needs=_RIGHT)
        started = [each["downstream_pipeline"]["id"] for each in bridges if each.get("downstream_pipeline")]
        yield from chain.from_iterable(
            self.api.pages(f"{self._path}/pipelines/{each}/jobs", needs=_RIGHT) for each in (pipeline, *started)
        )

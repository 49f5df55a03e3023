"""A repository at GitHub, or at a GitHub Enterprise Server; https://docs.github.com/rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from tunestack.cli.preview.markdown import GITHUB_LIMIT
from tunestack.cli.review.hosting import ARTIFACT, DRIFT_LABEL, Comment, Hosting, Issue, KeptPlan, token
from tunestack.cli.review.web_api import WebApi
from tunestack.cli.stack import StackError

_COMMENTS = "the permission `pull-requests: write`"
_ISSUES = "the permission `issues: write`"
_PULLS = "the permission `pull-requests: read`"
_ARTIFACTS = "the permission `actions: read`"


@dataclass(frozen=True)
class GitHub(Hosting):
    """The repository of a workflow's run.

    Attributes:
        api: its interface.
        repository: `OWNER/NAME`.
        pull_request: that the run is of, as its event has it; empty where it is of none.
        run_address: of its log.
        commit: of the pull request's branch, not the one that merges it for the run; else that of the run.
    """

    longest: ClassVar[int] = GITHUB_LIMIT

    api: WebApi
    repository: str
    pull_request: Mapping[str, Any]
    run_address: str
    commit: str

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> GitHub:
        """Returns the repository that the variables of a run name.

        Raises:
            StackError: the token is missing.
        """
        found = token(variables, "GITHUB_TOKEN", "give the step `env: {GITHUB_TOKEN: ${{ github.token }}}`")
        address = variables.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        repository = variables["GITHUB_REPOSITORY"]
        run = variables.get("GITHUB_RUN_ID", "")
        server = variables.get("GITHUB_SERVER_URL", "https://github.com")
        event = variables.get("GITHUB_EVENT_PATH")
        pull_request = json.loads(Path(event).read_text("utf-8")).get("pull_request") if event else None
        return cls(
            WebApi("GitHub", address, found, "GITHUB_TOKEN", headers),
            repository,
            pull_request or {},
            f"{server}/{repository}/actions/runs/{run}" if run else "",
            pull_request["head"]["sha"] if pull_request else variables.get("GITHUB_SHA", ""),
        )

    @property
    def _path(self) -> str:
        return f"/repos/{self.repository}"

    def change(self) -> int:
        """Takes the pull request from the event."""
        if self.pull_request:
            return int(self.pull_request["number"])
        raise StackError("this run is of no pull request; name one with --change NUMBER")

    def account(self) -> str:
        """Asks by GraphQL: at the REST interface no token of a workflow may.

        Raises:
            StackError: there is no such interface, or it does not tell.
        """
        # https://api.github.com/graphql, https://HOST/api/graphql beside https://HOST/api/v3
        beside = replace(self.api, address=self.api.address.removesuffix("/v3"))
        query = {"query": "{viewer{login}}"}
        answer = beside.ask("POST", "/graphql", needs="the right to ask by GraphQL", body=query).json()
        if not (found := ((answer.get("data") or {}).get("viewer") or {}).get("login")):
            raise StackError(f"GitHub does not tell whose token GITHUB_TOKEN is: {answer.get('errors')}")
        return str(found)

    def comments(self, change: int) -> Iterator[Comment]:
        """Lists the comments of the conversation; those on lines of code are others."""
        for each in self.api.pages(f"{self._path}/issues/{change}/comments", needs=_COMMENTS):
            # A deleted account leaves none.
            yield Comment(each["id"], each["body"] or "", (each["user"] or {}).get("login", ""))

    def add_comment(self, change: int, text: str) -> None:
        """Adds a comment to the conversation."""
        self.api.ask("POST", f"{self._path}/issues/{change}/comments", needs=_COMMENTS, body={"body": text})

    def edit_comment(self, change: int, comment: Comment, text: str) -> None:
        """Edits a comment, which keeps its place."""
        del change
        self.api.ask("PATCH", f"{self._path}/issues/comments/{comment.id}", needs=_COMMENTS, body={"body": text})

    def drift_issues(self) -> Iterator[Issue]:
        """Lists open issues; pull requests are issues, too, and are left out."""
        query = {"state": "open", "labels": DRIFT_LABEL}
        for each in self.api.pages(f"{self._path}/issues", needs=_ISSUES, query=query):
            if "pull_request" not in each:
                yield Issue(each["number"], each["body"] or "")

    def open_issue(self, title: str, text: str) -> int:
        """Opens an issue; a label that does not exist yet is made by that.

        Raises:
            StackError: the label was dropped, so that the issue would not be found again.
        """
        body = {"title": title, "body": text, "labels": [DRIFT_LABEL]}
        made = self.api.ask("POST", f"{self._path}/issues", needs=_ISSUES, body=body).json()
        # "Only users with push access can set labels for new issues. Labels are silently dropped otherwise."
        if DRIFT_LABEL not in [label["name"] for label in made["labels"]]:
            raise StackError(
                f"issue #{made['number']} was opened without its label {DRIFT_LABEL}, by which it is found again: add "
                "it, and give the token push access or the permission `issues: write`"
            )
        return int(made["number"])

    def edit_issue(self, issue: Issue, text: str) -> None:
        """Edits the issue's first text."""
        self.api.ask("PATCH", f"{self._path}/issues/{issue.number}", needs=_ISSUES, body={"body": text})

    def close_issue(self, issue: Issue, reason: str) -> None:
        """Comments and closes it."""
        path = f"{self._path}/issues/{issue.number}"
        self.api.ask("POST", f"{path}/comments", needs=_ISSUES, body={"body": reason})
        self.api.ask("PATCH", path, needs=_ISSUES, body={"state": "closed", "state_reason": "completed"})

    def plan(self, stack: str, commit: str) -> KeptPlan:
        """Finds the artifact that the last run of the merged pull request's last commit left."""
        merged = [
            pull
            for pull in self.api.pages(f"{self._path}/commits/{commit}/pulls", needs=_PULLS)
            if pull.get("merged_at")
        ]
        if not merged:
            raise StackError(f"commit {commit[:12]} merged no pull request, so nobody has reviewed a plan for it")
        change = f"#{merged[0]['number']}"
        head = merged[0]["head"]["sha"]
        listed = self.api.pages(
            f"{self._path}/actions/artifacts",
            needs=_ARTIFACTS,
            query={"name": f"{ARTIFACT}{stack}"},
            within="artifacts",
        )
        kept = [
            each
            for each in listed
            # A fork's run has the same name, and may have the same commit.
            if (run := each["workflow_run"])["head_sha"] == head and run["head_repository_id"] == run["repository_id"]
        ]
        if not kept:
            raise StackError(
                f"pull request {change} has no plan of stack {stack} for its last commit {head[:12]}: no preview of "
                "that stack succeeded there"
            )
        newest = max(kept, key=lambda each: each["created_at"])
        if newest["expired"]:
            raise StackError(f"the plan of stack {stack} for pull request {change} is no longer kept")
        found = self.api.ask("GET", f"{self._path}/actions/artifacts/{newest['id']}/zip", needs=_ARTIFACTS)
        return KeptPlan(change, found.content)

"""The host of a repository, so far as reviews need one: comments of a change, issues, kept plans."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from tunestack.cli.stack import StackError

DRIFT_LABEL = "tunestack-drift"
"""Of the issues that tell of drift, by which they are found again."""

ARTIFACT = "tunestack-plan-"
"""Before a stack's name: what a change's run keeps the stack's plan under, as an artifact or as a job's name."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a change.

    Attributes:
        id: by which the host knows it.
        text: as it was written.
        author: the account that wrote it, as `Hosting.account` names it.
    """

    id: int
    text: str
    author: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An open issue.

    Attributes:
        number: as people know it.
        text: as it was written.
    """

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan as a change's run left it.

    Attributes:
        change: the merged change, as the host writes it: `#12`, `!12`.
        archive: the zip file.
    """

    change: str
    archive: bytes


class Hosting(ABC):
    """A repository at its host."""

    longest: ClassVar[int]
    """Characters that a comment or an issue may have."""

    run_address: str
    """Where people read what this run printed; empty where that is not known."""

    commit: str
    """Of the change, or of the branch, that this run is of; empty where that is not known."""

    @abstractmethod
    def change(self) -> int:
        """Returns the number of the change that this run is of.

        Raises:
            StackError: it is of none.
        """

    @abstractmethod
    def account(self) -> str:
        """Returns the account that this token acts as.

        Raises:
            StackError: the host does not tell.
        """

    @abstractmethod
    def comments(self, change: int) -> Iterable[Comment]:
        """Returns the comments of a change, oldest first."""

    @abstractmethod
    def add_comment(self, change: int, text: str) -> None:
        """Adds a comment."""

    @abstractmethod
    def edit_comment(self, change: int, comment: Comment, text: str) -> None:
        """Puts another text in a comment's place."""

    @abstractmethod
    def drift_issues(self) -> Iterable[Issue]:
        """Returns the open issues that have the label of drift."""

    @abstractmethod
    def open_issue(self, title: str, text: str) -> int:
        """Opens an issue with the label of drift; returns its number."""

    @abstractmethod
    def edit_issue(self, issue: Issue, text: str) -> None:
        """Puts another text in an issue's place."""

    @abstractmethod
    def close_issue(self, issue: Issue, reason: str) -> None:
        """Says why, and closes an issue."""

    @abstractmethod
    def plan(self, stack: str, commit: str) -> KeptPlan:
        """Returns the plan that was made for a stack when the change was reviewed that a commit merged.

        Raises:
            StackError: the commit merged no change, or there is no such plan.
        """


def find_hosting(variables: Mapping[str, str] | None = None) -> Hosting:
    """Returns the host whose variables the environment has.

    Raises:
        StackError: there are none, or the token is missing.
    """
    variables = os.environ if variables is None else variables
    if "GITHUB_REPOSITORY" in variables:
        from tunestack.cli.review.github import GitHub

        return GitHub.of(variables)
    if "CI_PROJECT_ID" in variables:
        from tunestack.cli.review.gitlab import GitLab

        return GitLab.of(variables)
    raise StackError(
        "this runs in neither GitHub Actions (GITHUB_REPOSITORY) nor GitLab CI (CI_PROJECT_ID); to try it by hand, set "
        "GITHUB_REPOSITORY=OWNER/NAME and GITHUB_TOKEN"
    )


def token(variables: Mapping[str, str], name: str, advice: str) -> str:
    """Returns the token in a variable.

    Raises:
        StackError: it is missing.
    """
    if found := variables.get(name, "").strip():
        return found
    raise StackError(f"{name} is not set; {advice}")

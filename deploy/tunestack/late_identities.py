"""Refusals that pass by themselves: what Google Cloud has already made and does not know everywhere yet.

Each row of the table is a text that Google documents or that users have met. Anything else is no reason to wait: a
permission that nobody has granted is as missing in ten minutes as it is now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

SPREAD_SECONDS = 600.0
"""How long an account, an agent or an API may take. Google names no limit ("wait a few minutes"), and users have waited
for ten: github.com/hashicorp/terraform-provider-google/issues/8214."""

GRANT_SECONDS = 420.0
"""How long a grant may take: "typically within 2 minutes, potentially 7 minutes or longer",
https://cloud.google.com/iam/docs/access-change-propagation."""

NOBODYS_PROJECTS = frozenset({"764086051850", "32555940559"})
"""Google's own projects of gcloud and of its application-default credentials: calls without a quota project are charged
to them (github.com/hashicorp/terraform-provider-google/issues/1538), and no API will ever be enabled there by us."""

CONFLICT_SECONDS = 120.0
"""How long others may be in the way; pulumi-gcp itself tries for half a minute."""


class Kind(Enum):
    """What is late."""

    ACCOUNT = "account"
    """A service account or agent that is named before it is known."""
    API = "API"
    """An API that calls do not pass yet."""
    AGENTS = "agents"
    """The service agents of Vertex AI as such."""
    GRANT = "grant"
    """A service agent's access to a bucket."""
    ACT_AS = "act as"
    """The caller's right to submit jobs that run as an account, or the account itself: the service does not say."""
    NEW_BUCKET = "new bucket"
    """The caller's right to a bucket; worth a wait only where the bucket is new."""
    PERMISSION = "permission"
    """Another right of the caller; worth a wait only where it was granted a moment ago."""
    CONFLICT = "conflict"
    """Somebody else changed the same policy at the same time."""


@dataclass(frozen=True, slots=True)
class Late:
    """One refusal that may pass.

    Attributes:
        kind: what is late.
        seconds: how long it may take.
        subject: the account, the API's host or the permission, as the message has it; empty where it names none.
        project: id or number of the project in which the API is not known; empty for other kinds.
    """

    kind: Kind
    seconds: float
    subject: str = ""
    project: str = ""

    def __str__(self) -> str:
        match self.kind:
            case Kind.ACCOUNT:
                return f"service account {self.subject or '(not named)'}, which Google Cloud does not know yet"
            case Kind.API:
                return f"{self.subject or 'an API'} in project {self.project}, enabled a moment ago or not at all"
            case Kind.AGENTS:
                return "Vertex AI's service agents, which are being provisioned"
            case Kind.GRANT:
                return f"the access of {self.subject} to the files"
            case Kind.ACT_AS:
                return f"the right to act as {self.subject or 'the service account'}"
            case Kind.NEW_BUCKET:
                return f"{self.subject} on a bucket that was just made"
            case Kind.PERMISSION:
                return f"{self.subject}, which may have been granted a moment ago"
            case Kind.CONFLICT:
                return "others who change the same policy"

    @property
    def advice(self) -> str:
        """What to do where no wait helps; empty where there is nothing to do."""
        match self.kind:
            case Kind.API if self.project in NOBODYS_PROJECTS:
                return (
                    "calls are charged to a project of Google's own, in which nobody can enable an API; run gcloud "
                    "auth application-default set-quota-project with your own"
                )
            case Kind.API:
                return f"enable the API: gcloud services enable {self.subject or '…'} --project {self.project}"
            case Kind.GRANT:
                return f"give {self.subject} roles/storage.objectUser on the bucket of the files"
            case Kind.ACT_AS:
                return "give whoever runs this roles/iam.serviceAccountUser on the service account"
            case Kind.NEW_BUCKET | Kind.PERMISSION:
                return f"give whoever runs this a role that has {self.subject}"
        return ""


@dataclass(frozen=True, slots=True)
class _Row:
    kind: Kind
    seconds: float
    pattern: re.Pattern[str]


def _row(kind: Kind, seconds: float, pattern: str) -> _Row:
    return _Row(kind, seconds, re.compile(pattern, re.IGNORECASE | re.DOTALL))


_TABLE = (
    # terraform-provider-google #9969; data-migration-tool #58; with a 404 where the policy is the account's own.
    _row(Kind.ACCOUNT, SPREAD_SECONDS, r"service account (?:[^\s\"']*/)?(?P<subject>[^\s\"']+) does not exist"),
    _row(Kind.ACCOUNT, SPREAD_SECONDS, r"unknown service account"),
    # https://cloud.google.com/apis/design/errors; terraform-provider-google #16883; project-factory #753.
    _row(
        Kind.API,
        SPREAD_SECONDS,
        r"has not been used in project (?P<project>\S+) before or it is disabled"
        r"(?:.{0,80}?/apis/api/(?P<subject>[a-z0-9.-]+)/)?",
    ),
    # "FAILED_PRECONDITION: Service agents are being provisioned (…). Service agents are needed to read the Cloud
    # Storage file provided. So please try again in a few minutes."
    _row(Kind.AGENTS, SPREAD_SECONDS, r"service agents are being provisioned"),
    # vertex-ai-samples #3710.
    _row(
        Kind.GRANT,
        GRANT_SECONDS,
        r"service account `?\[?(?P<subject>[^\s`\]]+).{0,200}? does not have `?\[[^\]]*storage[^\]]*\]`? IAM ",
    ),
    # python-aiplatform #1073, with an INVALID_ARGUMENT; the second is IAM's own form.
    _row(Kind.ACT_AS, GRANT_SECONDS, r"permission to act as service[_ ]account:? ?(?P<subject>\S*?)\.? \(or it may"),
    _row(
        Kind.ACT_AS,
        GRANT_SECONDS,
        r"'iam\.serviceAccounts\.actAs' denied on (?:service account|resource) ?(?P<subject>\S*?) ?\(or it may",
    ),
    # https://cloud.google.com/storage/docs/consistency#eventually_consistent_operations: about a minute.
    _row(Kind.NEW_BUCKET, GRANT_SECONDS, r"permission '(?P<subject>storage\.[\w.]+)' denied on resource \(or it may"),
    # terraform-provider-google #15042; vertex: t5x-on-vertex-ai #5.
    _row(
        Kind.PERMISSION, GRANT_SECONDS, r"permission '(?P<subject>[\w.]+)' denied on [^()]{0,200}\(or it may not exist"
    ),
    # pulumi-gcp #1028; terraform-provider-google #12512.
    _row(Kind.CONFLICT, CONFLICT_SECONDS, r"there were concurrent policy changes"),
)


def recognise(message: str) -> Late | None:
    """Returns what a refusal waits for; None for one that does not pass by itself."""
    for row in _TABLE:
        if found := row.pattern.search(message):
            named = found.groupdict()
            return Late(row.kind, row.seconds, named.get("subject") or "", named.get("project") or "")
    return None

"""The service agents that read data for a tuning job, and whether a policy lets them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from tunestack.retries import CALL_SECONDS, http_code, is_transport_error, repeatable

if TYPE_CHECKING:
    from tunestack.connection import Connection

READERS = frozenset(
    {
        "roles/storage.objectUser",
        "roles/storage.objectViewer",
        "roles/storage.objectAdmin",
        "roles/storage.admin",
        "roles/storage.legacyObjectReader",
        "roles/storage.legacyObjectOwner",
    }
)
"""Roles that hold storage.objects.get. The tuning page asks for the first, by which an agent can write as well.

Source: https://cloud.google.com/storage/docs/access-control/iam-roles.
"""

AGENTS = ("vertex-moss-ft", "aiplatform")
"""Which read images that lie in another bucket than the training file. Source: Google Cloud documentation, supervised
and distillation tuning of open models, 2026-09-25."""

_PUBLIC = {"allUsers", "allAuthenticatedUsers"}
_PLATFORM_ROLE = "roles/aiplatform.serviceAgent"
"""Has storage.objects.get on all buckets of its project. Source: https://cloud.google.com/iam/docs/service-agents."""

Verdict = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Agents:
    """The agents of a project.

    Attributes:
        emails: their addresses.
        project_number: of the project.
        bindings: of the project's own policy; None where it cannot be read.
    """

    emails: tuple[str, ...]
    project_number: str
    bindings: Sequence[Mapping[str, Any]] | None = None

    def can_read(self, email: str, bucket_bindings: Sequence[Mapping[str, Any]], owner: str | None) -> Verdict:
        """Says whether an agent can read a bucket's objects, as far as policies tell.

        Args:
            email: the agent.
            bucket_bindings: of the bucket's policy.
            owner: number of the project that the bucket belongs to; None where that cannot be seen.
        """
        verdict = _granted(email, bucket_bindings, READERS)
        if verdict != "no":
            return verdict
        if self.bindings is None or owner != self.project_number:
            return "unknown"  # a role on the bucket's project would do as well
        return _granted(email, self.bindings, READERS | {_PLATFORM_ROLE})


def agents_of_number(project_number: str) -> Agents:
    """Names the agents of a project of which nothing more is known."""
    emails = (f"service-{project_number}@gcp-sa-{agent}.iam.gserviceaccount.com" for agent in AGENTS)
    return Agents(tuple(emails), project_number)


def agents_of_project(connection: Connection) -> Agents | None:
    """Looks the project's number and policy up; None where not even the number can be."""
    project = _answer(connection, "GET", connection.project)
    if project is None:
        return None
    agents = agents_of_number(str(project["projectNumber"]))
    policy = _answer(connection, "POST", f"{connection.project}:getIamPolicy", {"options": _WITH_CONDITIONS})
    return agents if policy is None else replace(agents, bindings=policy.get("bindings", []))


_WITH_CONDITIONS = {"requestedPolicyVersion": 3}


def _answer(connection: Connection, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
    """Asks Resource Manager about a project; None where it refuses or does not answer."""
    try:
        return _ask(connection, method, path, body)
    except Exception as error:
        if http_code(error) is None and not is_transport_error(error):
            raise
        return None


@repeatable
def _ask(connection: Connection, method: str, path: str, body: Any) -> dict[str, Any]:
    base = (
        f"{connection.api_endpoint}/crm" if connection.api_endpoint else "https://cloudresourcemanager.googleapis.com"
    )
    with connection.http() as session:
        response = session.request(method, f"{base}/v1/projects/{path}", json=body, timeout=CALL_SECONDS)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


def _granted(email: str, bindings: Sequence[Mapping[str, Any]], roles: Collection[str]) -> Verdict:
    """A condition, a custom role, or a group that the agent may be in leaves it open."""
    verdict: Verdict = "no"
    for binding in bindings:
        members = set(binding.get("members", ()))
        role = binding.get("role", "")
        named = f"serviceAccount:{email}" in members or members & _PUBLIC
        if role in roles and named and not binding.get("condition"):
            return "yes"
        grouped = any(member.startswith(("group:", "domain:", "principalSet:")) for member in members)
        if (role in roles and (named or grouped)) or (named and not role.startswith("roles/storage.")):
            verdict = "unknown"
    return verdict

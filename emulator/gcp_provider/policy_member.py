"""The three IAM members: one member in one role of the policy of a bucket, a project or a service account.

A policy is changed by reading, adding or removing, and writing it with the etag that was read.
"""

# The arguments are the base class's.
# ruff: noqa: ARG002

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Final

from emulator.gcp_provider.managed import Managed, Values
from emulator.gcp_provider.rest import CallError, repeated, unless_missing

_CONFLICT_SECONDS: Final = 30.0
"""How long a write is repeated that met another one; the real provider's limit for its pause."""
_MEMBER_SECONDS: Final = 5.0
"""How long a member may take to exist. The real provider comes to its bindings seconds later, and does not wait at all:
a program that needs more patience has to bring its own."""
_CONFLICTS: Final = frozenset({409, 412})
"""IAM answers a stale etag with 409, Cloud Storage with 412."""

Policy = dict[str, Any]


class PolicyMember(Managed):
    """One member in one role; whatever changes makes it another one."""

    subject: ClassVar[str]
    """The input that names the resource whose policy it is."""
    optional = frozenset({"condition"})

    def __init_subclass__(cls) -> None:
        cls.required = frozenset({cls.subject, "role", "member"})
        cls.replaces = cls.required | cls.optional

    async def insert(self, inputs: Values) -> tuple[str, Values]:
        """Adds the member to its role."""
        subject = self.subject_id(inputs[self.subject])

        def add(members: list[str]) -> list[str]:
            return members if inputs["member"] in members else [*members, inputs["member"]]

        policy = await self._change(subject, inputs, add)
        resource_id = f"{subject}/{inputs['role']}/{inputs['member']}"
        condition = inputs.get("condition")
        if condition:
            resource_id += "/" + "/".join(condition.get(part, "") for part in ("title", "description", "expression"))
        return resource_id, {**inputs, self.subject: subject, "etag": policy.get("etag")}

    async def fetch(self, resource_id: str, known: Values) -> Values | None:
        """Looks for the member in the policy."""
        if not known:
            # An import names them apart: "SUBJECT ROLE MEMBER".
            subject, role, member = resource_id.split(" ")
            known = {self.subject: subject, "role": role, "member": member}
        subject = self.subject_id(known[self.subject])
        policy = await unless_missing(self.read_policy(subject))
        if policy is None or known["member"] not in _binding(policy, known).get("members", ()):
            return None
        return {**known, self.subject: subject, "etag": policy.get("etag")}

    async def remove(self, resource_id: str, state: Values) -> None:
        """Takes the member out of its role."""

        def drop(members: list[str]) -> list[str]:
            return [member for member in members if member != state["member"]]

        await unless_missing(self._change(self.subject_id(state[self.subject]), state, drop))

    @abstractmethod
    def subject_id(self, subject: str) -> str:
        """Returns the subject as ids and outputs have it."""

    @abstractmethod
    async def read_policy(self, subject: str) -> Policy:
        """Gets the policy."""

    @abstractmethod
    async def write_policy(self, subject: str, policy: Policy) -> Policy:
        """Sets the policy; refused when its etag is not the present one."""

    def outputs(self, resource: Values) -> Values:
        """The subject in full, and the policy's etag."""
        return {self.subject: resource[self.subject], "etag": resource["etag"]}

    def inputs(self, resource: Values) -> Values:
        """What names the member."""
        return {name: resource[name] for name in (self.subject, "role", "member")}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """A subject may be written short or in full."""
        if name == self.subject and isinstance(old, str) and isinstance(new, str):
            return self.subject_id(old) == self.subject_id(new)
        return super().same(name, old, new)

    async def _change(self, subject: str, wanted: Values, change: Callable[[list[str]], list[str]]) -> Policy:
        async def once() -> Policy:
            policy = await self.read_policy(subject)
            binding = _binding(policy, wanted)
            members = change(list(binding.get("members", ())))
            if members == binding.get("members", []):
                return policy
            others = [entry for entry in policy.get("bindings", ()) if not _matches(entry, wanted)]
            condition = {"condition": wanted["condition"]} if wanted.get("condition") else {}
            bindings = [*others, {"role": wanted["role"], "members": members, **condition}] if members else others
            return await self.write_policy(subject, {**policy, "bindings": bindings, "version": 3})

        async def unmet() -> Policy:
            return await repeated(once, _is_conflict, _CONFLICT_SECONDS)

        # Members of one policy are created side by side; in this process they take turns.
        async with self.cloud.lock(f"policy of {subject}"):
            return await repeated(unmet, _is_early, _MEMBER_SECONDS)


def _binding(policy: Policy, wanted: Values) -> dict[str, Any]:
    for entry in policy.get("bindings", ()):
        if _matches(entry, wanted):
            return dict(entry)
    return {}


def _matches(entry: dict[str, Any], wanted: Values) -> bool:
    return bool(entry["role"] == wanted["role"] and entry.get("condition") == wanted.get("condition"))


def _is_conflict(error: BaseException) -> bool:
    return isinstance(error, CallError) and error.status in _CONFLICTS


def _is_early(error: BaseException) -> bool:
    return isinstance(error, CallError) and error.status == 400 and "does not exist" in error.message


class BucketMember(PolicyMember):
    """`gcp:storage/bucketIAMMember:BucketIAMMember`."""

    token = "gcp:storage/bucketIAMMember:BucketIAMMember"  # noqa: S105 - a resource type
    subject = "bucket"

    def subject_id(self, subject: str) -> str:
        """`b/NAME`."""
        return f"b/{subject.removeprefix('b/')}"

    async def read_policy(self, subject: str) -> Policy:
        """Gets the bucket's policy."""
        return await self.cloud.get("storage", f"{subject}/iam", optionsRequestedPolicyVersion="3")

    async def write_policy(self, subject: str, policy: Policy) -> Policy:
        """Sets the bucket's policy."""
        return await self.cloud.call("PUT", "storage", f"{subject}/iam", body=policy)


class ProjectMember(PolicyMember):
    """`gcp:projects/iAMMember:IAMMember`."""

    token = "gcp:projects/iAMMember:IAMMember"  # noqa: S105 - a resource type
    subject = "project"
    deletes_first = True

    def subject_id(self, subject: str) -> str:
        """The project's id."""
        return subject.removeprefix("projects/")

    async def read_policy(self, subject: str) -> Policy:
        """Gets the project's policy."""
        body = {"options": {"requestedPolicyVersion": 3}}
        return await self.cloud.call("POST", "cloudresourcemanager", f"projects/{subject}:getIamPolicy", body=body)

    async def write_policy(self, subject: str, policy: Policy) -> Policy:
        """Sets the project's policy."""
        body = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
        return await self.cloud.call("POST", "cloudresourcemanager", f"projects/{subject}:setIamPolicy", body=body)


class ServiceAccountMember(PolicyMember):
    """`gcp:serviceaccount/iAMMember:IAMMember`: who may use a service account."""

    token = "gcp:serviceaccount/iAMMember:IAMMember"  # noqa: S105 - a resource type
    subject = "serviceAccountId"

    def subject_id(self, subject: str) -> str:
        """The account's full name."""
        return subject

    async def read_policy(self, subject: str) -> Policy:
        """Gets the account's policy."""
        query = {"options.requestedPolicyVersion": "3"}
        return await self.cloud.call("POST", "iam", f"{subject}:getIamPolicy", query=query)

    async def write_policy(self, subject: str, policy: Policy) -> Policy:
        """Sets the account's policy."""
        return await self.cloud.call("POST", "iam", f"{subject}:setIamPolicy", body={"policy": policy})

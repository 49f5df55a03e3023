"""Nothing that a stack keeps is open to everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tunestack.policies.policy import Finding, Limits, Policy, Resource, not_known_yet
from tunestack.policies.properties import UNKNOWN
from tunestack.resource_types import BUCKET

PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
"""Whoever there is, and whoever has a Google account. Source: https://cloud.google.com/iam/docs/principal-identifiers."""

_PUBLIC_LISTS = frozenset({"authenticatedRead", "publicRead", "publicReadWrite"})
"""Predefined access lists that name them. Source: https://cloud.google.com/storage/docs/access-control/lists."""

_MEMBERS = ("member", "members", "entity")
_PREDEFINED = ("predefinedAcl", "defaultAcl")


class PublicAccess(Policy[Limits]):
    """Looks at buckets, and at every binding and access list of the gcp provider's and of our own."""

    name = "public-access"
    description = "No bucket and no right is open to everybody."
    severity = "critical"

    def of_resource(self, limits: Limits, resource: Resource) -> Iterator[Finding]:  # noqa: ARG002 - it has none
        """Looks for public members, and for buckets that may get some."""
        if not resource.type.startswith(("gcp:", "tunestack:")):
            return
        if resource.type == BUCKET:
            yield from _of_bucket(resource)
        for name in _MEMBERS:
            yield from _of_members(resource, name, resource.get(name))
        yield from _of_policy(resource)
        yield from _of_access_list(resource)


def _of_bucket(bucket: Resource) -> Iterator[Finding]:
    prevention = bucket.get("publicAccessPrevention")
    if prevention is UNKNOWN:
        yield not_known_yet(f"publicAccessPrevention of {bucket.name}")
    elif prevention != "enforced":
        yield Finding(
            f"bucket {bucket.name} can be opened to everybody, with publicAccessPrevention {_quoted(prevention)}: set "
            'it to "enforced"'
        )


def _of_members(resource: Resource, name: str, value: Any) -> Iterator[Finding]:
    members = value if isinstance(value, list) else [value]
    for member in members:
        if member is UNKNOWN:
            yield not_known_yet(f"{name} of {resource.name}")
        elif isinstance(member, str) and member in PUBLIC:
            role = resource.get("role")
            yield Finding(
                f"{resource.name} gives {f'{role} ' if isinstance(role, str) else 'access '}to {member}, which is "
                f"everybody: name users, groups or service accounts in {name}"
            )


def _of_policy(resource: Resource) -> Iterator[Finding]:
    """A whole policy at once, in its JSON form."""
    policy = resource.get("policyData")
    if policy is UNKNOWN:
        yield not_known_yet(f"policyData of {resource.name}")
    if not isinstance(policy, str):
        return
    try:
        bindings = json.loads(str.encode(policy)).get("bindings", [])
        members = sorted({member for binding in bindings for member in binding.get("members", [])} & PUBLIC)
    except (ValueError, AttributeError, TypeError):
        yield Finding(f"policyData of {resource.name} is no policy, so nobody can say who is in it", is_advice=True)
        return
    for member in members:
        yield Finding(f"policyData of {resource.name} has {member}, which is everybody: take it out of its bindings")


def _of_access_list(resource: Resource) -> Iterator[Finding]:
    for name in _PREDEFINED:
        predefined = resource.get(name)
        if predefined is UNKNOWN:
            yield not_known_yet(f"{name} of {resource.name}")
        elif isinstance(predefined, str) and predefined in _PUBLIC_LISTS:
            yield Finding(f"{name} {predefined} of {resource.name} names everybody: bind members instead")
    entities = resource.get("roleEntities")
    for entry in entities if isinstance(entities, list) else [entities]:
        if entry is UNKNOWN:
            yield not_known_yet(f"roleEntities of {resource.name}")
        elif isinstance(entry, str) and str.partition(entry, ":")[2] in PUBLIC:
            yield Finding(f"roleEntities of {resource.name} has {entry}, which is everybody: take it out")


def _quoted(value: Any) -> str:
    return f'"{value}"' if value else "left out"

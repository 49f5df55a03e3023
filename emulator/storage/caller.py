"""Who calls, and which of Cloud Storage's rights they have: for stacks whose deployers must not see one another's data.

Requests to an emulator have no credentials that would tell. So the caller is set from outside, for all requests that
come after; nobody in particular, who may do everything, until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from emulator.errors import ServiceError
from emulator.payload import json_object
from emulator.storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from emulator.services import Services

_READ: Final = frozenset({"storage.objects.get", "storage.objects.list"})
_CREATE: Final = frozenset({"storage.objects.create"})
_CHANGE: Final = frozenset({"storage.objects.delete", "storage.objects.update"})
_ROLES: Final = {
    "roles/storage.objectViewer": _READ,
    "roles/storage.objectCreator": _CREATE,
    "roles/storage.objectUser": _READ | _CREATE | _CHANGE,
    "roles/storage.objectAdmin": _READ | _CREATE | _CHANGE,
    "roles/storage.admin": _READ | _CREATE | _CHANGE,
    "roles/storage.legacyObjectReader": frozenset({"storage.objects.get"}),
    "roles/storage.legacyObjectOwner": frozenset({"storage.objects.get", "storage.objects.update"}),
    "roles/storage.legacyBucketReader": frozenset({"storage.objects.list"}),
    "roles/storage.legacyBucketWriter": frozenset(
        {"storage.objects.list", "storage.objects.create", "storage.objects.delete"}
    ),
    "roles/storage.legacyBucketOwner": frozenset(
        {"storage.objects.list", "storage.objects.create", "storage.objects.delete"}
    ),
}
"""What the roles allow to do with objects. Source: https://cloud.google.com/storage/docs/access-control/iam-roles."""
_BASIC: Final = {
    "projectOwner": "roles/owner",
    "projectEditor": "roles/editor",
    "projectViewer": "roles/viewer",
}
"""The groups that a bucket's own policy names, and the role on its project that makes one a member."""
_COLLECTION: Final = "caller"


class Caller:
    """Whoever sends the requests; kept over a restart."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def member(self) -> str:
        """As a policy names them; empty for nobody in particular."""
        document = self._services.documents.get(_COLLECTION, "member")
        return document["member"] if document else ""

    @member.setter
    def member(self, member: str) -> None:
        self._services.documents.put(_COLLECTION, "member", {"member": member})

    def held(self, bucket: str, permissions: Iterable[str]) -> list[str]:
        """Those of the permissions that the caller has on a bucket; of rights on objects alone, all others pass."""
        member = self.member
        asked = list(permissions)
        return [each for each in asked if not member or self._has(member, bucket, each)]

    def require(self, bucket: str, permission: str) -> None:
        """Refuses a caller without the permission.

        Raises:
            StorageError: 403, in the service's words.
        """
        if not self.held(bucket, (permission,)):
            kind = "bucket" if permission.endswith(".list") else "object"
            message = (
                f"{self.member.partition(':')[2]} does not have {permission} access to the Google Cloud Storage {kind}."
                f" Permission '{permission}' denied on resource (or it may not exist)."
            )
            raise StorageError(403, "forbidden", message)

    def _has(self, member: str, bucket: str, permission: str) -> bool:
        if not permission.startswith("storage.objects."):
            return True
        iam, resource = self._services.iam, f"buckets/{bucket}"
        roles = [role for role, allowed in _ROLES.items() if permission in allowed]
        if iam.allows(resource, member, roles):
            return True
        holder = self._services.storage.buckets.get(bucket)
        project = self._services.projects.get(holder["projectNumber"]).id
        return any(
            iam.allows(f"projects/{project}", member, [basic]) and iam.allows(resource, f"{group}:{project}", roles)
            for group, basic in _BASIC.items()
        )


def routes(services: Services) -> list[Route]:
    """`/emulator/caller`: who calls from now on. Nothing here is Google's."""
    caller = Caller(services)

    async def told(_: Request) -> JSONResponse:
        return JSONResponse({"member": caller.member})

    async def be(request: Request) -> JSONResponse:
        member = (await json_object(request)).get("member")
        if not isinstance(member, str) or (member and ":" not in member):
            raise ServiceError("INVALID_ARGUMENT", f"`member` is an IAM member such as user:a@b.c; {member!r} is none.")
        caller.member = member
        return JSONResponse({"member": member})

    return [Route("/emulator/caller", told), Route("/emulator/caller", be, methods=["PUT"])]

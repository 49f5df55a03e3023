"""IAM service accounts, and the policies of who may use them."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from emulator import clock
from emulator.errors import ServiceError
from emulator.paging import page
from emulator.payload import json_object, masked_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from emulator.platform.projects import Project, Projects
    from emulator.services import Services
    from emulator.settings import Settings
    from emulator.state import Documents

_COLLECTION: Final = "service_accounts"
_CREATED_COLLECTION: Final = "service_accounts_created"
_ID: Final = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])")
_SHORTEST, _LONGEST = 6, 30
_CHANGEABLE: Final = ("displayName", "description")
_ETAG: Final = "MDEwMjE5MjA="  # the service gives this one to every account


class ServiceAccounts:
    """The service accounts that users made."""

    def __init__(self, documents: Documents, projects: Projects, settings: Settings) -> None:
        self._documents = documents
        self._projects = projects
        self._delay = settings.delays.account_known

    def known(self, email: str) -> bool:
        """Whether policies and jobs may name the account; IAM itself knows a new one earlier.

        Source: https://cloud.google.com/iam/docs/overview#consistency, and
        github.com/GoogleCloudPlatform/data-migration-tool/issues/58.
        """
        since = self._documents.get(_CREATED_COLLECTION, email)
        return self.find(email) is not None and (since is None or clock.now() >= since["at"] + self._delay)

    def find(self, reference: str) -> dict[str, Any] | None:
        """The account of an email or unique id, or None."""
        account = self._documents.get(_COLLECTION, reference)
        if account is None and reference.isdigit():
            found = (account for _, account in self._documents.list(_COLLECTION) if account["uniqueId"] == reference)
            return next(found, None)
        return account

    def get(self, project: str, reference: str) -> dict[str, Any]:
        """The account, in the project or in any (`-`).

        Raises:
            ServiceError: there is none.
        """
        account = self.find(reference)
        if account is None or (project != "-" and self._projects.get(project).id != account["projectId"]):
            project_id = project if project == "-" else self._projects.get(project).id
            raise ServiceError(
                "NOT_FOUND", f"Service account projects/{project_id}/serviceAccounts/{reference} does not exist."
            )
        return account

    def list(self, project: Project) -> list[dict[str, Any]]:
        """The accounts of a project, ordered by email."""
        return [account for _, account in self._documents.list(_COLLECTION) if account["projectId"] == project.id]

    def create(self, project: Project, account_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Makes an account.

        Raises:
            ServiceError: the id is refused or taken.
        """
        if not _SHORTEST <= len(account_id) <= _LONGEST:
            message = f'The account ID "{account_id}" does not have a length between {_SHORTEST} and {_LONGEST}.'
            raise ServiceError("INVALID_ARGUMENT", message)
        if not _ID.fullmatch(account_id):
            message = f'The account ID "{account_id}" contains characters that are not permitted or is badly formed.'
            raise ServiceError("INVALID_ARGUMENT", message)
        email = f"{account_id}@{project.id}.iam.gserviceaccount.com"
        unique_id = "1" + "".join(secrets.choice("0123456789") for _ in range(20))
        account = {
            "name": f"projects/{project.id}/serviceAccounts/{email}",
            "projectId": project.id,
            "uniqueId": unique_id,
            "email": email,
            **{key: fields[key] for key in _CHANGEABLE if fields.get(key)},
            "etag": _ETAG,
            "oauth2ClientId": unique_id,
        }
        with self._documents.transaction():
            if self.find(email) is not None:
                message = f"Service account {account_id} already exists within project projects/{project.id}."
                raise ServiceError("ALREADY_EXISTS", message)
            self._documents.put(_COLLECTION, email, account)
            self._documents.put(_CREATED_COLLECTION, email, {"at": clock.now()})
        return account

    def change(self, account: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
        """Writes the given fields; an empty one is removed."""
        changed = {key: value for key, value in {**account, **fields}.items() if value not in ("", False)}
        self._documents.put(_COLLECTION, account["email"], changed)
        return changed

    def delete(self, account: Mapping[str, Any]) -> None:
        """Removes the account."""
        self._documents.delete(_COLLECTION, account["email"])


class _Iam:
    """The HTTP side."""

    def __init__(self, services: Services) -> None:
        self._accounts = services.accounts
        self._projects = services.projects
        self._policies = services.iam

    def _account(self, request: Request) -> dict[str, Any]:
        return self._accounts.get(request.path_params["project"], request.path_params["account"])

    def _known(self, request: Request) -> dict[str, Any]:
        """The account, once its policy can be asked for.

        The words are those for another permission on an account that is not known everywhere yet:
        github.com/hashicorp/terraform-provider-google/issues/15042.
        """
        account = self._account(request)
        if not self._accounts.known(account["email"]):
            permission = f"iam.serviceAccounts.{request.url.path.rpartition(':')[2]}"
            message = f"Permission '{permission}' denied on resource (or it may not exist)."
            raise ServiceError("PERMISSION_DENIED", message)
        return account

    async def create(self, request: Request) -> JSONResponse:
        body = await json_object(request)
        project = self._projects.get(request.path_params["project"])
        return JSONResponse(self._accounts.create(project, body.get("accountId", ""), body.get("serviceAccount", {})))

    async def list(self, request: Request) -> JSONResponse:
        project = self._projects.get(request.path_params["project"])
        return JSONResponse(page("accounts", self._accounts.list(project), request, default=20, limit=100))

    async def get(self, request: Request) -> JSONResponse:
        return JSONResponse(self._account(request))

    async def patch(self, request: Request) -> JSONResponse:
        body = await json_object(request)
        fields = body.get("serviceAccount", {})
        mask = masked_fields(body.get("updateMask", ""))
        if not mask or not set(mask) <= {*_CHANGEABLE, "etag"}:
            raise ServiceError(
                "INVALID_ARGUMENT", "The update mask must name displayName or description, and nothing else."
            )
        changes = {key: fields.get(key, "") for key in mask if key in _CHANGEABLE}
        return JSONResponse(self._accounts.change(self._account(request), changes))

    async def disable(self, request: Request) -> JSONResponse:
        self._accounts.change(self._account(request), {"disabled": True})
        return JSONResponse({})

    async def enable(self, request: Request) -> JSONResponse:
        self._accounts.change(self._account(request), {"disabled": False})
        return JSONResponse({})

    async def delete(self, request: Request) -> JSONResponse:
        account = self._account(request)
        self._accounts.delete(account)
        self._policies.drop(f"serviceAccounts/{account['email']}")
        self._policies.retire_account(account["email"], account["uniqueId"])
        return JSONResponse({})

    async def get_policy(self, request: Request) -> JSONResponse:
        return JSONResponse(self._policies.get(f"serviceAccounts/{self._known(request)['email']}"))

    async def set_policy(self, request: Request) -> JSONResponse:
        policy = (await json_object(request)).get("policy", {})
        return JSONResponse(self._policies.set(f"serviceAccounts/{self._known(request)['email']}", policy))

    async def test_permissions(self, request: Request) -> JSONResponse:
        self._account(request)
        return JSONResponse({"permissions": (await json_object(request)).get("permissions", [])})


def routes(services: Services) -> list[Route]:
    """`/iam/v1/projects/…/serviceAccounts`."""
    api = _Iam(services)
    parent = "/iam/v1/projects/{project}/serviceAccounts"
    account = f"{parent}/{{account}}"
    return [
        Route(parent, api.list),
        Route(parent, api.create, methods=["POST"]),
        Route(f"{account}:getIamPolicy", api.get_policy, methods=["POST"]),
        Route(f"{account}:setIamPolicy", api.set_policy, methods=["POST"]),
        Route(f"{account}:testIamPermissions", api.test_permissions, methods=["POST"]),
        Route(f"{account}:disable", api.disable, methods=["POST"]),
        Route(f"{account}:enable", api.enable, methods=["POST"]),
        Route(account, api.get),
        Route(account, api.patch, methods=["PATCH"]),
        Route(account, api.delete, methods=["DELETE"]),
    ]

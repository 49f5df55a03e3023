"""Service Usage over HTTP."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from emulator.errors import ServiceError
from emulator.paging import page
from emulator.payload import json_object
from emulator.platform.service_usage import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from emulator.platform.projects import Project
    from emulator.services import Services

_OPERATION_COLLECTION: Final = "service_usage_operations"
_BATCH_LIMIT: Final = 20  # services in one batchEnable; source: reference of services.batchEnable


class _ServiceUsageRoutes:
    def __init__(self, services: Services) -> None:
        self._apis = services.service_usage
        self._projects = services.projects
        self._documents = services.documents

    async def list(self, request: Request) -> JSONResponse:
        project = self._projects.get(request.path_params["project"])
        wanted = request.query_params.get("filter", "")
        found = [self._resource(project, name) for name in self._apis.names(project.id)]
        if wanted:
            state = re.fullmatch(r"state:(ENABLED|DISABLED)", wanted)
            if state is None:
                raise ServiceError(
                    "INVALID_ARGUMENT",
                    f"Invalid filter: {wanted}. The allowed filters are state:ENABLED and state:DISABLED.",
                )
            found = [resource for resource in found if resource["state"] == state[1]]
        return JSONResponse(page("services", found, request, size="pageSize", default=50, limit=200))

    async def get(self, request: Request) -> JSONResponse:
        project = self._projects.get(request.path_params["project"])
        return JSONResponse(self._resource(project, request.path_params["service"]))

    async def enable(self, request: Request) -> JSONResponse:
        project = self._projects.get(request.path_params["project"])
        service = request.path_params["service"]
        self._apis.enable(project.id, service)
        return self._done(
            project,
            "google.api.serviceusage.v1.EnableServiceResponse",
            {"service": self._resource(project, service)},
            [service],
        )

    async def disable(self, request: Request) -> JSONResponse:
        project = self._projects.get(request.path_params["project"])
        service = request.path_params["service"]
        self._apis.disable(project.id, service)
        return self._done(
            project,
            "google.api.serviceusage.v1.DisableServiceResponse",
            {"service": self._resource(project, service)},
            [service],
        )

    async def batch_enable(self, request: Request) -> JSONResponse:
        project = self._projects.get(request.path_params["project"])
        names = (await json_object(request)).get("serviceIds", [])
        if not 1 <= len(names) <= _BATCH_LIMIT:
            raise ServiceError(
                "INVALID_ARGUMENT", f"A batch must name between 1 and {_BATCH_LIMIT} services; {len(names)} given."
            )
        with self._documents.transaction():
            for name in names:
                self._apis.enable(project.id, name)
        resources = [self._resource(project, name) for name in names]
        return self._done(
            project, "google.api.serviceusage.v1.BatchEnableServicesResponse", {"services": resources}, names
        )

    async def generate_identity(self, request: Request) -> JSONResponse:
        project = self._projects.get(request.path_params["project"])
        service = request.path_params["service"]
        email = self._apis.generate_identity(project.id, service)
        unique_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, email).int)[:21]
        return self._done(
            project,
            "google.api.serviceusage.v1beta1.ServiceIdentity",
            {"email": email, "uniqueId": unique_id},
            [service],
        )

    async def operation(self, request: Request) -> JSONResponse:
        name = f"operations/{request.path_params['operation']}"
        operation = self._documents.get(_OPERATION_COLLECTION, name)
        if operation is None:
            raise ServiceError("NOT_FOUND", f"Operation {name} not found.")
        return JSONResponse(operation)

    def _resource(self, project: Project, service: str) -> dict[str, Any]:
        return {
            "name": f"projects/{project.number}/services/{service}",
            "config": {"name": service, "title": TITLES.get(service, service)},
            "state": "ENABLED" if self._apis.enabled(project.id, service) else "DISABLED",
            "parent": f"projects/{project.number}",
        }

    def _done(self, project: Project, kind: str, response: dict[str, Any], names: Iterable[str]) -> JSONResponse:
        """An operation that ended at once, as the service answers too when there is little to do."""
        operation = {
            "name": f"operations/acf.p2-{project.number}-{uuid.uuid4()}",
            "metadata": {
                "@type": "type.googleapis.com/google.api.serviceusage.v1.OperationMetadata",
                "resourceNames": [f"projects/{project.number}/services/{name}" for name in names],
            },
            "done": True,
            "response": {"@type": f"type.googleapis.com/{kind}", **response},
        }
        self._documents.put(_OPERATION_COLLECTION, str(operation["name"]), operation)
        return JSONResponse(operation)


def routes(services: Services) -> list[Route]:
    """`/su/v1` and `/su/v1beta1`. Service identities are v1beta1; a provider with one custom endpoint asks v1 too."""
    api = _ServiceUsageRoutes(services)
    found = []
    for version in ("v1", "v1beta1"):
        parent = f"/su/{version}/projects/{{project}}/services"
        found += [
            Route(parent, api.list),
            Route(f"{parent}:batchEnable", api.batch_enable, methods=["POST"]),
            Route(f"{parent}/{{service}}:enable", api.enable, methods=["POST"]),
            Route(f"{parent}/{{service}}:disable", api.disable, methods=["POST"]),
            Route(f"{parent}/{{service}}:generateServiceIdentity", api.generate_identity, methods=["POST"]),
            Route(f"{parent}/{{service}}", api.get),
            Route(f"/su/{version}/operations/{{operation}}", api.operation),
        ]
    return found

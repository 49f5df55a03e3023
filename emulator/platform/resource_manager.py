"""Resource Manager v1: a project and its policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from emulator.payload import json_object

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.platform.projects import Project
    from emulator.services import Services


def routes(services: Services) -> list[Route]:
    """`/crm/v1/projects/…`."""
    policies = services.iam

    def project(request: Request) -> Project:
        return services.projects.get(request.path_params["project"])

    async def get(request: Request) -> JSONResponse:
        found = project(request)
        return JSONResponse(
            {
                "projectNumber": found.number,
                "projectId": found.id,
                "lifecycleState": "ACTIVE",
                "name": found.id,
                "createTime": found.created,
            }
        )

    async def get_policy(request: Request) -> JSONResponse:
        return JSONResponse(policies.get(f"projects/{project(request).id}"))

    async def set_policy(request: Request) -> JSONResponse:
        body = await json_object(request)
        return JSONResponse(policies.set(f"projects/{project(request).id}", body.get("policy", {})))

    async def test_permissions(request: Request) -> JSONResponse:
        project(request)
        return JSONResponse({"permissions": (await json_object(request)).get("permissions", [])})

    path = "/crm/v1/projects/{project}"
    return [
        Route(f"{path}:getIamPolicy", get_policy, methods=["POST"]),
        Route(f"{path}:setIamPolicy", set_policy, methods=["POST"]),
        Route(f"{path}:testIamPermissions", test_permissions, methods=["POST"]),
        Route(path, get),
    ]

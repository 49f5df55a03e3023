"""Resource Manager v1: a project and its policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

    def policy(found: Project) -> dict[str, Any]:
        """The project's policy, with the roles that agents were given when they came into being."""
        resource = f"projects/{found.id}"
        with services.documents.transaction():
            present = policies.get(resource)
            if new := services.service_usage.new_agents(found):
                granted = [{"role": role, "members": [f"serviceAccount:{email}"]} for role, email in new]
                return policies.set(resource, {**present, "bindings": [*present.get("bindings", ()), *granted]})
        return present

    async def get_policy(request: Request) -> JSONResponse:
        return JSONResponse(policy(project(request)))

    async def set_policy(request: Request) -> JSONResponse:
        body = await json_object(request)
        return JSONResponse(policies.set(f"projects/{project(request).id}", body.get("policy", {})))

    async def test_permissions(request: Request) -> JSONResponse:
        project(request)
        asked = (await json_object(request)).get("permissions", [])
        denied = services.settings.denied_permissions
        return JSONResponse({"permissions": [permission for permission in asked if permission not in denied]})

    path = "/crm/v1/projects/{project}"
    return [
        Route(f"{path}:getIamPolicy", get_policy, methods=["POST"]),
        Route(f"{path}:setIamPolicy", set_policy, methods=["POST"]),
        Route(f"{path}:testIamPermissions", test_permissions, methods=["POST"]),
        Route(path, get),
    ]

"""Compute Engine, as far as it is asked what a project's number stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.services import Services


def routes(services: Services) -> list[Route]:
    """`/compute/v1/projects/…` and `/compute/beta/projects/…`."""

    async def get(request: Request) -> JSONResponse:
        project = services.projects.get(request.path_params["project"])
        return JSONResponse(
            {
                "kind": "compute#project",
                "id": project.number,
                "creationTimestamp": project.created,
                "name": project.id,
                "selfLink": str(request.url.replace(query="")),
                "defaultServiceAccount": f"{project.number}-compute@developer.gserviceaccount.com",
                "defaultNetworkTier": "PREMIUM",
                "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
            }
        )

    return [Route(f"/compute/{version}/projects/{{project}}", get) for version in ("v1", "beta")]

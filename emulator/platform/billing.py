"""Cloud Billing: whether a project has a billing account. Nothing on the emulator is billed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.services import Services


def routes(services: Services) -> list[Route]:
    """`/billing/v1/projects/…/billingInfo`."""

    async def billing_info(request: Request) -> JSONResponse:
        project = services.projects.get(request.path_params["project"])
        billed = project.id not in services.settings.unbilled_projects
        return JSONResponse(
            {
                "name": f"projects/{project.id}/billingInfo",
                "projectId": project.id,
                "billingAccountName": "billingAccounts/000000-000000-000000" if billed else "",
                "billingEnabled": billed,
            }
        )

    return [Route("/billing/v1/projects/{project}/billingInfo", billing_info)]

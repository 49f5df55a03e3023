"""The services around a project: which APIs are enabled, who may do what, quotas, billing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from emulator.platform import (
    billing,
    compute,
    key_management,
    price_list,
    quota_routes,
    resource_manager,
    service_accounts,
    service_usage_routes,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from emulator.services import Services

_ROOMS = (service_usage_routes, compute, price_list, key_management)
_CHARGED_ROOMS = {
    resource_manager: "cloudresourcemanager.googleapis.com",
    service_accounts: "iam.googleapis.com",
    quota_routes: "cloudquotas.googleapis.com",
    billing: "cloudbilling.googleapis.com",
}
"""Services that answer while their API is enabled in the project that a caller is charged to, wherever that is."""


def routes(services: Services) -> list[Route]:
    """Every path of the platform's services, prefixes included."""
    found = [route for room in _ROOMS for route in room.routes(services)]
    for room, api in _CHARGED_ROOMS.items():
        for route in room.routes(services):
            charged = _charged(route.endpoint, api, services) if services.settings.own_quota_project else route.endpoint
            found.append(Route(route.path, charged, methods=route.methods))
    return found


def _charged(
    answer: Callable[[Request], Awaitable[Response]], api: str, services: Services
) -> Callable[[Request], Awaitable[Response]]:
    """Refuses a call while the API is not enabled in the project that it names."""

    async def charged(request: Request) -> Response:
        project = request.path_params["project"]
        if project != "-":  # in whichever project the account is
            services.service_usage.require(project, api)
        return await answer(request)

    return charged

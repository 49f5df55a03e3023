"""The services around a project: which APIs are enabled, who may do what, quotas, billing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.platform import billing, compute, quota_routes, resource_manager, service_accounts, service_usage_routes

if TYPE_CHECKING:
    from starlette.routing import Route

    from emulator.services import Services

_ROOMS = (service_usage_routes, resource_manager, service_accounts, quota_routes, billing, compute)


def routes(services: Services) -> list[Route]:
    """Every path of the platform's services, prefixes included."""
    return [route for room in _ROOMS for route in room.routes(services)]

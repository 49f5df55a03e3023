"""The rooms of the emulator put together into one ASGI application."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from emulator import control, platform, storage, vertex
from emulator.errors import ServiceError
from emulator.faults import Faults
from emulator.front import Connections, Front
from emulator.held import Held
from emulator.platform.iam import Policies
from emulator.platform.projects import Projects
from emulator.platform.quotas import Quotas
from emulator.platform.service_accounts import ServiceAccounts
from emulator.platform.service_usage import EnabledServices
from emulator.request_log import LEFT, RequestLog
from emulator.services import Services
from emulator.state import Documents
from emulator.storage import xml_routes
from emulator.storage.buckets import Buckets
from emulator.storage.content import Content
from emulator.storage.objects import ObjectStore
from emulator.vertex.availability import Availability

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from emulator.settings import Settings

_LOG = logging.getLogger("emulator")


def create_services(settings: Settings) -> Services:
    """The parts of an emulator, over the state in `settings.data`."""
    documents = Documents(settings.data / "state.sqlite")
    projects = Projects(documents)
    service_usage = EnabledServices(documents, projects, settings)
    content = Content(settings.data)
    buckets = Buckets(documents, content)
    accounts = ServiceAccounts(documents, projects, settings)

    def account_exists(email: str) -> bool:
        return accounts.known(email) or service_usage.agent_exists(email)

    def parent(resource: str) -> str | None:
        kind, _, name = resource.partition("/")
        if kind == "buckets":
            bucket = buckets.find(name)
            return f"projects/{projects.get(bucket['projectNumber']).id}" if bucket else None
        if kind == "serviceAccounts":
            account = accounts.find(name)
            return f"projects/{account['projectId']}" if account else None
        return None

    return Services(
        settings=settings,
        documents=documents,
        projects=projects,
        service_usage=service_usage,
        accounts=accounts,
        iam=Policies(documents, settings, account_exists, parent),
        storage=ObjectStore(documents, content, buckets),
        quotas=Quotas(documents, projects, settings),
    )


def create_application(settings: Settings) -> Starlette:
    """The application. `state.services` are its parts; `state.connections` waits for the server's connections."""
    services = create_services(settings)
    log = RequestLog(settings.data / "requests.sqlite")
    faults = Faults()
    held = Held()
    connections = Connections()
    routes = [
        *control.routes(settings.data, log, faults, held, Availability(services.documents)),
        *storage.routes(services),
        *platform.routes(services),
        *vertex.routes(services),
        *xml_routes.routes(services),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for start in services.on_start:
            start()
        yield
        for stop in services.on_stop:
            stop()
        log.close()
        services.documents.close()

    application = Starlette(
        routes=routes,
        middleware=[Middleware(Front, log=log, faults=faults, held=held, connections=connections)],
        exception_handlers={ServiceError: _refuse, HTTPException: _not_served, ClientDisconnect: _left},
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False
    application.state.services = services
    application.state.connections = connections
    return application


def _refuse(_: Request, error: Exception) -> Response:
    return cast("ServiceError", error).response()


def _not_served(request: Request, _: Exception) -> Response:
    """A path or method that no room has: a gap of the emulator, to be seen in its log."""
    _LOG.warning("not served: %s %s?%s", request.method, request.url.path, request.url.query)
    message = f"The emulator does not serve {request.method} {request.url.path}."
    return ServiceError("NOT_FOUND", message).response()


def _left(_: Request, __: Exception) -> Response:
    """The client went away in the middle of its request; nobody reads the answer, but the log has its status."""
    return Response(status_code=LEFT)

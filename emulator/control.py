"""The emulator's own paths, `/emulator/…`: health, the request log, faults, capacity. Nothing here is Google's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.errors import ServiceError
from emulator.payload import json_object

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from emulator.faults import Faults
    from emulator.held import Held
    from emulator.request_log import RequestLog
    from emulator.vertex.availability import Availability


def routes(data: Path, log: RequestLog, faults: Faults, held: Held, availability: Availability) -> list[Route]:
    """The control plane of an emulator that keeps its state in `data`."""

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "pid": os.getpid(), "data": str(data)})

    async def requests(request: Request) -> JSONResponse:
        since = request.query_params.get("since") or "0"
        if not since.isdigit():
            raise ServiceError("INVALID_ARGUMENT", f"`since` is the index of a request, a number; {since!r} is none.")
        return JSONResponse(log.since(int(since)))

    async def list_faults(_: Request) -> JSONResponse:
        return JSONResponse({"faults": faults.list()})

    async def add_fault(request: Request) -> JSONResponse:
        faults.add(await json_object(request))
        return JSONResponse({"faults": faults.list()})

    async def clear_faults(_: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    async def list_held(_: Request) -> JSONResponse:
        return JSONResponse({"held": held.list()})

    async def release(_: Request) -> Response:
        held.release()
        return Response(status_code=204)

    async def list_taken(_: Request) -> JSONResponse:
        return JSONResponse({"taken": availability.taken()})

    async def change_capacity(request: Request) -> JSONResponse:
        availability.change(await json_object(request))
        return JSONResponse({"taken": availability.taken()})

    async def restore_capacity(_: Request) -> Response:
        availability.restore()
        return Response(status_code=204)

    return [
        Route("/emulator/health", health),
        Route("/emulator/requests", requests),
        Route("/emulator/faults", list_faults),
        Route("/emulator/faults", add_fault, methods=["POST"]),
        Route("/emulator/faults", clear_faults, methods=["DELETE"]),
        Route("/emulator/faults/held", list_held),
        Route("/emulator/faults/release", release, methods=["POST"]),
        Route("/emulator/capacity", list_taken),
        Route("/emulator/capacity", change_capacity, methods=["POST"]),
        Route("/emulator/capacity", restore_capacity, methods=["DELETE"]),
    ]

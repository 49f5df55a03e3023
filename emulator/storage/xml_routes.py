"""Reading an object as the XML API has it, `/BUCKET/OBJECT`: what Cloud Storage's client for Go asks by default.

The engine reads its state so when that is kept in a bucket; it writes and lists by the JSON API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from emulator.storage.caller import Caller
from emulator.storage.download import download
from emulator.storage.errors import ObjectNotFound

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.services import Services

_NO_SUCH_KEY = (
    "<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code>"
    "<Message>The specified key does not exist.</Message></Error>"
)
"""Source: https://cloud.google.com/storage/docs/xml-api/reference-status#404—not-found."""


def routes(services: Services) -> list[Route]:
    """`/BUCKET/OBJECT`, behind every other path: it takes what begins with the name of a bucket."""
    store, caller = services.storage, Caller(services)

    async def read(request: Request) -> Response:
        bucket, name = request.path_params["bucket"], request.path_params["object"]
        if store.buckets.find(bucket) is None:
            raise HTTPException(404)  # most likely no bucket is meant, but a path that no room has
        caller.require(bucket, "storage.objects.get")
        try:
            resource = await run_in_threadpool(store.get, bucket, name, request.query_params.get("generation"))
        except ObjectNotFound:
            return Response(_NO_SUCH_KEY, 404, media_type="application/xml; charset=UTF-8")
        return download(resource, store.path(resource), request.headers.get("range"))

    return [Route("/{bucket}/{object:path}", read)]

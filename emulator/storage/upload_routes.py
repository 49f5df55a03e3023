"""Uploads over HTTP: in one piece, with metadata, and resumable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.payload import json_object
from emulator.storage.caller import Caller
from emulator.storage.checksums import Checksums
from emulator.storage.errors import StorageError, invalid
from emulator.storage.multipart import Multipart
from emulator.storage.resource import with_links
from emulator.storage.resumable import Chunk, Session, Uploads
from emulator.storage.upload_target import UploadTarget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request

    from emulator.services import Services


class _UploadRoutes:
    def __init__(self, services: Services) -> None:
        self._store = services.storage
        self._caller = Caller(services)
        self._uploads = Uploads(services.documents, services.storage)
        self._turns: dict[str, object] = {}

    async def insert(self, request: Request) -> Response:
        kind = request.query_params.get("uploadType")
        if kind == "resumable":
            return await self._begin(request)
        content_type = request.headers.get("content-type", "")
        if kind == "multipart":
            multipart = Multipart(content_type, request.stream())
            await multipart.start()
            target = await self._target(request, multipart.metadata, multipart.content_type)
            return await self._receive(request, target, multipart.content())
        if kind == "media":
            return await self._receive(request, await self._target(request, {}, content_type), request.stream())
        raise invalid(f"Invalid upload type: {kind}. It is media, multipart or resumable.")

    async def resume(self, request: Request) -> Response:
        """A chunk, the last chunk, or a question how much has arrived."""
        session = self._session(request)
        if session.result is not None:
            return self._done(session.result, request)
        # A client that asks again has given its last request up; should that one still be here, it writes no more.
        turn = self._turns[session.upload_id] = object()
        chunk = Chunk.read(request.headers.get("content-range"))
        total = chunk.total if chunk.total is not None else session.total
        if chunk.start is not None:
            if chunk.start > session.received:
                message = (
                    "Invalid request.  According to the Content-Range header, the upload offset is"
                    f" {chunk.start} byte(s), which exceeds already uploaded size of {session.received} byte(s)."
                )
                raise StorageError(400, "badRequest", message)
            await self._append(request, session, chunk, turn)
            if chunk.end is None:
                total = session.received
        if total is None or session.received < total:
            kept = self._uploads.settle(session)
            return Response(status_code=308, headers={"Range": f"bytes=0-{kept - 1}"} if kept else {})
        if session.received > total or session.total not in {None, total}:
            message = f"Invalid request.  {session.received} byte(s) came, {session.total or total} were announced."
            self._uploads.cancel(session.upload_id)
            raise StorageError(400, "badRequest", message)
        result = await run_in_threadpool(self._uploads.finish, session, request.headers.get("x-goog-hash", ""))
        self._turns.pop(session.upload_id, None)
        return self._done(result, request)

    async def cancel(self, request: Request) -> Response:
        self._uploads.cancel(self._session(request).upload_id)
        return Response(status_code=499)  # documented for a cancelled upload

    async def _begin(self, request: Request) -> Response:
        metadata = await json_object(request)
        announced = request.headers.get("x-upload-content-length", "")
        target = await self._target(request, metadata, request.headers.get("x-upload-content-type", ""))
        upload_id = self._uploads.begin(target, int(announced) if announced.isdigit() else None)
        location = request.url.include_query_params(upload_id=upload_id)
        return Response(headers={"Location": str(location), "X-GUploader-UploadID": upload_id})

    async def _append(self, request: Request, session: Session, chunk: Chunk, turn: object) -> None:
        """Writes the body behind what is here, leaving out what is here already.

        A connection that breaks leaves what arrived, of which the service keeps whole grains.
        """
        start = chunk.start or 0
        skip, came = session.received - start, 0
        try:
            with session.file.open("ab", buffering=0) as out:
                async for piece in request.stream():
                    if self._turns.get(session.upload_id) is not turn:
                        raise StorageError(409, "conflict", "A later request has taken this upload over.")
                    out.write(piece[max(0, skip - came) :])
                    came += len(piece)
        except ClientDisconnect:
            self._uploads.settle(session)
            raise
        if chunk.end is not None and came != chunk.end - start:
            message = (
                f"Invalid request.  There were {came} byte(s) in the request body.  There should have been"
                f" {chunk.end - start} byte(s) (starting at offset {start} and ending at offset {chunk.end - 1})"
                " according to the Content-Range header."
            )
            raise StorageError(400, "badRequest", message)

    async def _receive(self, request: Request, target: UploadTarget, content: AsyncIterator[bytes]) -> Response:
        staged, sums = self._store.stage(), Checksums()
        try:
            with staged.open("wb") as out:
                async for piece in content:
                    sums.update(piece)
                    out.write(piece)
            hash_header = request.headers.get("x-goog-hash", "")
            result = await run_in_threadpool(target.put, self._store, staged, sums, hash_header)
        finally:
            staged.unlink(missing_ok=True)
        return self._done(result, request)

    async def _target(self, request: Request, metadata: Mapping[str, Any], content_type: str) -> UploadTarget:
        self._caller.require(request.path_params["bucket"], "storage.objects.create")
        target = UploadTarget.read(request.path_params["bucket"], request.query_params, metadata, content_type)
        await run_in_threadpool(target.check, self._store)
        return target

    def _session(self, request: Request) -> Session:
        upload_id = request.query_params.get("upload_id", "")
        if not upload_id.isalnum():
            raise StorageError(400, "required", "Required parameter: upload_id")
        return self._uploads.get(upload_id)

    def _done(self, resource: Mapping[str, Any], request: Request) -> JSONResponse:
        headers = {"ETag": resource["etag"], "X-Goog-Hash": f"crc32c={resource['crc32c']},md5={resource['md5Hash']}"}
        return JSONResponse(with_links(resource, str(request.base_url)), headers=headers)


def routes(services: Services) -> list[Route]:
    """`/b/…/o`, below `/upload` and the version."""
    api = _UploadRoutes(services)
    objects = "/b/{bucket:encoded}/o"

    async def post(request: Request) -> Response:
        # Some clients send the chunks of a session by POST.
        return await (api.resume(request) if "upload_id" in request.query_params else api.insert(request))

    return [
        Route(objects, post, methods=["POST"]),
        Route(objects, api.resume, methods=["PUT"]),
        Route(objects, api.cancel, methods=["DELETE"]),
    ]

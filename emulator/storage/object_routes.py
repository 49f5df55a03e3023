"""Objects over HTTP: read, list, change, copy, compose, delete. Uploads are in upload_routes.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.payload import json_object
from emulator.storage.caller import Caller
from emulator.storage.checksums import Checksums
from emulator.storage.download import download
from emulator.storage.errors import invalid
from emulator.storage.listing import list_page
from emulator.storage.partial import partial
from emulator.storage.preconditions import NotModified, Preconditions
from emulator.storage.resource import WRITABLE, with_links
from emulator.storage.rewriting import Rewrites

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from emulator.services import Services
    from emulator.storage.objects import ObjectStore

_BLOCK: Final = 1 << 20  # bytes read at once
_COMPOSE_LIMIT: Final = 32  # sources; source: https://cloud.google.com/storage/docs/composite-objects


class _ObjectRoutes:
    def __init__(self, services: Services) -> None:
        self._store = services.storage
        self._caller = Caller(services)
        self._rewrites = Rewrites(services.documents, services.storage, services.settings.rewrite_bytes_per_call)

    async def list(self, request: Request) -> JSONResponse:
        query = request.query_params
        self._require(request, "list")
        # Some clients write booleans as Python does.
        read = self._store.generations if query.get("versions", "").lower() == "true" else self._store.list
        found = await run_in_threadpool(read, request.path_params["bucket"], query.get("prefix", ""))
        items, rest = list_page(found, query)
        linked = [with_links(item, str(request.base_url)) for item in items]
        answer = {"kind": "storage#objects", **({"items": linked} if linked else {}), **rest}
        return JSONResponse(partial(answer, query))

    async def get(self, request: Request) -> Response:
        self._require(request, "get")
        name, generation = request.path_params["object"], request.query_params.get("generation")
        resource = await run_in_threadpool(self._store.get, request.path_params["bucket"], name, generation)
        try:
            _conditions(request).check(resource, reading=True)
        except NotModified:
            return Response(status_code=304)
        if request.query_params.get("alt") == "media":
            return download(resource, self._store.path(resource), request.headers.get("range"))
        return _answer(resource, request)

    async def patch(self, request: Request) -> JSONResponse:
        body = await json_object(request)
        return _answer(await self._change(request, body), request)

    async def update(self, request: Request) -> JSONResponse:
        body = await json_object(request)
        # A full update takes away what it does not name; an object always has a content type.
        replaced = {key: body.get(key) for key in WRITABLE if key != "contentType" or key in body}
        return _answer(await self._change(request, replaced), request)

    async def _change(self, request: Request, fields: Mapping[str, Any]) -> dict[str, Any]:
        self._require(request, "update")
        path, generation = request.path_params, request.query_params.get("generation")
        conditions = _conditions(request)
        return await run_in_threadpool(
            self._store.patch, path["bucket"], path["object"], generation, fields, conditions
        )

    async def delete(self, request: Request) -> Response:
        self._require(request, "delete")
        path, generation = request.path_params, request.query_params.get("generation")
        await run_in_threadpool(self._store.delete, path["bucket"], path["object"], generation, _conditions(request))
        return Response(status_code=204)

    async def copy(self, request: Request) -> JSONResponse:
        body = await json_object(request)
        path, generation = request.path_params, request.query_params.get("sourceGeneration")
        self._require_copy(request)
        source = await run_in_threadpool(self._store.get, path["bucket"], path["object"], generation)
        Preconditions.read(request.query_params, {}, source=True).check(source)
        self._rewrites.refuse_copy(source, path["to_bucket"], body)
        # Without a body the metadata is the source's; with one it is the body's.
        fields = body or {key: source[key] for key in WRITABLE if key in source}
        fields.setdefault("contentType", source["contentType"])
        target, sums = (path["to_bucket"], path["to_object"]), Checksums(source.get("componentCount", 0))
        resource = await run_in_threadpool(
            _put_copies, self._store, target, [source], sums, fields, _conditions(request)
        )
        return _answer(resource, request)

    async def rewrite(self, request: Request) -> JSONResponse:
        body, path = await json_object(request), request.path_params
        self._require_copy(request)
        source, target = (path["bucket"], path["object"]), (path["to_bucket"], path["to_object"])
        answer = await run_in_threadpool(self._rewrites.call, source, target, request.query_params, body)
        if "resource" in answer:
            answer["resource"] = with_links(answer["resource"], str(request.base_url))
        return JSONResponse(partial(answer, request.query_params))

    async def compose(self, request: Request) -> JSONResponse:
        body = await json_object(request)
        path = request.path_params
        for permission in ("get", "create"):
            self._require(request, permission)
        named = body.get("sourceObjects", [])
        if not 1 <= len(named) <= _COMPOSE_LIMIT:
            raise invalid(
                f"The number of source components provided ({len(named)}) must be between 1 and {_COMPOSE_LIMIT}."
            )
        sources = []
        for each in named:
            source = await run_in_threadpool(
                self._store.get, path["bucket"], each.get("name", ""), _text(each.get("generation"))
            )
            wanted = each.get("objectPreconditions", {}).get("ifGenerationMatch")
            Preconditions(generation=None if wanted is None else int(wanted)).check(source)
            sources.append(source)
        fields = {"contentType": sources[0]["contentType"], **body.get("destination", {})}
        target = (path["bucket"], path["object"])
        sums = Checksums(sum(source.get("componentCount", 1) for source in sources))
        resource = await run_in_threadpool(
            _put_copies, self._store, target, sources, sums, fields, _conditions(request)
        )
        return _answer(resource, request)

    def _require(self, request: Request, permission: str, bucket: str = "bucket") -> None:
        self._caller.require(request.path_params[bucket], f"storage.objects.{permission}")

    def _require_copy(self, request: Request) -> None:
        self._require(request, "get")
        self._require(request, "create", "to_bucket")


def routes(services: Services) -> list[Route]:
    """`/b/…/o…`, below the version; the same for `/download`."""
    api = _ObjectRoutes(services)
    objects = "/b/{bucket:encoded}/o"
    one = f"{objects}/{{object:encoded}}"
    to = "/b/{to_bucket:encoded}/o/{to_object:encoded}"
    return [
        Route(objects, api.list),
        Route(one, api.get),
        Route(one, api.patch, methods=["PATCH"]),
        Route(one, api.update, methods=["PUT"]),
        Route(one, api.delete, methods=["DELETE"]),
        Route(f"{one}/compose", api.compose, methods=["POST"]),
        Route(f"{one}/copyTo{to}", api.copy, methods=["POST"]),
        Route(f"{one}/rewriteTo{to}", api.rewrite, methods=["POST"]),
    ]


def _put_copies(
    store: ObjectStore,
    target: tuple[str, str],
    sources: Sequence[Mapping[str, Any]],
    sums: Checksums,
    fields: Mapping[str, Any],
    conditions: Preconditions,
) -> dict[str, Any]:
    """Makes the sources, one behind the other, the content of the target."""
    staged = store.stage()
    try:
        with staged.open("wb") as out:
            for source in sources:
                with store.path(source).open("rb") as stream:
                    while block := stream.read(_BLOCK):
                        sums.update(block)
                        out.write(block)
        return store.put(*target, staged, sums, fields, conditions)
    finally:
        staged.unlink(missing_ok=True)


def _text(number: int | str | None) -> str | None:
    return None if number is None else str(number)


def _conditions(request: Request) -> Preconditions:
    return Preconditions.read(request.query_params, request.headers)


def _answer(resource: Mapping[str, Any], request: Request) -> JSONResponse:
    answer = partial(with_links(resource, str(request.base_url)), request.query_params)
    return JSONResponse(answer, headers={"ETag": resource["etag"]})

"""Buckets and their policies over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.errors import ServiceError
from emulator.paging import page
from emulator.payload import json_object
from emulator.storage.caller import Caller
from emulator.storage.errors import StorageError, condition_not_met, invalid
from emulator.storage.partial import partial
from emulator.storage.preconditions import NotModified, Preconditions

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.services import Services

_SERVICE: Final = "storage.googleapis.com"
_PUBLIC: Final = frozenset({"allUsers", "allAuthenticatedUsers"})


class _BucketRoutes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.storage
        self._buckets = services.storage.buckets
        self._policies = services.iam
        self._caller = Caller(services)

    async def list(self, request: Request) -> JSONResponse:
        project = self._services.projects.get(_required(request, "project"))
        found = self._buckets.list(project, request.query_params.get("prefix", ""))
        items = [_with_link(bucket, request) for bucket in found]
        pages = page("items", items, request, size="maxResults", default=1000, limit=1000)
        return JSONResponse(partial({"kind": "storage#buckets", **pages}, request.query_params))

    async def insert(self, request: Request) -> JSONResponse:
        project = self._services.projects.get(_required(request, "project"))
        body = await json_object(request)
        self._services.service_usage.require(project.id, _SERVICE)
        with self._services.documents.transaction():
            bucket = self._buckets.create(project, body)
            uniform = bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]
            self._policies.reset(f"buckets/{bucket['name']}", _first_bindings(project.id, uniform=uniform))
        return JSONResponse(_with_link(bucket, request))

    async def get(self, request: Request) -> Response:
        bucket = self._buckets.get(request.path_params["bucket"])
        try:
            _conditions(request).check(bucket, reading=True)
        except NotModified:
            return Response(status_code=304)
        return JSONResponse(partial(_with_link(bucket, request), request.query_params))

    async def patch(self, request: Request) -> JSONResponse:
        return await self._change(request, replace=False)

    async def update(self, request: Request) -> JSONResponse:
        return await self._change(request, replace=True)

    async def _change(self, request: Request, *, replace: bool) -> JSONResponse:
        name = request.path_params["bucket"]
        body = await json_object(request)
        with self._services.documents.transaction():
            _conditions(request).check(self._buckets.get(name))
            bucket = self._buckets.change(name, body, replace=replace)
        return JSONResponse(_with_link(bucket, request))

    async def delete(self, request: Request) -> Response:
        name = request.path_params["bucket"]
        _conditions(request).check(self._buckets.get(name))
        if not await run_in_threadpool(self._store.drop_bucket, name):
            raise StorageError(409, "conflict", "The bucket you tried to delete is not empty.")
        self._policies.drop(f"buckets/{name}")
        return Response(status_code=204)

    async def get_policy(self, request: Request) -> JSONResponse:
        name = self._buckets.get(request.path_params["bucket"])["name"]
        return JSONResponse(_policy(name, self._policies.get(f"buckets/{name}")))

    async def set_policy(self, request: Request) -> JSONResponse:
        bucket = self._buckets.get(request.path_params["bucket"])
        name = bucket["name"]
        body = await json_object(request)
        members = {member for binding in body.get("bindings", ()) for member in binding.get("members", ())}
        if bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced" and members & _PUBLIC:
            message = (
                "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention"
                " is enforced."
            )
            raise StorageError(412, "conditionNotMet", message)
        try:
            policy = self._policies.set(f"buckets/{name}", body)
        except ServiceError as error:
            # The same refusals as IAM's, in the shape and with the codes of Cloud Storage.
            raise condition_not_met() if error.status == "ABORTED" else invalid(error.message) from error
        return JSONResponse(_policy(name, policy))

    async def test_permissions(self, request: Request) -> JSONResponse:
        bucket = self._buckets.get(request.path_params["bucket"])["name"]
        held = self._caller.held(bucket, request.query_params.getlist("permissions"))
        # A list that is empty is left out.
        answer = {"kind": "storage#testIamPermissionsResponse", **({"permissions": held} if held else {})}
        return JSONResponse(answer)

    async def anywhere_caches(self, request: Request) -> Response:
        """No zone has a cache here; the provider takes a 404 for that before it deletes a bucket."""
        raise StorageError(404, "notFound", f"Bucket {request.path_params['bucket']} has no Anywhere Cache.")

    async def service_account(self, request: Request) -> JSONResponse:
        email = self._services.service_usage.generate_identity(request.path_params["project"], _SERVICE)
        return JSONResponse({"kind": "storage#serviceAccount", "email_address": email})


def routes(services: Services) -> list[Route]:
    """`/b…` and `/projects/…/serviceAccount`, below the version."""
    api = _BucketRoutes(services)
    bucket = "/b/{bucket:encoded}"
    return [
        Route("/b", api.list),
        Route("/b", api.insert, methods=["POST"]),
        Route(bucket, api.get),
        Route(bucket, api.patch, methods=["PATCH"]),
        Route(bucket, api.update, methods=["PUT"]),
        Route(bucket, api.delete, methods=["DELETE"]),
        Route(f"{bucket}/iam", api.get_policy),
        Route(f"{bucket}/iam", api.set_policy, methods=["PUT"]),
        Route(f"{bucket}/iam/testPermissions", api.test_permissions),
        Route(f"{bucket}/anywhereCaches", api.anywhere_caches),
        Route(f"{bucket}/anywhereCaches/", api.anywhere_caches),
        Route("/projects/{project:encoded}/serviceAccount", api.service_account),
    ]


def _required(request: Request, parameter: str) -> str:
    value = request.query_params.get(parameter)
    if not value:
        raise StorageError(400, "required", f"Required parameter: {parameter}")
    return value


def _conditions(request: Request) -> Preconditions:
    return Preconditions.read(request.query_params, request.headers)


def _with_link(bucket: dict[str, Any], request: Request) -> dict[str, Any]:
    return {**bucket, "selfLink": f"{request.base_url}storage/v1/b/{bucket['name']}"}


def _policy(bucket: str, policy: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{bucket}", **policy}


def _first_bindings(project: str, *, uniform: bool) -> list[dict[str, Any]]:
    """What a new bucket grants. Source: https://cloud.google.com/storage/docs/access-control/iam (legacy roles)."""
    owners = [f"projectEditor:{project}", f"projectOwner:{project}"]
    viewers = [f"projectViewer:{project}"]
    kinds = ("Bucket", "Object") if uniform else ("Bucket",)
    return [
        {"role": f"roles/storage.legacy{kind}{right}", "members": members}
        for kind in kinds
        for right, members in (("Owner", owners), ("Reader", viewers))
    ]

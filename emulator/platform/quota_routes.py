"""Cloud Quotas: the HTTP side of quota infos and quota preferences."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from emulator.clock import timestamp
from emulator.errors import ServiceError
from emulator.paging import page
from emulator.payload import json_object
from emulator.platform.quotas import CATALOGUE, SERVICE, QuotaKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from emulator.platform.projects import Project
    from emulator.services import Services

_DECREASE = "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"
"""The safety check that refuses to take away more than a tenth at once."""
_CALLERS_FIELDS = ("service", "quotaId", "dimensions", "contactEmail", "justification")


class _QuotaRoutes:
    def __init__(self, services: Services) -> None:
        self._projects = services.projects
        self._quotas = services.quotas

    def _project(self, request: Request) -> Project:
        return self._projects.get(request.path_params["project"])

    async def list_infos(self, request: Request) -> JSONResponse:
        project = self._project(request)
        known = CATALOGUE.values() if request.path_params["service"] == SERVICE else ()
        infos = [self._info(project, kind) for kind in known]
        return JSONResponse(page("quotaInfos", infos, request, default=100, limit=1000))

    async def get_info(self, request: Request) -> JSONResponse:
        kind = CATALOGUE.get(request.path_params["quota"])
        if kind is None or request.path_params["service"] != SERVICE:
            raise ServiceError("NOT_FOUND", f"Quota {request.path_params['quota']} was not found.")
        return JSONResponse(self._info(self._project(request), kind))

    async def list_preferences(self, request: Request) -> JSONResponse:
        found = self._quotas.preferences(request.path_params["project"])
        return JSONResponse(page("quotaPreferences", found, request, default=100, limit=1000))

    async def get_preference(self, request: Request) -> JSONResponse:
        return JSONResponse(self._preference(self._project(request), request.path_params["preference"]))

    async def create_preference(self, request: Request) -> JSONResponse:
        project = self._project(request)
        body = await json_object(request)
        preference_id = request.query_params.get("quotaPreferenceId") or str(uuid.uuid4())
        if self._quotas.preference(project.id, preference_id) is not None:
            message = f"Resource '{_name(project, preference_id)}' already exists."
            raise ServiceError("ALREADY_EXISTS", message)
        return JSONResponse(self._keep(project, preference_id, body, {}, _ignored(request)))

    async def patch_preference(self, request: Request) -> JSONResponse:
        project, preference_id = self._project(request), request.path_params["preference"]
        body = await json_object(request)
        present = self._quotas.preference(project.id, preference_id)
        if present is None and request.query_params.get("allowMissing") != "true":
            present = self._preference(project, preference_id)
        present = present or {}
        etag = body.get("etag")
        if etag and etag != present.get("etag"):
            raise ServiceError("ABORTED", f"The etag of '{_name(project, preference_id)}' is not the present one.")
        mask = {path.split(".")[0] for path in request.query_params.get("updateMask", "").split(",") if path}
        changes = {key: value for key, value in body.items() if not mask or key in mask}
        return JSONResponse(self._keep(project, preference_id, present | changes, present, _ignored(request)))

    def _preference(self, project: Project, preference_id: str) -> dict[str, Any]:
        preference = self._quotas.preference(project.id, preference_id)
        if preference is None:
            raise ServiceError("NOT_FOUND", f"Resource '{_name(project, preference_id)}' was not found.")
        return preference

    def _keep(
        self,
        project: Project,
        preference_id: str,
        body: Mapping[str, Any],
        present: Mapping[str, Any],
        ignored: frozenset[str],
    ) -> dict[str, Any]:
        """Writes the preference that `body` describes, `present` being the one before it."""
        quota_id, dimensions = body.get("quotaId", ""), body.get("dimensions", {})
        preferred = str(body.get("quotaConfig", {}).get("preferredValue", ""))
        kind = CATALOGUE.get(quota_id)
        if not body.get("service") or not quota_id:
            raise ServiceError("INVALID_ARGUMENT", "A quota preference needs a service and a quotaId.")
        if not preferred.isdigit():
            raise ServiceError("INVALID_ARGUMENT", "quotaConfig.preferredValue must be a whole number from 0.")
        if kind is not None and kind.fixed:
            # As quoted in github.com/alphagov/govuk-infrastructure/pull/4682.
            message = f"Could not change quota value because 'is_fixed' field is set for quota id '{quota_id}'."
            raise ServiceError("INVALID_ARGUMENT", message)
        unknown = set(dimensions) - ({"region"} if kind is None or kind.regions else set())
        if kind is not None and (
            unknown or (kind.regions and dimensions.get("region", kind.regions[0]) not in kind.regions)
        ):
            raise ServiceError("INVALID_ARGUMENT", f"Quota {quota_id} does not have the dimensions {dimensions}.")
        self._refuse_second(project, preference_id, quota_id, dimensions)
        granted = self._quotas.granted(project.id, quota_id, dimensions)
        if int(preferred) < granted * 0.9 and _DECREASE not in ignored:
            # That it is refused: reference of QuotaSafetyCheck; the wording is the emulator's.
            message = f"{_DECREASE}: from {granted} to {preferred} is a decrease by more than 10 percent."
            raise ServiceError("FAILED_PRECONDITION", message)
        now = timestamp()
        preference = {
            "name": _name(project, preference_id),
            **{key: body[key] for key in _CALLERS_FIELDS if body.get(key)},
            "quotaConfig": {
                **{key: body["quotaConfig"][key] for key in ("annotations",) if key in body["quotaConfig"]},
                "preferredValue": preferred,
                "grantedValue": str(granted),
                "traceId": uuid.uuid4().hex,
            },
            "etag": uuid.uuid4().hex,
            "createTime": present.get("createTime", now),
            "updateTime": now,
        }
        return self._quotas.keep(project.id, preference_id, preference)

    def _refuse_second(self, project: Project, preference_id: str, quota_id: str, dimensions: dict[str, str]) -> None:
        """Refuses another preference for a quota that has one.

        "There is only one QuotaPreference resource for a quota value targeting a unique set of dimensions", says the
        reference of QuotaPreference; the wording of the refusal is the emulator's.
        """
        for other in self._quotas.preferences(project.id):
            same = (other["quotaId"], other.get("dimensions", {})) == (quota_id, dimensions)
            if same and other["name"] != _name(project, preference_id):
                message = f"A quota preference for {quota_id} with dimensions {dimensions} exists: '{other['name']}'."
                raise ServiceError("ALREADY_EXISTS", message)

    def _info(self, project: Project, kind: QuotaKind) -> dict[str, Any]:
        def details(dimensions: dict[str, str], locations: tuple[str, ...]) -> dict[str, Any]:
            value = self._quotas.granted(project.id, kind.quota_id, dimensions)
            entry: dict[str, Any] = {"details": {"value": str(value)}, "applicableLocations": list(locations)}
            return {"dimensions": dimensions, **entry} if dimensions else entry

        eligible = {"ineligibilityReason": "NOT_SUPPORTED"} if kind.fixed else {"isEligible": True}
        info: dict[str, Any] = {
            "name": f"projects/{project.number}/locations/global/services/{SERVICE}/quotaInfos/{kind.quota_id}",
            "quotaId": kind.quota_id,
            "metric": kind.metric,
            "service": SERVICE,
            "containerType": "PROJECT",
            "metricDisplayName": kind.display_name,
            "quotaDisplayName": kind.display_name,
            "metricUnit": "1",
            "quotaIncreaseEligibility": eligible,
            "serviceRequestQuotaUri": (
                f"https://console.cloud.google.com/iam-admin/quotas?project={project.id}&service={SERVICE}"
            ),
        }
        if kind.regions:
            info["dimensions"] = ["region"]
            info["dimensionsInfos"] = [details({"region": region}, (region,)) for region in kind.regions]
        else:
            info["dimensionsInfos"] = [details({}, ("global",))]
        # A field that is false is not in the JSON of the service.
        return info | {
            name: True for name, value in (("isFixed", kind.fixed), ("isConcurrent", kind.concurrent)) if value
        }


def _ignored(request: Request) -> frozenset[str]:
    return frozenset(request.query_params.getlist("ignoreSafetyChecks"))


def _name(project: Project, preference_id: str) -> str:
    return f"projects/{project.number}/locations/global/quotaPreferences/{preference_id}"


def routes(services: Services) -> list[Route]:
    """`/quotas/v1` and `/quotas/v1beta`.

    The provider's data source of quota infos puts `locations/global` behind a parent that has it already, so the
    doubled path is served too.
    """
    api = _QuotaRoutes(services)
    found = []
    for version in ("v1", "v1beta"):
        location = f"/quotas/{version}/projects/{{project}}/locations/global"
        preferences = f"{location}/quotaPreferences"
        for parent in (location, f"{location}/locations/global"):
            infos = f"{parent}/services/{{service}}/quotaInfos"
            found += [Route(infos, api.list_infos), Route(f"{infos}/{{quota}}", api.get_info)]
        found += [
            Route(preferences, api.list_preferences),
            Route(preferences, api.create_preference, methods=["POST"]),
            Route(f"{preferences}/{{preference}}", api.get_preference),
            Route(f"{preferences}/{{preference}}", api.patch_preference, methods=["PATCH"]),
        ]
    return found

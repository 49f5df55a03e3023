"""The paths of Vertex AI, in each version and with and without the prefix `/vertex`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route

from emulator.payload import json_object
from emulator.vertex import messages
from emulator.vertex.calls import Call, Place
from emulator.vertex.checkpoints import Checkpoints
from emulator.vertex.cold_starts import ColdStarts
from emulator.vertex.deployments import Deployments
from emulator.vertex.endpoints import Endpoints
from emulator.vertex.generators import Generators
from emulator.vertex.model_garden import ModelGarden
from emulator.vertex.models import Models
from emulator.vertex.operations import Operations
from emulator.vertex.prediction import Predictions
from emulator.vertex.refusals import billing_disabled
from emulator.vertex.settings import VertexSettings
from emulator.vertex.tuned_gemini import TunedGemini
from emulator.vertex.tuning_jobs import TuningJobs
from emulator.vertex.tuning_schedule import TuningSchedule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from emulator.services import Services

    Handler = Callable[[Call], dict[str, Any]]

_SERVICE = "aiplatform.googleapis.com"


def routes(services: Services) -> list[BaseRoute]:
    """Everything the emulator has of Vertex AI.

    Clients that take only a base URL have no prefix; pulumi-gcp and our own have `/vertex`. Operations are also under
    `/ui`, where the REST clients of google-cloud-aiplatform look for them.
    """
    services.on_start.append(messages.load)
    table = _table(services)
    polled = [row for row in table if "operations" in row[1]]
    mounts = [
        Mount(f"/{version}", routes=[_route(services, version, *row) for row in rows])
        for version, rows in (("v1beta1", table), ("v1", table), ("ui", polled))
    ]
    return [Mount("/vertex", routes=mounts), *mounts]


def _table(services: Services) -> list[tuple[str, str, Handler]]:
    settings = services.settings.section("vertex", VertexSettings)
    operations = Operations(services)
    checkpoints = Checkpoints(services)
    models = Models(services, settings, operations, checkpoints)
    endpoints = Endpoints(services, operations)
    tuned = TunedGemini(services, models, endpoints)
    jobs = TuningJobs(services, settings, tuned)
    TuningSchedule(services, settings, jobs, checkpoints, tuned)
    tuned.moved = lambda job, endpoint: jobs.update(
        job, lambda shown: shown.get("tunedModel", {}).update(endpoint=endpoint)
    )
    generators = Generators(checkpoints, tuned)
    deployments = Deployments(services, settings, operations, models, endpoints, generators)
    predictions = Predictions(models, endpoints, generators, ColdStarts(settings))
    garden = ModelGarden(services, settings, operations, checkpoints, models, endpoints, deployments)
    operation = "{under:path}operations/{operation}"
    return [
        ("POST", "/tuningJobs", jobs.create),
        ("GET", "/tuningJobs", jobs.list_page),
        ("POST", "/tuningJobs/{job}:cancel", jobs.cancel),
        ("GET", "/tuningJobs/{job}", jobs.get),
        ("GET", "/metadataStores/default/contexts/tuning-experiment-{job}", jobs.experiment),
        ("POST", "/models:upload", models.upload),
        ("GET", "/models", models.list_page),
        ("GET", "/models/{model}:listVersions", models.list_versions),
        ("GET", "/models/{model}:listCheckpoints", models.list_checkpoints),
        ("POST", "/models/{model}:mergeVersionAliases", models.merge_aliases),
        ("DELETE", "/models/{model}:deleteVersion", models.delete_version),
        ("GET", "/models/{model}", models.get),
        ("PATCH", "/models/{model}", models.patch),
        ("DELETE", "/models/{model}", models.delete),
        ("POST", "/endpoints", endpoints.create),
        ("GET", "/endpoints", endpoints.list_page),
        ("POST", "/endpoints/{endpoint}:deployModel", deployments.deploy),
        ("POST", "/endpoints/{endpoint}:undeployModel", deployments.undeploy),
        ("POST", "/endpoints/{endpoint}:mutateDeployedModel", deployments.mutate),
        ("POST", "/endpoints/{endpoint}:predict", predictions.predict),
        ("POST", "/endpoints/{endpoint}:rawPredict", predictions.raw_predict),
        ("POST", "/endpoints/{endpoint}/chat/completions", predictions.chat),
        ("POST", "/endpoints/{endpoint}:generateContent", predictions.generate_content),
        ("POST", "/endpoints/{endpoint}:streamGenerateContent", predictions.stream_generate_content),
        ("GET", "/endpoints/{endpoint}", endpoints.get),
        ("PATCH", "/endpoints/{endpoint}", endpoints.patch),
        ("DELETE", "/endpoints/{endpoint}", endpoints.delete),
        ("POST", ":deploy", garden.deploy),
        ("POST", ":recommendSpec", garden.recommend),
        ("POST", f"/{operation}:cancel", operations.cancel),
        ("POST", f"/{operation}:wait", operations.wait),
        ("GET", f"/{operation}", operations.get),
        ("GET", "/{under:path}operations", operations.list_page),
    ]


def _route(services: Services, version: str, method: str, path: str, handler: Handler) -> Route:
    return Route(
        f"/projects/{{project}}/locations/{{location}}{path}", _answer(services, version, handler), methods=[method]
    )


def _answer(services: Services, version: str, handler: Handler) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def answer(request: Request) -> JSONResponse:
        body = await json_object(request)
        return JSONResponse(await run_in_threadpool(serve, request, body))

    def serve(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        project = services.projects.get(request.path_params["project"])
        services.service_usage.require(project.id, _SERVICE)
        if project.id in services.settings.unbilled_projects:
            raise billing_disabled(project.id)
        return handler(Call(request, Place(project, request.path_params["location"]), version, body))

    return answer

"""Tuned Gemini models: what the end of a job registers, and the weights that endpoints and later jobs use.

The service keeps the weights of a tuned Gemini to itself: no bucket has them. Here they lie in the emulator's own
folder, by job and checkpoint.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from emulator.clock import timestamp
from emulator.vertex.calls import Place, new_id
from emulator.vertex.refusals import failed_precondition, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from emulator.services import Services
    from emulator.vertex.endpoints import Endpoints
    from emulator.vertex.models import Models

_COLLECTION = "tunedGeminiVersions"
_ALL_TRAFFIC = 100
# Only models tuned by supervised tuning on or after that day: "Use continuous tuning for Gemini models".
_FIRST_CONTINUED = "2025-07-11"
# Gemini 3 models are tuned in a region and served at the multi-region around it only: "Tune Gemini models by using
# supervised fine-tuning". That both the model and the endpoint are there is what users' jobs show: models of
# gemini-3.1-flash-lite jobs in us-central1 are `projects/…/locations/us/models/…@1`.
_MULTI_REGIONAL = "gemini-3"
_MULTI_REGIONS = {"us": "us", "europe": "eu"}


@dataclass(frozen=True)
class SavedCheckpoint:
    """A checkpoint that a job wrote.

    Attributes:
        checkpoint_id: Its number, from 1.
        epoch: The epoch after which it was written.
        step: The steps until then.
        folder: Where its files are; they are copied.
    """

    checkpoint_id: str
    epoch: int
    step: int
    folder: Path


@dataclass(frozen=True)
class TunedVersion:
    """A version of a tuned Gemini, and one of its checkpoints.

    Attributes:
        name: `projects/N/locations/L/models/M@V`, the version always as a number.
        base_model: What it was tuned from at first, such as `gemini-2.5-flash`.
        checkpoint_id: The checkpoint asked for, or the default one.
        folder: The files of that checkpoint.
        display_name: Of the model.
        kms_key_name: The key that it is encrypted with, or nothing.
    """

    name: str
    base_model: str
    checkpoint_id: str
    folder: Path
    display_name: str
    kms_key_name: str


class TunedGemini:
    """The tuned Gemini models of one emulator.

    A document, by `projects/…/models/M@V`, has the name of the job (`job`), what the model was tuned from
    (`baseModel`), when (`tunedAt`), and each checkpoint's `endpoints`.
    """

    def __init__(self, services: Services, models: Models, endpoints: Endpoints) -> None:
        self._services = services
        self._documents = services.documents
        self._models = models
        self._endpoints = endpoints
        self._weights = services.settings.data / "tuned_gemini"
        self.moved: Callable[[str, str], None] = lambda _job, _endpoint: None
        """Called with a job's name and the endpoint of its model's default checkpoint, once that is another one."""
        models.default_changed = self._move
        models.forgotten = self._forget

    def register(self, job: dict[str, Any], saved: Sequence[SavedCheckpoint]) -> dict[str, Any]:
        """Registers what a job made, and returns the job's `tunedModel`.

        That is a new model, or the next version of the one that the job went on from where it names no display name.
        Each checkpoint is deployed to an endpoint of its own; the last one is the default. A job registers once: asked
        again, as after a crash, the answer is the same.

        Args:
            job: As the API shows it; read are `name`, `baseModel` or `preTunedModel`, `tunedModelDisplayName`,
                `labels` and `encryptionSpec`.
            saved: At least one, in order.

        Raises:
            ServiceError: the model that the job went on from is gone.
        """
        known = next((name for name, made in self._documents.list(_COLLECTION) if made["job"] == job["name"]), None)
        if known is None:
            for checkpoint in saved:
                folder = self._folder(job["name"], checkpoint.checkpoint_id)
                shutil.rmtree(folder, ignore_errors=True)  # of a run that a crash cut off
                shutil.copytree(checkpoint.folder, folder)
            with self._documents.transaction():
                known = self._add(job, saved)
        return self._tuned_model(known)

    def resolve(self, place: Place, name: str, checkpoint_id: str = "") -> TunedVersion:
        """The tuned model that a job goes on from.

        Args:
            place: Where the job runs.
            name: `projects/…/locations/…/models/M`, alone for the default version, or with `@version` or `@alias`.
            checkpoint_id: Without one, the version's default checkpoint.

        Raises:
            ServiceError: there is none, or it is not one that can be tuned further.
        """
        home = _multi_region(place)
        place = home if name.partition("/locations/")[2].startswith(f"{home.location}/") else place
        version = self._models.find(place, place.own(name, "models"))
        numbered = f"{version['name'].partition('@')[0]}@{version['versionId']}"
        made = self._documents.get(_COLLECTION, numbered)
        # Both rules are on the page of continuous tuning; the wording is the emulator's.
        if made is None:
            raise failed_precondition(f"{numbered} is not a Gemini model tuned by supervised tuning.")
        if made["tunedAt"] < _FIRST_CONTINUED:
            raise failed_precondition(
                f"{numbered} was tuned on {made['tunedAt'][:10]}: continuous tuning is supported for models tuned on "
                f"or after {_FIRST_CONTINUED}."
            )
        checkpoint_id = checkpoint_id or version["defaultCheckpointId"]
        if checkpoint_id not in made["endpoints"]:
            raise not_found("Checkpoint", f"{numbered}/checkpoints/{checkpoint_id}")
        return TunedVersion(
            name=numbered,
            base_model=made["baseModel"],
            checkpoint_id=checkpoint_id,
            folder=self._folder(made["job"], checkpoint_id),
            display_name=version["displayName"],
            kms_key_name=version.get("encryptionSpec", {}).get("kmsKeyName", ""),
        )

    def weights(self, version: dict[str, Any], checkpoint_id: str) -> Path | None:
        """The files of a checkpoint of a model version, or None where the model is no tuned Gemini."""
        made = self._documents.get(_COLLECTION, f"{version['name'].partition('@')[0]}@{version['versionId']}")
        return self._folder(made["job"], checkpoint_id) if made else None

    def _add(self, job: dict[str, Any], saved: Sequence[SavedCheckpoint]) -> str:
        place, job_id = Place.of(job["name"], self._services.projects), job["name"].rpartition("/")[2]
        name, base_model, display_name = "", job.get("baseModel", ""), job.get("tunedModelDisplayName", "")
        if "preTunedModel" in job:
            earlier = self.resolve(place, job["preTunedModel"]["tunedModelName"])
            base_model = earlier.base_model
            if not display_name:
                # "By default, a new model version is created under the same parent model as the pre-tuned model", and
                # a new model with a new display name: "Use continuous tuning for Gemini models".
                name, display_name = earlier.name.partition("@")[0], earlier.display_name
        base_model = base_model.rpartition("/")[2]
        if base_model.startswith(_MULTI_REGIONAL):
            place = _multi_region(place)
        # What the service calls a model that nobody named is not documented.
        shared: dict[str, Any] = {"displayName": display_name or f"tuned-{base_model}-{job_id}"}
        if "encryptionSpec" in job:
            shared["encryptionSpec"] = job["encryptionSpec"]
        # A job's labels are for the "generated resources such as Model and Endpoint" as well: TuningJob.labels. Those
        # of the service itself are what users' listings show; google-genai reads the first and the last.
        shared["labels"] = job.get("labels", {}) | {
            "google-vertex-llm-tuning-base-model-id": base_model.replace(".", "_"),
            "google-vertex-llm-tuning-job-id": job_id,
            "tune-type": "sft",
        }
        name = name or f"{place.name}/models/{new_id()}"
        checkpoints = [
            {"checkpointId": one.checkpoint_id, "epoch": str(one.epoch), "step": str(one.step)} for one in saved
        ]
        version = self._models.add(
            name,
            {
                **shared,
                "checkpoints": checkpoints,
                "defaultCheckpointId": checkpoints[-1]["checkpointId"],
                # GENIE: "The Model is saved or tuned from Genie", which is what Vertex AI Studio was called.
                "modelSourceInfo": {"sourceType": "GENIE"},
                "baseModelSource": {"genieSource": {"baseModelUri": f"publishers/google/models/{base_model}"}},
            },
        )
        endpoints = {}
        for checkpoint in checkpoints:
            deployed = {
                "id": str(secrets.randbelow(9 * 10**9) + 10**9),
                "model": name,
                "modelVersionId": version,
                "displayName": shared["displayName"],
                "createTime": timestamp(),
                "checkpointId": checkpoint["checkpointId"],
            }
            serving = {"deployedModels": [deployed], "trafficSplit": {deployed["id"]: _ALL_TRAFFIC}}
            endpoints[checkpoint["checkpointId"]] = self._endpoints.add(place, shared | serving)
        self._documents.put(
            _COLLECTION,
            f"{name}@{version}",
            {"job": job["name"], "baseModel": base_model, "tunedAt": timestamp(), "endpoints": endpoints},
        )
        return f"{name}@{version}"

    def _tuned_model(self, name: str) -> dict[str, Any]:
        made = self._documents.get(_COLLECTION, name)
        assert made is not None  # noqa: S101 - registered
        version = self._models.find(Place.of(name, self._services.projects), name.rpartition("/")[2])
        endpoints = made["endpoints"]
        # "The tuned model endpoint represents the endpoint of the default checkpoint, and the tuned model checkpoints
        # include all checkpoints and their corresponding endpoints": "Use checkpoints in Gemini model tuning".
        return {
            "model": name,
            "endpoint": endpoints[version["defaultCheckpointId"]],
            "checkpoints": [one | {"endpoint": endpoints[one["checkpointId"]]} for one in version["checkpoints"]],
        }

    def _move(self, name: str, checkpoint_id: str) -> None:
        if made := self._documents.get(_COLLECTION, name):
            self.moved(made["job"], made["endpoints"][checkpoint_id])

    def _forget(self, name: str) -> None:
        if made := self._documents.get(_COLLECTION, name):
            self._documents.delete(_COLLECTION, name)
            shutil.rmtree(self._folder(made["job"], ""), ignore_errors=True)

    def _folder(self, job: str, checkpoint_id: str) -> Path:
        return self._weights / job.rpartition("/")[2] / checkpoint_id


def _multi_region(place: Place) -> Place:
    """The multi-region around a region, or the place itself where there is none."""
    return replace(place, location=_MULTI_REGIONS.get(place.location.partition("-")[0], place.location))

"""Every way to tune as a program says it, and what tests ask of the life of such a job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from emulator.vertex.tuned_gemini import SavedCheckpoint
from tunestack.provider.lifecycle import CheckRequest, DiffRequest
from tunestack.provider.properties import plain_map, wrap_map

BASE = "gs://demo-data/mine"
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
CONFIG = {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"]}

# What is said beside data, folder and epochs; `pre_tuned` stands for a model that a test has tuned.
METHODS: dict[str, dict[str, Any]] = {
    "supervised": {"baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL"},
    "custom base": {"baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL", "customBaseModel": BASE},
    "distillation": {
        "baseModel": "qwen/qwen3@qwen3-4b",
        "mode": "FULL",
        "teacherModel": "deepseek-ai/deepseek-v3.2-maas",
        "answers": "optional",
    },
    "gemini": {
        "baseModel": "gemini-2.5-flash-lite",
        "adapterSize": 4,
        "learningRateMultiplier": 0.5,
        "tunedModelDisplayName": "Tickets",
        "exportLastCheckpointOnly": True,
    },
    "continuous": {"preTunedModel": "pre_tuned"},
}


class Tuner:
    """Tunes Gemini models at once, as the end of a job does."""

    def __init__(self, cloud: Any, folder: Path) -> None:
        self.cloud = cloud
        self._registry = cloud.emulator.tuned_gemini()
        self._folder = folder
        self.number = cloud.emulator.application.state.services.projects.get(cloud.connection.project).number
        self._count = 0

    def end(self, job: dict[str, Any]) -> str:
        """Ends a job well, and returns its model."""
        self._folder.mkdir(exist_ok=True)
        tuned = self._registry.register(job, [SavedCheckpoint(each, int(each), 4, self._folder) for each in "12"])
        if job["name"] in {each["name"] for each in self.cloud.jobs()}:
            self.cloud.set_job(job["name"], state="JOB_STATE_SUCCEEDED", tunedModel=tuned)
        return cast("str", tuned["model"])

    def tune(self, base_model: str = "gemini-2.5-flash-lite", **fields: Any) -> str:
        """Returns the name of a new tuned model, without a version."""
        self._count += 1
        name = f"projects/{self.number}/locations/us-central1/tuningJobs/{self._count}"
        document = {"name": name, "baseModel": base_model, "supervisedTuningSpec": {}, **fields}
        return self.end(document).partition("@")[0]


def put_checkpoint(cloud: Any, weights: bytes = b"weights", config: dict[str, Any] | None = None) -> None:
    storage = cloud.emulator.application.state.services.storage
    storage.write("demo-data", "mine/config.json", json.dumps(config or CONFIG).encode())
    storage.write("demo-data", "mine/model-00001-of-00001.safetensors", weights)


async def failures(resource: Any, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, str]:
    """Returns what Check refuses, by input."""
    request = CheckRequest(resource.urn, wrap_map(old) if old else None, wrap_map(inputs))
    return {failure.property: failure.reason for failure in (await resource.lifecycle.check(request)).failures}


async def checked(resource: Any, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
    """Returns the inputs after a Check as the engine makes it."""
    request = CheckRequest(resource.urn, wrap_map(old) if old else None, wrap_map(inputs))
    result = await resource.lifecycle.check(request)
    assert not result.failures, result.failures
    return plain_map(result.inputs)


async def changed(resource: Any, made: Any, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Returns what would change, as the engine asks: Check with the old inputs, then Diff."""
    after = wrap_map(await checked(resource, new, old))
    request = DiffRequest(resource.urn, made.resource_id, made.properties, wrap_map(old), after)
    return sorted((await resource.lifecycle.diff(request)).changes)

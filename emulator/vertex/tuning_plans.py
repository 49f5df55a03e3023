"""What an accepted tuning job will do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.vertex import gemini_models, open_models
from emulator.vertex.checkpoints import Folder

if TYPE_CHECKING:
    from emulator.vertex.open_models import Mode

GS = re.compile(r"gs://(?P<bucket>[^/]+)/(?P<name>.+)")
ADAPTER_SIZES = {"ONE": 1, "TWO": 2, "FOUR": 4, "EIGHT": 8, "SIXTEEN": 16, "THIRTY_TWO": 32}
# The service chooses these by the data where a Gemini job does not say; how, it does not publish.
_DEFAULT_EPOCHS = 3
_DEFAULT_GEMINI_ADAPTER = 4


@dataclass(frozen=True)
class Plan:
    """What a job will do.

    Attributes:
        model: The name of the base model.
        mode: How its weights are trained.
        epochs: Passes over the data.
        adapter_size: Rank of the adapters.
        batch_size: Examples a step, or None for the model's own choice.
        learning_rate_ratio: Learning rate divided by the model's baseline.
        training: Bucket and object of the training file, or of the prompts.
        validation: Bucket and object of the validation file, or None.
        output: Where the artifacts go; None for Gemini models, whose weights the service keeps.
        custom_base: A checkpoint to start from in place of the base model, or None.
        teacher: Who writes the answers, or nothing where the data has them.
        pre_tuned: The version of a tuned Gemini to start from and its checkpoint's id, or None.
        last_only: Whether no checkpoint is kept but the last.
        takes_images: Whether examples may have images.
    """

    model: str
    mode: Mode
    epochs: int
    adapter_size: int
    batch_size: int | None
    learning_rate_ratio: float
    training: tuple[str, str]
    validation: tuple[str, str] | None
    output: Folder | None
    custom_base: Folder | None
    teacher: str
    pre_tuned: tuple[str, str] | None
    last_only: bool
    takes_images: bool

    @property
    def is_gemini(self) -> bool:
        """Whether a Gemini model is tuned."""
        return self.output is None


def is_gemini(job: dict[str, Any]) -> bool:
    """Whether a job is on a Gemini model, be it tuned before or not."""
    return "preTunedModel" in job or gemini_models.is_gemini(job.get("baseModel", ""))


def plan(job: dict[str, Any]) -> Plan:
    """What a job that was accepted will do."""
    spec = job.get("supervisedTuningSpec") or job["distillationSpec"]
    parameters = spec.get("hyperParameters", {})
    size = ADAPTER_SIZES.get(parameters.get("adapterSize", "").removeprefix("ADAPTER_SIZE_"))
    ratio = parameters.get("learningRateMultiplier") or 1.0
    pre_tuned = job.get("preTunedModel", {})
    mode: Mode = "PEFT_ADAPTER"
    if is_gemini(job):
        name = pre_tuned.get("baseModel") or job["baseModel"]
        usual_size, takes_images = _DEFAULT_GEMINI_ADAPTER, True
    else:
        name, mode = job["baseModel"], spec["tuningMode"].removeprefix("TUNING_MODE_")
        model = open_models.find(name)
        assert model is not None  # noqa: S101 - accepted
        usual_size, takes_images = model.adapter_size, model.takes_images
        if rate := parameters.get("learningRate"):
            ratio = rate / model.modes[mode]
    return Plan(
        model=name,
        mode=mode,
        epochs=int(parameters.get("epochCount", 0)) or _DEFAULT_EPOCHS,
        adapter_size=size or usual_size,
        batch_size=int(parameters.get("batchSize", 0)) or None,
        learning_rate_ratio=ratio,
        training=_object(spec.get("promptDatasetUri") or spec["trainingDatasetUri"]),
        validation=_object(spec["validationDatasetUri"]) if spec.get("validationDatasetUri") else None,
        output=Folder.of(job.get("outputUri", "")),
        custom_base=Folder.of(job.get("customBaseModel", "")),
        teacher=spec.get("baseTeacherModel", ""),
        pre_tuned=(pre_tuned["tunedModelName"], pre_tuned["checkpointId"]) if pre_tuned else None,
        last_only=spec.get("exportLastCheckpointOnly", False),
        takes_images=takes_images,
    )


def _object(uri: str) -> tuple[str, str]:
    match = GS.fullmatch(uri)
    assert match is not None  # noqa: S101 - accepted
    return match["bucket"], match["name"]

"""What a tuning job must say to be accepted. Open-model supervised tuning; other methods are refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from emulator.vertex import labels, open_models
from emulator.vertex.checkpoints import Folder
from emulator.vertex.messages import camel_case
from emulator.vertex.open_models import Mode, OpenModel
from emulator.vertex.refusals import failed_precondition, invalid_argument, invalid_fields, unimplemented

if TYPE_CHECKING:
    from emulator.services import Services
    from emulator.vertex.calls import Call

_SPEC = "tuning_job.supervised_tuning_spec"
_GS = re.compile(r"gs://(?P<bucket>[^/]+)/(?P<name>.+)")
_ADAPTER_SIZES = {"ONE": 1, "TWO": 2, "FOUR": 4, "EIGHT": 8, "SIXTEEN": 16, "THIRTY_TWO": 32}
_LONGEST_DISPLAY_NAME = 128
_INPUTS = {
    "baseModel",
    "supervisedTuningSpec",
    "customBaseModel",
    "outputUri",
    "tunedModelDisplayName",
    "description",
    "labels",
    "encryptionSpec",
    "serviceAccount",
}
_DEFAULT_EPOCHS = 3

# Names as google-genai sends them in v1beta1; some are not in the protobuf type, so they are looked for first.
_OTHER_METHODS = {
    "distillationSpec": "distillation",
    "distillationSamplingSpec": "distillation",
    "preferenceOptimizationSpec": "preference tuning",
    "preTunedModel": "continuous tuning from a tuned model",
    "reinforcementTuningSpec": "reinforcement tuning",
    "fullFineTuningSpec": "full fine-tuning of Gemini models",
    "partnerModelTuningSpec": "tuning of partner models",
    "veoTuningSpec": "tuning of Veo models",
    "veoLoraTuningSpec": "tuning of Veo models",
}


@dataclass(frozen=True)
class Plan:
    """What an accepted job will do.

    Attributes:
        model: The base model.
        mode: How its weights are trained.
        epochs: Passes over the data.
        adapter_size: Rank of the adapters.
        batch_size: Examples a step, or None for the model's own choice.
        learning_rate_ratio: Learning rate divided by the model's baseline.
        training: Bucket and object of the training file.
        validation: Bucket and object of the validation file, or None.
        output: Where the artifacts go.
        custom_base: A checkpoint to start from in place of the base model, or None.
    """

    model: OpenModel
    mode: Mode
    epochs: int
    adapter_size: int
    batch_size: int | None
    learning_rate_ratio: float
    training: tuple[str, str]
    validation: tuple[str, str] | None
    output: Folder
    custom_base: Folder | None


def accept(call: Call, services: Services) -> dict[str, Any]:
    """The job of a create request in canonical JSON, its defaults filled in.

    Raises:
        ServiceError: the service would refuse it, or the emulator does not have the method.
    """
    for sent in call.body:
        if what := _OTHER_METHODS.get(camel_case(sent)):
            raise unimplemented(f"{what} (`{sent}`)")
    job = {field: value for field, value in call.read("TuningJob").items() if field in _INPUTS}
    if not job.get("baseModel") and not job.get("supervisedTuningSpec"):
        raise invalid_argument("base_model and one of the tuning specs are required.")
    labels.check(job.get("labels", {}))
    if len(job.get("tunedModelDisplayName", "")) > _LONGEST_DISPLAY_NAME:
        # "The name can be up to 128 characters long": field tuned_model_display_name in tuning_job.proto.
        raise invalid_fields({"tuning_job.tuned_model_display_name": "The name can be up to 128 characters long."})
    model = _model(job["baseModel"])
    _check_region(call.place.location, job)
    job["baseModel"] = model.name
    spec = job.setdefault("supervisedTuningSpec", {})
    spec["tuningMode"] = f"TUNING_MODE_{_mode(spec, model)}"
    _check_hyperparameters(spec)
    _check_addresses(job, services)
    return job


def plan(job: dict[str, Any]) -> Plan:
    """What a job that was accepted will do."""
    spec = job["supervisedTuningSpec"]
    parameters = spec.get("hyperParameters", {})
    model = _model(job["baseModel"])
    mode = _mode(spec, model)
    ratio = parameters.get("learningRateMultiplier") or 1.0
    if rate := parameters.get("learningRate"):
        ratio = rate / model.modes[mode]
    size = parameters.get("adapterSize", "").removeprefix("ADAPTER_SIZE_")
    batch = int(parameters.get("batchSize", 0))
    output = Folder.of(job["outputUri"])
    assert output is not None  # noqa: S101 - accepted
    return Plan(
        model=model,
        mode=mode,
        epochs=int(parameters.get("epochCount", 0)) or _DEFAULT_EPOCHS,
        adapter_size=_ADAPTER_SIZES.get(size, model.adapter_size),
        batch_size=batch or None,
        learning_rate_ratio=ratio,
        training=_object(spec["trainingDatasetUri"]),
        validation=_object(spec["validationDatasetUri"]) if spec.get("validationDatasetUri") else None,
        output=output,
        custom_base=Folder.of(job["customBaseModel"]) if job.get("customBaseModel") else None,
    )


def _model(base_model: str) -> OpenModel:
    if base_model.startswith(("gemini-", "publishers/google/models/gemini-")):
        raise unimplemented(f"tuning of Gemini models ({base_model})")
    name = open_models.canonical_name(base_model)
    if name is None:
        # The service's answer to a name without its `@version`, word for word: google/skills, agent-platform-tuning.
        raise invalid_argument("Invalid open source publisher model resource name")
    model = open_models.find(name)
    if model is None:
        # The list is documented (open-model tuning, "Supported models"); the wording is the emulator's.
        raise invalid_argument(f"Base model {base_model} is not supported.")
    return model


def _check_region(location: str, job: dict[str, Any]) -> None:
    if not open_models.tuned_in(location):
        # Regions are documented (open-model tuning, "Supported regions"); the wording is the emulator's.
        supported = ", ".join(open_models.tuning_regions())
        raise invalid_argument(f"Tuning of open models is not supported in {location}. Supported: {supported}.")
    if location == "global" and job.get("encryptionSpec", {}).get("kmsKeyName"):
        # Documented for the `global` location, with this status; the wording is the emulator's.
        raise failed_precondition("CMEK is not supported for tuning jobs in the global location.")


def _mode(spec: dict[str, Any], model: OpenModel) -> Mode:
    wanted = spec.get("tuningMode", "TUNING_MODE_UNSPECIFIED").removeprefix("TUNING_MODE_")
    # Which modes a model has is documented (open-model tuning, "Limitations"); the wording is the emulator's.
    if wanted == "UNSPECIFIED":
        if len(model.modes) == 1:
            return next(iter(model.modes))
        # What the service does here is not documented, so nothing is guessed.
        raise invalid_fields({f"{_SPEC}.tuning_mode": f"tuning_mode is required: {model.name} has more than one."})
    for mode in get_args(Mode):
        if mode == wanted and mode in model.modes:
            return mode  # type: ignore[no-any-return]
    had = ", ".join(model.modes)
    raise invalid_fields(
        {f"{_SPEC}.tuning_mode": f"Tuning mode {wanted} is not supported for {model.name}: it has {had}."}
    )


def _check_hyperparameters(spec: dict[str, Any]) -> None:
    parameters = spec.get("hyperParameters", {})
    if parameters.get("adapterSize") and spec["tuningMode"] == "TUNING_MODE_FULL":
        # github.com/googleapis/python-genai/issues/908, word for word, for a size that a model does not have.
        raise invalid_argument("The adapter size is not supported for this base model.")
    if int(parameters.get("epochCount", 0)) < 0:
        raise invalid_fields({f"{_SPEC}.hyper_parameters.epoch_count": "epoch_count must be positive."})
    if parameters.get("learningRate") and parameters.get("learningRateMultiplier"):
        # "Mutually exclusive with learning_rate_multiplier": field learning_rate in tuning_job.proto.
        raise invalid_fields(
            {f"{_SPEC}.hyper_parameters.learning_rate": "Mutually exclusive with learning_rate_multiplier."}
        )
    if any(float(parameters.get(name, 0)) < 0 for name in ("learningRate", "learningRateMultiplier", "batchSize")):
        raise invalid_fields({f"{_SPEC}.hyper_parameters": "Hyperparameters must not be negative."})


def _check_addresses(job: dict[str, Any], services: Services) -> None:
    spec = job["supervisedTuningSpec"]
    violations: dict[str, str] = {}
    for field, camel in (
        ("training_dataset_uri", "trainingDatasetUri"),
        ("validation_dataset_uri", "validationDatasetUri"),
    ):
        uri = spec.get(camel, "")
        if uri or field == "training_dataset_uri":
            match = _GS.fullmatch(uri)
            if match is None or not uri.endswith(".jsonl"):
                # github.com/GoogleCloudPlatform/generative-ai/issues/2081, word for word.
                violations[f"{_SPEC}.{field}"] = f"{field} should be a GCS object of type JSONL."
            elif services.storage.bucket(match["bucket"]) is None:
                violations[f"{_SPEC}.{field}"] = f"The bucket {match['bucket']} of {uri} does not exist."
            elif not services.storage.exists(match["bucket"], match["name"]):
                violations[f"{_SPEC}.{field}"] = f"The object {uri} does not exist."
    output = Folder.of(job.get("outputUri", ""))
    if output is None:
        # Open models need it although the SDK's signature does not say so; the wording is the emulator's.
        violations["tuning_job.output_uri"] = "output_uri is required for open models: a gs:// folder."
    elif services.storage.bucket(output.bucket) is None:
        violations["tuning_job.output_uri"] = f"The bucket {output.bucket} does not exist."
    if job.get("customBaseModel"):
        base = Folder.of(job["customBaseModel"])
        if base is None or services.storage.bucket(base.bucket) is None:
            violations["tuning_job.custom_base_model"] = "custom_base_model should be a folder in an existing bucket."
    if violations:
        raise invalid_fields(violations)


def _object(uri: str) -> tuple[str, str]:
    match = _GS.fullmatch(uri)
    assert match is not None  # noqa: S101 - accepted
    return match["bucket"], match["name"]

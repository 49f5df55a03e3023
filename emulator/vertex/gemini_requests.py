"""What a job on a Gemini model must say: supervised tuning of one, and of one that was tuned before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.vertex import encryption_keys, gemini_models
from emulator.vertex.refusals import failed_precondition, invalid_argument, invalid_fields, unimplemented
from emulator.vertex.tuning_fields import file_violations, hyperparameter_violations, misplaced
from emulator.vertex.tuning_plans import ADAPTER_SIZES

if TYPE_CHECKING:
    from emulator.services import Services
    from emulator.vertex.calls import Place
    from emulator.vertex.gemini_models import GeminiModel
    from emulator.vertex.tuned_gemini import TunedGemini

_SPEC = "tuning_job.supervised_tuning_spec"
_FOR_OPEN_MODELS = {"outputUri": "tuning_job.output_uri", "customBaseModel": "tuning_job.custom_base_model"}
_HYPERPARAMETERS_FOR_OPEN_MODELS = {
    "learningRate": f"{_SPEC}.hyper_parameters.learning_rate",
    "batchSize": f"{_SPEC}.hyper_parameters.batch_size",
}


def check(job: dict[str, Any], place: Place, services: Services, tuned_gemini: TunedGemini) -> None:
    """Refuses what the service would refuse, and fills in the version and the checkpoint that a job goes on from.

    Raises:
        ServiceError: the job cannot run.
    """
    if place.location == "global":
        # Documented for the `global` location, with this status; the wording is the emulator's.
        raise failed_precondition("Tuning of Gemini models is not supported in the global location.")
    if "supervisedTuningSpec" not in job:
        raise unimplemented("distillation of Gemini models")
    encryption_keys.check(job, place)
    model = _pre_tuned(job, place, tuned_gemini) if "preTunedModel" in job else _base(job)
    if model.regions and place.location not in model.regions:
        # Where they are tuned is documented (supervised tuning of Gemini, "Supported models"); the wording is ours.
        listed = ", ".join(model.regions)
        raise invalid_argument(f"Tuning of {model.name} is not supported in {place.location}. Supported: {listed}.")
    if encryption_keys.key_of(job) and not model.takes_keys:
        # Which models take keys is documented (the same page); the wording is the emulator's.
        raise failed_precondition(f"CMEK is not supported for tuning jobs on {model.name}.")
    spec = job["supervisedTuningSpec"]
    parameters = spec.get("hyperParameters", {})
    size = ADAPTER_SIZES.get(parameters.get("adapterSize", "").removeprefix("ADAPTER_SIZE_"))
    if size is not None and size not in model.adapter_sizes:
        # github.com/googleapis/python-genai/issues/908, word for word.
        raise invalid_argument("The adapter size is not supported for this base model.")
    violations = (
        hyperparameter_violations(parameters, _SPEC)
        | misplaced(job, _FOR_OPEN_MODELS, "open source")
        | misplaced(parameters, _HYPERPARAMETERS_FOR_OPEN_MODELS, "open source")
        | misplaced(spec, {"tuningMode": f"{_SPEC}.tuning_mode"}, "open source")
        | file_violations(spec, _SPEC, "trainingDatasetUri", services)
    )
    if violations:
        raise invalid_fields(violations)


def _base(job: dict[str, Any]) -> GeminiModel:
    model = gemini_models.find(job["baseModel"])
    if model is None:
        # The list is documented (supervised tuning of Gemini, "Supported models"); the wording is the emulator's.
        listed = ", ".join(gemini_models.names())
        raise invalid_argument(f"Base model {job['baseModel']} is not supported. Supported: {listed}.")
    job["baseModel"] = model.name
    return model


def _pre_tuned(job: dict[str, Any], place: Place, tuned_gemini: TunedGemini) -> GeminiModel:
    sent = job["preTunedModel"]
    found = tuned_gemini.resolve(place, sent.get("tunedModelName", ""), sent.get("checkpointId", ""))
    model = gemini_models.find(found.base_model)
    assert model is not None  # noqa: S101 - it was tuned
    if encryption_keys.key_of(job) != found.kms_key_name:
        # "If you use a customer-managed encryption key (CMEK), the continuous tuning job must use the same CMEK that
        # was used in the tuning job of the pre-tuned model": continuous tuning of Gemini. The wording is ours.
        had = found.kms_key_name or "no key"
        raise invalid_argument(f"A continuous tuning job must use the CMEK of {found.name}, which has {had}.")
    job["preTunedModel"] = {
        "tunedModelName": found.name,
        "checkpointId": found.checkpoint_id,
        "baseModel": model.name,
    }
    return model

"""What is wrong with fields that jobs on open models and on Gemini models share: files, numbers, misplaced ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.vertex.tuning_plans import GS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.services import Services

_FILES = {
    "trainingDatasetUri": "training_dataset_uri",
    "promptDatasetUri": "prompt_dataset_uri",
    "validationDatasetUri": "validation_dataset_uri",
}


def file_violations(spec: dict[str, Any], path: str, required: str, services: Services) -> dict[str, str]:
    """What is wrong with the files that a spec names, by field.

    Args:
        spec: The tuning spec.
        path: Where it is in the request.
        required: The one field that has to be there.
        services: With the buckets.
    """
    violations: dict[str, str] = {}
    for camel, field in _FILES.items():
        uri = spec.get(camel, "")
        if not uri and camel != required:
            continue
        match = GS.fullmatch(uri)
        if match is None or not uri.endswith(".jsonl"):
            # github.com/GoogleCloudPlatform/generative-ai/issues/2081, word for word.
            violations[f"{path}.{field}"] = f"{field} should be a GCS object of type JSONL."
        elif services.storage.bucket(match["bucket"]) is None:
            violations[f"{path}.{field}"] = f"The bucket {match['bucket']} of {uri} does not exist."
        elif not services.storage.exists(match["bucket"], match["name"]):
            violations[f"{path}.{field}"] = f"The object {uri} does not exist."
    return violations


def misplaced(fields: dict[str, Any], paths: dict[str, str], kind: str) -> dict[str, str]:
    """The fields that are set although they are for the other kind of model, each with its violation.

    "This feature is only available for open source models" and "… for 1P models" are what the fields' descriptions in
    google-genai 2 say; that the service refuses them in these words is not documented.
    """
    said = f"This feature is only available for {kind} models."
    return {path: said for camel, path in paths.items() if fields.get(camel)}


def hyperparameter_violations(parameters: dict[str, Any], path: str) -> dict[str, str]:
    """Numbers that cannot be, whatever the model."""
    if int(parameters.get("epochCount", 0)) < 0:
        return {f"{path}.hyper_parameters.epoch_count": "epoch_count must be positive."}
    if parameters.get("learningRate") and parameters.get("learningRateMultiplier"):
        # "Mutually exclusive with learning_rate_multiplier": field learning_rate in tuning_job.proto.
        return {f"{path}.hyper_parameters.learning_rate": "Mutually exclusive with learning_rate_multiplier."}
    names: Iterable[str] = ("learningRate", "learningRateMultiplier", "batchSize")
    if any(float(parameters.get(name, 0)) < 0 for name in names):
        return {f"{path}.hyper_parameters": "Hyperparameters must not be negative."}
    return {}

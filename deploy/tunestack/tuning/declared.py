"""A job that exists as the inputs that declare it, for an import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunestack.retries import repeatable
from tunestack.tuning.ownership import CLAIM, OWNER, SPEC, STACK
from tunestack.tuning.submission import ADAPTER_SIZES

if TYPE_CHECKING:
    from tunestack.connection import Connection


@repeatable
def inputs(connection: Connection, name: str) -> dict[str, Any]:
    """Returns the inputs that the service can tell of a job; of its data it knows where they lie, not what they hold.

    The output folder of a job that was submitted from elsewhere is that job's own, not the one above it.
    """
    job = connection.genai.tunings.get(name=name)
    spec = job.supervised_tuning_spec
    parameters = spec and spec.hyper_parameters
    labels = dict(job.labels or {})
    own_hash = labels.pop(SPEC, None)
    for ours in (OWNER, STACK, CLAIM):
        labels.pop(ours, None)
    output_uri = (job.output_uri or "").rstrip("/")
    if own_hash and output_uri.endswith(f"/{own_hash}"):
        output_uri = output_uri.rsplit("/", 4)[0]
    sizes = {f"ADAPTER_SIZE_{word}": size for size, word in ADAPTER_SIZES.items()}
    told = {
        "baseModel": job.base_model,
        "mode": spec and spec.tuning_mode and spec.tuning_mode.value.removeprefix("TUNING_MODE_"),
        "trainingUri": spec and spec.training_dataset_uri,
        "validationUri": spec and spec.validation_dataset_uri,
        "epochs": parameters and parameters.epoch_count,
        "adapterSize": sizes.get(parameters.adapter_size.value) if parameters and parameters.adapter_size else None,
        "batchSize": parameters and parameters.batch_size,
        "learningRate": parameters and parameters.learning_rate,
        "customBaseModel": job.custom_base_model,
        "outputUri": output_uri,
        "serviceAccount": job.service_account,
        "description": job.description,
        "labels": labels,
    }
    return {name: value for name, value in told.items() if value}

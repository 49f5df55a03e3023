"""A job that exists as the inputs that declare it, for an import."""

from __future__ import annotations

from typing import Any

from tunestack.tuning.job import Job
from tunestack.tuning.ownership import OURS, SPEC


def inputs(job: Job) -> dict[str, Any]:
    """Returns the inputs that the service can tell of a job; of its data it knows where they lie, not what they hold.

    The output folder of a job that was submitted from elsewhere is that job's own, not the one above it; a Gemini job
    has none.
    """
    own_hash = job.labels.get(SPEC)
    labels = {name: value for name, value in job.labels.items() if name not in OURS}
    output_uri = job.output_uri
    if own_hash and output_uri.endswith(f"/{own_hash}"):
        output_uri = output_uri.rsplit("/", 4)[0]
    told = {
        "baseModel": job.base_model,
        "mode": job.mode,
        "trainingUri": job.training_uri,
        "validationUri": job.validation_uri,
        "epochs": job.epochs,
        "adapterSize": job.adapter_size,
        "batchSize": job.batch_size,
        "learningRate": job.learning_rate,
        "learningRateMultiplier": job.learning_rate_multiplier,
        "teacherModel": job.teacher_model,
        "customBaseModel": job.custom_base_model,
        "preTunedModel": job.pre_tuned_model,
        "preTunedCheckpoint": job.pre_tuned_checkpoint,
        # That of an open model is ours: it has no other name than its resource's.
        "tunedModelDisplayName": "" if job.keeps_folder else job.display_name,
        "exportLastCheckpointOnly": job.last_checkpoint_only,
        "kmsKeyName": job.kms_key_name,
        "outputUri": output_uri if job.keeps_folder else "",
        "serviceAccount": job.service_account,
        "description": job.description,
        "labels": labels,
    }
    return {name: value for name, value in told.items() if value}

"""What a job on an open model must say: supervised tuning, and distillation from a teacher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.vertex import encryption_keys, open_models
from emulator.vertex.checkpoints import Folder
from emulator.vertex.open_models import Mode, OpenModel
from emulator.vertex.refusals import failed_precondition, invalid_argument, invalid_fields, unimplemented
from emulator.vertex.tuning_fields import file_violations, hyperparameter_violations, misplaced

if TYPE_CHECKING:
    from emulator.services import Services
    from emulator.vertex.calls import Place


def check(job: dict[str, Any], place: Place, services: Services) -> None:
    """Refuses what the service would refuse, and fills in the tuning mode and the model's canonical name.

    Raises:
        ServiceError: the job cannot run.
    """
    distilled = "distillationSpec" in job
    path = f"tuning_job.{'distillation' if distilled else 'supervised_tuning'}_spec"
    spec = job["distillationSpec" if distilled else "supervisedTuningSpec"]
    model = _model(job["baseModel"])
    _check_region(place, job)
    job["baseModel"] = model.name
    if distilled:
        _check_teacher(spec, model, path)
    spec["tuningMode"] = f"TUNING_MODE_{_mode(spec, model, path)}"
    parameters = spec.get("hyperParameters", {})
    if parameters.get("adapterSize") and spec["tuningMode"] == "TUNING_MODE_FULL":
        # github.com/googleapis/python-genai/issues/908, word for word, for a size that a model does not have.
        raise invalid_argument("The adapter size is not supported for this base model.")
    multiplier = {"learningRateMultiplier": f"{path}.hyper_parameters.learning_rate_multiplier"}
    required = "promptDatasetUri" if distilled else "trainingDatasetUri"
    if wrong := hyperparameter_violations(parameters, path):
        raise invalid_fields(wrong)
    violations = misplaced(parameters, multiplier, "1P") | file_violations(spec, path, required, services)
    if violations := violations | _folder_violations(job, services):
        raise invalid_fields(violations)


def _model(base_model: str) -> OpenModel:
    name = open_models.canonical_name(base_model)
    if name is None:
        # The service's answer to a name without its `@version`, word for word: google/skills, agent-platform-tuning.
        raise invalid_argument("Invalid open source publisher model resource name")
    model = open_models.find(name)
    if model is None:
        # The list is documented (open-model tuning, "Supported models"); the wording is the emulator's.
        raise invalid_argument(f"Base model {base_model} is not supported.")
    return model


def _check_region(place: Place, job: dict[str, Any]) -> None:
    if not open_models.tuned_in(place.location):
        # Regions are documented (open-model tuning, "Supported regions"); the wording is the emulator's.
        supported = ", ".join(open_models.tuning_regions())
        raise invalid_argument(f"Tuning of open models is not supported in {place.location}. Supported: {supported}.")
    if place.location == "global" and encryption_keys.key_of(job):
        # Documented for the `global` location, with this status; the wording is the emulator's.
        raise failed_precondition("CMEK is not supported for tuning jobs in the global location.")
    encryption_keys.check(job, place)


def _check_teacher(spec: dict[str, Any], model: OpenModel, path: str) -> None:
    """Teachers and students are documented (open-model tuning, "Supported models"); the wording is the emulator's."""
    if spec.get("tunedTeacherModelSource"):
        raise unimplemented("distillation from a tuned teacher (`tunedTeacherModelSource`)")
    teacher = spec.get("baseTeacherModel", "")
    if teacher not in open_models.teachers():
        listed = ", ".join(open_models.teachers())
        message = f"Teacher model {teacher!r} is not supported. Supported: {listed}."
        raise invalid_fields({f"{path}.base_teacher_model": message})
    if model.name not in open_models.students():
        listed = ", ".join(open_models.students())
        message = f"{model.name} is not supported as a student model of distillation. Supported: {listed}."
        raise invalid_fields({"tuning_job.base_model": message})


def _mode(spec: dict[str, Any], model: OpenModel, path: str) -> Mode:
    wanted = spec.get("tuningMode", "TUNING_MODE_UNSPECIFIED").removeprefix("TUNING_MODE_")
    # Which modes a model has is documented (open-model tuning, "Limitations"); the wording is the emulator's.
    if wanted == "UNSPECIFIED":
        if len(model.modes) == 1:
            return next(iter(model.modes))
        # What the service does here is not documented, so nothing is guessed.
        raise invalid_fields({f"{path}.tuning_mode": f"tuning_mode is required: {model.name} has more than one."})
    for mode in model.modes:
        if mode == wanted:
            return mode
    had = ", ".join(model.modes)
    raise invalid_fields(
        {f"{path}.tuning_mode": f"Tuning mode {wanted} is not supported for {model.name}: it has {had}."}
    )


def _folder_violations(job: dict[str, Any], services: Services) -> dict[str, str]:
    violations: dict[str, str] = {}
    output = Folder.of(job.get("outputUri", ""))
    if output is None:
        # "Available and required for open source models": field output_uri in tuning_job.proto; the wording is the
        # emulator's.
        violations["tuning_job.output_uri"] = "output_uri is required for open models: a gs:// folder."
    elif services.storage.bucket(output.bucket) is None:
        violations["tuning_job.output_uri"] = f"The bucket {output.bucket} does not exist."
    if job.get("customBaseModel"):
        base = Folder.of(job["customBaseModel"])
        if base is None or services.storage.bucket(base.bucket) is None:
            violations["tuning_job.custom_base_model"] = "custom_base_model should be a folder in an existing bucket."
    return violations

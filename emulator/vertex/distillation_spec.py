"""The spec of a distillation as google-genai sends it: the protobuf type of google-cloud-aiplatform 2.7 lags behind.

That type has neither `promptDatasetUri` nor `tuningMode`, nor a learning rate, nor a batch size; a supervised spec has
the last three. So the two types share the reading.
"""

from __future__ import annotations

from typing import Any

from emulator.vertex import messages
from emulator.vertex.messages import camel_case
from emulator.vertex.refusals import invalid_argument, unimplemented

_OF_THE_TEACHER = {"baseTeacherModel", "tunedTeacherModelSource", "studentModel", "pipelineRootDirectory"}
_OF_THE_STUDENT = {"trainingDatasetUri", "validationDatasetUri", "hyperParameters", "tuningMode"}
_UNIMPLEMENTED = {
    "generationConfig": "sampling settings of a teacher",
    "sftLossWeightMultiplier": "a weighted SFT loss",
}


def read(sent: Any) -> dict[str, Any]:
    """The spec in canonical JSON: `promptDatasetUri` also where the older `trainingDatasetUri` was sent.

    Raises:
        ServiceError: it has a field the type does not have, a value of another type, or what the emulator has not.
    """
    fields = {camel_case(name): value for name, value in dict(sent).items()}
    parameters = fields.get("hyperParameters", fields.get("hyper_parameters")) or {}
    for name in parameters:
        if what := _UNIMPLEMENTED.get(camel_case(name)):
            raise unimplemented(f"{what} (`{name}`)")
    if "promptDatasetUri" in fields:
        fields["trainingDatasetUri"] = fields.pop("promptDatasetUri")
    if unknown := next(iter(fields.keys() - _OF_THE_TEACHER - _OF_THE_STUDENT), None):
        raise invalid_argument(f'Invalid JSON payload received. Unknown name "{unknown}": Cannot find field.')
    student = {name: fields[name] for name in _OF_THE_STUDENT & fields.keys()}
    teacher = {name: fields[name] for name in _OF_THE_TEACHER & fields.keys()}
    spec = messages.read("SupervisedTuningSpec", student) | messages.read("DistillationSpec", teacher)
    if "trainingDatasetUri" in spec:
        spec["promptDatasetUri"] = spec.pop("trainingDatasetUri")
    return spec

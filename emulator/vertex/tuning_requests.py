"""What a tuning job must say to be accepted, whatever the method; the rest is in the modules of the kinds of model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.vertex import distillation_spec, gemini_requests, labels, messages, open_model_requests
from emulator.vertex.messages import camel_case
from emulator.vertex.refusals import invalid_argument, invalid_fields, unimplemented
from emulator.vertex.tuning_plans import is_gemini

if TYPE_CHECKING:
    from emulator.services import Services
    from emulator.vertex.calls import Call
    from emulator.vertex.tuned_gemini import TunedGemini

_LONGEST_DISPLAY_NAME = 128
_INPUTS = {
    "baseModel",
    "preTunedModel",
    "supervisedTuningSpec",
    "customBaseModel",
    "outputUri",
    "tunedModelDisplayName",
    "description",
    "labels",
    "encryptionSpec",
    "serviceAccount",
}

# Names as google-genai sends them in v1beta1; some are not in the protobuf type, so they are looked for first.
_OTHER_METHODS = {
    "distillationSamplingSpec": "sampling from a teacher alone",
    "preferenceOptimizationSpec": "preference tuning",
    "reinforcementTuningSpec": "reinforcement tuning",
    "fullFineTuningSpec": "full fine-tuning of Gemini models",
    "partnerModelTuningSpec": "tuning of partner models",
    "veoTuningSpec": "tuning of Veo models",
    "veoLoraTuningSpec": "tuning of Veo models",
}
# Of the fields in a group one can be set: `oneof` in tuning_job.proto.
_GROUPS = {"source_model": ("baseModel", "preTunedModel"), "tuning_spec": ("supervisedTuningSpec", "distillationSpec")}


def accept(call: Call, services: Services, tuned_gemini: TunedGemini) -> dict[str, Any]:
    """The job of a create request in canonical JSON, its defaults filled in.

    Raises:
        ServiceError: the service would refuse it, or the emulator does not have the method.
    """
    job = _read(call)
    if not job.keys() & _GROUPS["source_model"] or not job.keys() & _GROUPS["tuning_spec"]:
        raise invalid_argument("base_model and one of the tuning specs are required.")
    labels.check(job.get("labels", {}))
    if len(job.get("tunedModelDisplayName", "")) > _LONGEST_DISPLAY_NAME:
        # "The name can be up to 128 characters long": field tuned_model_display_name in tuning_job.proto.
        raise invalid_fields({"tuning_job.tuned_model_display_name": "The name can be up to 128 characters long."})
    if is_gemini(job):
        gemini_requests.check(job, call.place, services, tuned_gemini)
    else:
        open_model_requests.check(job, call.place, services)
    return job


def _read(call: Call) -> dict[str, Any]:
    sent = {camel_case(name): value for name, value in call.body.items() if value is not None}
    for name in sent:
        if what := _OTHER_METHODS.get(name):
            raise unimplemented(f"{what} (`{name}`)")
    for group, names in _GROUPS.items():
        if sent.keys() >= set(names):
            # The words of Google's API front end for a second field of a `oneof`.
            raise invalid_argument(
                f"Invalid value at 'tuning_job' (oneof), oneof field '{group}' is already set. Cannot set '{names[1]}'"
            )
    distillation = sent.pop("distillationSpec", None)
    job = {field: value for field, value in messages.read("TuningJob", sent).items() if field in _INPUTS}
    if distillation is not None:
        job["distillationSpec"] = distillation_spec.read(distillation)
    return job

"""Which input belongs to which method: what to write instead where one is given to another, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

from tunestack.catalogue.checks.problem import Problem
from tunestack.catalogue.methods import OPEN_METHODS, Method, is_gemini, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunestack.catalogue.checks.problem import Asked


class _Place(NamedTuple):
    """Where an input belongs, and what to do where it is given elsewhere."""

    methods: frozenset[Method]
    instead: str


_GEMINI: frozenset[Method] = frozenset(get_args(Method)) - OPEN_METHODS

# The fields of google-cloud-aiplatform's v1beta1 messages; what each method takes, the service's tuning pages say.
_PLACES = {
    "mode": _Place(OPEN_METHODS, "Gemini models are always tuned by adapters; leave it out"),
    "batch_size": _Place(OPEN_METHODS, "the service chooses it for Gemini models; leave it out"),
    "learning_rate": _Place(
        OPEN_METHODS, "the service chooses it for Gemini models; write learningRateMultiplier, a factor"
    ),
    "learning_rate_multiplier": _Place(_GEMINI, "write learningRate, the rate itself"),
    "custom_base_model": _Place(
        frozenset({"supervised"}),
        "it goes on from a checkpoint of an open model; for a tuned Gemini model write preTunedModel",
    ),
    "tuned_model_display_name": _Place(
        _GEMINI, "the result of an open model is a folder of checkpoints, which has no name; leave it out"
    ),
    "export_last_checkpoint_only": _Place(
        _GEMINI, "an open model leaves a checkpoint an epoch, ten at the most, below outputUri; leave it out"
    ),
    "pre_tuned_checkpoint": _Place(
        frozenset({"continuous"}),
        "it is a checkpoint of preTunedModel; write that beside it, or customBaseModel: gs://…",
    ),
}


def problems(asked: Asked) -> Iterator[Problem]:
    """Yields each input that the method does not take, and each that it needs and that nobody gives."""
    method = asked.method
    if asked.pre_tuned_model and asked.teacher_model:
        yield Problem("teacherModel", "no tuned Gemini model can be a student; leave out teacherModel or preTunedModel")
    if method == "distillation" and asked.base_model and is_gemini(asked.base_model):
        return  # an open student is what is missing: all else is told by open models' rules, which may not be meant
    for name, place in _PLACES.items():
        if getattr(asked, name) in (None, False) or method in place.methods:
            continue
        if name == "custom_base_model" and method == "distillation":
            reason = "no page says that a distillation can start from a checkpoint; leave out this or teacherModel"
            yield Problem("customBaseModel", reason, is_unknown=True)
        else:
            from tunestack.wire_names import wire_name  # only errors need it

            yield Problem(wire_name(name), f"is not for {told(method)}: {place.instead}")
    if asked.declared is None:
        return
    if method != "continuous" and "baseModel" not in asked.declared:
        yield Problem(
            "baseModel", "is missing; write the model to tune, or preTunedModel to go on from a tuned Gemini model"
        )
    if method in OPEN_METHODS and asked.base_model and "mode" not in asked.declared:
        yield Problem("mode", "is missing; write FULL, for all weights of an open model, or PEFT_ADAPTER")

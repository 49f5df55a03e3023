"""What a change of a tuning job's inputs means: another job, a warning, or nothing; and in which words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tunestack.catalogue.methods import OPEN_METHODS, method
from tunestack.provider.lifecycle import Change, DiffRequest, Properties
from tunestack.provider.properties import UNKNOWN, plain_map
from tunestack.provider.tuning_jobs.inputs import pinned_model
from tunestack.tuning.job import Job
from tunestack.tuning.tuned_models import is_same_model, parts
from tunestack.wording import counted

RETRAINS = {
    "baseModel": "base model",
    "mode": "mode",
    "teacherModel": "teacher",
    "customBaseModel": "custom base model",
    "customBaseContent": "content of the custom base model",
    "preTunedModel": "tuned model to go on from",
    "preTunedVersion": "version of the tuned model to go on from",
    "preTunedCheckpoint": "checkpoint to go on from",
    "epochs": "epochs",
    "adapterSize": "adapter size",
    "batchSize": "batch size",
    "learningRate": "learning rate",
    "learningRateMultiplier": "learning rate multiplier",
    "attempt": "attempt",
    "contentHash": "training data",
    "outputUri": "output folder",
}
"""Inputs whose change means another job, and what people call them."""

FIXED = {
    "labels": "labels",
    "description": "description",
    "serviceAccount": "service account",
    "kmsKeyName": "encryption key",
    "tunedModelDisplayName": "display name",
    "exportLastCheckpointOnly": "choice of checkpoints to keep",
}
"""Inputs that the service cannot change after create and that are not worth a job: a change is told and kept."""


def unknown_to_an_import(request: DiffRequest) -> set[str]:
    """Returns the inputs that cannot have changed where Read has written the old ones, until an up writes them.

    A service that says nothing of an input, or a program that leaves one to the service, is no reason to pay again.
    """
    before, after = plain_map(request.old_inputs), plain_map(request.new)
    if before.get("contentHash") is not None:
        return set()
    unknown = {name for name in (*RETRAINS, *FIXED) if before.get(name) is None or after.get(name) is None}
    if _has_other_content(before, after):
        unknown.discard("contentHash")
    # The folder of a job from elsewhere is its own: nobody can have declared it as the one above it.
    if before.get("outputUri") == plain_map(request.state).get("artifactsUri"):
        unknown.add("outputUri")
    if is_told_in_other_words(before.get("preTunedModel"), after.get("preTunedModel")):
        unknown |= {"preTunedModel", "preTunedVersion"}
    return unknown


def _has_other_content(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Says whether the addresses of the data tell that it is other data: those of our own uploads name the content."""
    for name in ("trainingUri", "validationUri"):
        named = [re.search(r"/([0-9a-f]{16})/[^/]+$", str(inputs.get(name))) for inputs in (before, after)]
        if all(named) and len({found[1] for found in named if found}) == 2:
            return True
    return False


def is_told_in_other_words(told: Any, written: Any) -> bool:
    """Says whether the service's name of a tuned model, with its version, may be what the program writes otherwise."""
    if not (isinstance(told, str) and isinstance(written, str) and is_same_model(told, written)):
        return False
    version = parts(written)[1]
    return not version.isdecimal() or version == parts(told)[1]


def is_import(old: Properties | None, new: Properties) -> bool:
    """Says whether these are inputs that Read has written: it knows where the data lies, not what it holds."""
    return bool(old) and all(plain_map(inputs).get("contentHash") is None for inputs in (old or {}, new))


def differs(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    """Says whether an input has changed."""
    if name in ("preTunedModel", "preTunedVersion"):
        # `…/models/9` is `…/models/9@3` once 3 is what it stands for.
        is_same_text = bool(start(before.get("preTunedModel")) == start(after.get("preTunedModel")))
        is_same_start = _goes_on_from(before) == _goes_on_from(after)
        return not is_same_start and is_same_text == (name == "preTunedVersion")
    if name == "customBaseContent" and (before.get(name) is None or differs(before, after, "customBaseModel")):
        return False  # the job is from before it was pinned, or the folder is another one
    if name == "outputUri" and not (_keeps_folder(before) and _keeps_folder(after)):
        return False  # a Gemini job leaves nothing there that anybody would miss
    return bool(_value(before, name) != _value(after, name))


def _goes_on_from(inputs: Mapping[str, Any]) -> Any:
    model, version = inputs.get("preTunedModel"), inputs.get("preTunedVersion")
    return UNKNOWN if UNKNOWN in (model, version) else start(pinned_model(model, version))


def start(value: Any) -> Any:
    """Returns what a job starts from in one of its spellings: a project by its id or number, a folder with a slash."""
    return re.sub(r"^projects/[^/]+/", "", value).rstrip("/") if isinstance(value, str) else value


def _value(inputs: Mapping[str, Any], name: str) -> Any:
    value = inputs.get(name)
    if name == "baseModel" and inputs.get("preTunedModel") is not None:
        return None  # beside a tuned model it only says what that was tuned from
    return start(value) if name in ("outputUri", "customBaseModel") else value


def _keeps_folder(inputs: Mapping[str, Any]) -> bool:
    base_model, teacher_model = inputs.get("baseModel"), inputs.get("teacherModel")
    if base_model is UNKNOWN:
        return inputs.get("mode") is not None
    return method(base_model, teacher_model, inputs.get("preTunedModel")) in OPEN_METHODS


def otherwise(job: Job, known: Mapping[str, Any]) -> list[str]:
    """Returns what of a job that is taken over is otherwise than a program asks for, among what shows in its result."""
    asked = (
        ("kmsKeyName", known.get("kmsKeyName") or "", job.kms_key_name),
        ("tunedModelDisplayName", known.get("tunedModelDisplayName") or job.display_name, job.display_name),
        ("exportLastCheckpointOnly", bool(known.get("exportLastCheckpointOnly")), bool(job.last_checkpoint_only)),
    )
    return [FIXED[name] for name, wanted, there in asked if wanted is not UNKNOWN and wanted != there]


def kind(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> Change:
    """Returns what happened to an input."""
    if before.get(name) is None:
        return Change.ADD
    return Change.DELETE if after.get(name) is None else Change.UPDATE


def reason(before: Mapping[str, Any], after: Mapping[str, Any], name: str, comparison: str | None = None) -> str:
    """Returns a change as the preview tells it; of data it may be known in which examples it differs."""
    if name == "contentHash" and comparison:
        # Such as `training data: +120 −3 examples`, `validation data added`, or `the same examples, in another order`.
        if re.match(r"\w+ data (added|removed)", comparison):
            return comparison
        return f"new {comparison}" if re.match(r"\w+ data:", comparison) else f"new training data: {comparison}"
    if name == "contentHash":
        old, new = before.get("examples"), after.get("examples")
        if isinstance(old, int) and isinstance(new, int) and old != new:
            return f"new training data ({old} → {counted(new, 'example')})"
        return "new training data"
    if name == "customBaseContent":
        return f"new {RETRAINS[name]}"
    old, new = _value(before, name), _value(after, name)
    return f"{RETRAINS[name]} {shown(old, name)} → {shown(new, name)}"


_WITHOUT_DEFAULT = frozenset({"baseModel", "mode", "teacherModel", "customBaseModel", "preTunedModel"})


def shown(value: Any, name: str = "") -> str:
    """Returns a value as people read it; what a program leaves out is the service's default, or nothing at all."""
    if value is UNKNOWN:
        return "known after apply"
    if value is None:
        return "none" if name in _WITHOUT_DEFAULT else "default"
    return str(value)

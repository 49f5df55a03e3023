"""What Check refuses of a tuning job, and what it adds to its inputs."""

from __future__ import annotations

import re
from typing import Any

from tunestack.catalogue import problems
from tunestack.catalogue.methods import method, told
from tunestack.provider.inputs import convert, failures, folder_failures, label_failures, without_unknown
from tunestack.provider.lifecycle import CheckFailure, CheckRequest, CheckResult
from tunestack.provider.properties import UNKNOWN, plain_map, wrap
from tunestack.provider.refusals import refused
from tunestack.provider.run import Run
from tunestack.provider.tuning_jobs.changes import RETRAINS, is_import
from tunestack.provider.tuning_jobs.inputs import TuningJobInputs
from tunestack.provider.tuning_jobs.starting_point import NOT_THERE, StartingPoints, with_pins

UNTOLD = frozenset({"contentHash", "outputUri"})
"""Required inputs that an import cannot have: what data holds, and a folder that a Gemini job does not name."""

SPECIFYING = frozenset({*RETRAINS, "trainingUri"})
"""Inputs without which the hash of a spec cannot be told; a preview may well not know the others yet."""


class Checks:
    """Checks the tuning jobs of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._starting_points = StartingPoints(run)

    async def check(self, request: CheckRequest) -> CheckResult:
        """Refuses what cannot work; pins what the job starts from, and adds the hash of the spec once all is known."""
        found = failures(TuningJobInputs, request.new)
        if is_import(request.old, request.new):
            # The engine asks about what Read has found, and calls a complaint about that a defect.
            return CheckResult(request.new, [failure for failure in found if failure.property not in UNTOLD])
        known = without_unknown(request.new)
        wrong = {failure.property for failure in found}
        # A price needs no exact fit, so a model that the catalogue does not know yet may pass with `strict: false`.
        sound = {name: value for name, value in known.items() if name not in wrong}
        for name in ("customBaseModel", "preTunedModel"):
            if sound.get(name) == "":
                del sound[name]
                found.append(CheckFailure(name, NOT_THERE))
        found += await self._refused(request, sound)
        found += _own_failures(sound)
        if sound.get("answers") == "optional" and plain_map(request.new).get("teacherModel") is None:
            way = told(method(sound.get("baseModel"), None, sound.get("preTunedModel")))
            reason = (
                f"the dataset's examples may have no answer (answers: optional), which {way} cannot learn from; only a "
                "distillation can, whose teacher writes them"
            )
            found.append(CheckFailure("answers", reason))
        wrong = {failure.property for failure in found}
        pins = await self._starting_points.pins(
            request, {name: value for name, value in sound.items() if name not in wrong}, found
        )
        inputs = with_pins({name: value for name, value in request.new.items() if name != "specHash"}, pins)
        if not found:
            # Unknown rather than absent: a reviewed plan refuses an input that it has not seen.
            known = without_unknown(inputs)
            is_known = all(name in known for name in inputs if name in SPECIFYING)
            spec_hash = convert(TuningJobInputs, known).spec().hash() if is_known else UNKNOWN
            inputs = {**inputs, "specHash": wrap(spec_hash)}
        return CheckResult(inputs, found)

    async def _refused(self, request: CheckRequest, sound: dict[str, Any]) -> list[CheckFailure]:
        """Returns what the catalogue knows cannot work; says what may work all the same."""
        found = problems(
            base_model=sound.get("baseModel"),
            mode=sound.get("mode"),
            location=self._run.connection.location,
            adapter_size=sound.get("adapterSize"),
            epochs=sound.get("epochs"),
            learning_rate=sound.get("learningRate"),
            batch_size=sound.get("batchSize"),
            learning_rate_multiplier=sound.get("learningRateMultiplier"),
            teacher_model=sound.get("teacherModel"),
            custom_base_model=sound.get("customBaseModel"),
            pre_tuned_model=sound.get("preTunedModel"),
            pre_tuned_checkpoint=sound.get("preTunedCheckpoint"),
            kms_key_name=sound.get("kmsKeyName"),
            tuned_model_display_name=sound.get("tunedModelDisplayName"),
            export_last_checkpoint_only=sound.get("exportLastCheckpointOnly"),
            images=sound.get("images"),
            data_format=sound.get("format"),
            declared={name for name, value in plain_map(request.new).items() if value is not None},
        )
        # A job that runs or has run learns nothing by a warning.
        return await refused(self._run, request.urn, found, strict=sound.get("strict"), is_new=request.old is None)


def _own_failures(sound: dict[str, Any]) -> list[CheckFailure]:
    """Returns what is wrong whatever the catalogue says."""
    found = label_failures(sound.get("labels")) + folder_failures(sound, "outputUri", "customBaseModel")
    account = sound.get("serviceAccount")
    if isinstance(account, str) and not re.fullmatch(r"[^@\s]+@[^@\s]+|[0-9]+", account):
        form = "NAME@PROJECT.iam.gserviceaccount.com"
        found.append(
            CheckFailure("serviceAccount", f"{account!r} is no service account's e-mail address; write {form}")
        )
    if isinstance(attempt := sound.get("attempt"), int) and attempt < 1:
        found.append(CheckFailure("attempt", f"{attempt} is not an attempt; the first one is 1"))
    return found

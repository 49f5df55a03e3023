"""What of another stack's model a job starts from, and what is said where it is not there."""

from __future__ import annotations

from typing import Any

import pytest

from infra.setting_problems import InvalidSettingsError
from infra.settings import ContinueSettings
from infra.starting_points import folder_there, tuned_model_there

GEMMA = "google/gemma3@gemma-3-1b-it"
CHECKPOINTS = [{"name": "checkpoint-3", "uri": "gs://b/3"}, {"name": "final", "uri": "gs://b/final"}]
FULL = {"baseModel": GEMMA, "finalCheckpointUri": "gs://b/final", "checkpoints": CHECKPOINTS}
GEMINI = {"baseModel": "gemini-2.5-pro", "tunedModel": "projects/p/locations/l/models/7@1", "finalCheckpointUri": ""}
MODELS = {"full": FULL, "gemini": GEMINI, "running": {**FULL, "finalCheckpointUri": "", "state": "JOB_STATE_RUNNING"}}


def _continued(model: str, checkpoint: str | None = None) -> ContinueSettings:
    keys = {"model": model, "stack": "dev", "checkpoint": checkpoint}
    return ContinueSettings.model_validate(keys)


@pytest.mark.parametrize(
    ("checkpoint", "folder"),
    [
        (None, "gs://b/final"),
        ("final", "gs://b/final"),
        ("checkpoint-3", "gs://b/3"),
        # It may have expired since: whether it is needed any more, the job knows.
        ("checkpoint-4", "gs://b/checkpoint-4"),
    ],
)
def test_the_folder_of_a_checkpoint(checkpoint: str | None, folder: str) -> None:
    assert folder_there("it", MODELS, _continued("full", checkpoint), GEMMA) == folder


def test_a_model_of_a_stack_that_an_earlier_release_made_has_all_it_takes() -> None:
    assert folder_there("it", {"full": {"finalCheckpointUri": "gs://b/final"}}, _continued("full"), GEMMA)


def test_a_tuned_gemini_model_with_its_version() -> None:
    found = tuned_model_there("it", MODELS, _continued("gemini", "2"), "gemini-2.5-pro")
    assert found == "projects/p/locations/l/models/7@1"


@pytest.mark.parametrize(
    ("models", "continued", "message"),
    [
        (None, _continued("full"), 'model: stack dev has no model "full"; it has none; is it up?'),
        (MODELS, _continued("ful"), 'model: stack dev has no model "ful"; it has full, gemini, running'),
        (
            MODELS,
            _continued("gemini"),
            f"model: gemini of stack dev was tuned from gemini-2.5-pro, not {GEMMA}",
        ),
        (
            MODELS,
            _continued("running"),
            (
                "model: running of stack dev is not tuned yet: its job is in JOB_STATE_RUNNING; run pulumi up --stack "
                "dev first"
            ),
        ),
        (
            MODELS,
            _continued("full", "4"),
            'checkpoint: full has no checkpoint "4"; there are checkpoint-3, final',
        ),
    ],
    ids=["nothing is up", "another name", "another base model", "still running", "another checkpoint"],
)
def test_what_is_not_there_is_told(models: Any, continued: ContinueSettings, message: str) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        folder_there("it", models, continued, GEMMA)
    (told,) = caught.value.problems
    told, _, way_on = told.partition(" If it is gone for good, and it is tuned already, ")
    assert told.removesuffix(".").endswith(f"config.tunestack:models.it.continueFrom.{message}")
    assert ("has no model" in message) is ("tunestack jobs show it tells instead of continueFrom" in way_on)

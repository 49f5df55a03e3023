"""States that end a job, and how people say them."""

from __future__ import annotations

import pytest
from google.genai.types import JobState, TuningJobState

from tunestack.tuning import states


def test_every_state_that_is_named_exists_in_the_service() -> None:
    assert {state.value for state in JobState} >= states.ENDED | states.STOPPING


def test_partial_success_is_an_end() -> None:
    # Neither of Google's SDKs counts it as one, and both would wait for ever.
    assert states.PARTIALLY_SUCCEEDED in states.ENDED


@pytest.mark.parametrize(
    ("state", "phrase"),
    [
        (JobState.JOB_STATE_PARTIALLY_SUCCEEDED.value, "partially succeeded"),
        (TuningJobState.TUNING_JOB_STATE_WAITING_FOR_QUOTA.value, "waiting for quota"),
    ],
)
def test_phrase(state: str, phrase: str) -> None:
    assert states.phrase(state) == phrase

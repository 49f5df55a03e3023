"""The states of a job, and which of them are the end. Neither SDK counts PARTIALLY_SUCCEEDED as one."""

from __future__ import annotations

from typing import Final

RUNNING: Final = "JOB_STATE_RUNNING"
SUCCEEDED: Final = "JOB_STATE_SUCCEEDED"
PARTIALLY_SUCCEEDED: Final = "JOB_STATE_PARTIALLY_SUCCEEDED"
FAILED: Final = "JOB_STATE_FAILED"
CANCELLING: Final = "JOB_STATE_CANCELLING"
CANCELLED: Final = "JOB_STATE_CANCELLED"
EXPIRED: Final = "JOB_STATE_EXPIRED"

ENDED: Final = frozenset({SUCCEEDED, PARTIALLY_SUCCEEDED, FAILED, CANCELLED, EXPIRED})
FRUITFUL: Final = frozenset({SUCCEEDED, PARTIALLY_SUCCEEDED})
STOPPING: Final = frozenset({CANCELLING, CANCELLED})

TUNING: Final = "TUNING_JOB_STATE_TUNING"
POST_PROCESSING: Final = "TUNING_JOB_STATE_POST_PROCESSING"


def phrase(state: str) -> str:
    """Returns a state as people say it: `JOB_STATE_SUCCEEDED` → `succeeded`."""
    for prefix in ("TUNING_JOB_STATE_", "JOB_STATE_"):
        state = state.removeprefix(prefix)
    return state.replace("POST_", "POST-").lower().replace("_", " ")

"""What a look at a job tells in words, and an expected end that is told only where it follows from what was seen."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tunestack.tuning.jobs import Job
from tunestack.tuning.progress import Forecast, lasting

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def job(step: int | None = None, **fields: Any) -> Job:
    """Returns a job of 453 steps that started at noon and is in the midst of its steps."""
    known: dict[str, Any] = {
        "state": "JOB_STATE_RUNNING",
        "detail": "TUNING_JOB_STATE_TUNING",
        "created": NOON - minutes(5),
        "started": NOON,
        "steps": 453,
    }
    return Job("projects/p/locations/l/tuningJobs/123", step=step, **{**known, **fields})


def seen(*looks: tuple[float, int], **fields: Any) -> str:
    """Returns the last sentence after looks at some minutes past noon, each with the steps done by then."""
    forecast = Forecast()
    for at, step in looks:
        forecast.observe(job(step, **fields), NOON + minutes(at))
    at, step = looks[-1]
    return forecast.sentence(job(step, **fields), NOON + minutes(at))


def test_all_that_can_be_said() -> None:
    assert seen((3, 0), (4, 11), (8, 111), (12, 211), epoch=1, epochs=3) == (
        "job 123 running, tuning, epoch 1 of 3 done, step 211 of 453, 12 min elapsed, about 10 min of tuning left, "
        "then post-processing"
    )


class TestTheEnd:
    @pytest.mark.parametrize(
        ("looks", "left"),
        [
            (((1, 0), (2, 100), (3, 200)), "3 min"),
            # Two looks between which nothing changed: the time since the last change counts.
            (((1, 0), (2, 100), (3, 200), (4, 200)), "2 min"),
            # A run that joins late does not know when the first step it sees was reached, only the later ones.
            (((30, 200), (30.5, 210), (31, 220)), "12 min"),
            # Reported once an epoch.
            (((0, 0), (10, 151), (20, 302), (25, 302)), "5 min"),
            # It got slower than it was in its first minute.
            (
                ((0, 0), (0.1, 10), (0.5, 50), (1, 100), *((1 + n, 100 + 5 * n) for n in range(1, 32))),
                "40 min",
            ),
            (((1, 0), (2, 350), (2.25, 440)), "2 s"),
        ],
        ids=["steady", "between changes", "joined late", "by epochs", "slower now", "seconds"],
    )
    def test_it_follows_from_the_steps_seen(self, looks: tuple[tuple[float, int], ...], left: str) -> None:
        assert f"about {left} of tuning left, then post-processing" in seen(*looks)

    @pytest.mark.parametrize(
        "looks",
        [
            [(1, 0)],
            [(1, 0), (2, 0)],
            [(1, 0), (2, 100)],
            [(30, 200), (31, 210)],
            [(1, 0), (2, 1), (3, 3)],
            [(1, 0), (2, 100), (3, 200), (7, 200)],
            [(1, 0), (2, 100), (3, 453)],
            [(1, 0), (2, 200), (3, 452), (3.5, 452)],
            [(1, 0), (2, 200), (3, 452)],
        ],
        ids=[
            "one look",
            "no step yet",
            "the first change came after preparations of unknown length",
            "joined late",
            "too few steps for a speed",
            "stalled",
            "all steps are done",
            "it should be over by now",
            "it is over in less than a second",
        ],
    )
    def test_it_is_not_told_where_it_does_not(self, looks: list[tuple[float, int]]) -> None:
        assert "left" not in seen(*looks)
        assert re.search(r", \d+ min elapsed$", seen(*looks))

    def test_steps_in_all_may_be_unknown(self) -> None:
        assert seen((1, 0), (2, 100), (3, 200), steps=None) == "job 123 running, tuning, step 200, 3 min elapsed"

    @pytest.mark.parametrize(
        ("looks", "left"),
        [
            ([(0, 0), (10, 0), (10.5, 1), (20, 1), (20.5, 2), (22.5, 2)], "about 18 min"),
            ([(0, 0), (10, 1), (20, 2)], ""),
            ([(0, 0), (10, 0), (10.5, 1), (20, 1), (26, 1)], ""),
            ([(0, 1), (10, 1), (10.5, 2), (20, 2)], ""),
        ],
        ids=["one epoch was timed", "looks too rare to time one", "none was timed", "the first that was seen was not"],
    )
    def test_it_follows_from_epochs_where_steps_are_not_told(self, looks: list[tuple[float, int]], left: str) -> None:
        forecast = Forecast()
        for at, epoch in looks:
            looked_at = job(epoch=epoch, epochs=4, steps=None)
            forecast.observe(looked_at, NOON + minutes(at))
        told = forecast.sentence(looked_at, NOON + minutes(at))
        assert f"{left} of tuning left" in told if left else "left" not in told

    def test_steps_that_come_to_be_known_begin_anew(self) -> None:
        forecast = Forecast()
        for at, epoch in ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)):
            forecast.observe(job(epoch=epoch, epochs=9, steps=None), NOON + minutes(at))
        assert forecast.tuning_ends(job(epoch=5, epochs=9, steps=None), NOON + minutes(5)) == NOON + minutes(9)
        forecast.observe(job(250, epoch=5, epochs=9), NOON + minutes(6))
        assert forecast.tuning_ends(job(250, epoch=5, epochs=9), NOON + minutes(6)) is None

    @pytest.mark.parametrize(
        "between",
        [
            {"state": "JOB_STATE_PAUSED"},
            {"state": "JOB_STATE_PENDING"},
            {"detail": "TUNING_JOB_STATE_WAITING_FOR_CAPACITY"},
        ],
        ids=str,
    )
    def test_what_stood_still_is_measured_anew(self, between: dict[str, Any]) -> None:
        forecast = Forecast()
        for at, step in ((1, 0), (2, 100), (3, 200)):
            forecast.observe(job(step), NOON + minutes(at))
        assert forecast.tuning_ends(job(200), NOON + minutes(3))
        forecast.observe(job(**{"step": 200, **between}), NOON + minutes(4))
        for at, step in ((60, 200), (61, 210)):
            forecast.observe(job(step), NOON + minutes(at))
            assert forecast.tuning_ends(job(step), NOON + minutes(at)) is None

    def test_what_began_again_is_measured_anew(self) -> None:
        assert "left" not in seen((1, 0), (2, 100), (3, 200), (60, 3), (61, 13))
        assert "about 2 min of tuning left" in seen((1, 0), (2, 100), (3, 200), (60, 3), (61, 13), (62, 150))

    def test_post_processing_says_that_nobody_knows(self) -> None:
        forecast = Forecast()
        after = job(453, detail="TUNING_JOB_STATE_POST_PROCESSING")
        forecast.observe(after, NOON + minutes(4))
        assert forecast.sentence(after, NOON + minutes(4)) == (
            "job 123 running, post-processing, step 453 of 453, 4 min elapsed, "
            "how long post-processing takes is not known"
        )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"state": "JOB_STATE_QUEUED", "detail": "TUNING_JOB_STATE_WAITING_FOR_QUOTA", "started": None},
            "job 123 queued, waiting for quota, submitted 6 min ago",
        ),
        (
            {"state": "JOB_STATE_PENDING", "detail": "TUNING_JOB_STATE_PROCESSING_DATASET", "started": None},
            "job 123 pending, processing dataset, submitted 6 min ago",
        ),
        ({"state": "JOB_STATE_PAUSED", "detail": ""}, "job 123 paused, 1 min elapsed"),
        ({"detail": ""}, "job 123 running, 1 min elapsed"),
        (
            {"state": "JOB_STATE_SUCCEEDED", "epoch": 3, "step": 453, "ended": NOON + minutes(65)},
            "job 123 succeeded, epoch 3 done, step 453 of 453, ran for 1 h 05 min",
        ),
        # Cancelled while it waited: it has never run.
        ({"state": "JOB_STATE_CANCELLED", "started": None, "ended": NOON}, "job 123 cancelled"),
        # The service's clock is ahead of this machine's.
        ({"started": NOON + minutes(2)}, "job 123 running, tuning, 0 s elapsed"),
    ],
    ids=["queued", "pending", "paused", "no detail", "succeeded", "cancelled", "clocks"],
)
def test_states(fields: dict[str, Any], sentence: str) -> None:
    looked_at = job(**fields)
    forecast = Forecast()
    for at in (0, 0.5, 1):
        forecast.observe(looked_at, NOON + minutes(at))
    assert forecast.sentence(looked_at, NOON + minutes(1)) == sentence


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-3, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3569, "59 min"), (3571, "1 h 00 min"), (90_000, "1 d 1 h")],
)
def test_durations(seconds: float, told: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == told

"""What is sent of a tuning job's inputs that no program has said."""

from __future__ import annotations

import pytest

from tunestack.provider.tuning_jobs.inputs import TuningJobInputs

MODEL = "projects/p/locations/us-central1/models/1"


@pytest.mark.parametrize(
    ("given", "name", "expected", "why"),
    [
        ({"base_model": "gemini-2.5-pro"}, "tickets", "tickets", "the resource's name"),
        ({"base_model": "gemini-2.5-pro"}, "x" * 129, "x" * 128, "as long as a display name may be"),
        ({"base_model": "gemini-2.5-pro", "tuned_model_display_name": "T"}, "tickets", "T", "the program's"),
        ({"pre_tuned_model": MODEL}, "tickets", None, "a new version of the same model"),
        (
            {"pre_tuned_model": MODEL, "tuned_model_display_name": "T"},
            "t",
            "T",
            "a new one",
        ),
    ],
)
def test_the_name_of_a_tuned_model(given: dict[str, str], name: str, expected: str | None, why: str) -> None:
    inputs = TuningJobInputs(training_uri="gs://d/t", content_hash="a", output_uri="gs://o", epochs=1, **given)  # type: ignore[arg-type]
    assert inputs.display_name(name) == expected, why

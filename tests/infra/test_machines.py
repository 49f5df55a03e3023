"""A list of machines in a stack's configuration: what is wrong with one, and what its quota is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.configurations import ENDPOINT, GOOD, MODEL, problems_of, settings_of

L4, A100 = "g2-standard-12", "a2-highgpu-1g"
LARGE = {**MODEL, "baseModel": "google/gemma3@gemma-3-27b-it"}


def listing(*machines: str, **more: Any) -> dict[str, Any]:
    return {"support": {"model": "full", "machines": list(machines), **more}}


@pytest.mark.parametrize(
    ("serving", "place", "reason"),
    [
        ({"support": {"model": "full"}}, "machineType", "is missing; name one machine, or list machines to choose"),
        ({"support": {"model": "full", "machineType": L4}}, "acceleratorType", "is missing"),
        ({"support": {**ENDPOINT, "machines": [L4]}}, "machines", "stands beside machineType and acceleratorType"),
        (listing(), "machines", "is empty; list at least one"),
        (listing(L4, L4), "machines[1]", "g2-standard-12 is listed twice"),
        (
            listing(L4, "g2-standard-13"),
            "machines[1]",
            "name it as machineType, with acceleratorType and strict: false",
        ),
        (listing(L4, 3), "machines[1]", "text"),  # type: ignore[arg-type]  # as a YAML may have it
    ],
)
def test_what_is_refused(serving: dict[str, Any], place: str, reason: str) -> None:
    found = [text for text in problems_of(serving=serving) if f"serving.support.{place}: " in text]
    assert len(found) == 1
    assert reason in found[0]


def test_each_machine_that_cannot_hold_the_model_is_told_before_anything_is_tuned() -> None:
    found = problems_of(models={"full": LARGE}, serving=listing(A100, "a2-ultragpu-1g", L4))
    assert [text.partition(": config.tunestack:")[2].partition(": ")[0] for text in found] == [
        "serving.support.machines[0]",
        "serving.support.machines[2]",
    ]
    assert all("cannot hold google/gemma3@gemma-3-27b-it" in text for text in found)


def test_the_accelerators_of_all_machines_are_what_quota_is_looked_up_for() -> None:
    listed = settings_of({**GOOD, "serving": listing(A100, L4, "g2-standard-24")}).serving["support"]
    assert set(listed.accelerators) == {"NVIDIA_TESLA_A100", "NVIDIA_L4"}
    one = settings_of({**GOOD, "serving": {"support": {**ENDPOINT, "acceleratorCount": 1}}}).serving["support"]
    assert one.accelerators == {"NVIDIA_L4": 1}

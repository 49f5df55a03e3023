"""What a roll needs of which accelerators."""

from __future__ import annotations

import pytest

from tunestack.quotas import Standing
from tunestack.serving.capacity import Capacity
from tunestack.serving.machine_choice import Need, obstacles

ENDPOINT = "projects/p/locations/us-central1/endpoints/7"
L4 = ("g2-standard-12", "NVIDIA_L4", 1)
A100 = ("a2-highgpu-1g", "NVIDIA_TESLA_A100", 1)
SURGE = {"max_surge_replicas": 1}


@pytest.mark.parametrize(
    ("replicas", "l4", "a100", "against"),
    [
        pytest.param(2, 3, 2, set(), id="one more where it serves, two elsewhere"),
        pytest.param(2, 2, 2, {L4}, id="none left for the surge"),
        pytest.param(2, 3, 1, {A100}, id="elsewhere all replicas run in the end"),
        pytest.param(4, 4, 4, set(), id="two that serve are taken over"),
        pytest.param(4, 3, 4, {L4}, id="four do not fit into three"),
    ],
)
def test_a_roll_needs_its_surge_and_in_the_end_all_replicas(
    replicas: int, l4: int, a100: int, against: set[tuple[str, str, int]]
) -> None:
    granted = {"NVIDIA_L4": Standing("l4", l4), "NVIDIA_TESLA_A100": Standing("a100", a100)}
    capacity = Capacity("us-central1", granted, {("7", "11"): ("NVIDIA_L4", 2)})
    assert obstacles((L4, A100), capacity, Need.of(replicas, SURGE, ENDPOINT, ["11"])).keys() == against

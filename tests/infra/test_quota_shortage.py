"""What a preview says when the quota cannot carry the plan: with numbers, what would happen, and what to set."""

from __future__ import annotations

from typing import Any

import pytest

from infra.quota_shortage import Need, serving_shortage, tuning_shortage
from infra.settings import EndpointSettings
from tunestack.quotas import Standing

L4 = "NVIDIA_L4 in us-central1"
QUEUE = (
    "{0} tuning jobs would start, but the project may run {1} at once, over all regions: they queue, {1} at a time, "
    "and all finish. "
)
KEY = "tunestack:quota.servingAccelerators.NVIDIA_L4"


def _endpoint(**changes: Any) -> EndpointSettings:
    fields = {"model": "m", "machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4", **changes}
    return EndpointSettings.model_validate(fields)


@pytest.mark.parametrize(
    ("changes", "need", "why"),
    [
        (
            {},
            Need(1, 1, 1),
            "one replica, and another while it rolls: what is asked for by default",
        ),
        ({"minReplicas": 2, "acceleratorCount": 2}, Need(4, 4, 2), "the surge is counted in replicas"),
        ({"maxReplicas": 3}, Need(1, 3, 1), "it may grow"),
        ({"rollout": {"maxUnavailableReplicas": 1}}, Need(1, 1, 0), "the old replicas go first"),
        ({"rollout": {"maxUnavailableReplicas": 1, "maxSurgeReplicas": 1}}, Need(1, 1, 1), "both"),
        ({"rollout": {"maxSurgeReplicas": 9}, "minReplicas": 2}, Need(2, 2, 2), "no more than there are replicas"),
        ({"rollout": {}}, Need(1, 1, 1), "nothing is said after all"),
    ],
)
def test_what_an_endpoint_takes(changes: dict[str, Any], need: Need, why: str) -> None:
    assert Need.of(_endpoint(**changes)) == need, why


@pytest.mark.parametrize(
    ("starting", "standing", "preferred", "text"),
    [
        (0, Standing("x", 1), None, ""),
        (1, Standing("x", 1), None, ""),
        (3, Standing("x", 3), None, ""),
        (3, Standing("x", -1), None, ""),
        (3, Standing("x", None), None, ""),
        (3, None, 3, ""),
        (3, Standing("x", 2), None, f"{QUEUE.format(3, 2)}Set tunestack:quota.concurrentTuningJobs to 3"),
        (
            3,
            Standing("x", 1),
            3,
            f"{QUEUE.format(3, 1)}tunestack:quota.concurrentTuningJobs asks for 3; that much is not granted yet",
        ),
        (2, Standing("x", 1, fixed=True), 2, f"{QUEUE.format(2, 1)}The quota is fixed for this project"),
        (
            1,
            Standing("x", 0),
            None,
            (
                "1 tuning job would start, but the project may run none at once: none begins. "
                "Set tunestack:quota.concurrentTuningJobs to 1"
            ),
        ),
    ],
    ids=["none", "one", "enough", "no limit", "no value", "unlisted", "queue", "pending", "fixed", "zero"],
)
def test_tuning(starting: int, standing: Standing | None, preferred: int | None, text: str) -> None:
    assert tuning_shortage(starting, standing, preferred) == text


ROLL = (
    "deploying works, the next roll fails and the old checkpoint goes on serving. Set "
    "rollout.maxUnavailableReplicas: 1, "
    "which interrupts an endpoint with one replica, or ask for more: "
)


@pytest.mark.parametrize(
    ("endpoints", "standing", "preferred", "text"),
    [
        ({"a": {}}, Standing("x", 2), None, ""),
        ({"a": {}}, Standing("x", None), None, ""),
        ({"a": {}}, None, None, ""),
        ({"a": {"rollout": {"maxUnavailableReplicas": 1}}}, Standing("x", 1), None, ""),
        (
            {"a": {}},
            Standing("x", 0),
            None,
            (
                f"{L4}: endpoint a takes 1, but the project may use 0: deploying fails once they are "
                f"used up. Set {KEY} to 1"
            ),
        ),
        (
            {"b": {}, "a": {"minReplicas": 2}},
            Standing("x", 2),
            3,
            (
                f"{L4}: endpoints a, b take 3, but the project may use 2: deploying fails once they are "
                f"used up. {KEY} asks for 3; that much is not granted yet"
            ),
        ),
        (
            {"a": {"maxReplicas": 4}},
            Standing("x", 2),
            None,
            (
                f"{L4}: with maxReplicas endpoint a takes 4, but the project may use 2: they cannot grow "
                f"that far. Set {KEY} to 4"
            ),
        ),
        (
            {"a": {}},
            Standing("x", 1),
            None,
            (
                f"{L4}: endpoint a takes 1, and 2 while endpoint a rolls, but the project may use 1: "
                f"{ROLL}Set {KEY} to 2"
            ),
        ),
        (
            {"a": {}, "b": {"rollout": {"maxUnavailableReplicas": 1}}},
            Standing("x", 2),
            3,
            (
                f"{L4}: endpoints a, b take 2, and 3 while endpoint a rolls, but the project may use 2: "
                f"{ROLL}{KEY} asks for 3; that much is not granted yet"
            ),
        ),
    ],
    ids=["enough", "no value", "unlisted", "no surge", "deploy", "deploy, pending", "growth", "roll", "roll of one"],
)
def test_serving(
    endpoints: dict[str, dict[str, Any]], standing: Standing | None, preferred: int | None, text: str
) -> None:
    served = {name: _endpoint(**changes) for name, changes in endpoints.items()}
    assert serving_shortage(L4, served, standing, preferred) == text

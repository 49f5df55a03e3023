"""Machines that cannot be had in a region: at a deployment, in recommendations, from the command line, for ever."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.__main__ import main
from tests.emulator.vertex.harness import REGION, Cloud, Server
from tests.emulator.vertex.test_deployments import Serving

CAPACITY = "/emulator/capacity"
L4_12 = "g2-standard-12"


def take(cloud: Cloud, machine: str = "", region: str = REGION, *, available: bool = False) -> list[dict[str, Any]]:
    body = {"region": region, "machine": machine, "available": available}
    taken: list[dict[str, Any]] = cloud.call("POST", CAPACITY, body)["taken"]
    return taken


@pytest.fixture
def clean(cloud: Cloud) -> Iterator[Cloud]:
    yield cloud
    cloud.session.delete(f"{cloud.server.url}{CAPACITY}")


def test_a_deployment_ends_in_the_words_of_the_service(clean: Cloud, tuned: dict[str, str]) -> None:
    serving = Serving(clean, tuned)
    take(clean, L4_12)
    error = serving.deploy("1", "11")["error"]
    assert error["code"] == 14, "UNAVAILABLE: google.rpc.Code"
    assert error["message"].startswith("Machine type temporarily unavailable, please deploy with a different machine")
    assert serving.deployed == []
    take(clean, L4_12, available=True)
    assert "error" not in serving.deploy("1", "11", trafficSplit={"0": 100})
    take(clean)
    assert serving.says() == "yes", "what serves has its machine"


@pytest.mark.parametrize("check", ["checkMachineAvailability", "checkUserQuota"])
def test_what_cannot_be_had_is_left_out_of_recommendations(clean: Cloud, tuned: dict[str, str], check: str) -> None:
    def machines(**asked: Any) -> list[str]:
        answer = clean.call("POST", ":recommendSpec", {"gcsUri": tuned["yes"], **asked})
        offers = answer.get("specs") or [offer["spec"] for offer in answer.get("recommendations", ())]
        return [offer["machineSpec"]["machineType"] for offer in offers]

    everywhere = machines()
    assert {L4_12, "a2-highgpu-1g"} <= set(everywhere)
    take(clean, L4_12)
    assert machines(**{check: True}) == [name for name in everywhere if name != L4_12]
    assert machines() == everywhere, "without a check it says what the checkpoint could be served on"
    take(clean)
    assert machines(**{check: True}) == []


def test_what_is_taken_together_is_given_back_together(clean: Cloud) -> None:
    take(clean, L4_12)
    take(clean, "", "europe-west4")
    assert take(clean) == [
        {"region": "europe-west4", "machine": ""},
        {"region": REGION, "machine": ""},
        {"region": REGION, "machine": L4_12},
    ]
    assert take(clean, available=True) == [{"region": "europe-west4", "machine": ""}]


@pytest.mark.parametrize(
    ("body", "names"),
    [({"region": REGION}, "available"), ({"region": REGION, "available": True, "machines": ""}, "machines")],
)
def test_what_is_no_change_is_refused(cloud: Cloud, body: dict[str, Any], names: str) -> None:
    status, message = cloud.refusal("POST", CAPACITY, body)
    assert (status, names in message) == ("INVALID_ARGUMENT", True)


def test_the_command_takes_away_what_stays_away_after_a_restart(
    own_server: Callable[..., Server], capsys: pytest.CaptureFixture[str]
) -> None:
    server = own_server()
    arguments = ["capacity", "--data", str(server.data)]
    assert main([*arguments, "take", REGION, L4_12]) == 0
    server.end(signal.SIGKILL)
    assert main([*arguments, "give", REGION]) == 1, "nothing runs"
    server.start()
    assert main([*arguments, "take", "europe-west4"]) == 0
    told = "Cannot be had now: all machines in europe-west4, g2-standard-12 in us-central1."
    assert told in capsys.readouterr().out
    assert main([*arguments, "give", REGION, L4_12]) == 0
    assert main([*arguments, "give", "europe-west4"]) == 0
    assert "every machine can be" in capsys.readouterr().out

"""A deployment's whole life while answers of the service are lost: it has acted, and nobody was told."""

from __future__ import annotations

import pytest

from tests.provider.lifecycles.test_model_deployment import TWO, Cloud, cloud, vertex
from tunestack import retries
from tunestack.provider.lifecycle import InitFailedError

__all__ = ["cloud", "vertex"]

CALLS = {
    "recommend": ("POST", ".*:recommendSpec", "asks for nothing"),
    "upload": ("POST", ".*/models:upload", "another upload would be another version"),
    "deploy": ("POST", ".*:deployModel", "the second request finds its id taken, or the model that it replaces gone"),
    "scale": ("POST", ".*:mutateDeployedModel", "the same replicas again"),
    "rename": ("PATCH", ".*/models/.*", "the same name again"),
    "undeploy": ("POST", ".*:undeployModel", "the second request finds nothing to undeploy, or ends without it"),
    "delete": ("DELETE", ".*/models/.*", "the second request finds no model"),
    "predict": ("POST", ".*:predict", "the same question again"),
    "look": ("GET", ".*/operations.*", "the same look again"),
}


@pytest.mark.parametrize("call", CALLS)
async def test_what_was_done_without_an_answer_is_done_once(cloud: Cloud, call: str) -> None:
    method, path, why = CALLS[call]

    def lose() -> None:
        cloud.http("DELETE", "/emulator/faults")  # of a call that did not come: one answer at a time is lost
        cloud.fault(path, method=method, drop="after")

    lose()
    resource_id, state = await cloud.create()
    lose()
    state = await cloud.update((resource_id, state), **TWO)
    assert (cloud.versions(), cloud.deployed()) == (["1", "2"], {"2": 100}), why
    lose()
    state = await cloud.update((resource_id, state), maxReplicas=2, displayName="Support")
    assert (cloud.versions(), cloud.deployed()) == (["1", "2"], {"2": 100}), why
    cloud.new_run()
    lose()
    await cloud.delete((resource_id, state))
    assert (cloud.versions(), cloud.deployed()) == ([], {}), why


@pytest.mark.parametrize("vertex", [{"deploy": 0.8, "operation": 0.8}])
@pytest.mark.parametrize("call", ["deploy", "undeploy", "delete"])
async def test_what_is_still_under_way_when_it_is_asked_for_again(cloud: Cloud, call: str) -> None:
    """The first repetition comes after a quarter of a second to a half."""
    method, path, why = CALLS[call]
    cloud.fault(path, method=method, drop="after")
    made = await cloud.create()
    assert (cloud.versions(), cloud.deployed()) == (["1"], {"1": 100}), why
    cloud.new_run()
    await cloud.delete(made)
    assert (cloud.versions(), cloud.deployed()) == ([], {}), why


async def test_a_registry_that_stays_busy_is_given_up(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RETRY_SECONDS", 1.0)
    cloud.fault(".*/models:upload", times=None, status=503, message="busy")
    with pytest.raises(InitFailedError) as caught:
        await cloud.create()
    (reason,) = caught.value.reasons
    assert "models:upload" in reason
    assert "busy (HTTP 503); it may pass: run the command again in a while" in reason

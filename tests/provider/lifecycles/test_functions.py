"""Functions of the provider: what is there, and what the service says when it will not tell."""

from __future__ import annotations

from typing import Any

import pytest
from requests import HTTPError

from tests.provider.lifecycles.conftest import JOBS, Cloud
from tunestack import retries
from tunestack.provider.functions import look_up
from tunestack.provider.lifecycle import InvalidArgumentsError, ResourceError
from tunestack.provider.properties import plain_map, wrap_map
from tunestack.service_errors import explain

PARENT = JOBS.removeprefix("/v1beta1/").removesuffix("/tuningJobs")


async def _found(cloud: Cloud, name: Any) -> Any:
    return plain_map(await look_up(cloud.run, wrap_map({"name": name})))["found"]


async def test_what_is_there_and_what_is_not(cloud: Cloud) -> None:
    path = f"/v1beta1/{PARENT}/endpoints?endpointId=4711"
    assert cloud.emulator.http.post(path, json={"displayName": "theirs"}).is_success
    cloud.fault(method="GET", path=".*/endpoints/4711", status=503, times=1)
    assert await _found(cloud, f"{PARENT}/endpoints/4711") is True
    assert await _found(cloud, f"{PARENT}/endpoints/4712") is False
    assert await _found(cloud, f"{PARENT}/tuningJobs/5") is False


async def test_a_refusal_is_no_answer(cloud: Cloud) -> None:
    cloud.fault(method="GET", path=".*/endpoints/.*", status=403, message="no permission", times=None)
    with pytest.raises(ResourceError, match=r"endpoints/4711: no permission \(HTTP 403\)"):
        await _found(cloud, f"{PARENT}/endpoints/4711")


async def test_a_service_that_stays_busy_is_no_defect_of_ours(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RETRY_SECONDS", 0.3)
    cloud.fault(method="GET", path=".*/endpoints/.*", status=503, times=None)
    with pytest.raises(HTTPError) as failed:
        await _found(cloud, f"{PARENT}/endpoints/4711")
    assert "(HTTP 503); it may pass: run the command again in a while" in (explain(failed.value) or "")


@pytest.mark.parametrize("name", [None, 7, "", "support"])
async def test_what_is_no_name(cloud: Cloud, name: Any) -> None:
    with pytest.raises(InvalidArgumentsError, match="is not a resource name"):
        await _found(cloud, name)

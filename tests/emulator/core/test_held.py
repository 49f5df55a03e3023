"""Which requests a rule picks, and requests that stand still."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.running_emulator import Emulator

PROJECT = "/crm/v1/projects/demo"
BUCKET = {"method": "POST", "path": "/storage/v1/b"}


def fault(emulator: Emulator, **rule: Any) -> None:
    answer = emulator.http.post("/emulator/faults", json=rule)
    assert answer.is_success, answer.text


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# More than the server reads ahead by itself, so that the end of the client would show only later.
BODY = {"name": "demo-data", "labels": {}, "ignored": "x" * 300_000}


def create_bucket(emulator: Emulator, answers: list[int | str]) -> threading.Thread:
    """Asks for a bucket in a thread; the status, or the name of the client's error, is added to the answers."""

    def ask() -> None:
        try:
            with httpx.Client(base_url=emulator.url, trust_env=False, timeout=60) as client:
                answers.append(client.post("/storage/v1/b?project=demo", json=BODY).status_code)
        except httpx.HTTPError as error:
            answers.append(type(error).__name__)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def exists(emulator: Emulator) -> bool:
    return emulator.http.get("/storage/v1/b/demo-data").status_code == 200


def test_skips_the_first(emulator: Emulator) -> None:
    fault(emulator, path="/crm/.*", skip=2, times=2, status=503)
    assert [emulator.http.get(PROJECT).status_code for _ in range(5)] == [200, 200, 503, 503, 200]
    assert emulator.http.get("/emulator/faults").json() == {"faults": []}


def test_rules_count_side_by_side(emulator: Emulator) -> None:
    fault(emulator, path="/crm/.*", skip=1, status=503)
    fault(emulator, path="/crm/.*", skip=1, status=429)
    assert [emulator.http.get(PROJECT).status_code for _ in range(4)] == [200, 503, 429, 200]


def test_a_share_is_drawn_from_the_seed(emulator: Emulator) -> None:
    def statuses(seed: int) -> list[int]:
        emulator.http.delete("/emulator/faults")
        fault(emulator, path="/crm/.*", share=0.3, seed=seed, status=503)
        return [emulator.http.get(PROJECT).status_code for _ in range(100)]

    first = statuses(7)
    assert 15 <= first.count(503) <= 45
    assert statuses(7) == first
    assert statuses(8) != first
    fault(emulator, path="/crm/.*", share=1, times=1, status=429)
    assert [emulator.http.get(PROJECT).status_code for _ in range(50)].count(429) == 1


@pytest.mark.parametrize("point", ["before", "after"])
def test_stands_still_until_it_is_released(emulator: Emulator, point: str) -> None:
    fault(emulator, **BUCKET, hold=point)
    answers: list[int | str] = []
    thread = create_bucket(emulator, answers)
    until(lambda: bool(emulator.held()))
    assert emulator.held() == [{"method": "POST", "path": "/storage/v1/b", "index": 1}]
    assert exists(emulator) == (point == "after")
    assert answers == []
    assert emulator.http.post("/emulator/faults/release").status_code == 204
    thread.join(timeout=60)
    assert answers == [200]
    assert exists(emulator)
    assert emulator.held() == []


@pytest.mark.parametrize("point", ["before", "after"])
def test_ends_when_its_client_is_gone(emulator: Emulator, point: str) -> None:
    fault(emulator, **BUCKET, hold=point)
    client = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=60)
    client.request("POST", "/storage/v1/b?project=demo", json.dumps(BODY), {"Content-Type": "application/json"})
    until(lambda: bool(emulator.held()))
    client.close()
    until(lambda: not emulator.held())
    assert exists(emulator) == (point == "after")
    assert [call["status"] for call in emulator.requests() if call["method"] == "POST"] == [499]


def test_ends_with_the_emulator(emulator: Emulator) -> None:
    fault(emulator, **BUCKET, hold="before")
    answers: list[int | str] = []
    thread = create_bucket(emulator, answers)
    until(lambda: bool(emulator.held()))
    emulator.restart()
    thread.join(timeout=60)
    assert len(answers) == 1
    assert answers != [200]
    assert not exists(emulator)
    assert emulator.held() == []

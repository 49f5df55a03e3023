from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.running_emulator import Emulator

PROJECT = "/crm/v1/projects/demo"


def test_health(emulator: Emulator) -> None:
    answer = emulator.http.get("/emulator/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["data"] == str(emulator.data)


def test_a_path_that_no_room_has_is_refused_and_seen(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    for method, path in (
        ("GET", "/crm/v3/projects/demo"),
        ("PUT", PROJECT),
        ("GET", "/storage/v1/nothing"),
        ("GET", "/"),
    ):
        answer = emulator.http.request(method, path)
        assert answer.status_code == 404
        message = f"The emulator does not serve {method} {path}."
        assert answer.json() == {"error": {"code": 404, "message": message, "status": "NOT_FOUND"}}
    assert [record.message for record in caplog.records if record.name == "emulator"] == [
        "not served: GET /crm/v3/projects/demo?",
        "not served: PUT /crm/v1/projects/demo?",
        "not served: GET /storage/v1/nothing?",
        "not served: GET /?",
    ]


def test_a_broken_body_is_refused(emulator: Emulator) -> None:
    for body in (b"{", b"[1]", b"\xff"):
        answer = emulator.http.post(f"{PROJECT}:setIamPolicy", content=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
        assert answer.json()["error"]["message"].startswith("Invalid JSON payload received.")


def test_an_error_of_the_emulator_is_an_answer_and_in_the_logs(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(emulator.application.state.services.projects, "get", lambda _: 1 / 0)
    answer = emulator.http.get(PROJECT)
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "The emulator failed: division by zero. Its log has more."
    assert emulator.requests()[0]["status"] == 500
    assert "ZeroDivisionError" in caplog.text


def test_logs_requests_in_order_with_their_status(emulator: Emulator) -> None:
    emulator.http.get(f"{PROJECT}?alt=json")
    emulator.http.get("/nowhere")
    log = emulator.requests()
    assert [(entry["index"], entry["method"], entry["path"], entry["query"], entry["status"]) for entry in log] == [
        (1, "GET", PROJECT, "alt=json", 200),
        (2, "GET", "/nowhere", "", 404),
    ]
    answer = emulator.http.get("/emulator/requests", params={"since": 2}).json()
    assert [entry["path"] for entry in answer["requests"]] == ["/nowhere"]
    assert answer["next"] == 3


def test_the_log_outlives_a_restart(emulator: Emulator) -> None:
    emulator.http.get(PROJECT)
    emulator.restart()
    assert emulator.http.get("/emulator/requests", params={"since": 2}).json() == {"requests": [], "next": 2}
    emulator.http.get(PROJECT)
    assert [entry["index"] for entry in emulator.requests()] == [1, 2]


def test_since_must_be_a_number(emulator: Emulator) -> None:
    assert emulator.http.get("/emulator/requests", params={"since": "x"}).status_code == 400


def test_a_status_fault_answers_in_place_of_the_service(emulator: Emulator) -> None:
    rule = {"method": "GET", "path": "/crm/.*", "times": 2, "status": 503, "message": "later"}
    assert emulator.http.post("/emulator/faults", json=rule).json() == {"faults": [rule]}
    first = emulator.http.get(PROJECT)
    assert first.status_code == 503
    assert first.json()["error"] == {"code": 503, "message": "later", "status": "UNAVAILABLE"}
    assert emulator.http.post(f"{PROJECT}:getIamPolicy").status_code == 200
    assert emulator.http.get("/emulator/faults").json()["faults"][0].get("times", 1) == 1
    assert emulator.http.get(PROJECT).status_code == 503
    assert emulator.http.get(PROJECT).status_code == 200
    assert [entry["status"] for entry in emulator.requests()] == [503, 200, 503, 200]


def test_a_fault_for_ever_ends_when_it_is_taken_back(emulator: Emulator) -> None:
    emulator.http.post("/emulator/faults", json={"path": "/crm/.*", "times": None, "status": 429})
    assert [emulator.http.get(PROJECT).status_code for _ in range(3)] == [429, 429, 429]
    assert emulator.http.delete("/emulator/faults").status_code == 204
    assert emulator.http.get(PROJECT).status_code == 200


def test_a_delay_fault_waits_and_then_serves(emulator: Emulator) -> None:
    emulator.http.post("/emulator/faults", json={"path": "/crm/.*", "delaySeconds": 0.3})
    begin = time.monotonic()
    assert emulator.http.get(PROJECT).status_code == 200
    assert time.monotonic() - begin >= 0.3


@pytest.mark.parametrize(("drop", "created"), [("before", False), ("after", True)])
def test_a_dropped_connection(emulator: Emulator, drop: str, created: bool) -> None:
    emulator.http.post("/emulator/faults", json={"method": "POST", "path": "/storage/v1/b", "drop": drop})
    with pytest.raises(httpx.TransportError):
        emulator.http.post("/storage/v1/b?project=demo", json={"name": "demo-data"})
    assert emulator.http.get("/storage/v1/b/demo-data").status_code == (200 if created else 404)
    assert emulator.requests()[0]["status"] == 0


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"path": "/x"}, "a rule does one thing"),
        ({"path": "/x", "status": 500, "drop": "after"}, "a rule does one thing"),
        ({"path": "(", "status": 500}, "`path` is not a regular expression"),
        ({"path": "/x", "status": 500, "times": 0}, "`times` must be at least 1"),
        ({"path": "/x", "drop": "sometimes"}, "Invalid enum value 'sometimes'"),
        ({"path": "/x", "drop": "after", "hold": "after"}, "a rule does one thing"),
        ({"path": "/x", "status": 500, "skip": -1}, "`skip` must not be negative"),
        ({"path": "/x", "status": 500, "share": 0}, "`share` must be above 0 and at most 1"),
        ({"path": "/x", "status": 500, "share": 1.5}, "`share` must be above 0 and at most 1"),
        ({"path": "/x", "status": 500, "retries": 1}, "unknown field `retries`"),
        ({"status": 500}, "missing required field `path`"),
    ],
)
def test_refuses_what_is_not_a_fault(emulator: Emulator, rule: dict[str, Any], reason: str) -> None:
    answer = emulator.http.post("/emulator/faults", json=rule)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["message"]


def test_state_lies_in_the_data_folder_alone(emulator: Emulator, tmp_path: Path) -> None:
    emulator.http.post("/storage/v1/b?project=demo", json={"name": "demo-data"})
    assert [path.name for path in tmp_path.iterdir()] == [emulator.data.name]
    assert (emulator.data / "buckets" / "demo-data").is_dir()

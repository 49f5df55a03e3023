"""The check of replies finds what it is there for."""

from __future__ import annotations

import json

import pytest
from google.protobuf import json_format
from pydantic import ValidationError

from tests.emulator.vertex.replies import check_reply

BASE = "http://127.0.0.1:1/v1beta1/projects/p/locations/l"


def _check(path: str, reply: object, status: int = 200) -> None:
    check_reply("GET", f"{BASE}/{path}", status, json.dumps(reply).encode())


def test_replies_of_the_right_type_pass() -> None:
    _check("tuningJobs/1", {"name": "n", "tuningJobState": "TUNING_JOB_STATE_TUNING"})
    _check("endpoints/1", {"name": "n", "trafficSplit": {"1": 100}})
    _check("endpoints/1", {"error": {"anything": "goes"}}, status=404)


@pytest.mark.parametrize(
    ("path", "reply"),
    [
        ("tuningJobs/1", {"nonsense": 1}),
        ("tuningJobs", {"tuningJobs": [{"state": "JOB_STATE_NONSENSE"}]}),
        ("tuningJobs/1", {"tuningJobMetadata": {"nonsense": 1}}),
        ("endpoints/1", {"trafficSplit": [1]}),
        ("operations/1", {"response": {"@type": "type.googleapis.com/google.cloud.aiplatform.v1beta1.Model", "no": 1}}),
        ("nonsense/1", {}),
    ],
)
def test_replies_of_another_type_fail(path: str, reply: object) -> None:
    with pytest.raises((json_format.ParseError, ValidationError, AssertionError)):
        _check(path, reply)

"""What the real pulumi-gcp provider asked, in order, for up, preview, refresh and destroy: all of it is served."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.running_emulator import Emulator

RECORDING = Path(__file__).parents[4] / "shared" / "reference" / "pulumi-gcp-requests.jsonl"
RECORDED_NUMBER = "123456789"
RECORDED_ETAG = "BwX="


def substituted(value: str, number: str, etag: str) -> str:
    """The recording was made against a scripted server with a project number of its own and one etag for all."""
    return re.sub(rf"\b{RECORDED_NUMBER}\b", number, value).replace(RECORDED_ETAG, etag)


@pytest.mark.shared
@pytest.mark.skipif(not RECORDING.exists(), reason="the recording lies beside the checkout and is not here")
def test_serves_the_recording_in_order(emulator: Emulator) -> None:
    number = emulator.application.state.services.projects.get("demo").number
    etags: dict[str, str] = {}
    served = 0
    for line, text in enumerate(RECORDING.read_text().splitlines(), start=1):
        request: dict[str, Any] = json.loads(text)
        if request["path"].startswith("/gke/"):
            continue
        resource = request["path"].partition("?")[0].rpartition(":")[0]
        path = substituted(request["path"], number, "")
        body = json.loads(substituted(json.dumps(request["body"]), number, etags.get(resource, "")))
        content = None if body is None else json.dumps(body)
        answer = emulator.http.request(request["method"], path, content=content)
        where = f"line {line}: {request['phase']} {request['method']} {path}: {answer.text}"
        assert answer.status_code == request["status"], where
        if answer.status_code != 204:
            assert isinstance(answer.json(), dict), where
            if "IamPolicy" in request["path"]:
                etags[resource] = answer.json()["etag"]
        served += 1
    assert served == 101

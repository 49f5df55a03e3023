"""What was started on a resource is waited for, wherever it stands in the service's list."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from emulator.vertex import listing
from tests.running_emulator import Emulator
from tunestack.connection import Connection
from tunestack.serving.clients import endpoint_client
from tunestack.serving.operations import StoppedError, Wait


def test_what_is_under_way_may_stand_on_a_later_page(
    start_emulator: Callable[..., Emulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = start_emulator({"vertex": {"deploy": 600}})
    connection = Connection("demo", "us-central1", emulator.url)
    enable = "/su/v1/projects/demo/services/aiplatform.googleapis.com:enable"
    assert emulator.http.post(enable, json={}).is_success
    for version in ("v1beta1", "v1"):  # as the provider asks, and as gcloud does
        body = {"publisherModelName": "publishers/google/models/gemma3@gemma-3-1b-it"}
        started = emulator.http.post(f"/{version}/{connection.parent}:deploy", json=body).json()
        time.sleep(0.002)  # the list is by milliseconds, the newest first
    assert emulator.http.post(f"/v1beta1/{started['name']}:cancel", json={}).is_success
    monkeypatch.setattr(listing, "LARGEST_PAGE", 1)
    stopped, seen = threading.Event(), list[str]()

    def show(what: str) -> None:
        seen.append(what)
        stopped.set()

    with pytest.raises(StoppedError):
        Wait(0.05, show, stopped).settle(endpoint_client(connection), connection.parent, "Deploy")
    assert seen == ["waits for what was started before"]

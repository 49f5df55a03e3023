"""An emulator with the bucket that the small program has its data in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.examples.ci.repository import PROJECT
from tests.running_emulator import Emulator


@pytest.fixture
def emulator(start_emulator: Callable[..., Emulator]) -> Emulator:
    started = start_emulator()
    started.storage_client(PROJECT).create_bucket("shop-data", location="us-central1")
    started.http.post(
        f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:enable", json={}
    ).raise_for_status()
    return started

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

    from tests.running_emulator import Emulator


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return emulator.storage_client()


@pytest.fixture
def bucket(client: Client) -> Bucket:
    return client.create_bucket("demo-data", location="us-central1")


@pytest.fixture
def versioned(client: Client) -> Bucket:
    made = client.bucket("demo-versioned")
    made.versioning_enabled = True
    return client.create_bucket(made, location="us-central1")

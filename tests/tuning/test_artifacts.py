"""Addresses in Cloud Storage, and the order in which checkpoints were made."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tunestack.connection import Connection
from tunestack.tuning import artifacts


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("gs://bucket/folder/below", ("bucket", "folder/below")),
        ("gs://bucket/folder/", ("bucket", "folder")),
        ("gs://bucket", ("bucket", "")),
    ],
)
def test_split(uri: str, parts: tuple[str, str]) -> None:
    assert artifacts.split(uri) == parts


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("bucket/folder", "no scheme"),
        ("s3://bucket/folder", "another store"),
        ("gs:///folder", "no bucket"),
        ("gs://Bucket/folder", "buckets are lower case"),
    ],
)
def test_split_refuses(uri: str, why: str) -> None:
    with pytest.raises(ValueError, match="has to read gs://bucket/folder"):
        artifacts.split(uri)


class Objects:
    """The part of a storage client that lists names, for orders that no training here would produce."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def list_blobs(self, bucket: str, *, prefix: str, fields: str, timeout: float, retry: Any) -> list[Any]:
        return [SimpleNamespace(name=name) for name in sorted(self._names) if name.startswith(prefix)]


def found(*names: str) -> list[str]:
    connection = SimpleNamespace(storage=Objects(*(f"out/job/{artifacts.FOLDER}/{name}" for name in names)))
    return [each.name for each in artifacts.checkpoints(cast("Connection", connection), "gs://bucket/out/job")]


def test_checkpoints_are_ordered_by_number_not_by_letter() -> None:
    weights = [f"checkpoint-{number}/model-00001-of-00001.safetensors" for number in (10, 5, 3, 1)]
    assert found("final/model-00001-of-00001.safetensors", *weights) == [
        "checkpoint-1",
        "checkpoint-3",
        "checkpoint-5",
        "checkpoint-10",
        "final",
    ]


def test_a_folder_without_weights_is_no_checkpoint() -> None:
    assert found("final/config.json", "checkpoint-1/model-00001-of-00001.safetensors") == ["checkpoint-1"]


def test_only_a_final_checkpoint_can_be_deployed() -> None:
    assert artifacts.has_final(
        [artifacts.Checkpoint("checkpoint-1", "gs://b/c"), artifacts.Checkpoint("final", "gs://b/f")]
    )
    assert not artifacts.has_final([artifacts.Checkpoint("checkpoint-1", "gs://b/c")])
    assert not artifacts.has_final([])

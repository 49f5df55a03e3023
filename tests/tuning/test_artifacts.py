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
    folders = ("final", *(f"checkpoint-{number}" for number in (10, 5, 3, 1)))
    files = ("config.json", "model-00001-of-00001.safetensors")
    assert found(*(f"{folder}/{file}" for folder in folders for file in files)) == [
        "checkpoint-1",
        "checkpoint-3",
        "checkpoint-5",
        "checkpoint-10",
        "final",
    ]


@pytest.mark.parametrize(
    ("files", "whole"),
    [
        pytest.param(("config.json", "model-00001-of-00001.safetensors"), True, id="one file"),
        pytest.param(
            ("config.json", "model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"), True, id="two"
        ),
        pytest.param(("adapter_config.json", "adapter_model.safetensors"), True, id="adapters"),
        pytest.param(("config.json",), False, id="no weights"),
        pytest.param(("model-00001-of-00001.safetensors",), False, id="no configuration"),
        pytest.param(("config.json", "model-00002-of-00002.safetensors"), False, id="half of the weights"),
    ],
)
def test_a_checkpoint_is_whole_or_none(files: tuple[str, ...], whole: bool) -> None:
    assert found(*(f"final/{file}" for file in files)) == ["final"] * whole


def test_only_a_final_checkpoint_can_be_deployed() -> None:
    assert artifacts.has_final(
        [artifacts.Checkpoint("checkpoint-1", "gs://b/c"), artifacts.Checkpoint("final", "gs://b/f")]
    )
    assert not artifacts.has_final([artifacts.Checkpoint("checkpoint-1", "gs://b/c")])
    assert not artifacts.has_final([])

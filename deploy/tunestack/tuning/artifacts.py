"""What a job leaves in Cloud Storage: `<output_uri>/postprocess/node-0/checkpoints/{checkpoint-M,final}/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tunestack.retries import CALL_SECONDS, repeatable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.cloud.storage import Blob

    from tunestack.connection import Connection

FOLDER = "postprocess/node-0/checkpoints"
FINAL = "final"
LABELLED = "distillation_labelled_dataset.jsonl"
"""The examples of a distillation with the answers of its teacher; the distillation page of the service."""

_CONFIGURATIONS = frozenset({"config.json", "adapter_config.json"})
_PART = re.compile(r".*-[0-9]+-of-([0-9]+)\.safetensors")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint's folder: `checkpoint-75` or `final`, and its `gs://` address."""

    name: str
    uri: str


def split(uri: str) -> tuple[str, str]:
    """Splits `gs://bucket/some/folder` into bucket and object name.

    Raises:
        ValueError: the address is not of that form.
    """
    match = re.fullmatch(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:/(.*))?", uri)
    if match is None:
        raise ValueError(f"{uri!r} is not the address of a Cloud Storage folder; it has to read gs://bucket/folder")
    return match[1], (match[2] or "").rstrip("/")


def checkpoints(connection: Connection, output_uri: str) -> list[Checkpoint]:
    """Returns the checkpoints that are whole, in the order in which they were made, the final one last.

    Where the deleting of a bucket was cut off, half of a checkpoint may be left. A bucket that is gone holds none.
    """
    from google.api_core.exceptions import NotFound

    bucket, folder = split(output_uri)
    prefix = f"{folder}/{FOLDER}/".lstrip("/")
    blobs = connection.storage.list_blobs(
        bucket, prefix=prefix, fields="items(name),nextPageToken", timeout=CALL_SECONDS, retry=repeatable
    )
    try:
        files: dict[str, set[str]] = {}
        for blob in blobs:
            name, _, file = blob.name.removeprefix(prefix).partition("/")
            files.setdefault(name, set()).add(file)
    except NotFound:
        return []
    whole = [name for name in sorted(files, key=_order) if is_whole(files[name])]
    return [Checkpoint(name, f"gs://{bucket}/{prefix}{name}") for name in whole]


def labelled_data(connection: Connection, output_uri: str) -> str:
    """Returns the address of what the teacher of a distillation wrote, empty while it is not there."""
    from google.api_core.exceptions import NotFound

    bucket, folder = split(output_uri)
    name = f"{folder}/{LABELLED}".lstrip("/")
    try:
        blob = connection.storage.bucket(bucket).get_blob(name, timeout=CALL_SECONDS, retry=repeatable)
    except NotFound:  # the bucket
        return ""
    return f"gs://{bucket}/{name}" if blob else ""


def mark_intermediate(connection: Connection, output_uri: str) -> int:
    """Gives the objects of all checkpoints but the final one a custom time, for the bucket's lifecycle to count from.

    A lifecycle rule cannot tell a `checkpoint-M` from `final` by name, since both lie behind the hash of the spec.

    Returns:
        How many objects were marked; those that are marked already stay as they are.
    """
    marked = 0
    for blob in _intermediate(connection, output_uri):
        if blob.custom_time is None:
            blob.custom_time = datetime.now(UTC)
            blob.patch(timeout=CALL_SECONDS, retry=repeatable)
            marked += 1
    return marked


def intermediate_expire(connection: Connection, output_uri: str) -> bool:
    """Says whether the checkpoints but the final one are marked as `mark_intermediate` does."""
    from google.api_core.exceptions import NotFound

    try:
        blobs = list(_intermediate(connection, output_uri))
    except NotFound:
        return False
    return bool(blobs) and all(blob.custom_time is not None for blob in blobs)


def has_final(found: Sequence[Checkpoint]) -> bool:
    """Says whether the checkpoint that gets deployed is there."""
    return bool(found) and found[-1].name == FINAL


def is_whole(files: set[str]) -> bool:
    """Says whether a folder has a model's configuration and all of its weights.

    Source of the names: the open-model tuning page (`model-0000x-of-000xx.safetensors`) and what serving asks for;
    adapters have a configuration of their own name in the libraries that read them.
    """
    weights = {file for file in files if file.endswith(".safetensors")}
    parts = [match for match in map(_PART.fullmatch, weights) if match]
    complete = all(len(parts) >= int(match[1]) for match in parts)
    return bool(weights) and complete and not files.isdisjoint(_CONFIGURATIONS)


def _intermediate(connection: Connection, output_uri: str) -> Iterable[Blob]:
    bucket, folder = split(output_uri)
    prefix = f"{folder}/{FOLDER}/checkpoint-".lstrip("/")
    found: Iterable[Blob] = connection.storage.list_blobs(bucket, prefix=prefix, timeout=CALL_SECONDS, retry=repeatable)
    return found


def _order(name: str) -> tuple[bool, int, str]:
    number = name.rpartition("-")[2]
    return name == FINAL, int(number) if number.isdecimal() else 0, name

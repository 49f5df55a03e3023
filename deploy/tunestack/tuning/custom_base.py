"""The folder of a checkpoint that an open model is tuned from: what lies there, and of which architecture it is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.tuning import artifacts

if TYPE_CHECKING:
    from tunestack.connection import Connection

CONFIGURATION = "config.json"
ADAPTERS = "adapter_config.json"
"""What Hugging Face's peft writes beside adapters, whose model lies elsewhere."""

_PROSE = re.compile(r"\..*|LICENSE.*|.*\.md", re.IGNORECASE)
"""Files beside a checkpoint that no training reads: a repository's own, and texts for people."""


class UnusableFolderError(Exception):
    """There is no checkpoint in the folder; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class CustomBase:
    """A checkpoint in a folder.

    Attributes:
        uri: the folder, without a slash at the end.
        content: SHA-256 over the names, sizes and checksums of its files, those aside that no training reads.
    """

    uri: str
    content: str


def look(connection: Connection, uri: str) -> CustomBase:
    """Returns the checkpoint in a folder; of its files nothing is read.

    Raises:
        UnusableFolderError: there is none, or not all of one.
        google.cloud.exceptions.GoogleCloudError: the bucket cannot be read.
    """
    from google.cloud.exceptions import NotFound

    bucket, folder = artifacts.split(uri)
    prefix = f"{folder}/".lstrip("/")
    try:
        blobs = list(
            connection.storage.list_blobs(
                bucket,
                prefix=prefix,
                delimiter="/",
                fields="items(name,size,crc32c),nextPageToken",
                timeout=CALL_SECONDS,
                retry=repeatable,
            )
        )
    except NotFound as error:
        raise UnusableFolderError(f"there is no bucket {bucket}") from error
    files = {blob.name.removeprefix(prefix): (blob.size, blob.crc32c) for blob in blobs if blob.name != prefix}
    if CONFIGURATION not in files and ADAPTERS in files:
        raise UnusableFolderError(
            f"there are adapters alone in {uri} ({ADAPTERS} and no {CONFIGURATION}); merge them with the model that "
            "they belong to, and write the folder of that"
        )
    if CONFIGURATION not in files:
        raise UnusableFolderError(
            f"there is no {CONFIGURATION} in {uri}; write the folder of a Hugging Face checkpoint, such as "
            f"…/{artifacts.FOLDER}/{artifacts.FINAL} of an earlier job"
        )
    if not artifacts.is_whole(set(files)):
        raise UnusableFolderError(f"the weights in {uri} are missing or not whole: it takes all its *.safetensors")
    read = sorted((name, *what) for name, what in files.items() if not _PROSE.fullmatch(name))
    listing = "\n".join(f"{name} {size} {checksum}" for name, size, checksum in read)
    return CustomBase(uri.rstrip("/"), hashlib.sha256(listing.encode()).hexdigest())


def configuration(connection: Connection, uri: str) -> Mapping[str, Any]:
    """Returns the config.json of a checkpoint.

    Raises:
        UnusableFolderError: it is no JSON object.
        google.cloud.exceptions.GoogleCloudError: it cannot be read.
    """
    bucket, folder = artifacts.split(uri)
    blob = connection.storage.bucket(bucket).blob(f"{folder}/{CONFIGURATION}".lstrip("/"))
    text = blob.download_as_bytes(timeout=CALL_SECONDS, retry=repeatable)
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UnusableFolderError(f"{uri.rstrip('/')}/{CONFIGURATION} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UnusableFolderError(f"{uri.rstrip('/')}/{CONFIGURATION} is no JSON object")
    return found

"""Model checkpoints: untuned ones, kept beside the emulator's state, and those in folders of buckets."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.language_model import write_base_checkpoint
from emulator.vertex import architectures
from emulator.vertex.refusals import failed_precondition, invalid_argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.services import Services
    from emulator.storage.objects import ObjectStore

# What the custom-weights page asks for in the folder: config.json, *.safetensors and its index, tokenizer.json or
# tokenizer.model, tokenizer_config.json.
_NEEDED = ({"config.json"}, {"tokenizer.json", "tokenizer.model"}, {"tokenizer_config.json"})


@dataclass(frozen=True)
class Folder:
    """A folder in a bucket; `prefix` ends in a slash or is empty."""

    bucket: str
    prefix: str

    @classmethod
    def of(cls, uri: str) -> Folder | None:
        """The folder of a `gs://` address, with or without a slash at its end, or None where it is not one."""
        bucket, _, prefix = uri.removeprefix("gs://").partition("/")
        prefix = prefix.strip("/")
        return cls(bucket, f"{prefix}/" if prefix else "") if uri.startswith("gs://") and bucket else None

    @property
    def uri(self) -> str:
        """The address without a slash at its end."""
        return f"gs://{self.bucket}/{self.prefix}".rstrip("/")


class Checkpoints:
    """Gives checkpoints as local folders to the language model."""

    def __init__(self, services: Services) -> None:
        self._storage: ObjectStore = services.storage
        self._base_models = services.settings.data / "untuned_models"
        self._lock = threading.Lock()

    def base_model(self, name: str) -> Path:
        """The untuned checkpoint of `publisher/family@version`, or of a Gemini model, written on first use."""
        folder = self._base_models / name.replace("/", "_")
        with self._lock:
            if not folder.exists():
                self._base_models.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryDirectory(dir=self._base_models) as unfinished:
                    write_base_checkpoint(name, Path(unfinished, "checkpoint"), architectures.config(name))
                    Path(unfinished, "checkpoint").rename(folder)
        return folder

    def check(self, uri: str) -> None:
        """Refuses a folder that no model server could load.

        Raises:
            ServiceError: a file that is needed is missing, or the weights are quantised.
        """
        folder = Folder.of(uri)
        if folder is None or self._storage.bucket(folder.bucket) is None:
            raise invalid_argument(f"The artifact URI {uri!r} is not a folder in an existing Cloud Storage bucket.")
        names = set(self._files(folder))
        missing = [" or ".join(sorted(any_of)) for any_of in _NEEDED if not any_of & names]
        if not any(name.endswith(".safetensors") for name in names):
            missing.insert(1, "*.safetensors")
        if missing:
            # The list is documented (deploy with custom weights, "Prerequisites"); the wording is the emulator's.
            raise failed_precondition(f"{folder.uri} is not a model that can be served: it lacks {', '.join(missing)}.")

    def fingerprint(self, uri: str) -> str:
        """Changes whenever a file in the folder does, also when it was moved there by hand."""
        folder = Folder.of(uri)
        files = self._storage.list(folder.bucket, folder.prefix) if folder else []
        state = [f"{item['name']} {item['generation']} {item.get('md5Hash')} {item['size']}" for item in files]
        return hashlib.sha256("\n".join(state).encode()).hexdigest()

    @contextmanager
    def local(self, uri: str) -> Iterator[Path]:
        """The files of a folder in a bucket, side by side in a local folder that is gone afterwards."""
        folder = Folder.of(uri)
        with tempfile.TemporaryDirectory() as made:
            if folder is not None:
                for name in self._files(folder):
                    Path(made, name).symlink_to(self._storage.open_path(folder.bucket, folder.prefix + name).absolute())
            yield Path(made)

    def _files(self, folder: Folder) -> list[str]:
        names = [item["name"].removeprefix(folder.prefix) for item in self._storage.list(folder.bucket, folder.prefix)]
        return [name for name in names if name and "/" not in name]

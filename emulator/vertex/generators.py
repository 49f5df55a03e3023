"""Loaded models, kept while the files they came from stay the same."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from emulator.errors import ServiceError
from emulator.language_model import Generator, LanguageModelError
from emulator.vertex.open_models import canonical_name
from emulator.vertex.refusals import failed_precondition

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.vertex.checkpoints import Checkpoints
    from emulator.vertex.tuned_gemini import TunedGemini

_MOST_LOADED = 8


class Generators:
    """Gives the language model of a model version, from the very files at its artifact URI.

    Those of a tuned Gemini are the service's own.
    """

    def __init__(self, checkpoints: Checkpoints, tuned: TunedGemini) -> None:
        self._checkpoints = checkpoints
        self._tuned = tuned
        self._loaded: dict[str, tuple[str, Generator]] = {}
        self._lock = threading.Lock()

    def load(self, version: dict[str, Any], checkpoint_id: str = "") -> Generator:
        """The generator of a model version; loaded again whenever a file has changed.

        Args:
            version: As the registry shows it.
            checkpoint_id: Which checkpoint of a tuned Gemini.

        Raises:
            ServiceError: no model server could start with these files.
        """
        uri = version.get("artifactUri", "")
        public = version.get("baseModelSource", {}).get("modelGardenSource", {}).get("publicModelName", "")
        folder = self._tuned.weights(version, checkpoint_id) if checkpoint_id else None
        with self._lock:
            source = str(folder or uri or public)
            state = self._checkpoints.fingerprint(uri) if uri else "unchanging"
            kept = self._loaded.get(source)
            if kept is None or kept[0] != state:
                kept = (state, self._read(folder, uri, public))
                self._loaded.pop(source, None)
                self._loaded[source] = kept
                while len(self._loaded) > _MOST_LOADED:
                    del self._loaded[next(iter(self._loaded))]
        return kept[1]

    def _read(self, folder: Path | None, uri: str, public: str) -> Generator:
        try:
            if folder:
                return Generator.load(folder)
            if not uri:
                return Generator.load(self._checkpoints.base_model(canonical_name(public) or public))
            self._checkpoints.check(uri)
            with self._checkpoints.local(uri) as files:
                return Generator.load(files)
        except (LanguageModelError, ServiceError, OSError) as error:
            # The first sentence as in github.com/googleapis/python-aiplatform/issues/4559; the service then points to
            # logs, of which this is the line that matters.
            raise failed_precondition(f"Model server exited unexpectedly. {error}") from error

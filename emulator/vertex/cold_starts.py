"""Deployed models that nobody has asked yet, and that take a while from the first request on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from emulator import clock
from emulator.errors import ServiceError

if TYPE_CHECKING:
    from emulator.vertex.settings import VertexSettings


class ColdStarts:
    """Which deployed models are warm. A restart of the emulator makes all of them cold again."""

    def __init__(self, settings: VertexSettings) -> None:
        self._seconds = settings.cold_seconds
        self._woken: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def require_warm(self, endpoint: str, deployed: dict[str, Any]) -> None:
        """Wakes a deployed model that is cold; until it is warm, requests are dropped.

        Raises:
            ServiceError: it is not warm yet.
        """
        if not self._seconds:
            return
        with self._lock:
            woken = self._woken.setdefault((endpoint, deployed["id"]), clock.now())
        if clock.now() < woken + self._seconds:
            if "checkpointId" in deployed:
                # "Pay-as-you-go": https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429
                raise ServiceError("RESOURCE_EXHAUSTED", "Resource exhausted, please try again later.")
            # "Scale To Zero": https://cloud.google.com/vertex-ai/docs/predictions/autoscaling
            raise ServiceError(
                "RESOURCE_EXHAUSTED",
                "Model is not yet ready for inference. Please wait while model completes scale-up from zero, then try "
                "your request again.",
            )

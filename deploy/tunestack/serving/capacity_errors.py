"""Which refusals of a deployment say that its machines cannot be had, rather than that it is wrong."""

from __future__ import annotations

from tunestack.retries import http_code, is_transient
from tunestack.serving.operations import OperationFailedError

_RESOURCE_EXHAUSTED = 8
"""google.rpc.Code, as an operation that failed has it."""

_TOO_MANY_REQUESTS = 429

_QUOTA = "quota metrics exceed"
"""`The following quota metrics exceed quota limits: …`: github.com/google-deepmind/xmanager/issues/29. The quota of
requests a minute has other words (`Quota exceeded for quota metric`), and passes by itself."""

_NO_MACHINE = ("machine type temporarily unavailable", "resources are insufficient in region")
"""`503 Machine type temporarily unavailable, please deploy with a different machine type or retry.`:
GoogleCloudPlatform/PerfKitBenchmarker, tests/resources/vertex_ai_test.py. `Resources are insufficient in region:
us-central1. Please try a different region or use a different accelerator.`: github.com/openreview/openreview-expertise,
issue 401, of jobs; the service places both alike."""


def lacks_capacity(error: BaseException) -> bool:
    """Says whether another machine may well be had where this one is not; to ask again at once does not help."""
    text = str(getattr(error, "message", None) or error).casefold()
    if isinstance(error, OperationFailedError) and error.rpc_code == _RESOURCE_EXHAUSTED:
        return True
    if any(words in text for words in _NO_MACHINE):
        return True
    return _QUOTA in text and http_code(error) in (None, _TOO_MANY_REQUESTS)


def may_pass(error: BaseException) -> bool:
    """Says whether the same request may pass later: a failure that passes, and no want of machines."""
    return is_transient(error) and not lacks_capacity(error)

"""Training data: formats, checks, counts, comparison, upload.

Importing this room imports neither Google's client nor numpy, nor what reads a file before one is read.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunestack.data.report import KINDS, Format, Problem, Report, Severity, UnreadableDataError
    from tunestack.data.scan import check, check_pair
    from tunestack.data.signatures.comparison import Comparison, compare
    from tunestack.data.signatures.signature import Signature, SignatureError
    from tunestack.data.storage.bucket import UploadError, object_uri, upload
    from tunestack.data.stream import Stream

__all__ = [
    "KINDS",
    "Comparison",
    "Format",
    "Problem",
    "Report",
    "Severity",
    "Signature",
    "SignatureError",
    "Stream",
    "UnreadableDataError",
    "UploadError",
    "check",
    "check_pair",
    "compare",
    "object_uri",
    "upload",
]

_HOMES = {
    "storage.bucket": ("UploadError", "object_uri", "upload"),
    "signatures.comparison": ("Comparison", "compare"),
    "report": ("KINDS", "Format", "Problem", "Report", "Severity", "UnreadableDataError"),
    "scan": ("check", "check_pair"),
    "signatures.signature": ("Signature", "SignatureError"),
    "stream": ("Stream",),
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

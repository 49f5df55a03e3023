"""Training data: formats, checks, counts, upload.

Importing this room does not import Google's client. `tunestack.data.convert` turns other files into chat examples.
"""

from tunestack.data.check import check, check_pair
from tunestack.data.report import KINDS, Format, Problem, Report, Severity, UnreadableDataError
from tunestack.data.upload import UploadError, object_uri, upload

__all__ = [
    "KINDS",
    "Format",
    "Problem",
    "Report",
    "Severity",
    "UnreadableDataError",
    "UploadError",
    "check",
    "check_pair",
    "object_uri",
    "upload",
]

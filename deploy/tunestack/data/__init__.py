"""Training data: formats, checks, counts, upload.

Importing this room does not import Google's client. `tunestack.data.convert` turns other files into chat examples.
"""

from tunestack.data.bucket import UploadError, object_uri, upload
from tunestack.data.report import KINDS, Format, Problem, Report, Severity, UnreadableDataError
from tunestack.data.scan import check, check_pair

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

"""Training data: formats, checks, counts, upload and conversion.

`upload` and `convert` are modules of their own; importing this room does not import Google's client.
"""

from tunestack.data.check import check, check_pair
from tunestack.data.report import KINDS, Format, Problem, Report, Severity, UnreadableDataError

__all__ = ["KINDS", "Format", "Problem", "Report", "Severity", "UnreadableDataError", "check", "check_pair"]

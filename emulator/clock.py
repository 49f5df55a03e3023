"""What time it is, and points in time as Google's APIs write them."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> float:
    """Seconds since the epoch. Whatever waits for a moment to come asks here, so that a test can move it."""
    return time.time()


def timestamp(seconds: float | None = None) -> str:
    """RFC 3339 in UTC with milliseconds, of `seconds` since the epoch or of now."""
    moment = datetime.fromtimestamp(now() if seconds is None else seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

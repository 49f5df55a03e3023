"""Buckets that were made a moment ago."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tunestack.late_identities import GRANT_SECONDS
from tunestack.retries import CALL_SECONDS, repeatable

if TYPE_CHECKING:
    from google.cloud.storage import Client


def is_new(client: Client, bucket: str) -> bool:
    """Says whether a bucket was made so short a time ago that rights on it may not have spread; the call blocks."""
    try:
        made = client.get_bucket(bucket, timeout=CALL_SECONDS, retry=repeatable).time_created
    except Exception:  # whoever may not look at it has not made it
        return False
    return made is not None and bool((datetime.now(UTC) - made).total_seconds() < GRANT_SECONDS)

"""Looks many objects of a bucket up by listings: a call for up to a thousand of them, and none that is not needed.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

import contextvars
import os.path
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunestack.retries import CALL_SECONDS, repeatable

if TYPE_CHECKING:
    from google.cloud.storage import Client

PAGE = 1000
"""Objects in a page of a listing at most. Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list."""

THREADS = 8
"""Listings under way at a time; a page of a thousand objects takes a few tenths of a second."""

_FIELDS = "items(name,size,contentType),nextPageToken"
_AFTER = "!"
"""The end of a listing is exclusive: this much behind the last name that is sought."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing says of an object."""

    bytes: int
    content_type: str


class Calls:
    """How many listings may still be made, for all threads together."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Takes one, and says whether there was one left."""
        with self._lock:
            self._left -= 1
            return self._left >= 0


Judge = Callable[[str, StoredObject | None], None]
"""Takes a name and its object; None where there is none. Called from several threads."""


def look_up(client: Client, bucket: str, names: Sequence[str], calls: Calls, judge: Judge) -> int:
    """Looks up objects.

    Where they lie close together, each page of the listing decides up to a thousand; where a folder holds far more than
    is sought, the next page starts at the next name instead of at the next object.

    Args:
        client: the storage client.
        bucket: name of the bucket.
        names: of the objects, each once.
        calls: how many listings may be made.
        judge: told of each name that was looked up.

    Returns:
        How many were not looked up, because no more listings may be made.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: the service refuses, or retries ran out.
    """
    wanted = sorted(names)
    # Each thread has a stretch of the alphabet to itself.
    size = max(PAGE, -(-len(wanted) // THREADS))
    stretches = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    with ThreadPoolExecutor(min(THREADS, len(stretches))) as pool:
        # A thread of the pool knows of the run's end, after which nothing is repeated, by its context alone.
        contexts = [contextvars.copy_context() for _ in stretches]
        left = pool.map(
            lambda context, stretch: context.run(_walk, client, bucket, stretch, calls, judge), contexts, stretches
        )
        return sum(left)


def _walk(client: Client, bucket: str, wanted: Sequence[str], calls: Calls, judge: Judge) -> int:
    at = 0
    while at < len(wanted):
        for items, more in _pages(client, bucket, wanted[at], wanted[-1], calls):
            for item in items:
                while at < len(wanted) and wanted[at] < item["name"]:
                    judge(wanted[at], None)
                    at += 1
                if at < len(wanted) and wanted[at] == item["name"]:
                    judge(wanted[at], StoredObject(int(item.get("size", 0)), item.get("contentType", "")))
                    at += 1
            if not more:
                while at < len(wanted):
                    judge(wanted[at], None)
                    at += 1
            if items:
                break
        else:
            return len(wanted) - at
    return 0


def _pages(client: Client, bucket: str, first: str, last: str, calls: Calls) -> Iterator[tuple[list[Any], bool]]:
    """Yields pages, and whether there are more behind; a page may be empty although there are."""
    listing = client.list_blobs(
        bucket,
        prefix=os.path.commonprefix([first, last]),  # noqa: RUF071 - to Cloud Storage a prefix is characters
        start_offset=first,
        end_offset=last + _AFTER,
        fields=_FIELDS,
        page_size=PAGE,
        timeout=CALL_SECONDS,
        retry=repeatable,
    )
    pages = listing.pages
    while calls.take():
        page = next(pages, None)
        items = page.raw_page.get("items", []) if page else []
        yield items, listing.next_page_token is not None
        if listing.next_page_token is None:
            return

"""What a connection makes, it makes once, whichever thread asks first."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tunestack.connection import made_once


class Slow:
    """Takes long enough to make a client for every thread to ask meanwhile."""

    made = 0

    @made_once
    def client(self) -> object:
        type(self).made += 1
        time.sleep(0.05)
        return object()


def test_threads_that_ask_at_once_get_the_same_client() -> None:
    slow = Slow()
    with ThreadPoolExecutor(8) as threads:
        clients = set(threads.map(lambda _: slow.client, range(8)))
    assert len(clients) == 1
    assert Slow.made == 1

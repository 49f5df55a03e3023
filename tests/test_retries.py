"""What is repeated, and that nobody waits for a repetition after Ctrl-C."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import httpx
import pytest
import requests
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError, TransportError
from google.cloud.storage.exceptions import InvalidResponse
from google.genai import errors

from tunestack import retries
from tunestack.connection import Connection
from tunestack.provider.run import Run
from tunestack.retries import is_transient, repeatable


def refused(code: int, status: str = "") -> errors.APIError:
    return errors.APIError(code, {"error": {"code": code, "message": "m", "status": status}})


def answered(status: int) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    return response


@pytest.mark.parametrize(
    ("error", "transient", "why"),
    [
        (refused(503), True, "the service is busy"),
        (refused(429), True, "the quota of requests a minute"),
        (refused(409, "ABORTED"), True, "two changes met; the service asks to repeat"),
        (refused(409, "ALREADY_EXISTS"), False, "it will exist the next time too"),
        (exceptions.Aborted("a"), True, "the same from a generated client"),  # type: ignore[no-untyped-call]
        (exceptions.AlreadyExists("a"), False, "the same from a generated client"),  # type: ignore[no-untyped-call]
        (exceptions.RetryError("late", None), True, "a library gave up after its own deadline"),  # type: ignore[no-untyped-call]
        (requests.exceptions.ChunkedEncodingError("cut"), True, "the connection broke within an answer"),
        (requests.exceptions.ConnectionError("reset"), True, "no answer"),
        (requests.exceptions.InvalidURL("x"), False, "the same address is wrong for ever"),
        (TransportError("no token"), True, "the token server was out of reach"),  # type: ignore[no-untyped-call]
        (DefaultCredentialsError("none"), False, "credentials do not come by waiting"),  # type: ignore[no-untyped-call]
        (refused(400), False, "refused for good"),
        (InvalidResponse(answered(503)), True, "the storage library's uploads hold the answer inside"),
        (InvalidResponse(answered(412)), False, "the same of an answer that stands"),
        (KeyError("x"), False, "a defect"),
    ],
)
def test_what_is_transient(error: Exception, transient: bool, why: str) -> None:
    assert is_transient(error) is transient, why


class Silent:
    """An engine that nobody listens to."""

    async def log(self, *arguments: Any, **named: Any) -> None:
        pass


async def test_an_interrupt_ends_repetitions() -> None:
    tried = threading.Event()

    @repeatable
    def busy() -> None:
        tried.set()
        raise refused(503)

    run = Run(Connection("p", "us-central1"), Silent())
    calling = asyncio.ensure_future(run.call(busy))
    await asyncio.to_thread(tried.wait, 60)
    started = time.monotonic()
    run.interrupt()
    with pytest.raises(errors.APIError):
        await asyncio.wait_for(calling, 90)
    assert time.monotonic() - started < 60, "without the event this lasts for two minutes"


def test_a_failure_that_passes_is_repeated() -> None:
    answers = iter([refused(503), refused(429), None])

    @repeatable
    def call() -> str:
        if answer := next(answers):
            raise answer
        return "done"

    assert call() == "done"


@pytest.mark.parametrize("library", ["requests", "google-genai"])
def test_a_door_that_is_shut_is_not_knocked_at_for_long(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "REFUSED_SECONDS", 0.3)
    connection = Connection("p", "us-central1", "http://127.0.0.1:9")

    @repeatable
    def knock() -> None:
        if library == "requests":
            requests.get(connection.api_endpoint, timeout=60)
        else:
            connection.genai.tunings.get(name="projects/p/locations/us-central1/tuningJobs/1")

    started = time.monotonic()
    with pytest.raises(Exception, match=r"refused"):
        knock()
    assert 0.3 <= time.monotonic() - started < 60, "not for the two minutes of a busy service"


def test_the_service_says_when_to_come_back() -> None:
    response = httpx.Response(429, headers={"retry-after": "1"})
    answers = iter([errors.APIError(429, {}, response), None])

    @repeatable
    def call() -> str:
        if answer := next(answers):
            raise answer
        return "done"

    started = time.monotonic()
    assert call() == "done"
    assert time.monotonic() - started >= 1, "alone, the first pause is a quarter of that"

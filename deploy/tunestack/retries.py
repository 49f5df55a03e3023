"""Which failures of a call pass by themselves, and repeating calls that may be repeated."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

import tenacity
from tenacity.stop import stop_base

P = ParamSpec("P")
T = TypeVar("T")

RETRY_SECONDS = 120.0
"""How long a call is repeated when the service is busy or out of reach: Google's libraries take 120 s for storage."""

REFUSED_SECONDS = 15.0
"""How long a call is repeated that nobody takes: an emulator that restarts is back in two, one that is off never is."""

CALL_SECONDS = 60.0
"""How long one request may take before its connection counts as dead: what Google's storage library takes, and as long
as a busy service has been seen to think. Repeated once, a service that never answers is given up after two minutes."""

PREVIEW_SECONDS = 5.0
"""How long a preview waits for an answer: a token and a list take about one."""

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP codes after which the same request may pass; those that google-genai and google-cloud-storage repeat."""

STOPPED: ContextVar[threading.Event | None] = ContextVar("STOPPED", default=None)
"""Set where somebody may stop a run: calls made from there are not repeated once the event is set. A thread that
`asyncio.to_thread` starts has its caller's."""


def is_transient(error: BaseException) -> bool:
    """Says whether a call through google-genai, requests or Google's generated clients may pass when repeated."""
    code = http_code(error)
    if code is not None:
        # "ABORTED: retry at a higher level" (google.rpc.Code) is a 409, as is what really exists already.
        # GitHub says with a 403 that it was asked too fast, and after how long it will answer.
        is_busy = code == 403 and bool(_headers(error).get("Retry-After"))
        return code in TRANSIENT or is_busy or (code == 409 and _status(error) == "ABORTED")
    return is_transport_error(error)


def may_have_acted(error: BaseException) -> bool:
    """Says whether the service may have done what it was asked for, although it did not say so."""
    code = http_code(error)
    return code == 408 or code >= 500 if code is not None else is_transport_error(error)


def is_transport_error(error: BaseException) -> bool:
    """Says whether no answer came, or none that was whole."""
    return isinstance(error, _transport_errors())


def http_code(error: BaseException) -> int | None:
    """Returns the HTTP code of an answer, None where there was none; the storage library's uploads have it inside."""
    code = getattr(error, "code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return int(code) if isinstance(code, int) else None


def retrying(seconds: float | None = None, refused_seconds: float | None = None) -> tenacity.Retrying:
    """Returns a loop that repeats transient failures with growing pauses, unless stopped.

    Args:
        seconds: for how long; `RETRY_SECONDS` when left out.
        refused_seconds: for how long where nobody takes the connection; `REFUSED_SECONDS` when left out.
    """
    stopped = STOPPED.get() or threading.Event()
    enough = tenacity.stop_before_delay(RETRY_SECONDS if seconds is None else seconds)
    nobody = NobodyListens(REFUSED_SECONDS if refused_seconds is None else refused_seconds)
    return tenacity.Retrying(
        sleep=tenacity.sleep_using_event(stopped),
        retry=tenacity.retry_if_exception(is_transient),
        wait=_pause,
        stop=enough | tenacity.stop_when_event_set(stopped) | nobody,
        reraise=True,
    )


def repeatable(function: Callable[P, T]) -> Callable[P, T]:
    """Repeats a function that does the same however often it is called.

    Also what google-cloud-storage takes as `retry`: its own would not hear that the user stopped the run.
    """

    @wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> T:
        return retrying()(function, *arguments, **named)

    return call


_GROWING = tenacity.wait_exponential_jitter(initial=0.25, max=20, jitter=0.25)


def _pause(retry_state: tenacity.RetryCallState) -> float:
    """Returns the next pause in seconds: a growing one, or what the service asks for in `Retry-After`, if longer."""
    error = retry_state.outcome.exception() if retry_state.outcome else None
    asked = _headers(error).get("Retry-After", "")
    return max(_GROWING(retry_state), float(asked) if asked.isdecimal() else 0.0)


def _headers(error: BaseException | None) -> Mapping[str, str]:
    return getattr(getattr(error, "response", None), "headers", None) or {}


class NobodyListens(stop_base):
    """Ends the loop early when the connection itself is refused; a busy service takes it, and answers late or not.

    Args:
        seconds: how long it is tried all the same.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        """Says whether the last try found nobody, for long enough."""
        error = retry_state.outcome.exception() if retry_state.outcome else None
        while error is not None and not isinstance(error, ConnectionRefusedError):
            error = error.__cause__ or error.__context__
        return error is not None and (retry_state.seconds_since_start or 0) >= self._seconds


def _status(error: BaseException) -> str | None:
    """Returns the service's own name of a code: google-genai has it as text, generated clients as gRPC's status."""
    status = getattr(error, "status", None) or getattr(getattr(error, "grpc_status_code", None), "name", None)
    return status if isinstance(status, str) else None


def _transport_errors() -> tuple[type[BaseException], ...]:
    """Returns what the HTTP libraries raise without an answer; google-genai uses httpx or its fork, what is there.

    A library that was not imported has raised nothing.
    """
    found: list[type[BaseException]] = [ConnectionError, TimeoutError]
    for module, name in (
        ("httpx", "TransportError"),
        ("httpx2", "TransportError"),
        ("requests.exceptions", "ConnectionError"),
        ("requests.exceptions", "Timeout"),
        ("requests.exceptions", "ChunkedEncodingError"),
        ("google.auth.exceptions", "TransportError"),
        ("google.api_core.exceptions", "RetryError"),
    ):
        if kind := getattr(sys.modules.get(module), name, None):
            found.append(kind)
    return tuple(found)

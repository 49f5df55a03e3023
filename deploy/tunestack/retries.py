"""Which failures of a call pass by themselves, and repeating calls that may be repeated."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import tenacity

P = ParamSpec("P")
T = TypeVar("T")

RETRY_SECONDS = 120.0
"""How long a call is repeated when the service is busy or out of reach: Google's libraries take 120 s for storage."""

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP codes after which the same request may pass; those that google-genai and google-cloud-storage repeat."""


def is_transient(error: BaseException) -> bool:
    """Says whether a call through google-genai, requests or Google's generated clients may pass when repeated."""
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return code in TRANSIENT
    return isinstance(error, _transport_errors())


def retrying() -> tenacity.Retrying:
    """Returns a loop that repeats transient failures with growing pauses for up to two minutes."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_transient),
        wait=tenacity.wait_exponential_jitter(initial=0.25, max=20, jitter=0.25),
        stop=tenacity.stop_after_delay(RETRY_SECONDS),
        reraise=True,
    )


def repeatable(function: Callable[P, T]) -> Callable[P, T]:
    """Repeats a function that does the same however often it is called."""

    @wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> T:
        return retrying()(function, *arguments, **named)

    return call


def _transport_errors() -> tuple[type[BaseException], ...]:
    """Returns what the HTTP libraries raise without an answer; google-genai uses httpx or its fork, what is there."""
    found: list[type[BaseException]] = [ConnectionError, TimeoutError]
    for module, name in (
        ("httpx", "TransportError"),
        ("httpx2", "TransportError"),
        ("requests", "ConnectionError"),
        ("requests", "Timeout"),
        ("google.auth.exceptions", "TransportError"),
    ):
        try:
            found.append(getattr(importlib.import_module(module), name))
        except ImportError:
            continue
    return tuple(found)

"""Calls to Google Cloud's REST APIs at the configured endpoints: errors as exceptions, patience with what passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

import httpx
import tenacity

from emulator.gcp_provider.configuration import Configuration
from tunestack.provider.lifecycle import ResourceError
from tunestack.retries import REFUSED_SECONDS, NobodyListens

T = TypeVar("T")

_CALL_SECONDS: Final = 20.0
"""How long one call may take before its connection counts as dead. An emulator on this machine takes milliseconds, and
a second while it trains on all cores."""
_PATIENCE_SECONDS: Final = 60.0
"""How long a call is repeated that failed for a reason which passes. The real provider waits up to 20 minutes; an
emulator on this machine has no reason to need that."""
_ENABLED_SECONDS: Final = 5.0
"""How long an API may take that was just enabled. The real provider comes to its calls seconds later, and does not wait
at all: a program that needs more patience has to bring its own."""
_OPERATION_SECONDS: Final = 600.0
_PASSING_STATUS: Final = frozenset({429, 500, 502, 503, 504})
_CONFLICT: Final = 409


class CallError(ResourceError):
    """A call that Google Cloud refused.

    Args:
        status: the HTTP status.
        message: the service's own words.
        reasons: the machine-readable reasons among the details, such as `SERVICE_DISABLED`.
        call: method and path, for the message.
    """

    def __init__(self, status: int, message: str, reasons: frozenset[str], call: str) -> None:
        super().__init__(f"{call}: error {status}: {message}")
        self.status = status
        self.reasons = reasons
        self.message = message


class Cloud:
    """The APIs of one configured Google Cloud, which is an emulator.

    Args:
        configuration: where the APIs are and which project is meant.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        # The emulator speaks plain HTTP; loading certificates would take 14 ms of each start.
        self._client = httpx.AsyncClient(timeout=_CALL_SECONDS, trust_env=False, verify=False)  # noqa: S501
        self._locks: dict[str, asyncio.Lock] = {}

    def lock(self, key: str) -> asyncio.Lock:
        """Returns the lock of that name; who changes one thing in steps holds it."""
        return self._locks.setdefault(key, asyncio.Lock())

    async def get(self, api: str, path: str, **query: str) -> dict[str, Any]:
        """Gets a resource."""
        return await self.call("GET", api, path, query=query)

    async def find(self, api: str, path: str) -> dict[str, Any] | None:
        """Gets a resource, or None when there is no such thing."""
        return await unless_missing(self.get(api, path))

    async def call(
        self, method: str, api: str, path: str, *, query: Mapping[str, str] = {}, body: Any = None
    ) -> dict[str, Any]:
        """Makes a call that does the same however often it is made, and returns the JSON it answers.

        Raises:
            CallError: the service refused, for a reason that does not pass or did not pass in time.
            ResourceError: the service cannot be reached.
        """
        return await repeated(partial(self._once, method, api, path, query, body), _passes, _PATIENCE_SECONDS)

    async def create(
        self, api: str, path: str, made: str, *, query: Mapping[str, str] = {}, body: Any
    ) -> dict[str, Any] | None:
        """Makes a call that creates something under a name of the caller's choice, so that a second one is refused.

        Args:
            api: of which service.
            path: of the collection.
            made: path of what is created.
            query: parameters.
            body: the request's.

        Returns:
            What the service answers; None where it has made the thing although the answer that said so was lost.

        Raises:
            CallError: the service refused, also because such a thing was there before.
            ResourceError: the service cannot be reached.
        """
        may_be_ours = False

        async def once() -> dict[str, Any] | None:
            nonlocal may_be_ours
            try:
                return await self._once("POST", api, path, query, body)
            except CallError as error:
                if may_be_ours and error.status == _CONFLICT:
                    return None
                may_be_ours = may_be_ours or (error.status >= 500 and is_new)
                raise
            except UnreachableError:
                may_be_ours = is_new
                raise

        is_new = await self.find(api, made) is None
        return await repeated(once, _passes, _PATIENCE_SECONDS)

    async def items(self, api: str, path: str, field: str, **query: str) -> AsyncIterator[dict[str, Any]]:
        """Yields the entries of a list, page by page."""
        token = ""
        while True:
            page = await self.get(api, path, **query, **({"pageToken": token} if token else {}))
            for item in page.get(field, ()):
                yield item
            token = page.get("nextPageToken", "")
            if not token:
                return

    async def finished(self, api: str, operation: Mapping[str, Any]) -> dict[str, Any]:
        """Waits for a long-running operation and returns its response.

        Raises:
            ResourceError: the operation failed, or does not end.
        """
        present = dict(operation)
        deadline = asyncio.get_running_loop().time() + _OPERATION_SECONDS
        while not present.get("done"):
            if asyncio.get_running_loop().time() > deadline:
                message = f"{operation['name']} has not ended after {_OPERATION_SECONDS:.0f} s; see the emulator's log"
                raise ResourceError(message)
            await asyncio.sleep(0.2)
            present = await self.get(api, str(operation["name"]))
        if "error" in present:
            raise ResourceError(f"{operation['name']}: {present['error'].get('message', present['error'])}")
        return dict(present.get("response", {}))

    async def _once(self, method: str, api: str, path: str, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        request = partial(self._request, method, api, path, query, body)
        return await repeated(request, _is_not_enabled_yet, _ENABLED_SECONDS)

    async def _request(self, method: str, api: str, path: str, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        url = self.configuration.endpoint(api) + path
        try:
            response = await self._client.request(method, url, params={"alt": "json", **query}, json=body)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            message = f"{method} {url}: {reason}; the emulator does not answer: start it with make emulator"
            raise UnreachableError(message) from error
        if response.is_error:
            raise _refusal(response)
        return dict(response.json()) if response.content else {}


class UnreachableError(ResourceError):
    """A call that got no answer: the service may have acted or not."""


async def unless_missing(call: Awaitable[T]) -> T | None:
    """Returns what the call returns, or None when it says that there is no such thing."""
    try:
        return await call
    except CallError as error:
        if error.status == 404:
            return None
        raise


async def repeated(call: Callable[[], Awaitable[T]], passes: Callable[[BaseException], bool], seconds: float) -> T:
    """Repeats a call with growing pauses while it fails for a reason that passes, until the time is over."""
    attempts = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(passes),
        wait=tenacity.wait_exponential_jitter(initial=0.1, max=5, jitter=0.1),
        stop=tenacity.stop_after_delay(seconds) | NobodyListens(REFUSED_SECONDS),
        reraise=True,
    )
    return await attempts(call)


def _passes(error: BaseException) -> bool:
    if isinstance(error, CallError):
        return error.status in _PASSING_STATUS
    return isinstance(error, UnreachableError)


def _is_not_enabled_yet(error: BaseException) -> bool:
    return isinstance(error, CallError) and "SERVICE_DISABLED" in error.reasons


def _refusal(response: httpx.Response) -> CallError:
    call = f"{response.request.method} {response.request.url.copy_with(query=None)}"
    try:
        error = response.json()["error"]
        reasons = {detail.get("reason", "") for detail in (*error.get("details", ()), *error.get("errors", ()))}
        return CallError(response.status_code, error["message"], frozenset(reasons), call)
    except (ValueError, KeyError, TypeError, AttributeError):
        return CallError(response.status_code, response.text or response.reason_phrase, frozenset(), call)

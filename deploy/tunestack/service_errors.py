"""What went wrong between this machine and the service, in words that say what to do."""

from __future__ import annotations

import ipaddress
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tunestack.retries import http_code, is_transient, is_transport_error

if TYPE_CHECKING:
    import requests


def explain(error: BaseException) -> str | None:
    """Returns what a user can do about a failed call of the service, or None when the failure is of another kind."""
    code = http_code(error)
    if code is not None:
        return f"the service answered: {_said(error)} (HTTP {code}){way_on(error)}"
    if is_transport_error(error):
        return _no_answer(error)
    if isinstance(error, _kind("google.auth.exceptions", "GoogleAuthError")):
        return (
            f"there are no usable Google Cloud credentials on this machine: {_first_line(error)}. Run gcloud auth "
            "application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"
        )
    if isinstance(error, _kind("tunestack.serving.operations", "OperationFailedError")):
        return f"the service could not do what it was asked for: {error}"
    own = (
        ("tunestack.serving.predict", "MisaskedError"),
        ("tunestack.serving.shapes", "UnreadableAnswerError"),
        ("tunestack.data.storage.bucket", "UploadError"),
        ("tunestack.data.report", "UnreadableDataError"),
        ("tunestack.data.preparation.error", "PreparationError"),
        ("tunestack.data.tokens.error", "TokenizerError"),
    )
    return str(error) if any(isinstance(error, _kind(*each)) for each in own) else None


def _said(error: BaseException) -> str:
    """Returns the error's message; of a failed upload, for which Google's library has the whole answer, its words."""
    message = str(getattr(error, "message", None) or error)
    try:
        answer = error.response  # type: ignore[attr-defined]  # one without is caught below
        return str(answer.json()["error"]["message"]) if answer.text in message else message
    except (AttributeError, KeyError, TypeError, ValueError):
        return message


def document(response: requests.Response) -> dict[str, Any]:
    """Returns what the service answers to a plain request.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: it refuses.
    """
    if not response.ok:
        raise refusal(response)
    answered: dict[str, Any] = response.json()
    return answered


def refusal(response: requests.Response) -> Exception:
    """Returns a plain request that was refused as Google's own clients would raise it, with the service's own words."""
    from google.api_core.exceptions import from_http_status

    refused: Exception = from_http_status(  # type: ignore[no-untyped-call]  # Google's has no hints
        response.status_code, words(response), response=response
    )
    return refused


def words(response: requests.Response) -> str:
    """Returns what the service says in an answer that refuses, in whichever of its forms; the status where nothing."""
    try:
        answer = response.json()
        error = answer[0] if isinstance(answer, list) else answer
        error = error.get("error", error)
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, IndexError, AttributeError):
        text = response.text.strip()
        return text if text and not text.startswith("<") else response.reason  # a proxy answers with a page


def way_on(error: BaseException) -> str:
    """Returns what to do about an answer of the service, to be put behind it; empty where only its words tell."""
    code = http_code(error)
    if code == 401:
        return "; run gcloud auth application-default login"
    if code == 403:
        return "; whoever runs this needs that permission, or the API that it names has to be enabled first"
    return "; it may pass: run the command again in a while" if is_transient(error) else ""


def _no_answer(error: BaseException) -> str:
    # Google's libraries repeat by themselves and then raise an error of their own around the last one.
    cause = getattr(error, "cause", None) or error
    address = urlsplit(_address(cause))
    if _is_loopback(address.hostname):
        return f"the emulator at {address.scheme}://{address.netloc} does not answer; start it with make emulator"
    service = address.hostname or "the service"
    return f"{service} cannot be reached: {_first_line(cause)}. Look at the network, then run the command again"


def _address(error: BaseException) -> str:
    """Returns where the request went, empty where the library does not say."""
    try:
        return str(error.request.url)  # type: ignore[attr-defined]  # one without is caught below
    except (AttributeError, RuntimeError):  # httpx raises the latter when it knows of no request
        return ""


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _kind(module: str, name: str) -> type[BaseException] | tuple[()]:
    """Returns an exception's type without importing it: what was not imported was not raised."""
    found: type[BaseException] | tuple[()] = getattr(sys.modules.get(module), name, ())
    return found


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0].rstrip(".")

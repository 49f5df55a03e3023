"""Whether Google Cloud knows who is asking, or the emulator is there that asks nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tunestack.cli.doctor.finding import Finding, ok, problem, warning
from tunestack.cli.doctor.subject import Subject
from tunestack.connection import SCOPE

NAME = "credentials"

_LOGIN = "gcloud auth application-default login"


def look(subject: Subject) -> Iterator[Finding]:
    """Yields whether calls can be made at all."""
    if subject.connection.api_endpoint:
        yield _emulator(subject.connection.api_endpoint)
        return
    import google.auth
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.auth.transport.requests import Request

    try:
        credentials, _ = google.auth.default([SCOPE])
        credentials.refresh(Request())  # type: ignore[no-untyped-call]  # Google's has no hints
    except TransportError as error:
        host = urlsplit(str(getattr(getattr(error.__cause__, "request", None), "url", ""))).hostname
        says = f"{host or 'the service that gives tokens'} cannot be reached"
        yield problem(NAME, says, f"curl -sS https://{host or 'oauth2.googleapis.com'}; look at network and proxy")
    except GoogleAuthError as error:
        yield problem(NAME, f"none that can be used on this machine: {str(error).partition(chr(10))[0]}", _LOGIN)
    else:
        yield _told(credentials, subject.project)


def _emulator(url: str) -> Finding:
    import requests

    try:
        with requests.Session() as session:
            session.get(f"{url}/emulator/health", timeout=5).raise_for_status()
    except requests.RequestException:
        return problem(NAME, f"the emulator at {url} does not answer", "make emulator")
    return ok(NAME, f"none needed: the emulator at {url} answers")


def _told(credentials: Any, project: str) -> Finding:
    account = getattr(credentials, "service_account_email", "")
    if account:
        return ok(NAME, f"service account {account}")
    if "oauth2.credentials" in type(credentials).__module__ and not credentials.quota_project_id:
        return warning(
            NAME,
            "a user's, without a project that their calls are charged to: some APIs refuse those",
            f"gcloud auth application-default set-quota-project {project}",
        )
    return ok(NAME, f"a user's, {getattr(credentials, 'account', '') or 'by gcloud auth application-default login'}")

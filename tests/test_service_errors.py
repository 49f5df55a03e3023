"""What a user reads when the service fails: its own words and what to do, from the clients that really raise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import google.auth
import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.genai import errors

from tests.running_emulator import Emulator
from tunestack.connection import Connection
from tunestack.data import UnreadableDataError, UploadError
from tunestack.service_errors import explain

JOB = "projects/demo-project/locations/us-central1/tuningJobs/7"


def caught(call: Callable[[], Any]) -> Exception:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_a_refusal_is_told_in_the_services_words(start_emulator: Callable[..., Emulator]) -> None:
    connection = Connection("demo-project", "us-central1", start_emulator().url)
    disabled = explain(caught(lambda: connection.genai.tunings.get(name=JOB))) or ""
    assert "has not been used in project" in disabled
    assert "(HTTP 403)" in disabled
    assert "has to be enabled first" in disabled
    missing = explain(caught(lambda: list(connection.storage.list_blobs("no-such-bucket")))) or ""
    assert "(HTTP 404)" in missing
    upload = connection.storage.bucket("no-such-bucket").blob("a").upload_from_string
    assert (
        explain(caught(lambda: upload(b"1"))) == "the service answered: The specified bucket does not exist. (HTTP 404)"
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda connection: connection.genai.tunings.get(name=JOB),
        lambda connection: connection.storage._connection.api_request("GET", "/b/data"),
        lambda connection: connection.storage.get_bucket("data", retry=connection.impatient),
    ],
)
def test_an_emulator_that_does_not_run(call: Callable[[Any], Any]) -> None:
    from google.cloud.storage.retry import DEFAULT_RETRY

    connection = Connection("p", "us-central1", "http://127.0.0.1:9")
    object.__setattr__(connection, "impatient", DEFAULT_RETRY.with_timeout(0.1))
    told = explain(caught(lambda: call(connection)))
    assert told == "the emulator at http://127.0.0.1:9 does not answer; start it with make emulator"


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    error = caught(google.auth.default)
    assert isinstance(error, DefaultCredentialsError)
    told = explain(error) or ""
    assert "none.json was not found. Run gcloud auth application-default login" in told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RefreshError("Reauthentication is needed."), "gcloud auth application-default login"),  # type: ignore[no-untyped-call]
        (errors.APIError(429, {"error": {"message": "Quota exceeded"}}), "Quota exceeded (HTTP 429); it may pass"),
        (exceptions.Unauthorized("no"), "(HTTP 401); run gcloud auth application-default login"),  # type: ignore[no-untyped-call]
        (exceptions.BadRequest("field x"), "the service answered: field x (HTTP 400)"),  # type: ignore[no-untyped-call]
        (ConnectionResetError("reset by peer"), "the service cannot be reached: reset by peer. Look at the network"),
        (UploadError("gs://b/o holds something else"), "gs://b/o holds something else"),
        (UnreadableDataError("train.jsonl cannot be read"), "train.jsonl cannot be read"),
    ],
)
def test_known_kinds(error: Exception, told: str) -> None:
    assert told in (explain(error) or "")


@pytest.mark.parametrize("error", [KeyError("endpoint"), ValueError("x"), OSError("disk full")])
def test_a_defect_is_not_explained_away(error: Exception) -> None:
    assert explain(error) is None

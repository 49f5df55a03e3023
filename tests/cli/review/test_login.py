"""Credentials without a key, as Google's own library reads them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from google.auth import identity_pool

from tests.cli.conftest import Command

PROVIDER = "projects/123456789/locations/global/workloadIdentityPools/gitlab/providers/gitlab"
ACCOUNT = "deployer@shop-prod.iam.gserviceaccount.com"
TOKEN = "header.payload.signature"


def test_the_library_takes_them(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_ID_TOKEN", TOKEN)
    file = tmp_path / "new" / "google.json"
    for _ in range(2):  # a job that runs again finds the files of before
        answer = command("review", "login", file, "--provider", PROVIDER, "--account", ACCOUNT)
        assert answer.status == 0, answer.err
    credentials = identity_pool.Credentials.from_file(str(file))  # type: ignore[no-untyped-call]
    assert credentials.service_account_email == ACCOUNT
    assert credentials.retrieve_subject_token(None) == TOKEN
    assert TOKEN not in answer.out + answer.err + file.read_text()
    assert json.loads(file.read_text())["audience"] == f"//iam.googleapis.com/{PROVIDER}"
    assert {stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("provider", "account", "token", "told"),
    [
        (PROVIDER.replace("123456789", "shop-prod"), ACCOUNT, TOKEN, "with the project's number"),
        (PROVIDER, "", TOKEN, "is the variable set for this environment?"),
        (PROVIDER, ACCOUNT, "", "id_tokens"),
    ],
    ids=["project by its id", "no account", "no token"],
)
def test_what_is_missing_is_told(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    account: str,
    token: str,
    told: str,
) -> None:
    monkeypatch.setenv("GOOGLE_ID_TOKEN", token)
    answer = command("review", "login", tmp_path / "google.json", "--provider", provider, "--account", account)
    assert answer.status == 1
    assert told in answer.err

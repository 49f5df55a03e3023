"""The calls as they go to Google's own addresses, and the advice as it is given there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.cli.doctor.conftest import ACCOUNT, BUCKET, PROJECT, USER, Cloud
from tunestack.cli.doctor import command, side_by_side
from tunestack.cli.doctor.finding import Status
from tunestack.connection import Connection


class ToEmulator(HTTPAdapter):
    """Answers for Google's own addresses from the emulator, and knows who was charged."""

    _PREFIXES: ClassVar = {
        "cloudbilling": "/billing",
        "cloudquotas": "/quotas",
        "cloudresourcemanager": "/crm",
        "iam": "/iam",
        "serviceusage": "/su",
        "storage": "",
        "us-central1-aiplatform": "",
    }

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.denied = 0

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        address = urlsplit(str(request.url))
        charged = request.headers.pop("x-goog-user-project", "")
        if charged and self.denied:
            self.denied -= 1
            answer = requests.Response()
            answer.status_code, answer.url, answer.request = 403, request.url or "", request
            denied = {"reason": "USER_PROJECT_DENIED", "metadata": {"consumer": f"projects/{PROJECT}"}}
            error = {"code": 403, "message": "Caller does not have required permission to use it", "details": [denied]}
            answer._content = json.dumps({"error": error}).encode()
            return answer
        prefix = self._PREFIXES[str(address.hostname).removesuffix(".googleapis.com")]
        request.url = f"{self.url}{prefix}{address.path}{'?' if address.query else ''}{address.query}"
        return super().send(request, *arguments, **options)


def test_google_clouds_own_addresses(start_cloud: Callable[..., Cloud], monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = start_cloud()
    adapter = ToEmulator(cloud.emulator.url)

    def http(_: Connection) -> requests.Session:
        session = requests.Session()
        session.mount("https://", adapter)
        return session

    monkeypatch.setattr(Connection, "http", http)
    cloud.wants(connection=Connection(PROJECT, "us-central1"))
    assert cloud.trouble() == []
    adapter.denied = 1
    (project,) = side_by_side.findings(command.remote_checks(cloud.subject)[:1], 10)
    assert project.status is Status.OK, "whoever may not charge the project asks without"
    cloud.disable()
    cloud.bind(*cloud.members[:2])
    cloud.account("disable")
    advised = {advice for finding in cloud.trouble() for advice in finding.advice}
    assert advised == {
        f"gcloud services enable aiplatform.googleapis.com --project {PROJECT}",
        f"gcloud iam service-accounts enable {ACCOUNT}",
        "pulumi up --refresh --stack dev",
        f"gcloud storage buckets add-iam-policy-binding gs://{BUCKET} --member {cloud.members[2]} --role {USER}",
    }

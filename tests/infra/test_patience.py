"""Which refusals are worth a wait, and which are told with what to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

from infra.patience import Patience

AGENT = "service-1@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"
ON_BUCKET = {"bucket": "b", "member": f"serviceAccount:{AGENT}"}
ACCOUNT = "tuning@p.iam.gserviceaccount.com"
ON_ACCOUNT = {"serviceAccountId": f"projects/p/serviceAccounts/{ACCOUNT}", "member": "user:ada@example.com"}

BUCKET_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
SERVICE = "gcp:projects/service:Service"
NEW_ACCOUNT = "gcp:serviceaccount/account:Account"
BUCKET = "gcp:storage/bucket:Bucket"
ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"


@pytest.fixture
def patience() -> Patience:
    return Patience("demo-project", ["aiplatform.googleapis.com", "iam.googleapis.com"])


def disabled(project: str = "demo-project", api: str = "aiplatform") -> str:
    return (
        f"googleapi: Error 403: Vertex AI API has not been used in project {project} before or it is disabled. Enable "
        f"it by visiting https://console.developers.google.com/apis/api/{api}.googleapis.com/overview?project={project}"
        " then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems "
        "and retry., accessNotConfigured"
    )


@pytest.mark.parametrize(
    ("inputs", "refusal", "account"),
    [
        (ON_BUCKET, f"googleapi: Error 400: Service account {AGENT} does not exist., invalid", AGENT),
        (ON_ACCOUNT, f"Error 404: Service account projects/p/serviceAccounts/{ACCOUNT} does not exist.", ACCOUNT),
        (ON_ACCOUNT, "googleapi: Error 404: Unknown service account, notFound", ACCOUNT),
        (ON_ACCOUNT, "Service account projects/[secret]/serviceAccounts/tuning@[secret].com does not exist.", ACCOUNT),
        (ON_ACCOUNT, "Service account projects/p/serviceAccounts/tuning@[secret].org does not exist.", None),
        (ON_BUCKET, "googleapi: Error 404: The specified bucket does not exist., notFound", None),
        (ON_BUCKET, "Error 400: Service account another@p.iam.gserviceaccount.com does not exist.", None),
        (ON_ACCOUNT, "Error 400: User ada@example.com does not exist., badRequest", None),
        (ON_BUCKET, f"Error 403: no permission to let {AGENT} in", None),
        ({"member": "user:ada@example.com"}, "Error 400: User ada@example.com does not exist.", None),
        ({}, "Error 400: Service account  does not exist.", None),
    ],
)
def test_accounts_that_are_named_too_early(
    patience: Patience, inputs: dict[str, str], refusal: str, account: str | None
) -> None:
    found = patience.awaited(BUCKET_MEMBER, inputs, refusal)
    assert found == (account and (f"service account {account}, which Google Cloud does not know yet", 600.0))


@pytest.mark.parametrize(
    ("account", "seconds"),
    [
        (AGENT, 600.0),
        ("tuning@demo-project.iam.gserviceaccount.com", 600.0),
        ("deployer@another-project.iam.gserviceaccount.com", 60.0),
    ],
)
def test_an_account_of_somebody_elses_is_hardly_waited_for(patience: Patience, account: str, seconds: float) -> None:
    refusal = f"Error 400: Service account {account} does not exist."
    found = patience.awaited(BUCKET_MEMBER, {"member": f"serviceAccount:{account}"}, refusal)
    assert found == (f"service account {account}, which Google Cloud does not know yet", seconds)


@pytest.mark.parametrize(
    ("kind", "refusal", "is_awaited", "reason"),
    [
        (SERVICE, disabled(), True, "the program enables it"),
        (ENDPOINT, f"Error creating Endpoint: {disabled()}", True, "nothing was created"),
        (ENDPOINT, f"Error when reading or editing VertexAIEndpoint: {disabled()}", False, "it was created: no second"),
        (BUCKET, f"Error reading bucket after creation: {disabled()}", False, "likewise"),
        (SERVICE, f"Error when reading or editing Project Service: {disabled()}", True, "enabling twice is harmless"),
        ("", 'Get "https://storage.googleapis.com/b/x": EOF', True, "a function only looks, and pulumi-gcp does once"),
        (SERVICE, disabled(api="cloudbuild"), False, "nobody enables it"),
        (SERVICE, disabled("764086051850"), False, "gcloud's own project"),
        (SERVICE, disabled("some-other-project"), False, "another project"),
        (SERVICE, disabled("123456789012"), True, "the project's number is not known yet"),
        (SERVICE, disabled("[secret]-project"), True, "masked by the engine"),
        ("", disabled(), True, "a function of the provider"),
        (PROJECT_MEMBER, "googleapi: Error 409: There were concurrent policy changes. Please retry", True, "by etag"),
        (
            PROJECT_MEMBER,
            "googleapi: Error 503: The service is currently unavailable., backendError",
            True,
            "repeatable",
        ),
        (PROJECT_MEMBER, "PUT http://127.0.0.1:1/x: error 429: slow down", True, "as the stand-in says it"),
        (BUCKET, "googleapi: Error 503: The service is currently unavailable., backendError", False, "may have acted"),
        (PROJECT_MEMBER, "read tcp 127.0.0.1: read: connection reset by peer", True, "repeatable"),
        (PROJECT_MEMBER, 'Post "http://127.0.0.1:1/x:setIamPolicy": EOF', True, "no answer"),
        (PROJECT_MEMBER, "write tcp 127.0.0.1:1->127.0.0.1:2: use of closed network connection", True, "no answer"),
        (
            PROJECT_MEMBER,
            "net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
            True,
            "likewise",
        ),
        (NEW_ACCOUNT, "read tcp 127.0.0.1: read: connection reset by peer", False, "may have acted"),
        (
            PROJECT_MEMBER,
            "googleapi: Error 403: The caller does not have permission, forbidden",
            False,
            "plainly missing",
        ),
        (PROJECT_MEMBER, "error 5030", False, "no code"),
        (PROJECT_MEMBER, "error reading from server: EOF", False, "the plugin has died, and is not started again"),
        (
            PROJECT_MEMBER,
            'connection error: desc = "transport: Error while dialing: dial tcp :1: connect: connection refused"',
            False,
            "likewise",
        ),
    ],
)
def test_what_else_is_waited_for(patience: Patience, kind: str, refusal: str, is_awaited: bool, reason: str) -> None:
    assert bool(patience.awaited(kind, {}, refusal)) is is_awaited, reason


def test_an_account_that_takes_what_is_there_may_be_created_again(patience: Patience) -> None:
    reset = "read tcp 127.0.0.1: read: connection reset by peer"
    assert patience.awaited(NEW_ACCOUNT, {"createIgnoreAlreadyExists": True}, reset)


def test_the_number_of_the_project_settles_which_project_is_meant(patience: Patience) -> None:
    patience.know_number("123456789012")
    assert patience.awaited(SERVICE, {}, disabled("123456789012"))
    assert not patience.awaited(SERVICE, {}, disabled("210987654321"))


@pytest.mark.parametrize(
    ("refusal", "made"),
    [
        ("Permission 'aiplatform.endpoints.create' denied on resource '//x' (or it may not exist).", PROJECT_MEMBER),
        ("Permission 'iam.serviceAccounts.getIamPolicy' denied on resource (or it may not exist).", NEW_ACCOUNT),
        ("Permission 'storage.buckets.getIamPolicy' denied on resource (or it may not exist).", BUCKET),
        ("Permission 'iam.serviceAccounts.actAs' denied on service account x (or it may not exist).", PROJECT_MEMBER),
    ],
)
def test_a_missing_permission_waits_only_for_what_this_run_has_made(
    patience: Patience, monkeypatch: pytest.MonkeyPatch, refusal: str, made: str
) -> None:
    now = 1000.0
    monkeypatch.setattr("infra.patience.time.monotonic", lambda: now)
    assert patience.awaited(ENDPOINT, {}, refusal) is None
    assert patience.advice(refusal).startswith("give whoever runs this")
    patience._on_created(cast("pulumi.ResourceHookArgs", SimpleNamespace(type=made)))
    assert patience.awaited(ENDPOINT, {}, refusal)
    now += 420
    assert patience.awaited(ENDPOINT, {}, refusal) is None, "grants take seven minutes, not for ever"


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        (disabled("764086051850"), "gcloud auth application-default set-quota-project demo-project"),
        (disabled(api="cloudbuild"), "gcloud services enable cloudbuild.googleapis.com --project demo-project"),
        (
            "Permission 'aiplatform.endpoints.create' denied on x (or it may not exist)",
            "a role that has aiplatform.endpoints.create",
        ),
        ("The specified bucket does not exist.", ""),
    ],
)
def test_what_is_said_where_no_wait_helps(patience: Patience, refusal: str, advice: str) -> None:
    told = patience.advice(refusal)
    assert advice in told
    assert bool(told) is bool(advice)


async def test_a_wait_ends(patience: Patience, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    told: list[str] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)

    monkeypatch.setattr("infra.patience.time.monotonic", lambda: now)
    monkeypatch.setattr("infra.patience.asyncio.sleep", sleep)
    monkeypatch.setattr("infra.patience.pulumi.log.info", told.append)
    monkeypatch.setattr("infra.patience.pulumi.log.error", told.append)
    failure: Any = SimpleNamespace(
        name="endpoint",
        type=ENDPOINT,
        new_inputs={},
        old_inputs=None,
        errors=[f"Error creating Endpoint: {disabled()}"],
    )
    attempts = 0
    while await patience._on_error(failure):
        attempts += 1
        failure.errors = failure.errors * 2 if attempts < 5 else failure.errors
    assert 600 < now < 620
    assert attempts < 100, "more the engine does not make"
    assert slept[:5] == [1.0, 2.0, 8.0, 15.0, 15.0]
    assert "endpoint gave up after" in told[-2]
    assert "gcloud services enable aiplatform.googleapis.com" in told[-1]

"""Creates that are refused for something late wait for it; all other refusals fail at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.provider.lifecycles.conftest import JOBS, PROJECT, Cloud
from tests.running_emulator import Emulator
from tunestack import new_buckets
from tunestack.late_identities import Kind, recognise
from tunestack.provider.lifecycle import InterruptedWaitError, ResourceError
from tunestack.provider.properties import plain_map

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")

ACCOUNT = f"tuning@{PROJECT}.iam.gserviceaccount.com"
AGENT = "service-1@gcp-sa-aiplatform.iam.gserviceaccount.com"
UPLOADS = "/upload/storage/v1/b/demo-data/o"
NOT_YET_ON_BUCKET = (
    "ada@example.com does not have storage.objects.create access to the Google Cloud Storage object. Permission "
    "'storage.objects.create' denied on resource (or it may not exist)."
)

DISABLED = (
    f"Vertex AI API has not been used in project {PROJECT} before or it is disabled. Enable it by visiting "
    f"https://console.developers.google.com/apis/api/aiplatform.googleapis.com/overview?project={PROJECT} then retry."
)
PROVISIONED = (
    "Service agents are being provisioned (https://cloud.google.com/vertex-ai/docs/general/access-control"
    "#service-agents). Service agents are needed to read the Cloud Storage file provided. So please try again in a few "
    "minutes."
)
DENIED = "Permission 'aiplatform.tuningJobs.create' denied on resource '//x' (or it may not exist)."


@pytest.mark.parametrize(
    ("message", "kind", "subject"),
    [
        (f"Service account {ACCOUNT} does not exist.", Kind.ACCOUNT, ACCOUNT),
        (f"404 Service account projects/p/serviceAccounts/{ACCOUNT} does not exist., notFound", Kind.ACCOUNT, ACCOUNT),
        (DISABLED, Kind.API, "aiplatform.googleapis.com"),
        (PROVISIONED, Kind.AGENTS, ""),
        (
            f"Service account `{AGENT}` does not have `[storage.objects.get]` IAM permission(s) to the directory",
            Kind.GRANT,
            AGENT,
        ),
        (
            f"Service account `[{AGENT}](mailto:{AGENT})` does not have `[storage.objects.get]` IAM permission(s) to",
            Kind.GRANT,
            AGENT,
        ),
        (
            f"You do not have permission to act as service_account: {ACCOUNT}. (or it may not exist).",
            Kind.ACT_AS,
            ACCOUNT,
        ),
        (
            f"Permission 'iam.serviceAccounts.actAs' denied on service account {ACCOUNT} (or it may not exist).",
            Kind.ACT_AS,
            ACCOUNT,
        ),
        (NOT_YET_ON_BUCKET, Kind.NEW_BUCKET, "storage.objects.create"),
        (DENIED, Kind.PERMISSION, "aiplatform.tuningJobs.create"),
        ("There were concurrent policy changes. Please retry the whole read-modify-write", Kind.CONFLICT, ""),
    ],
)
def test_what_is_recognised(message: str, kind: Kind, subject: str) -> None:
    found = recognise(message)
    assert found is not None
    assert (found.kind, found.subject) == (kind, subject)
    assert str(found)


@pytest.mark.parametrize(
    "message",
    [
        "The caller does not have permission",
        "The specified bucket does not exist.",
        "Role roles/none is not supported for this resource.",
        "The member x is of an unknown type. Please set a valid type prefix for the member.",
        "This API method requires billing to be enabled. Please enable billing on project #p",
        "User ada@example.com does not exist.",
    ],
)
def test_what_is_no_reason_to_wait(message: str) -> None:
    assert recognise(message) is None


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        (403, DISABLED, "aiplatform.googleapis.com in project demo-project, enabled a moment ago"),
        (400, PROVISIONED, "Vertex AI's service agents, which are being provisioned"),
        (400, f"You do not have permission to act as service_account: {ACCOUNT}. (or it may not exist).", ACCOUNT),
    ],
)
async def test_a_job_is_submitted_when_what_it_needs_has_spread(
    cloud: Cloud, status: int, message: str, told: str
) -> None:
    cloud.fault(method="POST", path=JOBS, status=status, message=message, times=2)
    await cloud.resource("TuningJob").create(cloud.inputs)
    assert cloud.submissions() == 3
    assert len(cloud.jobs()) == 1
    assert any(line.startswith(f"waits for {told}") or told in line for line in cloud.listener.told)


class TestTheEmulatorItself:
    @pytest.fixture
    def cloud(self, start_emulator: Callable[..., Emulator]) -> Any:
        """Everything about a new project takes its time."""
        delays = {"apiEnabled": 1000, "agentsProvisioned": 2000, "accountKnown": 3000}
        emulator = start_emulator({"delays": delays, "vertex": {"tuningPending": 600}})
        for path, body in (
            (f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:enable", {}),
            (f"/storage/v1/b?project={PROJECT}", {"name": "demo-data"}),
            (f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "tuning"}),
        ):
            assert emulator.http.post(path, json=body).is_success
        made = Cloud(emulator)
        made.write("gs://demo-data/train.jsonl")
        yield made
        made.connection.storage.close()

    async def test_a_job_waits_for_one_thing_after_the_other(
        self, cloud: Cloud, advance: Callable[[float], None]
    ) -> None:
        inputs = {**cloud.inputs, "serviceAccount": ACCOUNT}
        create = asyncio.ensure_future(cloud.resource("TuningJob").create(inputs))
        for awaited in ("aiplatform.googleapis.com in project", "Vertex AI's service agents", "the right to act as"):
            await _told(cloud, f"waits for {awaited}")
            advance(1000)
        await create
        (job,) = cloud.jobs()
        assert job["serviceAccount"] == ACCOUNT


async def _told(cloud: Cloud, text: str) -> None:
    async with asyncio.timeout(60):
        while not any(line.startswith(text) for line in cloud.listener.told):  # noqa: ASYNC110 - told from elsewhere
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        (DENIED, "give whoever runs this a role that has aiplatform.tuningJobs.create"),
        (DISABLED.replace(PROJECT, "764086051850"), "run gcloud auth application-default set-quota-project"),
    ],
    ids=["a permission that nobody granted", "an API in a project of Google's own"],
)
async def test_what_will_never_pass_fails_at_once_and_says_what_to_do(cloud: Cloud, message: str, advice: str) -> None:
    cloud.fault(method="POST", path=JOBS, status=403, message=message, times=None)
    with pytest.raises(ResourceError, match="the service refused the tuning job"):
        await cloud.resource("TuningJob").create(cloud.inputs, seconds=5)
    assert cloud.submissions() == 1
    assert advice in cloud.listener.told[-1]


async def test_a_job_that_failed_for_want_of_access_is_no_refusal(cloud: Cloud) -> None:
    """The same words, said of a job that is over: waiting would not bring it back."""
    made = await cloud.resource("TuningJob").create(cloud.inputs)
    known = plain_map(made.properties)
    message = f"Service account `{AGENT}` does not have `[storage.objects.get]` IAM permission(s) to the bucket"
    cloud.set_job(known["job"], state="JOB_STATE_FAILED", error={"code": 9, "message": message})
    with pytest.raises(Exception, match="IAM permission"):
        await cloud.resource("TunedModel").create({"job": known["job"], "artifactsUri": known["artifactsUri"]})
    assert not [line for line in cloud.listener.told if line.startswith(("waits for", "gave up"))]


async def test_a_wait_is_bounded_and_says_so(cloud: Cloud) -> None:
    cloud.fault(method="POST", path=JOBS, status=403, message=DISABLED, times=None)
    with pytest.raises(ResourceError, match="has not been used in project"):
        await cloud.resource("TuningJob").create(cloud.inputs, seconds=0.2)
    assert re.match(r"gave up after \d+ s of waiting for aiplatform\.googleapis\.com", cloud.listener.told[-1])
    assert cloud.submissions() > 1


async def test_an_interrupt_ends_the_wait(cloud: Cloud) -> None:
    cloud.fault(method="POST", path=JOBS, status=403, message=DISABLED, times=None)
    create = asyncio.ensure_future(cloud.resource("TuningJob").create(cloud.inputs))
    await _told(cloud, "waits for")
    cloud.run.interrupt()
    with pytest.raises(InterruptedWaitError, match="the next pulumi up goes on"):
        await asyncio.wait_for(create, 60)


async def test_a_job_waits_for_a_new_bucket(cloud: Cloud) -> None:
    """Its intent is the first thing that is written there."""
    cloud.fault(method="POST", path=UPLOADS, status=403, message=NOT_YET_ON_BUCKET, times=2)
    await cloud.resource("TuningJob").create(cloud.inputs)
    assert len(cloud.jobs()) == 1


@pytest.mark.parametrize("is_new", [True, False])
async def test_an_upload_waits_for_a_new_bucket_alone(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    if not is_new:
        monkeypatch.setattr(new_buckets, "GRANT_SECONDS", 0.0)
    file = tmp_path / "train.jsonl"
    file.write_text('{"prompt": "a", "completion": "b"}\n' * 20)
    cloud.fault(method="POST", path=UPLOADS, status=403, message=NOT_YET_ON_BUCKET, times=2)
    creating = cloud.resource("Dataset").create({"training": str(file), "bucket": "demo-data"})
    uploads = 3 + 1 if is_new else 1  # the file, in the end, and its signature
    if is_new:
        await creating
    else:
        with pytest.raises(Exception, match=r"storage\.objects\.create"):
            await creating
    assert sum(call["path"] == UPLOADS for call in cloud.emulator.requests()) == uploads

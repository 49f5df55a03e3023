"""What the service is asked about jobs and tuned models, and what becomes of its answers, however little they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.tuning.conftest import Service
from tunestack.connection import Connection
from tunestack.tuning import foresight, intent, jobs, tuned_models
from tunestack.tuning.job import Job
from tunestack.tuning.ownership import OWNER, STACK
from tunestack.tuning.tuned_models import is_same_name

pytestmark = pytest.mark.filterwarnings("ignore:.*is not a valid JobState")

PARENT = "projects/123456789012/locations/us-central1"
JOB, MODEL = f"{PARENT}/tuningJobs/42", f"{PARENT}/models/7@1"
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
AT = "2026-11-03T21:08:07.734198123Z"  # "0, 3, 6 or 9 fractional digits", says the reference

LEAST = {"name": JOB, "state": "JOB_STATE_PENDING", "createTime": AT}

# As a public repository quotes one: of its 255,243 tokens 233,592 are inputs and 21,651 outputs, ten epochs or not.
OF_TEN_EPOCHS = {
    **LEAST,
    "baseModel": "gemini-2.5-flash",
    "supervisedTuningSpec": {
        "trainingDatasetUri": "gs://d/t.jsonl",
        "hyperParameters": {"epochCount": "10", "learningRateMultiplier": 1, "adapterSize": "ADAPTER_SIZE_FOUR"},
    },
    "state": "JOB_STATE_SUCCEEDED",
    "tunedModel": {"model": MODEL},
    "tuningDataStats": {
        "supervisedTuningDataStats": {"tuningDatasetExampleCount": "500", "totalBillableTokenCount": "255243"}
    },
}

DISTILLED = {
    **LEAST,
    "baseModel": "qwen/qwen3@qwen3-4b",
    "distillationSpec": {
        "tunedTeacherModelSource": "projects/1/locations/us/models/2",
        "trainingDatasetUri": "gs://d/p.jsonl",
        "hyperParameters": {"epochCount": "2"},
    },
    "outputUri": "gs://o/folder/",
}


@pytest.fixture
def connection(service: Service) -> Iterator[Connection]:
    made = Connection("p", "us-central1", service.url)
    yield made
    made.genai.close()


@pytest.mark.parametrize(
    ("document", "expected", "why"),
    [
        (LEAST, {"is_over": False, "detail": "", "checkpoints": (), "billed_tokens": None}, "nothing but its name"),
        (LEAST, {"created": datetime(2026, 11, 3, 21, 8, 7, 734198, UTC), "started": None}, "nanoseconds"),
        ({**LEAST, "state": "JOB_STATE_PAUSED"}, {"is_over": False}, "it may go on"),
        ({**LEAST, "state": "JOB_STATE_UPDATING"}, {"is_over": False}, "it may go on"),
        ({**LEAST, "state": "JOB_STATE_ANYTHING"}, {"is_over": False}, "a state of tomorrow"),
        ({**LEAST, "state": "JOB_STATE_EXPIRED"}, {"is_over": True}, "no SDK waits for more"),
        ({**LEAST, "state": "JOB_STATE_PARTIALLY_SUCCEEDED"}, {"is_over": True}, "it comes to an end"),
        ({**LEAST, "fieldOfTomorrow": {"a": 1}}, {"number": "42"}, "a field that no client knows"),
        (
            OF_TEN_EPOCHS,
            {"epochs": 10, "billed_tokens": 2_552_430, "adapter_size": 4},
            "one pass counts, ten cost",
        ),
        (OF_TEN_EPOCHS, {"method": "gemini", "keeps_folder": False, "model": MODEL, "endpoint": ""}, "no endpoint yet"),
        (
            {**OF_TEN_EPOCHS, "supervisedTuningSpec": {"trainingDatasetUri": "gs://d/t.jsonl"}},
            {"epochs": None, "billed_tokens": None},
            "as many epochs as the service chose",
        ),
        (DISTILLED, {"method": "distillation", "training_uri": "gs://d/p.jsonl", "output_uri": "gs://o/folder"}, "v1"),
        (
            {**OF_TEN_EPOCHS, "baseModel": "publishers/google/models/gemini-2.5-flash"},
            {"method": "gemini"},
            "the model by its resource name",
        ),
    ],
)
def test_what_a_job_says(
    service: Service, connection: Connection, document: dict[str, Any], expected: dict[str, Any], why: str
) -> None:
    service.answers[f"/v1beta1/{JOB}"] = document
    job = jobs.get(connection, JOB)
    assert {name: getattr(job, name) for name in expected} == expected, why


def test_a_list_is_asked_by_labels_and_read_to_its_end(service: Service, connection: Connection) -> None:
    """A service that took no notice of the filter would list everybody's jobs."""
    path = f"/v1beta1/{connection.parent}/tuningJobs"
    mine = {**LEAST, "labels": {OWNER: "0123456789abcdef", STACK: "s"}}
    service.answers[path] = {"tuningJobs": [{**LEAST, "name": f"{PARENT}/tuningJobs/1"}, mine], "nextPageToken": "2"}
    service.answers[f"{path} 2"] = {"tuningJobs": [{**mine, "name": f"{PARENT}/tuningJobs/43"}]}
    found = jobs.list_jobs(connection, {OWNER: "0123456789abcdef", STACK: "s"})
    assert [job.number for job in found] == ["42", "43"]
    asked = {"filter": f"labels.{OWNER}=0123456789abcdef AND labels.{STACK}=s", "pageSize": "100"}
    assert [(place, query) for place, query, _ in service.asked] == [(path, asked), (path, {**asked, "pageToken": "2"})]
    service.answers[path] = {}
    assert list(jobs.list_jobs(connection)) == []
    assert foresight.newest(connection) == ""


def test_the_successor_is_the_newest_in_whatever_order_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def job(number: int, day: int) -> Job:
        created = datetime(2026, 11, day, tzinfo=UTC)
        return Job(f"{PARENT}/tuningJobs/{number}", "", labels={OWNER: "a"}, method="gemini", created=created)

    first, second, third = job(1, 1), job(2, 2), job(3, 3)
    monkeypatch.setattr(intent, "list_jobs", lambda *_: iter((first, third, second)))
    connection = Connection("p", "us-central1")
    assert intent.successor(connection, first) == third.name
    assert intent.successor(connection, third) == ""


# What may say of a model that the service has tuned it: no page tells which of these it gives.
LABEL = {"labels": {"google-vertex-llm-tuning-base-model-id": "gemini-2_5-flash-lite"}}
GENIE = {"modelSourceInfo": {"sourceType": "GENIE"}}
SOURCE = {"baseModelSource": {"genieSource": {"baseModelUri": "publishers/google/models/gemini-2.5-flash"}}}
FILES = {"artifactUri": "gs://w/final", "containerSpec": {"imageUri": "vllm"}}


@pytest.mark.parametrize(
    ("document", "expected", "why"),
    [
        ({"name": MODEL}, {"version": "", "base_model": "", "tuned": None, "checkpoints": ()}, "nothing but its name"),
        ({"name": MODEL}, {"is_uploaded": False, "is_supervised": None}, "nothing speaks against it"),
        ({"createTime": AT}, {"tuned": datetime(2026, 11, 3, 21, 8, 7, 734198, UTC)}, "no time of its version"),
        (LABEL, {"base_model": "gemini-2.5-flash-lite"}, "as one writes it"),
        (FILES, {"is_uploaded": True}, "somebody's own"),
        ({**FILES, "modelSourceInfo": {"sourceType": "CUSTOM"}}, {"is_uploaded": True}, "somebody's own"),
        ({**FILES, **LABEL}, {"is_uploaded": False}, "tuned by the service"),
        ({**FILES, **GENIE}, {"is_uploaded": False}, "tuned by the service"),
        ({**FILES, **SOURCE}, {"is_uploaded": False}, "tuned by the service"),
        ({"labels": {"google-vertex-llm-tuning-job-id": "9"}}, {"is_supervised": None}, "a job of another region"),
        ({"checkpoints": [{"checkpointId": "1", "epoch": "1"}, {}]}, {"checkpoints": ("1",)}, "one without an id"),
    ],
)
def test_what_a_tuned_model_says(
    service: Service, connection: Connection, document: dict[str, Any], expected: dict[str, Any], why: str
) -> None:
    service.answers[f"/v1beta1/{MODEL}"] = document
    found = tuned_models.look(connection, MODEL)
    assert found
    assert {name: getattr(found, name) for name in expected} == expected, why


@pytest.mark.parametrize(
    ("one", "other", "is_same", "why"),
    [
        (KEY, KEY, True, "the same"),
        (KEY, KEY.replace("/p/", "/123/"), True, "the project by its number"),
        (KEY, KEY.replace("/p/", "/q/"), False, "another project"),
        (KEY, KEY + "2", False, "another key"),
        ("", "", True, "no key"),
        (KEY, "", False, "one with a key"),
    ],
)
def test_names_of_one_thing(one: str, other: str, is_same: bool, why: str) -> None:
    assert (is_same_name(one, other), is_same_name(other, one)) == (is_same, is_same), why


class Session:
    """Finds nothing anywhere, and keeps where it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        """Has nothing to close."""

    def get(self, url: str, **_: Any) -> requests.Response:
        self.asked.append(url)
        answer = requests.Response()
        answer.status_code = 404
        return answer


@pytest.mark.parametrize(
    ("model", "host", "why"),
    [
        ("projects/1/locations/us/models/7@1", "aiplatform.us.rep.googleapis.com", "tuned in us-central1, kept in us"),
        ("projects/1/locations/eu/models/7", "aiplatform.eu.rep.googleapis.com", "the default version"),
        ("projects/p/locations/europe-west4/models/7@best", "europe-west4-aiplatform.googleapis.com", "an alias"),
    ],
)
def test_a_tuned_model_is_asked_for_where_it_lies(
    monkeypatch: pytest.MonkeyPatch, model: str, host: str, why: str
) -> None:
    session = Session()
    monkeypatch.setattr(Connection, "http", lambda _: session)
    connection = Connection("p", "us-central1")
    assert tuned_models.look(connection, model) is None
    assert not tuned_models.exists(connection, model)
    assert session.asked == [f"https://{host}/v1beta1/{model}"] * 2, why


@pytest.mark.parametrize("location", ["us-central1", "europe-west4", "global", "us", "eu"])
def test_all_libraries_ask_at_the_same_address(monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    for name in ("GOOGLE_VERTEX_BASE_URL", "GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    connection = Connection("p", location)
    client = connection.genai
    assert str(client._api_client._http_options.base_url).rstrip("/") == connection.service_address
    assert (
        connection.gapic_arguments()["client_options"]["api_endpoint"] == connection.service_address[len("https://") :]
    )
    client.close()

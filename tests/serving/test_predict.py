"""Endpoints asked over a socket: open models and tuned Gemini, cold ones, dedicated ones, and in the wrong shape."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core.exceptions import NotFound, TooManyRequests

from emulator.language_model import write_base_checkpoint
from emulator.vertex.calls import Place
from emulator.vertex.tuned_gemini import SavedCheckpoint
from tests.running_emulator import Emulator
from tunestack.connection import Connection
from tunestack.serving import shapes
from tunestack.serving.predict import Answer, MisaskedError, answer, ask
from tunestack.serving.shapes import Question, Shape, UnreadableAnswerError

PARENT = "projects/demo/locations/us-central1"
QUESTION = Question("Hello", max_tokens=4)


class Cloud:
    """A project with an open model behind endpoint 1, the same behind a dedicated one, 2, and nothing behind 3."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.connection = Connection("demo", "us-central1", emulator.url)
        self.folder = folder
        self.http("/su/v1/projects/demo/services/aiplatform.googleapis.com:enable", {})
        self.http("/storage/v1/b?project=demo", {"name": "checkpoints"})
        write_base_checkpoint("google/gemma3@gemma-3-1b-it", folder)
        for file in folder.iterdir():
            emulator.application.state.services.storage.write("checkpoints", f"one/{file.name}", file)
        container = {
            "imageUri": "vllm",
            "predictRoute": "/generate",
            "healthRoute": "/ping",
            "ports": [{"containerPort": 8080}],
        }
        model = {"displayName": "m", "artifactUri": "gs://checkpoints/one", "containerSpec": container}
        self.done(f"/v1beta1/{PARENT}/models:upload", {"model": model, "modelId": "m"})
        for number in (1, 2, 3):
            shown = {"displayName": str(number), "dedicatedEndpointEnabled": number == 2}
            self.http(f"/v1beta1/{PARENT}/endpoints?endpointId={number}", shown)
        for number in (1, 2):
            self.deploy(number)

    def deploy(self, number: int) -> None:
        machine = {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}
        deployed = {
            "model": f"{PARENT}/models/m",
            "dedicatedResources": {"machineSpec": machine, "minReplicaCount": 1},
        }
        body = {"deployedModel": deployed, "trafficSplit": {"0": 100}}
        self.done(f"/v1beta1/{PARENT}/endpoints/{number}:deployModel", body)

    def gemini(self) -> str:
        """Returns the endpoint of a tuned Gemini's default checkpoint."""
        project = self.emulator.application.state.services.projects.get("demo")
        name = f"{Place(project, 'us-central1').name}/tuningJobs/1"
        job = {
            "name": name,
            "state": "JOB_STATE_SUCCEEDED",
            "tunedModelDisplayName": "t",
            "baseModel": "gemini-2.5-flash",
        }
        tuned = self.emulator.tuned_gemini().register(job, [SavedCheckpoint("1", 1, 4, self.folder)])
        return str(tuned["endpoint"])

    def http(self, path: str, body: Any) -> dict[str, Any]:
        reply = self.emulator.http.post(path, json=body)
        assert reply.is_success, reply.text
        return dict(reply.json())

    def done(self, path: str, body: Any) -> None:
        operation = self.http(path, body)
        while not operation.get("done"):
            operation = self.http(f"/v1beta1/{operation['name']}:wait?timeout=10s", {})
        assert "error" not in operation, operation

    def fault(self, **rule: Any) -> None:
        assert self.emulator.http.post("/emulator/faults", json=rule).is_success

    def ask(self, endpoint: str, shape: Shape | None = None, question: Question = QUESTION, **how: Any) -> Answer:
        return ask(self.connection, endpoint, question, shape=shape, **how)


@pytest.fixture
def start_cloud(start_emulator: Callable[..., Emulator], tmp_path: Path) -> Callable[..., Cloud]:
    def start(**vertex: float) -> Cloud:
        quotas = {"CustomModelServingL4GPUsPerProjectPerRegion": {"default": 4}}
        settings = {"deploy": 0, "operation": 0, "modelReleased": 0, **vertex}
        return Cloud(start_emulator({"vertex": settings, "quotas": quotas}), tmp_path / "base")

    return start


def test_each_endpoint_in_the_shape_it_takes(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud()
    open_model, dedicated, empty = (f"{PARENT}/endpoints/{number}" for number in (1, 2, 3))
    gemini = cloud.gemini()
    table: tuple[tuple[str, Shape | None, Shape, str, str], ...] = (
        (open_model, None, "instances", ":predict", "a model server of Model Garden"),
        (open_model, "chat", "chat", "/chat/completions", "it knows chats, too"),
        (dedicated, None, "instances", ":predict", "at its own name"),
        (dedicated, "chat", "chat", "/chat/completions", "at its own name"),
        (gemini, None, "generateContent", ":generateContent", "a tuned Gemini"),
        (gemini, "chat", "chat", "/chat/completions", "a tuned Gemini takes chats as well"),
    )
    for endpoint, shape, taken, path, why in table:
        found = cloud.ask(endpoint, shape)
        assert (found.shape, found.attempts, bool(found.text)) == (taken, 1, True), why
        assert found.address.endswith(path), why
        assert ("prediction.vertexai.goog" in found.address) is (endpoint == dedicated), why
    # The same weights and no randomness: the way that they are asked is all that differs.
    assert answer(cloud.connection, open_model, "Hello", max_tokens=4) == cloud.ask(dedicated).text

    told = cloud.ask(gemini, question=Question("Hello", system="Be kind.", max_tokens=4))
    assert told.end == "MAX_TOKENS"
    refused: tuple[tuple[str, Shape | None, Question, str, str], ...] = (
        (gemini, "instances", QUESTION, "this endpoint takes generateContent or chat: ask with --shape gen", "Gemini"),
        (
            open_model,
            "generateContent",
            QUESTION,
            "this endpoint takes instances or chat: ask with --shape inst",
            "open",
        ),
        (empty, None, QUESTION, "nothing on this endpoint takes requests: deploy a model to it first", "empty"),
        (open_model, None, Question("Hello", system="Be kind."), "instances have no place for a system text", "lost"),
    )
    for endpoint, shape, question, says, why in refused:
        with pytest.raises(MisaskedError) as wrong:
            cloud.ask(endpoint, shape, question)
        assert says in str(wrong.value), why
    with pytest.raises(NotFound):
        cloud.ask(f"{PARENT}/endpoints/77")


def test_a_cold_endpoint_is_waited_for(start_cloud: Callable[..., Cloud], advance: Callable[[float], None]) -> None:
    cloud = start_cloud(coldSeconds=600)
    lines: list[str] = []
    moments: list[float] = []

    def waits(line: str) -> None:
        lines.append(line)
        moments.append(time.monotonic())
        if len(lines) == 2:
            advance(600)

    found = cloud.ask(f"{PARENT}/endpoints/1", waits=waits)
    assert found.attempts == len(lines) + 1 == 3
    assert found.seconds >= moments[1] - moments[0]
    assert lines[0].startswith("the endpoint is cold or its capacity is used up (429: Model is not yet ready")
    assert "of at most 600 s" in lines[0]
    assert all(line.startswith("the same again; waited") for line in lines[1:]), "the service's words once are enough"
    with pytest.raises(TooManyRequests, match="not yet ready"):
        cloud.ask(f"{PARENT}/endpoints/2", cold_seconds=0.1)


def test_what_passes_is_told_apart(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud()
    cloud.fault(path=".*:predict", status=503, message="No replica.")
    cloud.fault(path=".*:predict", drop="before")
    cloud.fault(path=".*:predict", status=500, message="Oh.")
    lines: list[str] = []
    assert cloud.ask(f"{PARENT}/endpoints/1", waits=lines.append).attempts == 4
    assert [line.partition(";")[0] for line in lines] == [
        "the endpoint is cold: no replica answers yet (503: No replica.)",
        "no answer (ConnectionError): the endpoint may be loading its weights",
        "the endpoint failed, which may pass (500: Oh.)",
    ]
    cloud.fault(path=".*:predict", status=403, message="No.")
    with pytest.raises(Exception, match=r"No\.") as refused:
        cloud.ask(f"{PARENT}/endpoints/1")
    assert not isinstance(refused.value, MisaskedError), "another shape would not help"


@pytest.mark.parametrize(
    ("shape", "reply", "text", "why"),
    [
        ("instances", {"predictions": ["Prompt:\nHello\nOutput:\nHi"]}, "Hi", "some containers repeat the prompt"),
        ("instances", {"predictions": []}, "", "nothing is an answer"),
        ("chat", {"choices": [{"message": {"content": None}}]}, "", "a model that says nothing"),
        ("generateContent", {"candidates": [{"finishReason": "MAX_TOKENS"}]}, "", "all tokens went into thoughts"),
        ("generateContent", {"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]}}]}, "ab", "parts"),
    ],
)
def test_the_text_of_an_answer(shape: Shape, reply: dict[str, Any], text: str, why: str) -> None:
    assert shapes.text(shape, QUESTION, reply) == text, why


@pytest.mark.parametrize(
    ("shape", "reply", "says"),
    [
        ("instances", {"error": "x"}, "the endpoint's answer has no text: {'error': 'x'}"),
        ("chat", {"choices": []}, "the endpoint's answer has no text"),
        ("generateContent", {"promptFeedback": {"blockReason": "SAFETY"}}, "the service blocked the prompt: SAFETY"),
    ],
)
def test_an_answer_without_text(shape: Shape, reply: dict[str, Any], says: str) -> None:
    with pytest.raises(UnreadableAnswerError) as wrong:
        shapes.text(shape, QUESTION, reply)
    assert says in str(wrong.value)


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_where_a_location_is_asked(location: str, address: str) -> None:
    assert Connection("p", location).service_address == address


class Google(requests.adapters.BaseAdapter):
    """Google's hosts: they answer what a test says, by the end of the address, and keep who was asked."""

    def __init__(self, answers: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._answers = answers

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.asked.append(f"{request.method} {request.url}")
        assert "Host" not in request.headers, "only an emulator takes a name that is not its own"
        response = requests.Response()
        found = next((each for end, each in self._answers.items() if str(request.url).endswith(end)), None)
        response.status_code = 404 if found is None else 200
        response._content = json.dumps(found or {"error": {"code": 404, "message": "None."}}).encode()
        return response

    def close(self) -> None:
        """Has nothing to close."""


GENIE = {"modelSourceInfo": {"sourceType": "GENIE"}}
SERVER = {"containerSpec": {"predictRoute": "/generate"}}
SAID = {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}
DNS = "8.us-central1-5.prediction.vertexai.goog"
SHARED = "https://us-central1-aiplatform.googleapis.com"
MULTI_REGION = "https://aiplatform.us.rep.googleapis.com"


@pytest.mark.parametrize(
    ("location", "dedicated", "model", "reply", "at", "why"),
    [
        ("us-central1", "", SERVER, {"predictions": ["Hi"]}, f"{SHARED}/v1/{{}}:predict", "an open model"),
        ("us-central1", DNS, SERVER, {"predictions": ["Hi"]}, f"https://{DNS}/v1/{{}}:predict", "at its own name"),
        (
            "us-central1",
            f"https://{DNS}",
            SERVER,
            {"predictions": ["Hi"]},
            f"https://{DNS}/v1/{{}}:predict",
            "the name as the reference writes it",
        ),
        ("us", "", GENIE, SAID, f"{MULTI_REGION}/v1beta1/{{}}:generateContent", "a tuned Gemini 3"),
        ("us-central1", "", GENIE, SAID, f"{SHARED}/v1beta1/{{}}:generateContent", "a tuned Gemini 2.5"),
    ],
)
def test_the_addresses_of_google_cloud(
    location: str,
    dedicated: str,
    model: dict[str, Any],
    reply: dict[str, Any],
    at: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parent = f"projects/123/locations/{location}"
    endpoint = f"{parent}/endpoints/8"
    described = {
        "name": endpoint,
        "deployedModels": [{"id": "1", "model": f"{parent}/models/7", "modelVersionId": "2"}],
        "trafficSplit": {"1": 100},
        **({"dedicatedEndpointEnabled": True, "dedicatedEndpointDns": dedicated} if dedicated else {}),
    }
    google = Google({"/endpoints/8": described, "/models/7@2": model, at.format(endpoint): reply})

    def session(_: Connection) -> requests.Session:
        made = requests.Session()
        made.mount("https://", google)
        return made

    monkeypatch.setattr(Connection, "http", session)
    connection = Connection("shop", location)
    found = ask(connection, endpoint, QUESTION)
    assert (found.text, found.address) == ("Hi", at.format(endpoint)), why
    base = f"{connection.service_address}/v1beta1"
    assert google.asked == [f"GET {base}/{endpoint}", f"GET {base}/{parent}/models/7@2", f"POST {at.format(endpoint)}"]

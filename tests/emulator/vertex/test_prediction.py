"""How deployed models answer, in the shapes of vLLM on Vertex AI."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1
from google.cloud import aiplatform_v1beta1 as v1beta1
from google.protobuf import json_format, struct_pb2

from tests.emulator.vertex.harness import Cloud

PROMPT = "Question 3?"


@pytest.fixture
def endpoint(cloud: Cloud, tuned: dict[str, str]) -> str:
    """An endpoint whose model answers `yes`."""
    body = {"customModel": {"gcsUri": tuned["yes"]}, "modelConfig": {"modelDisplayName": "Yes"}}
    return str(cloud.done(cloud.call("POST", ":deploy", body))["response"]["endpoint"])


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        ({"raw_response": True}, "yes"),
        ({"raw_response": False}, f"Prompt:\n{PROMPT}\nOutput:\nyes"),
        ({}, f"Prompt:\n{PROMPT}\nOutput:\nyes"),
        ({"raw_response": True, "temperature": 1.0, "top_k": 1}, "yes"),
        ({"raw_response": True, "top_k": -1, "max_tokens": None}, "yes"),
    ],
)
@pytest.mark.parametrize("version", [v1, v1beta1])
def test_predict(cloud: Cloud, endpoint: str, version: Any, instance: dict[str, Any], expected: str) -> None:
    client = cloud.gapic(version.PredictionServiceClient)
    value = json_format.ParseDict({"prompt": PROMPT, "temperature": 0, **instance}, struct_pb2.Value())
    response = client.predict(endpoint=endpoint, instances=[value, value])
    assert list(response.predictions) == [expected, expected]
    assert response.model_display_name == "Yes"
    assert response.model_version_id == "1"


def test_the_limit_of_tokens_holds(cloud: Cloud, endpoint: str) -> None:
    instance = {"prompt": PROMPT, "temperature": 0, "raw_response": True, "max_tokens": 1}
    (short,) = cloud.call("POST", f"/v1/{endpoint}:predict", {"instances": [instance]})["predictions"]
    assert len(short) < len("yes") or short == "yes"
    chat = {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 1, "temperature": 0}
    assert cloud.call("POST", f"/v1/{endpoint}/chat/completions", chat)["usage"]["completion_tokens"] == 1


def test_chat_completions(cloud: Cloud, endpoint: str) -> None:
    for path in (f"/v1beta1/{endpoint}/chat/completions", f"/v1/{endpoint}:rawPredict"):
        answer = cloud.call("POST", path, {"messages": [{"role": "user", "content": PROMPT}], "temperature": 0})
        (choice,) = answer["choices"]
        assert choice == {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
        usage = answer["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_raw_predict_passes_instances(cloud: Cloud, endpoint: str) -> None:
    body = {"instances": [{"prompt": PROMPT, "temperature": 0, "raw_response": True}]}
    assert cloud.call("POST", f"/v1/{endpoint}:rawPredict", body) == {"predictions": ["yes"]}


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        (":predict", {"instances": ["a"]}, "INVALID_ARGUMENT"),
        (":predict", {"instances": [{"text": "a"}]}, "INVALID_ARGUMENT"),
        (":predict", {"instances": [{"prompt": "a", "temperature": "hot"}]}, "INVALID_ARGUMENT"),
        (":rawPredict", {"prompt": "a"}, "INVALID_ARGUMENT"),
        ("/chat/completions", {"messages": []}, "INVALID_ARGUMENT"),
        ("/chat/completions", {"messages": [{"role": "user", "content": 5}]}, "INVALID_ARGUMENT"),
        ("/chat/completions", {"messages": [{"role": "user", "content": "a"}], "stream": True}, "UNIMPLEMENTED"),
    ],
)
def test_what_is_no_prompt_is_refused(
    cloud: Cloud, endpoint: str, method: str, body: dict[str, Any], status: str
) -> None:
    assert cloud.refusal("POST", f"/v1/{endpoint}{method}", body)[0] == status


def test_an_endpoint_that_does_not_exist(cloud: Cloud) -> None:
    status, message = cloud.refusal("POST", "endpoints/5:predict", {"instances": []})
    assert (status, "The Endpoint does not exist" in message) == ("NOT_FOUND", True)


def test_a_dedicated_endpoint_answers_under_its_own_name_only(cloud: Cloud, tuned: dict[str, str]) -> None:
    body = {"customModel": {"gcsUri": tuned["yes"]}, "endpointConfig": {"dedicatedEndpointEnabled": True}}
    endpoint = cloud.done(cloud.call("POST", ":deploy", body))["response"]["endpoint"]
    name = cloud.call("GET", f"/v1/{endpoint}")["dedicatedEndpointDns"]
    client = cloud.gapic(v1.PredictionServiceClient)
    value = json_format.ParseDict({"prompt": PROMPT, "temperature": 0, "raw_response": True}, struct_pb2.Value())
    with pytest.raises(exceptions.BadRequest, match=f"using its dedicated domain name '{name}'"):
        client.predict(endpoint=endpoint, instances=[value])
    response = client.predict(endpoint=endpoint, instances=[value], metadata=[("host", name)])
    assert list(response.predictions) == ["yes"]


def test_gemini_methods_are_for_gemini(cloud: Cloud, endpoint: str) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]}
    status, message = cloud.refusal("POST", f"/v1/{endpoint}:generateContent", body)
    assert (status, "does not serve a Gemini model" in message) == ("FAILED_PRECONDITION", True)

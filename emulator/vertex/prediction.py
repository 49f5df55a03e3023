"""Answers of deployed models: predict, rawPredict and chat completions as vLLM gives them, and those of Gemini."""

from __future__ import annotations

import random
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any

from emulator.errors import ServiceError
from emulator.language_model import LanguageModelError, render_prompt
from emulator.vertex import gemini_content
from emulator.vertex.refusals import failed_precondition, invalid_argument, unimplemented

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.language_model import Generation, Generator
    from emulator.vertex.calls import Call
    from emulator.vertex.cold_starts import ColdStarts
    from emulator.vertex.endpoints import Endpoints
    from emulator.vertex.generators import Generators
    from emulator.vertex.models import Models

# vLLM's SamplingParams: https://docs.vllm.ai/en/latest/api/vllm/sampling_params.html
_DEFAULTS = {"max_tokens": 16, "temperature": 1.0, "top_p": 1.0, "top_k": 0}


class Predictions:
    """Sends prompts to the deployed models of endpoints."""

    def __init__(self, models: Models, endpoints: Endpoints, generators: Generators, cold_starts: ColdStarts) -> None:
        self._models = models
        self._endpoints = endpoints
        self._generators = generators
        self._cold_starts = cold_starts

    def predict(self, call: Call) -> dict[str, Any]:
        """Answers each instance with a string."""
        request = call.read("PredictRequest")
        deployed, version, generator = self._choose(call, gemini=False)
        answers = [self._instance(generator, instance) for instance in request.get("instances", [])]
        return {
            "predictions": answers,
            "deployedModelId": deployed["id"],
            "model": deployed["model"],
            "modelVersionId": deployed["modelVersionId"],
            "modelDisplayName": version["displayName"],
        }

    def raw_predict(self, call: Call) -> dict[str, Any]:
        """Passes the body to the model server as it is: instances of predict, or a chat."""
        if "messages" in call.body:
            return self._chat(call, gemini=False)
        _, _, generator = self._choose(call, gemini=False)
        instances = call.body.get("instances")
        if not isinstance(instances, list):
            raise invalid_argument("The model server reads `instances` or `messages`; the body has neither.")
        return {"predictions": [self._instance(generator, instance) for instance in instances]}

    def chat(self, call: Call) -> dict[str, Any]:
        """Answers a chat in the form of the OpenAI API, whatever the model is."""
        return self._chat(call)

    def generate_content(self, call: Call) -> dict[str, Any]:
        """Answers as Gemini does."""
        request = gemini_content.read(call.body)
        messages = gemini_content.messages(request)
        _, version, generator = self._choose(call, gemini=True)
        count = request.get("generationConfig", {}).get("candidateCount", 1)
        prompt, wanted = render_prompt(messages), gemini_content.sampling(request)
        return gemini_content.response(version, [_generate(generator, prompt, wanted) for _ in range(count)])

    def stream_generate_content(self, _: Call) -> dict[str, Any]:
        """Not there."""
        raise unimplemented("streamed answers (`:streamGenerateContent`)")

    def _chat(self, call: Call, *, gemini: bool | None = None) -> dict[str, Any]:
        if call.body.get("stream"):
            raise unimplemented("streamed chat completions")
        messages = call.body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise invalid_argument("messages is required: a list with at least one message.")
        _, version, generator = self._choose(call, gemini=gemini)
        try:
            prompt = render_prompt(messages)
        except LanguageModelError as error:
            raise invalid_argument(f"messages cannot be read: {error}") from error
        wanted = call.body | {"max_tokens": call.body.get("max_completion_tokens", call.body.get("max_tokens", 256))}
        answer = _generate(generator, prompt, wanted)
        return {
            "id": f"chatcmpl-{uuid.uuid4()}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": call.body.get("model", version["displayName"]),
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer.text},
                    "finish_reason": answer.finish_reason,
                }
            ],
            "usage": {
                "prompt_tokens": answer.prompt_tokens,
                "completion_tokens": answer.completion_tokens,
                "total_tokens": answer.prompt_tokens + answer.completion_tokens,
            },
        }

    def _choose(self, call: Call, *, gemini: bool | None) -> tuple[dict[str, Any], dict[str, Any], Generator]:
        """A deployed model by the traffic split, with its model version and its loaded weights.

        Args:
            call: To an endpoint.
            gemini: Whether the method is for a tuned Gemini only, for all others only, or for both.
        """
        name = self._endpoints.name(call)
        endpoint = self._endpoints.find(name)
        _require_host(call, endpoint)
        split = endpoint.get("trafficSplit", {})
        if not split:
            # github.com/GoogleCloudPlatform/explainable_ai_sdk/issues/3, status and words.
            raise failed_precondition(f"Endpoint {name} doesn't have traffic_split.")
        chosen = random.choices(list(split), list(split.values()))[0]  # noqa: S311 - a load balancer, not a secret
        deployed = next(model for model in endpoint["deployedModels"] if model["id"] == chosen)
        if deployed.get("status"):
            raise ServiceError("UNAVAILABLE", f"No replica of DeployedModel {chosen} on {name} is available.")
        _require_kind(name, deployed, gemini=gemini)
        self._cold_starts.require_warm(name, deployed)
        version = self._models.find(call.place, f"{deployed['model'].rsplit('/', 1)[-1]}@{deployed['modelVersionId']}")
        return deployed, version, self._generators.load(version, deployed.get("checkpointId", ""))

    @staticmethod
    def _instance(generator: Generator, instance: object) -> str:
        if not isinstance(instance, dict) or not isinstance(instance.get("prompt"), str):
            raise invalid_argument('Each instance is an object with a "prompt".')
        answer = _generate(generator, instance["prompt"], instance)
        if instance.get("raw_response"):
            return answer.text
        # "Set `raw_response` to `False` to apply additional formatting in the structure of
        # "Prompt:\n{prompt.strip()}\nOutput:\n{output}"": Model Garden notebooks of Google Cloud, on prediction.
        return f"Prompt:\n{instance['prompt'].strip()}\nOutput:\n{answer.text}"


def _require_host(call: Call, endpoint: dict[str, Any]) -> None:
    """A dedicated endpoint answers under its own name only: that is what the request says it was sent to."""
    host = call.request.headers.get("host", "").partition(":")[0]
    if endpoint.get("dedicatedEndpointEnabled") and host != endpoint["dedicatedEndpointDns"]:
        # "Once you enabled dedicated endpoint, you won't be able to send request to the shared DNS": Endpoint.
        # dedicated_endpoint_enabled. Status and words as in users' reports of it.
        raise failed_precondition(
            "Dedicated Endpoint cannot be accessed through the shared Vertex AI domain aiplatform.googleapis.com. "
            f"Please access the endpoint using its dedicated domain name '{endpoint['dedicatedEndpointDns']}'"
        )


def _require_kind(name: str, deployed: dict[str, Any], *, gemini: bool | None) -> None:
    is_gemini = "checkpointId" in deployed
    if is_gemini and gemini is False:
        # github.com/googleapis/google-cloud-dotnet/issues/11576, status and words.
        raise failed_precondition(
            "Gemini cannot be accessed through Vertex Predict/RawPredict API. Please follow "
            "https://cloud.google.com/vertex-ai/docs/generative-ai/start/quickstarts/quickstart-multimodal for Gemini "
            "usage."
        )
    if gemini and not is_gemini:
        # The wording is the emulator's.
        raise failed_precondition(f"{name} does not serve a Gemini model: use predict or chat completions.")


def _generate(generator: Generator, prompt: str, wanted: Mapping[str, Any]) -> Generation:
    settings = {name: wanted[name] if wanted.get(name) is not None else default for name, default in _DEFAULTS.items()}
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in settings.values()):
        raise invalid_argument(f"{', '.join(_DEFAULTS)} are numbers.")
    return generator.generate(
        prompt,
        max_tokens=int(settings["max_tokens"]),
        temperature=float(settings["temperature"]),
        top_p=float(settings["top_p"]),
        top_k=max(0, int(settings["top_k"])),  # vLLM writes "all" as -1 or 0
        seed=int(wanted["seed"]) if wanted.get("seed") is not None else secrets.randbelow(2**32),
    )

"""What a tuned Gemini is asked and answers: the bodies of `:generateContent`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from emulator.clock import timestamp
from emulator.vertex import messages as protobuf
from emulator.vertex.refusals import invalid_argument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.language_model import Generation

_ROLES = {"user": "user", "model": "assistant"}
_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS"}
# Temperature, top-p and top-k as the pages of the Gemini 2.5 models give them. Their longest answer is 65,535 tokens;
# here an answer ends earlier, as those of chat completions do.
_DEFAULTS = {"temperature": 1.0, "topP": 0.95, "topK": 64.0, "maxOutputTokens": 256}
# Ranges of the Gemini 2.5 models, on the same pages; the upper end of whole numbers is exclusive in messages.
_RANGES = {"temperature": (0, 2), "topP": (0, 1), "maxOutputTokens": (1, 65536), "candidateCount": (1, 9)}
# In google-genai, but not in the protobuf types of google-cloud-aiplatform 2.7.
_NEWER = {"serviceTier", "thinkingLevel"}


def read(body: dict[str, Any]) -> dict[str, Any]:
    """A request in canonical JSON.

    Raises:
        ServiceError: it has a field that there is not, or a setting out of its range.
    """
    request = protobuf.read("GenerateContentRequest", _without_newer(body))
    config = request.get("generationConfig", {})
    for name, (least, most) in _RANGES.items():
        whole = name not in {"temperature", "topP"}
        value = config.get(name, least)
        if not least <= value <= (most - 1 if whole else most):
            # github.com/BerriAI/litellm/pull/10548, word for word, for maxOutputTokens.
            raise invalid_argument(
                f"Unable to submit request because it has a {name} value of {value} but the supported range is from "
                f"{least} (inclusive) to {most} ({'exclusive' if whole else 'inclusive'}). "
                "Update the value and try again."
            )
    return request


def messages(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The contents of a request as a chat, the same as training reads examples of this form.

    Raises:
        ServiceError: there are none, or one has no role of those that there are.
    """
    contents = request.get("contents", [])
    if not contents:
        # Words of the service, quoted in bug reports of several clients.
        raise invalid_argument("Unable to submit request because at least one contents field is required.")
    if any(content.get("role") not in _ROLES for content in contents):
        # Likewise; a role that is left out is refused with the same words.
        raise invalid_argument("Please use a valid role: user, model.")
    system = request.get("systemInstruction")
    return [
        *([{"role": "system", "content": _text_parts(system)}] if system else []),
        *({"role": _ROLES[content["role"]], "content": _text_parts(content)} for content in contents),
    ]


def sampling(request: dict[str, Any]) -> dict[str, Any]:
    """The generation settings of a request, under the names that chat completions have."""
    wanted = _DEFAULTS | request.get("generationConfig", {})
    return {
        "temperature": wanted["temperature"],
        "top_p": wanted["topP"],
        "top_k": wanted["topK"],
        "max_tokens": wanted["maxOutputTokens"],
        "seed": wanted.get("seed"),
    }


def response(version: dict[str, Any], answers: Sequence[Generation]) -> dict[str, Any]:
    """The answers of a model version in the form of the API."""
    written = sum(answer.completion_tokens for answer in answers)
    return {
        "candidates": [
            {
                "index": index,
                "content": {"role": "model", "parts": [{"text": answer.text}]},
                "finishReason": _FINISH_REASONS[answer.finish_reason],
            }
            for index, answer in enumerate(answers)
        ],
        # That this is the base model's name is one user's report: theneuralbase.com, "Using a tuned model".
        "modelVersion": version["baseModelSource"]["genieSource"]["baseModelUri"].rpartition("/")[2],
        "createTime": timestamp(),
        "responseId": uuid.uuid4().hex,
        "usageMetadata": {
            "promptTokenCount": answers[0].prompt_tokens,
            "candidatesTokenCount": written,
            "totalTokenCount": answers[0].prompt_tokens + written,
        },
    }


def _text_parts(content: dict[str, Any]) -> list[dict[str, str]]:
    """The text of a content; the small model reads nothing else, here as in training."""
    return [{"type": "text", "text": part["text"]} for part in content.get("parts", ()) if "text" in part]


def _without_newer(value: Any) -> Any:
    """A part of a request without fields that the types cannot read; none of them changes an answer here."""
    if isinstance(value, dict):
        return {name: _without_newer(part) for name, part in value.items() if protobuf.camel_case(name) not in _NEWER}
    return [_without_newer(part) for part in value] if isinstance(value, list) else value

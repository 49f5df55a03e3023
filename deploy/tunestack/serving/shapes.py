"""The three forms in which a deployed model takes a prompt and gives its answer.

Sources: predict and chat completions of models from Model Garden,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-garden/use-models; generateContent,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Shape = Literal["instances", "chat", "generateContent"]

SHAPES: Final[tuple[Shape, ...]] = ("instances", "chat", "generateContent")


class UnreadableAnswerError(Exception):
    """The endpoint's answer holds no text where its shape has one; the message quotes what is there instead."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        prompt: as the training examples have it.
        system: what the model is told before the prompt; empty for nothing. Instances have no place for it.
        max_tokens: tokens of the answer at the most.
        temperature: 0 takes the likeliest token each time.
    """

    prompt: str
    system: str = ""
    max_tokens: int = 200
    temperature: float = 0.0


def path(shape: Shape, endpoint: str) -> str:
    """Returns where an endpoint takes a shape, behind the host's name."""
    match shape:
        case "instances":
            return f"/v1/{endpoint}:predict"
        case "chat":  # v1 has no chat completions of endpoints
            return f"/v1beta1/{endpoint}/chat/completions"
        case "generateContent":
            return f"/v1beta1/{endpoint}:generateContent"


def body(shape: Shape, question: Question) -> dict[str, Any]:
    """Returns the request."""
    limits = {"max_tokens": question.max_tokens, "temperature": question.temperature}
    match shape:
        case "instances":
            # Without raw_response some containers repeat the prompt before the answer.
            return {"instances": [{"prompt": question.prompt, **limits, "raw_response": True}]}
        case "chat":
            system = [{"role": "system", "content": question.system}] if question.system else []
            # An endpoint has one model; its name is left empty, as in Google's own notebooks.
            return {"model": "", "messages": [*system, {"role": "user", "content": question.prompt}], **limits}
        case "generateContent":
            system_part = {"systemInstruction": {"parts": [{"text": question.system}]}} if question.system else {}
            return {
                "contents": [{"role": "user", "parts": [{"text": question.prompt}]}],
                **system_part,
                "generationConfig": {"maxOutputTokens": question.max_tokens, "temperature": question.temperature},
            }


def text(shape: Shape, question: Question, reply: Mapping[str, Any]) -> str:
    """Returns the answer's text.

    Raises:
        UnreadableAnswerError: the reply has none.
    """
    try:
        match shape:
            case "instances":
                predictions = reply["predictions"]
                first = str(predictions[0]) if predictions else ""
                return first.removeprefix(f"Prompt:\n{question.prompt.strip()}\nOutput:\n")
            case "chat":
                return str(reply["choices"][0]["message"].get("content") or "")
            case "generateContent":
                candidate = reply["candidates"][0]
                return "".join(part.get("text", "") for part in candidate.get("content", {}).get("parts", ()))
    except (KeyError, IndexError, TypeError, AttributeError):
        blocked = reply.get("promptFeedback", {}).get("blockReason") if shape == "generateContent" else ""
        if blocked:
            raise UnreadableAnswerError(f"the service blocked the prompt: {blocked}") from None
        raise UnreadableAnswerError(f"the endpoint's answer has no text: {str(dict(reply))[:300]}") from None


def end(shape: Shape, reply: Mapping[str, Any]) -> str:
    """Returns why the answer ended, in the service's own word, such as `stop` or `MAX_TOKENS`; empty where unknown."""
    key, reason = {"chat": ("choices", "finish_reason"), "generateContent": ("candidates", "finishReason")}.get(
        shape, ("", "")
    )
    return str((reply.get(key) or [{}])[0].get(reason) or "")

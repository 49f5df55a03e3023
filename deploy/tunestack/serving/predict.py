"""Asking a deployed model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.serving.clients import endpoint_client

if TYPE_CHECKING:
    from tunestack.connection import Connection

ANSWER_SECONDS = 300.0
"""How long one answer may take: the first prompts to a cold endpoint take minutes (seed: open-model tuning)."""


@repeatable
def answer(
    connection: Connection, endpoint: str, prompt: str, *, max_tokens: int = 200, temperature: float = 0.0
) -> str:
    """Returns what the endpoint's model answers to a prompt.

    Args:
        connection: in the endpoint's region.
        endpoint: resource name.
        prompt: as the training examples have it.
        max_tokens: tokens of the answer at the most.
        temperature: 0 takes the likeliest token each time.
    """
    from google.protobuf import json_format, struct_pb2

    from tunestack.serving import aiplatform

    instance = json_format.ParseDict(
        {"prompt": prompt, "max_tokens": max_tokens, "temperature": temperature, "raw_response": True},
        struct_pb2.Value(),
    )
    client = aiplatform.PredictionServiceClient(**_arguments(connection, endpoint))
    response = client.predict(endpoint=endpoint, instances=[instance], timeout=ANSWER_SECONDS)
    return _text(list(response.predictions), prompt)


def _arguments(connection: Connection, endpoint: str) -> dict[str, Any]:
    """Returns the client's arguments: an endpoint with a dedicated address answers only there."""
    arguments = connection.gapic_arguments()
    if connection.api_endpoint:
        return arguments
    found = endpoint_client(connection).get_endpoint(name=endpoint, timeout=CALL_SECONDS)
    if found.dedicated_endpoint_enabled:
        return {"transport": "rest", "client_options": {"api_endpoint": found.dedicated_endpoint_dns}}
    return arguments


def _text(predictions: list[Any], prompt: str) -> str:
    """Returns the first prediction without the prompt that some containers repeat before it."""
    first = str(predictions[0]) if predictions else ""
    return first.removeprefix(f"Prompt:\n{prompt}\nOutput:\n")

"""What the untuned base model would have answered: deployed from Model Garden for a few prompts, and removed again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tunestack.serving import deployments, models, predict
from tunestack.serving.operations import Wait

if TYPE_CHECKING:
    from tunestack.connection import Connection


def answers(connection: Connection, base_model: str, prompts: Sequence[str], *, max_tokens: int) -> list[str]:
    """Returns the base model's answers; billed on Google Cloud for as long as that takes.

    Args:
        connection: in the region to deploy in.
        base_model: publisher model with version, `google/gemma3@gemma-3-1b-it`.
        prompts: what to ask.
        max_tokens: tokens of an answer at the most.
    """
    with _endpoint(connection, base_model) as endpoint:
        return [predict.answer(connection, endpoint, prompt, max_tokens=max_tokens) for prompt in prompts]


@contextlib.contextmanager
def _endpoint(connection: Connection, base_model: str) -> Iterator[str]:
    from google.cloud import aiplatform_v1beta1 as aiplatform

    publisher, _, model = base_model.partition("/")
    arguments = connection.gapic_arguments()
    wait = Wait(connection.poll_seconds, lambda _: None, threading.Event())
    request = aiplatform.DeployRequest(
        destination=connection.parent,
        publisher_model_name=f"publishers/{publisher}/models/{model}",
        # The licence of an open model is accepted where the model is tuned; deploying it asks again.
        model_config=aiplatform.DeployRequest.ModelConfig(accept_eula=True),
    )
    deployed: Any = wait.result(aiplatform.ModelGardenServiceClient(**arguments).deploy(request), "deploys")
    try:
        yield deployed.endpoint
    finally:
        for present in deployments.deployed(connection, deployed.endpoint):
            deployments.undeploy(connection, deployed.endpoint, present.id, wait)
        endpoints = aiplatform.EndpointServiceClient(**arguments)
        wait.result(endpoints.delete_endpoint(name=deployed.endpoint), "deletes the endpoint")
        models.delete(connection, deployed.model, wait)

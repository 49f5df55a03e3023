"""What the untuned base model would have answered: deployed from Model Garden for a few prompts, and removed again."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tunestack.retries import CALL_SECONDS
from tunestack.serving import deployments, models, predict
from tunestack.serving.clients import endpoint_client, model_client
from tunestack.serving.operations import Wait

if TYPE_CHECKING:
    from tunestack.connection import Connection


def answers(connection: Connection, base_model: str, prompts: Sequence[str], *, max_tokens: int) -> list[str]:
    """Returns the base model's answers; accepts the model's licence, and is billed for as long as that takes.

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
    from google.api_core.exceptions import Conflict

    from tunestack.serving import aiplatform

    publisher, _, model = base_model.partition("/")
    wait = Wait(connection.poll_seconds, lambda _: None, threading.Event())
    # Ids of our choice: a deploy that fails leaves its endpoint behind, and nobody would know which.
    number = str(secrets.randbelow(9_000_000_000) + 1_000_000_000)
    endpoint, model_name = f"{connection.parent}/endpoints/{number}", f"{connection.parent}/models/untuned-{number}"
    request = aiplatform.DeployRequest(
        destination=connection.parent,
        publisher_model_name=f"publishers/{publisher}/models/{model}",
        model_config=aiplatform.DeployRequest.ModelConfig(accept_eula=True, model_user_id=f"untuned-{number}"),
        endpoint_config=aiplatform.DeployRequest.EndpointConfig(
            endpoint_display_name="untuned", endpoint_user_id=number
        ),
    )
    client = aiplatform.ModelGardenServiceClient(**connection.gapic_arguments())
    with contextlib.ExitStack() as cleaning:
        # Last in, first out; each runs even if another fails, and none before the deployment has settled.
        cleaning.callback(models.delete, connection, model_name, wait)
        cleaning.callback(_remove, connection, endpoint, wait)
        cleaning.callback(wait.settle, model_client(connection), model_name)
        cleaning.callback(wait.settle, endpoint_client(connection), endpoint)
        cleaning.callback(wait.settle, endpoint_client(connection), connection.parent, "Deploy")
        try:
            wait.start(client, lambda: client.deploy(request, timeout=CALL_SECONDS), "deploys")
        except Conflict:
            # An earlier request with these ids got through although its answer did not.
            wait.settle(endpoint_client(connection), connection.parent, "Deploy")
            if not deployments.deployed(connection, endpoint):
                raise
        yield endpoint


def _remove(connection: Connection, endpoint: str, wait: Wait) -> None:
    from google.api_core.exceptions import NotFound

    try:
        present = deployments.deployed(connection, endpoint)
    except deployments.EndpointNotFoundError:
        return
    deployments.undeploy(connection, endpoint, present, wait)
    client = endpoint_client(connection)
    with contextlib.suppress(NotFound):  # an earlier request whose answer was lost
        wait.start(client, lambda: client.delete_endpoint(name=endpoint, timeout=CALL_SECONDS), "deletes the endpoint")

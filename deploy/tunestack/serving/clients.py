"""The generated clients of the serving APIs, one a region and process: each opens connections of its own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunestack.connection import Connection

CALL_SECONDS = 60.0
"""How long one request may take. The library's own 5 s for deploying and undeploying is shorter than a busy service."""


@cache
def model_client(connection: Connection) -> Any:
    """Returns the client of models and their versions."""
    from google.cloud import aiplatform_v1beta1 as aiplatform

    return aiplatform.ModelServiceClient(**connection.gapic_arguments())


@cache
def endpoint_client(connection: Connection) -> Any:
    """Returns the client of endpoints and what is deployed on them."""
    from google.cloud import aiplatform_v1beta1 as aiplatform

    return aiplatform.EndpointServiceClient(**connection.gapic_arguments())

"""The generated clients of the serving APIs, one a region and process: each opens connections of its own.

Every call of theirs names `timeout=CALL_SECONDS`: of their own defaults some are 5 s, shorter than a busy service, and
others none at all.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunestack.connection import Connection


@cache
def model_client(connection: Connection) -> Any:
    """Returns the client of models and their versions."""
    from tunestack.serving import aiplatform

    return aiplatform.ModelServiceClient(**connection.gapic_arguments())


@cache
def endpoint_client(connection: Connection) -> Any:
    """Returns the client of endpoints and what is deployed on them."""
    from tunestack.serving import aiplatform

    return aiplatform.EndpointServiceClient(**connection.gapic_arguments())

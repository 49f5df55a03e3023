"""What an endpoint is like for whoever asks it: where it listens, and which shapes it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.service_errors import document
from tunestack.serving.shapes import Shape
from tunestack.tuning.tuned_models import is_tuned_gemini
from tunestack.wording import either

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from tunestack.connection import Connection

GEMINI: tuple[Shape, ...] = ("generateContent", "chat")
"""What a tuned Gemini takes. `:predict` answers 400 "Gemini cannot be accessed through Vertex Predict/RawPredict API":
github.com/BerriAI/litellm/issues/5678."""

CONTAINER: tuple[Shape, ...] = ("instances", "chat")
"""What a model server of Model Garden takes, whose predict route is /generate."""

_CHAT_ROUTE = "/chat/completions"


@dataclass(frozen=True, slots=True)
class AskedEndpoint:
    """An endpoint as the service describes it.

    Attributes:
        name: resource name.
        dedicated_dns: the host on which alone it answers; empty for the address that all of the region share.
        models: resource names, with version, of what is deployed there, most traffic first.
        has_traffic: whether some deployed model gets the requests.
    """

    name: str
    dedicated_dns: str = ""
    models: tuple[str, ...] = field(default=())
    has_traffic: bool = False

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> AskedEndpoint:
        """Reads the service's JSON."""
        traffic = found.get("trafficSplit") or {}
        # The reference writes it with the scheme (Endpoint, v1beta1), Google's own library puts that before it.
        dns = str(found.get("dedicatedEndpointDns", "")).removeprefix("https://").rstrip("/")
        deployed = sorted(found.get("deployedModels", ()), key=lambda each: -int(traffic.get(each.get("id"), 0)))
        return cls(
            found.get("name", ""),
            dns if found.get("dedicatedEndpointEnabled") else "",
            tuple(_versioned(each) for each in deployed),
            any(traffic.values()),
        )

    def address(self, connection: Connection) -> tuple[str, dict[str, str]]:
        """Returns the base address to ask at, and the headers that this takes."""
        if not self.dedicated_dns:
            return connection.service_address, {}
        if connection.api_endpoint:
            # The name is known to no name server, and the emulator tells its endpoints apart by this header.
            return connection.api_endpoint, {"Host": self.dedicated_dns}
        return f"https://{self.dedicated_dns}", {}


def look(connection: Connection, session: requests.Session, endpoint: str) -> AskedEndpoint:
    """Looks an endpoint up.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: the service refused, with NotFound where there is no such one.
    """
    return AskedEndpoint.read(_get(connection, session, endpoint))


def taken(connection: Connection, session: requests.Session, asked: AskedEndpoint) -> tuple[Shape, ...]:
    """Returns the shapes that an endpoint takes, the usual one first, by what is deployed on it; () where unknown."""
    from google.api_core.exceptions import GoogleAPICallError

    if not asked.models:
        return ()
    try:
        model = _get(connection, session, asked.models[0])
    except GoogleAPICallError:
        return ()
    if is_tuned_gemini(model):
        return GEMINI
    container = model.get("containerSpec")
    if container is None:
        return ()
    return ("chat",) if container.get("predictRoute", "").endswith(_CHAT_ROUTE) else CONTAINER


def told(shapes: tuple[Shape, ...]) -> str:
    """Says which shapes an endpoint takes, and how to ask for one."""
    named = either(shapes) if len(shapes) > 1 else "".join(shapes)
    return f"this endpoint takes {named}: ask with --shape {shapes[0]}, or leave --shape out"


@repeatable
def _get(connection: Connection, session: requests.Session, name: str) -> dict[str, Any]:
    return document(session.get(f"{connection.service_address}/v1beta1/{name}", timeout=CALL_SECONDS))


def _versioned(deployed: Mapping[str, Any]) -> str:
    model, version = deployed.get("model", ""), deployed.get("modelVersionId", "")
    return f"{model}@{version}" if version and "@" not in model else model

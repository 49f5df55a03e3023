"""How the clients of Google's libraries reach a project, on Google Cloud or on an emulator of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from tunestack.retries import CALL_SECONDS

if TYPE_CHECKING:
    import requests
    from google.cloud.storage import Client as StorageClient
    from google.genai import Client as GenaiClient


T = TypeVar("T")

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""What credentials are to be good for: all that the account itself may do."""

_MULTI_REGIONS = frozenset({"us", "eu"})
"""Locations of several regions, where the newest tuned Gemini models are served: google-genai, _api_client.py."""

_MAKING = threading.RLock()


class made_once(cached_property[T]):  # noqa: N801 - used as a decorator
    """A cached property that two threads do not make twice; since Python 3.12 the plain one does.

    The client of google-genai that loses such a race closes, when it is collected, what the other one uses.
    """

    if not TYPE_CHECKING:

        def __get__(self, instance: object, owner: type | None = None) -> T:
            with _MAKING:
                return super().__get__(instance, owner)


@dataclass(frozen=True)
class Connection:
    """A project and a place in it.

    Attributes:
        project: the Google Cloud project's id.
        location: a region, or `global`.
        api_endpoint: base address of an emulator; empty for Google Cloud.
        poll_seconds: the longest pause between two looks at something that runs, in seconds.
    """

    project: str
    location: str
    api_endpoint: str = ""
    poll_seconds: float = 30.0

    @property
    def parent(self) -> str:
        """Resource name of the location."""
        return f"projects/{self.project}/locations/{self.location}"

    @made_once
    def storage(self) -> StorageClient:
        """A Cloud Storage client; the library is imported here, since a preview mostly needs none."""
        from google.cloud import storage

        if not self.api_endpoint:
            return storage.Client(project=self.project)
        from google.auth.credentials import AnonymousCredentials

        return storage.Client(
            project=self.project,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": self.api_endpoint},
        )

    @made_once
    def genai(self) -> GenaiClient:
        """A client for tuning jobs, on v1beta1: v1 knows neither output_uri nor tuning_mode."""
        from google import genai
        from google.genai import types

        # Retries are ours: the library's own pass over dropped connections.
        options = types.HttpOptions(
            api_version="v1beta1",
            retry_options=types.HttpRetryOptions(attempts=1),
            timeout=int(CALL_SECONDS * 1000),  # without one the library waits for ever
        )
        if not self.api_endpoint:
            return genai.Client(vertexai=True, project=self.project, location=self.location, http_options=options)
        from google.oauth2.credentials import Credentials

        options.base_url = self.api_endpoint
        # The library refuses anonymous credentials; an emulator takes any token.
        credentials = Credentials(token="emulator")  # type: ignore[no-untyped-call]  # noqa: S106
        return genai.Client(
            vertexai=True,
            project=self.project,
            location=self.location,
            credentials=credentials,
            http_options=options,
        )

    @property
    def service_address(self) -> str:
        """Where the tuning service listens; each region has an address of its own."""
        if self.api_endpoint:
            return self.api_endpoint
        if self.location in _MULTI_REGIONS:
            return f"https://aiplatform.{self.location}.rep.googleapis.com"
        region = "" if self.location == "global" else f"{self.location}-"
        return f"https://{region}aiplatform.googleapis.com"

    def http(self) -> requests.Session:
        """Returns a session for plain requests, for where the libraries above would take too long to import."""
        if not self.api_endpoint:
            import google.auth
            from google.auth.transport.requests import AuthorizedSession

            credentials, _ = google.auth.default([SCOPE])
            return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        import requests

        return requests.Session()

    def gapic_arguments(self) -> dict[str, Any]:
        """Returns the constructor arguments that point an `aiplatform_v1beta1` client at this location."""
        if not self.api_endpoint:
            return {"client_options": {"api_endpoint": self.service_address.removeprefix("https://")}}
        from google.auth.credentials import AnonymousCredentials

        return {
            "transport": "rest",
            "client_options": {"api_endpoint": self.api_endpoint},
            "credentials": AnonymousCredentials(),  # type: ignore[no-untyped-call]
        }

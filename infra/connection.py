"""Where the stack's resources live: Google Cloud itself, or the emulator of a local stack. Nothing else knows of it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pulumi
import pulumi_gcp as gcp

import tunestack
from infra.settings import Settings

EMULATOR_URL = "TUNESTACK_EMULATOR_URL"
_EMULATOR_FILE = Path(".tunestack", "emulator", "emulator.json")

ENDPOINTS = {
    "storage_custom_endpoint": "storage/v1/",
    "service_usage_custom_endpoint": "su/v1/",
    "resource_manager_custom_endpoint": "crm/v1/",
    # The provider reads service accounts' endpoint from here; `iam_custom_endpoint` has no effect.
    "iam_beta_custom_endpoint": "iam/v1/",
    "cloud_quotas_custom_endpoint": "quotas/v1/",
    "cloud_billing_custom_endpoint": "billing/v1/",
    "compute_custom_endpoint": "compute/beta/",
    "vertex_ai_custom_endpoint": "vertex/v1beta1/",
}
"""The emulator's path for each service that the gcp provider calls, as pulumi-gcp's own arguments name them."""

_POLL_SECONDS = 1.0
"""The emulator's jobs take seconds, not hours."""


class EmulatorMissingError(pulumi.RunError):
    """The stack is a local one and its emulator does not answer."""


@dataclass(frozen=True, slots=True)
class Connection:
    """The explicit providers of all resources; there are no default ones, so nothing can land in another project."""

    gcp: gcp.Provider
    tunestack: tunestack.Provider
    api_endpoint: str | None = None
    """The emulator's address; None for Google Cloud."""

    @property
    def providers(self) -> list[pulumi.ProviderResource]:
        """The providers as components take them."""
        return [self.gcp, self.tunestack]


def connect(settings: Settings) -> Connection:
    """Declares the providers of the stack.

    Raises:
        EmulatorMissingError: the stack is a local one and its emulator does not answer.
    """
    if not settings.emulator:
        return Connection(
            gcp.Provider("google-cloud", project=settings.project),
            tunestack.Provider("tunestack", project=settings.project, location=settings.location),
        )
    url = emulator_url(Path(pulumi.get_root_directory()))
    return Connection(
        gcp.Provider(
            "google-cloud",
            project=settings.project,
            # Any will do; without one the provider would look for real ones. It counts as a secret, and so must not be
            # a word that a message may contain: the engine would mask it there.
            access_token="no-token-is-needed-here",  # noqa: S106
            batching=gcp.ProviderBatchingArgs(enable_batching=False),
            **{argument: f"{url}/{path}" for argument, path in ENDPOINTS.items()},
        ),
        tunestack.Provider(
            "tunestack",
            project=settings.project,
            location=settings.location,
            api_endpoint=url,
            poll_seconds=_POLL_SECONDS,
        ),
        url,
    )


def emulator_url(root: Path) -> str:
    """Finds the emulator: $TUNESTACK_EMULATOR_URL, else what it wrote below the folder of Pulumi.yaml.

    Raises:
        EmulatorMissingError: none is configured, or the one that is does not answer.
    """
    url = os.environ.get(EMULATOR_URL) or _recorded_url(root / _EMULATOR_FILE)
    if url is None or not _answers(url):
        where = f"at {url}" if url else f"(there is no {_EMULATOR_FILE}, and {EMULATOR_URL} is not set)"
        message = f"the emulator of this stack does not run {where}: `make emulator` starts it, and so does `make up`"
        raise EmulatorMissingError(message)
    return url.rstrip("/")


def _recorded_url(file: Path) -> str | None:
    try:
        return str(json.loads(file.read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return None


def _answers(url: str) -> bool:
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", f"{address.path.rstrip('/')}/emulator/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()

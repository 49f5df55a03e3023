"""What the provider is configured with: project, endpoints and labels, as pulumi-gcp names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tunestack.provider.lifecycle import ResourceError

ATTRIBUTION: Final = {"goog-pulumi-provisioned": "true"}
"""The label that pulumi-gcp puts on everything it makes unless it is told not to."""

ENDPOINTS: Final = {
    "storage": "storageCustomEndpoint",
    "serviceusage": "serviceUsageCustomEndpoint",
    "cloudresourcemanager": "resourceManagerCustomEndpoint",
    "iam": "iamBetaCustomEndpoint",
    "cloudquotas": "cloudQuotasCustomEndpoint",
    "cloudbilling": "cloudBillingCustomEndpoint",
    "aiplatform": "vertexAiCustomEndpoint",
}
"""The provider's input that holds each API's base address."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The provider's inputs as its lifecycles need them."""

    project: str
    endpoints: Mapping[str, str]
    labels: Mapping[str, str]

    def endpoint(self, api: str) -> str:
        """Returns the base address of an API.

        Raises:
            ResourceError: none is configured.
        """
        address = self.endpoints.get(api)
        if address is None:
            message = (
                "this gcp provider is the stand-in of local stacks and works on an emulator alone, but its "
                f"`{ENDPOINTS[api]}` is not set; for Google Cloud: `pulumi plugin install resource gcp`"
            )
            raise ResourceError(message)
        return address


def read_configuration(inputs: Mapping[str, Any]) -> Configuration:
    """Turns the provider's inputs into a `Configuration`; nested ones arrive as JSON text.

    Raises:
        ResourceError: no project is set.
    """
    values = {name: _parsed(name, value) for name, value in inputs.items()}
    if not values.get("project"):
        raise ResourceError("the gcp provider has no `project`; set it on the provider")
    attribution = {} if values.get("addPulumiAttributionLabel") is False else ATTRIBUTION
    return Configuration(
        project=values["project"],
        endpoints={api: str(values[name]) for api, name in ENDPOINTS.items() if values.get(name)},
        labels={**values.get("defaultLabels", {}), **attribution},
    )


def _parsed(name: str, value: Any) -> Any:
    return (
        json.loads(value)
        if name in ("defaultLabels", "addPulumiAttributionLabel") and isinstance(value, str)
        else value
    )

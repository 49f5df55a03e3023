"""The plugin: its configuration, and a lifecycle for each resource that local stacks use."""

# The arguments are the base class's.
# ruff: noqa: ARG002

from __future__ import annotations

import importlib.metadata
import json
from typing import TYPE_CHECKING

from emulator.gcp_provider.configuration import ENDPOINTS, read_configuration
from tunestack.provider.lifecycle import (
    CheckFailure,
    CheckRequest,
    CheckResult,
    DiffRequest,
    DiffResult,
    Engine,
    Lifecycle,
    Properties,
    PropertyChange,
    Provider,
    ResourceError,
)
from tunestack.provider.properties import changed, plain_map, wrap_map

if TYPE_CHECKING:
    from emulator.gcp_provider.rest import Cloud

_REAL_PLUGIN = "install the real plugin with `pulumi plugin install resource gcp`"


class GcpProvider(Provider):
    """The stand-in for pulumi-gcp."""

    name = "gcp"

    def __init__(self) -> None:
        # The program's SDK asks the engine for the plugin of its own version.
        self.version = importlib.metadata.version("pulumi-gcp")
        self._cloud: Cloud | None = None
        self._lifecycles: dict[str, Lifecycle] | None = None

    async def schema(self) -> str:
        """The stand-in describes nothing: the SDK that programs use is pulumi-gcp's own."""
        return json.dumps({"name": self.name, "version": self.version})

    async def check_config(self, request: CheckRequest) -> CheckResult:
        """Refuses a configuration without emulator, so that nothing can reach Google Cloud by this provider."""
        failures = [
            CheckFailure(
                name,
                f"is not set. This gcp provider is the stand-in of local stacks and works on an emulator alone; "
                f"for Google Cloud {_REAL_PLUGIN}",
            )
            for name in ENDPOINTS.values()
            if name not in request.new
        ]
        return CheckResult(request.new, failures[:1])

    async def diff_config(self, request: DiffRequest) -> DiffResult:
        """A change of the configuration never replaces what it made, but another project does."""
        changes = changed(request.old_inputs, request.new)
        return DiffResult({name: PropertyChange(kind, replaces=name == "project") for name, kind in changes.items()})

    async def configure(self, inputs: Properties, engine: Engine) -> None:
        """Takes project and endpoints."""
        # Here, and not when the process starts: the engine waits for the port before it does anything else.
        from emulator.gcp_provider.rest import Cloud

        self._cloud = Cloud(read_configuration(plain_map(inputs)))

    def lifecycle(self, resource_type: str) -> Lifecycle:
        """Returns the lifecycle of a resource type."""
        if self._lifecycles is None:
            self._lifecycles = self._all_lifecycles()
        found = self._lifecycles.get(resource_type)
        if found is None:
            message = f"the stand-in of the gcp provider has no {resource_type}; {_REAL_PLUGIN}"
            raise ResourceError(message)
        return found

    async def invoke(self, token: str, arguments: Properties) -> Properties:
        """Answers a function."""
        from emulator.gcp_provider.functions import FUNCTIONS

        function = FUNCTIONS.get(token)
        if function is None:
            message = f"the stand-in of the gcp provider has no function {token}; {_REAL_PLUGIN}"
            raise ResourceError(message)
        return wrap_map(await function(self._configured(), plain_map(arguments)))

    async def cancel(self) -> None:
        """Nothing waits for long here."""

    def _configured(self) -> Cloud:
        if self._cloud is None:
            raise ResourceError("the gcp provider was asked for something before it was configured")
        return self._cloud

    def _all_lifecycles(self) -> dict[str, Lifecycle]:
        from emulator.gcp_provider.bucket import Bucket
        from emulator.gcp_provider.endpoint import Endpoint
        from emulator.gcp_provider.policy_member import BucketMember, ProjectMember, ServiceAccountMember
        from emulator.gcp_provider.quota_preference import QuotaPreference
        from emulator.gcp_provider.service import Service
        from emulator.gcp_provider.service_account import ServiceAccount
        from emulator.gcp_provider.service_identity import ServiceIdentity

        kinds = (
            Bucket,
            BucketMember,
            Endpoint,
            ProjectMember,
            QuotaPreference,
            Service,
            ServiceAccount,
            ServiceAccountMember,
            ServiceIdentity,
        )
        return {kind.token: kind(self._configured) for kind in kinds}

"""A region of a foundation: one bucket, in which the checkpoints lie that are served there."""

from __future__ import annotations

import pulumi

from infra.buckets import output_bucket
from infra.connection import Connection
from infra.foundation import Foundation
from infra.outputs import export_region
from infra.patience import Patience
from infra.promotion import copied
from infra.quota import Quotas
from infra.quota_shortage import warn_of_shortage
from infra.readers import as_binding, bind_reader, bind_readers
from infra.services import Services
from infra.serving import Serving
from infra.settings import Settings


class Region(pulumi.ComponentResource):
    """The bucket, who may read it, and the foundation's checkpoints in it.

    Args:
        resource_name: the name in the program.
        settings: the stack's configuration.
        foundation: what that stack has made.
        services: the APIs, which the foundation enables.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        settings: Settings,
        foundation: Foundation,
        services: Services,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:Region", resource_name, None, opts)
        self.bucket = output_bucket(settings, services, self)
        # Nothing is tuned here, so that the one agent that serves has to read, and nobody to write.
        bound = bind_reader("output-platform-agent", foundation.platform_agent, settings, self.bucket, self)
        self.bindings = [as_binding(self.bucket, bound), *bind_readers(settings, self.bucket, self)]
        # What is served is read by the agent: nothing is deployed before that may be.
        options = pulumi.ResourceOptions(parent=self, depends_on=[bound])
        self.models = {
            name: copied(name, there, bucket=self.bucket.name, opts=options)
            for name, there in foundation.models.items()
        }
        self.register_outputs({"bucket": self.bucket.name})


def declare_region(settings: Settings, connection: Connection, foundation: Foundation, patience: Patience) -> None:
    """Declares what the configuration asks for, and exports what came of it."""
    everywhere = pulumi.ResourceOptions(providers=connection.providers)
    services = Services("services", project=settings.project, patience=patience, foundation=foundation, opts=everywhere)
    quotas = Quotas("quotas", settings=settings, services=services, opts=everywhere)
    region = Region("region", settings=settings, foundation=foundation, services=services, opts=everywhere)
    models = {name: each.servable for name, each in region.models.items()}
    serving = Serving("serving", settings=settings, models=models, services=services, quotas=quotas, opts=everywhere)
    warn_of_shortage(settings, quotas, {}, serving.deployments_made)
    export_region(settings, connection.api_endpoint, region.bucket, region.bindings, region.models, quotas, serving)

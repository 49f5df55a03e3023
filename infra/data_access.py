"""Who may read the datasets that lie in other buckets than the stack's."""

from __future__ import annotations

import pulumi

from infra import existing
from infra.access import OBJECT_USER, Access, Binding
from infra.buckets import Buckets
from infra.services import Services
from infra.settings import Settings
from tunestack import AgentAccess


class DataAccess(pulumi.ComponentResource):
    """Binds the agents, and the account that jobs run as, to each such bucket.

    A binding that is there already is only looked at, since whoever owns the data may allow no more; and none is taken
    away with the stack, since others may count on it.

    Args:
        resource_name: the name in the program.
        settings: the stack's configuration.
        services: the enabled APIs and their agents.
        buckets: the stack's own, which are bound elsewhere.
        access: whom jobs run as.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        settings: Settings,
        services: Services,
        buckets: Buckets,
        access: Access,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:DataAccess", resource_name, None, opts)
        members: dict[str, pulumi.Input[str]] = {
            "tuning-agent": services.tuning_agent,
            "platform-agent": services.platform_agent,
            "tuning-account": pulumi.Output.concat("serviceAccount:", access.service_account),
        }
        binding = pulumi.ResourceOptions(parent=self, depends_on=[services, access])
        self.bindings: list[Binding] = []
        for bucket, dataset in settings.data_buckets.items():
            if bucket in buckets.names.values():
                continue
            guarded = pulumi.Output.from_input(settings.guarded("datasets", bucket))
            for who, member in members.items():
                bound = AgentAccess(
                    f"{dataset}-{who}",
                    bucket=guarded,
                    role=OBJECT_USER,
                    member=member,
                    required=who != "tuning-agent",
                    opts=pulumi.ResourceOptions.merge(binding, existing.lasting(True)),
                )
                self.bindings.append(Binding(guarded, member, bound.state))
        self.register_outputs({})

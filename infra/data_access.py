"""Who may read what lies in other buckets than the stack's: datasets, and checkpoints that jobs start from."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra import existing
from infra.access import OBJECT_USER, Access, Binding
from infra.buckets import Buckets
from infra.services import Services
from infra.settings import Settings, bucket_of
from infra.starting_points import OtherStacks
from tunestack import AgentAccess


class DataAccess(pulumi.ComponentResource):
    """Binds the agents, and the account that jobs run as, to each such bucket that the configuration names.

    A binding that is there already is only looked at, since whoever owns the data may allow no more; and none is taken
    away with the stack, since others may count on it.

    Args:
        resource_name: the name in the program.
        settings: the stack's configuration.
        services: the enabled APIs and their agents.
        buckets: the stack's own, which are bound elsewhere.
        access: whom jobs run as.
        others: the stacks whose models are continued.
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
        others: OtherStacks,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:DataAccess", resource_name, None, opts)
        members: dict[str, pulumi.Input[str]] = {
            "tuning-agent": services.tuning_agent,
            "platform-agent": services.platform_agent,
            "tuning-account": pulumi.Output.concat("serviceAccount:", access.service_account),
        }
        options = pulumi.ResourceOptions.merge(
            pulumi.ResourceOptions(parent=self, depends_on=[services, access]), existing.lasting(True)
        )
        self.bindings: list[Binding] = []
        for name, bucket in foreign_buckets(settings, buckets.names, others).items():
            for who, member in members.items():
                bound = AgentAccess(
                    f"{name}-{who}",
                    bucket=bucket,
                    role=OBJECT_USER,
                    member=member,
                    required=who != "tuning-agent",
                    opts=options,
                )
                self.bindings.append(Binding(pulumi.Output.from_input(bucket), member, bound.state))
        self.register_outputs({})


def foreign_buckets(settings: Settings, own: Mapping[str, str], others: OtherStacks) -> dict[str, pulumi.Input[str]]:
    """Returns the buckets that are not the stack's, under the name of one thing that lies in each.

    Args:
        settings: the stack's configuration.
        own: names of the stack's buckets, by purpose.
        others: the stacks whose models are continued.
    """
    seen, found = set(own.values()), dict[str, pulumi.Input[str]]()
    lying = [(bucket, name, "datasets") for bucket, name in settings.data_buckets.items()]
    # No name has an underscore, so that a model may be called as a dataset is.
    lying += [(bucket, f"{model}_base", "models") for bucket, model in settings.base_buckets.items()]
    for bucket, name, key in lying:
        if bucket not in seen:
            seen.add(bucket)
            # A dataset's two files may lie in two buckets.
            found[f"{name}_other" if name in found else name] = settings.guarded(key, bucket)
    # That the other stack may use its bucket does not mean that the account of this stack's jobs may.
    for model, continued in settings.continued_elsewhere.items():
        found[f"{model}_base"] = others.folder(model, continued).apply(bucket_of)
    return found

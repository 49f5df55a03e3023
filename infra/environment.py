"""A stack that stands by itself: it tunes or promotes models, may serve them, and may be the foundation of regions."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.access import Access
from infra.buckets import Buckets
from infra.connection import Connection
from infra.data_access import DataAccess
from infra.models_there import ModelThere
from infra.outputs import Environment, export_environment
from infra.patience import Patience
from infra.promotion import Promotion
from infra.quota import TUNING_JOBS, Quotas
from infra.quota_shortage import warn_of_shortage
from infra.readers import bind_readers
from infra.services import Services
from infra.serving import Servable, Serving
from infra.settings import Settings
from infra.stack_outputs import StackOutputs
from infra.starting_points import OtherStacks
from infra.tuning import Tuning


def declare_environment(
    settings: Settings,
    connection: Connection,
    promoted: Mapping[str, ModelThere],
    stacks: StackOutputs,
    patience: Patience,
) -> None:
    """Declares what the configuration asks for, and exports what came of it."""
    everywhere = pulumi.ResourceOptions(providers=connection.providers)
    services = Services("services", project=settings.project, patience=patience, opts=everywhere)
    quotas = Quotas("quotas", settings=settings, services=services, opts=everywhere)
    # Made where all models are promoted as well, as is the account of jobs: of a stack that has tuned before, the
    # engine would delete what the program no longer names, with the data that its models have learned from.
    buckets = Buckets("buckets", settings=settings, services=services, opts=everywhere)
    access = Access(
        "access",
        project=settings.project,
        services=services,
        buckets=buckets,
        submitters=settings.submitters,
        existing_account=settings.service_account,
        opts=everywhere,
    )
    bindings = [*access.bindings, *bind_readers(settings, buckets.output, access)]
    first: list[pulumi.Resource] = []
    others = OtherStacks(settings, stacks)
    if settings.data_buckets or settings.base_buckets or settings.continued_elsewhere:
        data_access = DataAccess(
            "data-access",
            settings=settings,
            services=services,
            buckets=buckets,
            access=access,
            others=others,
            opts=everywhere,
        )
        bindings += data_access.bindings
        first.append(data_access)
    tuning = Tuning(
        "tuning",
        settings=settings,
        buckets=buckets,
        access=access,
        others=others,
        after=first,
        # The quota that can be asked for is that of open models.
        after_open=quotas.asked(TUNING_JOBS),
        opts=everywhere,
    )
    models = {
        name: Servable(tuned.model.final_checkpoint_uri, tuned.base_model) for name, tuned in tuning.models.items()
    }
    copied = {}
    if promoted:
        # Whoever serves has to read the copies.
        promotion = Promotion("promotion", models=promoted, bucket=buckets.output.name, after=access, opts=everywhere)
        copied = promotion.models
        models |= {name: each.servable for name, each in copied.items()}
    serving = Serving("serving", settings=settings, models=models, services=services, quotas=quotas, opts=everywhere)
    warn_of_shortage(settings, quotas, tuning.open_jobs_started, serving.deployments_made)
    made = Environment(services, buckets, bindings, access, quotas, tuning, copied, serving)
    export_environment(settings, connection.api_endpoint, made)

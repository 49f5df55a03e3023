"""The Pulumi program: reads the stack's configuration, declares what it asks for, exports what came of it."""

# A failed or interrupted run ends the program with SIGINT, and Python's own handler would print a traceback each time.
import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)

import pulumi  # noqa: E402

from infra.access import Access  # noqa: E402
from infra.buckets import Buckets  # noqa: E402
from infra.connection import connect  # noqa: E402
from infra.data_access import DataAccess  # noqa: E402
from infra.existing_checks import check_existing  # noqa: E402
from infra.leftovers import Leftovers  # noqa: E402
from infra.outputs import export_outputs  # noqa: E402
from infra.patience import Patience  # noqa: E402
from infra.quota import TUNING_JOBS, Quotas  # noqa: E402
from infra.quota_shortage import warn_of_shortage  # noqa: E402
from infra.reading import engine_settings  # noqa: E402
from infra.services import API_HOSTS, Services  # noqa: E402
from infra.serving import Serving  # noqa: E402
from infra.starting_points import OtherStacks  # noqa: E402
from infra.tuning import Tuning  # noqa: E402

settings = engine_settings(pulumi.get_stack())
connection = connect(settings)
check_existing(settings, connection, pulumi.get_stack())
Leftovers(settings.project, settings.location, connection.api_endpoint).attach()
everywhere = pulumi.ResourceOptions(providers=connection.providers)

patience = Patience(settings.project, API_HOSTS)
patience.attach()
services = Services("services", project=settings.project, patience=patience, opts=everywhere)
quotas = Quotas("quotas", settings=settings, services=services, opts=everywhere)
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
bindings = list(access.bindings)
first: list[pulumi.Resource] = []
others = OtherStacks(settings)
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
serving = Serving("serving", settings=settings, models=tuning.models, services=services, quotas=quotas, opts=everywhere)
warn_of_shortage(settings, quotas, tuning.open_jobs_started, serving.deployments_made)
export_outputs(settings, connection.api_endpoint, buckets, bindings, access, quotas, tuning, serving)

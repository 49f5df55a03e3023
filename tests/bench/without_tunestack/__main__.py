"""The program of infra/ without data, jobs and deployments: the peer of the preview's measurement."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)

import pulumi  # noqa: E402
import pulumi_gcp as gcp  # noqa: E402

from infra.access import Access  # noqa: E402
from infra.buckets import Buckets  # noqa: E402
from infra.connection import connect  # noqa: E402
from infra.naming import endpoint_id  # noqa: E402
from infra.quota import TuningQuota  # noqa: E402
from infra.patience import Patience  # noqa: E402
from infra.services import API_HOSTS, Services  # noqa: E402
from infra.settings import engine_settings  # noqa: E402

settings = engine_settings(pulumi.get_stack())
everywhere = pulumi.ResourceOptions(providers=connect(settings).providers)

patience = Patience(settings.project, API_HOSTS)
patience.attach()
services = Services("services", project=settings.project, patience=patience, opts=everywhere)
TuningQuota("quota", settings=settings, services=services, opts=everywhere)
buckets = Buckets("buckets", settings=settings, after=[services], opts=everywhere)
Access(
    "access",
    project=settings.project,
    services=services,
    buckets=buckets,
    submitters=settings.submitters,
    opts=everywhere,
)
for name in settings.serving:
    gcp.vertex.AiEndpoint(
        name,
        name=endpoint_id(pulumi.get_project(), pulumi.get_stack(), name),
        display_name=name,
        project=settings.project,
        location=settings.location,
        labels=settings.labels,
        opts=pulumi.ResourceOptions.merge(everywhere, pulumi.ResourceOptions(depends_on=[services])),
    )

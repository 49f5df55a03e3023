"""What infra/ declares of pulumi-gcp, and nothing that needs our provider: the peer of the preview's measurement."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)

import pulumi  # noqa: E402
import pulumi_gcp as gcp  # noqa: E402

from infra.access import OBJECT_USER  # noqa: E402
from infra.buckets import Buckets  # noqa: E402
from infra.connection import connect  # noqa: E402
from infra.naming import account_id, endpoint_id  # noqa: E402
from infra.patience import Patience  # noqa: E402
from infra.reading import engine_settings  # noqa: E402
from infra.services import API_HOSTS, Services  # noqa: E402

settings = engine_settings(pulumi.get_stack())
everywhere = pulumi.ResourceOptions(providers=connect(settings).providers)

patience = Patience(settings.project, API_HOSTS)
patience.attach()
services = Services("services", project=settings.project, patience=patience, opts=everywhere)
enabled = pulumi.ResourceOptions.merge(everywhere, pulumi.ResourceOptions(depends_on=[services]))
buckets = Buckets("buckets", settings=settings, services=services, opts=everywhere)
account = gcp.serviceaccount.Account(
    "tuning", project=settings.project, account_id=account_id(pulumi.get_stack(), "tuning"), opts=enabled
)
members = {
    "tuning-agent": services.tuning_agent,
    "platform-agent": services.platform_agent,
    "tuning-account": account.member,
}
for purpose, bucket in (("data", buckets.data), ("output", buckets.output)):
    for who, member in members.items():
        gcp.storage.BucketIAMMember(
            f"{purpose}-{who}", bucket=bucket.name, role=OBJECT_USER, member=member, opts=enabled
        )
gcp.projects.IAMMember(
    "tuning-account-uses-vertex",
    project=settings.project,
    role="roles/aiplatform.user",
    member=account.member,
    opts=enabled,
)
for name in settings.serving:
    gcp.vertex.AiEndpoint(
        name,
        name=endpoint_id(pulumi.get_project(), pulumi.get_stack(), name),
        display_name=name,
        project=settings.project,
        location=settings.location,
        labels=settings.labels,
        opts=enabled,
    )

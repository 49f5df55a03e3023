"""As many resources as a stack of infra/ has, all of them buckets: the peer of the measurement of five stacks."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)

import pulumi  # noqa: E402
import pulumi_gcp as gcp  # noqa: E402

from infra.connection import connect  # noqa: E402
from infra.reading import engine_settings  # noqa: E402

settings = engine_settings(pulumi.get_stack())
everywhere = pulumi.ResourceOptions(providers=connect(settings).providers)
storage = gcp.projects.Service("storage", project=settings.project, service="storage.googleapis.com", opts=everywhere)
for number in range(pulumi.Config("bench").require_int("resources") - 1):
    gcp.storage.Bucket(
        f"bucket-{number}",
        name=f"{settings.project}-{pulumi.get_stack()}-{number}",
        project=settings.project,
        location=settings.location,
        force_destroy=True,
        opts=pulumi.ResourceOptions.merge(everywhere, pulumi.ResourceOptions(depends_on=[storage])),
    )

"""Who else may take a stack's checkpoints: whoever deploys another stack that promotes them."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra import existing
from infra.access import BOUND, Binding
from infra.settings import Settings

OBJECT_VIEWER = "roles/storage.objectViewer"
"""Lists and reads objects, and no more: what a copy needs of the bucket that it is made from."""


def bind_readers(settings: Settings, bucket: gcp.storage.Bucket, parent: pulumi.Resource) -> list[Binding]:
    """Binds each member that the configuration names to the bucket of checkpoints."""
    members = dict.fromkeys(settings.readers)
    return [as_binding(bucket, bind_reader(f"output-{member}", member, settings, bucket, parent)) for member in members]


def bind_reader(
    name: str, member: str, settings: Settings, bucket: gcp.storage.Bucket, parent: pulumi.Resource
) -> gcp.storage.BucketIAMMember:
    """Lets one member read the bucket of checkpoints."""
    shared = existing.lasting("output" in settings.buckets.existing)
    options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=parent), shared)
    return gcp.storage.BucketIAMMember(name, bucket=bucket.name, role=OBJECT_VIEWER, member=member, opts=options)


def as_binding(bucket: gcp.storage.Bucket, bound: gcp.storage.BucketIAMMember) -> Binding:
    """Returns a reader's binding as the stack tells it."""
    return Binding(bucket.name, bound.member, bound.id.apply(lambda _: BOUND), OBJECT_VIEWER)

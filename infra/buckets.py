"""The buckets: training data goes in, checkpoints come out."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from infra import existing
from infra.naming import bucket_name
from infra.services import Services
from infra.settings import Settings

_UPLOAD_DAYS = 7
"""Days after which an upload that was never finished is given up; Cloud Storage's own limit for resumable ones."""
_NONCURRENT_DAYS = 30
"""Days for which replaced or deleted training data can be brought back."""


class Buckets(pulumi.ComponentResource):
    """A bucket of data and one of checkpoints; those that the stack makes can never be made public.

    Args:
        resource_name: the name in the program.
        settings: the stack's configuration.
        services: the enabled APIs.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        settings: Settings,
        services: Services,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:Buckets", resource_name, None, opts)
        self.existing = settings.buckets.existing
        """Names of those that the stack did not make, by purpose."""
        self.names = {purpose: name_of(purpose, settings) for purpose in ("data", "output")}
        """Names of both, by purpose."""
        # Training data is the lineage of every model: versioning undoes an overwrite or a delete by hand.
        rules = [_delete(days_since_noncurrent_time=_NONCURRENT_DAYS)]
        self.data = _bucket("data", settings, services, self, versioning=True, rules=rules)
        self.output = output_bucket(settings, services, self)
        self.register_outputs({"data": self.data.name, "output": self.output.name})


def output_bucket(settings: Settings, services: Services, parent: pulumi.Resource) -> gcp.storage.Bucket:
    """Makes the bucket of checkpoints, or reads the one that the configuration names."""
    # Checkpoints are written once, under a name that contains the hash of the job's spec: versions would only double
    # what is by far the largest part of the bill.
    days = settings.buckets.intermediate_checkpoint_days
    # A rule matches the beginning or the end of a name, and the only part that tells `checkpoint-25` from `final` is in
    # the middle, behind a hash. A custom time marks the right objects instead: only the intermediate checkpoints of a
    # job that succeeded get one, so that the rule cannot touch anything else.
    rules = [_delete(days_since_custom_time=days)] if days else []
    return _bucket("output", settings, services, parent, versioning=False, rules=rules)


def _bucket(
    purpose: str,
    settings: Settings,
    services: Services,
    parent: pulumi.Resource,
    *,
    versioning: bool,
    rules: Sequence[gcp.storage.BucketLifecycleRuleArgs],
) -> gcp.storage.Bucket:
    name = name_of(purpose, settings)
    if purpose in settings.buckets.existing:
        return existing.bucket(purpose, name, services, parent)
    return gcp.storage.Bucket(
        purpose,
        name=name,
        project=settings.project,
        location=(settings.buckets.location or settings.location).upper(),
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        versioning={"enabled": versioning},
        lifecycle_rules=[
            *rules,
            gcp.storage.BucketLifecycleRuleArgs(
                action={"type": "AbortIncompleteMultipartUpload"}, condition={"age": _UPLOAD_DAYS}
            ),
        ],
        encryption=_encryption(settings.buckets.kms_key_name),
        labels=settings.guarded("labels", settings.labels),
        force_destroy=settings.buckets.force_destroy,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[services],
            protect=settings.protect,
            # No bucket can be moved. It would be deleted with all that was ever tuned, to be made again elsewhere.
            ignore_changes=["location"],
        ),
    )


def name_of(purpose: str, settings: Settings) -> str:
    """Returns the name of the bucket of `data` or `output`."""
    made = bucket_name(settings.project, pulumi.get_stack(), f"tuning-{purpose}")
    return settings.buckets.existing.get(purpose, made)


def _encryption(key: str | None) -> gcp.storage.BucketEncryptionArgs | None:
    return gcp.storage.BucketEncryptionArgs(default_kms_key_name=key) if key else None


def _delete(**condition: int) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(action={"type": "Delete"}, condition=condition)

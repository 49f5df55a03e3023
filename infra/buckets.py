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
        self._settings = settings
        self._services = services
        self.existing = settings.buckets.existing
        """Names of those that the stack did not make, by purpose."""
        self.names = {
            purpose: self.existing.get(purpose, bucket_name(settings.project, pulumi.get_stack(), f"tuning-{purpose}"))
            for purpose in ("data", "output")
        }
        """Names of both, by purpose."""
        # Training data is the lineage of every model: versioning undoes an overwrite or a delete by hand.
        self.data = self._bucket("data", versioning=True, rules=[_delete(days_since_noncurrent_time=_NONCURRENT_DAYS)])
        # Checkpoints are written once, under a name that contains the hash of the job's spec: versions would only
        # double what is by far the largest part of the bill.
        days = settings.buckets.intermediate_checkpoint_days
        self.output = self._bucket(
            "output",
            versioning=False,
            # A rule matches the beginning or the end of a name, and the only part that tells `checkpoint-25` from
            # `final` is in the middle, behind a hash. A custom time marks the right objects instead: only the
            # intermediate checkpoints of a job that succeeded get one, so that the rule cannot touch anything else.
            rules=[_delete(days_since_custom_time=days)] if days else [],
        )
        self.register_outputs({"data": self.data.name, "output": self.output.name})

    def _bucket(
        self, purpose: str, *, versioning: bool, rules: Sequence[gcp.storage.BucketLifecycleRuleArgs]
    ) -> gcp.storage.Bucket:
        settings = self._settings
        if purpose in self.existing:
            return existing.bucket(purpose, self.names[purpose], self._services, self)
        return gcp.storage.Bucket(
            purpose,
            name=self.names[purpose],
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
            labels=settings.guarded("labels", settings.labels),
            force_destroy=settings.buckets.force_destroy,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._services]),
        )


def _delete(**condition: int) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(action={"type": "Delete"}, condition=condition)

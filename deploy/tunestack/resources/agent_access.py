"""A service agent's access to a bucket, for agents that may not exist yet."""

from __future__ import annotations

import pulumi

from tunestack.resources.declaration import Declaration


class AgentAccess(Declaration):
    """Gives a service agent a role on a bucket, as soon as the agent exists.

    The agent that tunes open models appears with a project's first tuning job at the latest, and until then Cloud
    Storage refuses to name it. This resource stays pending instead of failing, with a warning; once a job has run, the
    next `pulumi up` makes the binding. Other bindings of the bucket are left alone.

    Args:
        resource_name: the name in the program.
        bucket: name of the bucket.
        role: the role, such as `roles/storage.objectUser`.
        member: the agent as an IAM member, `serviceAccount:` and its e-mail address.
        required: True fails, after ten minutes, where the agent does not appear: when the binding cannot wait, as with
            images that lie in another bucket.
        opts: the engine's options.
    """

    state: pulumi.Output[str]
    """`BOUND`, or `PENDING` while the agent does not exist; `NO_BUCKET` while the bucket does not; `LOST` when a
    refresh found the binding gone."""
    adopted: pulumi.Output[bool]
    """Whether the binding was there already. It may be another resource's, so previews look whether it still is."""
    newest_job: pulumi.Output[str]
    """While pending, the tuning job that was the newest when the binding was last tried; a newer one is a reason to try
    again."""

    def __init__(
        self,
        resource_name: str,
        *,
        bucket: pulumi.Input[str],
        role: pulumi.Input[str],
        member: pulumi.Input[str],
        required: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(resource_name, {"bucket": bucket, "role": role, "member": member, "required": required}, opts)

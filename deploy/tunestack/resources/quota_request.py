"""A quota that a project should have so much of."""

from __future__ import annotations

import pulumi

from tunestack.resources.declaration import Declaration


class QuotaRequest(Declaration):
    """Sees to it that a project has asked for at least so much of a quota.

    Nothing is asked for where the project has enough, where as much was asked for before, whoever did, or where the
    quota is fixed. Google Cloud keeps a request for ever: it is raised, never lowered and never withdrawn.

    Args:
        resource_name: the name in the program.
        preferred: how much the project should have.
        contact_email: whom Google may ask about the request; must be allowed to change quotas.
        accelerator: for which accelerator, such as `NVIDIA_L4`, to serve on in the provider's location; without it, how
            many tuning jobs of open models may run at once.
        opts: the engine's options.
    """

    quota_id: pulumi.Output[str | None]
    """The service's id of the quota, found by its metric or name; None where the service does not list it."""
    granted: pulumi.Output[int | None]
    """What the project may use; -1 is no limit, None not known."""
    asked: pulumi.Output[int | None]
    """The request that the service has on record, whoever made it; None where there is none."""
    pending: pulumi.Output[bool]
    """Whether the service has not decided yet."""

    def __init__(
        self,
        resource_name: str,
        *,
        preferred: pulumi.Input[int],
        contact_email: pulumi.Input[str],
        accelerator: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            {"preferred": preferred, "contact_email": contact_email, "accelerator": accelerator},
            opts,
        )

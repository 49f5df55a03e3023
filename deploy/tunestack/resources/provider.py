"""The provider as a resource: where its resources live."""

from __future__ import annotations

import pulumi

from tunestack.resources.declaration import PACKAGE


class Provider(pulumi.ProviderResource):
    """Says in which project and location tunestack's resources live.

    Args:
        resource_name: the name in the program.
        project: the Google Cloud project's id.
        location: the region in which jobs run and models are served, or `global` for tuning alone.
        api_endpoint: base address of an emulator, such as `http://127.0.0.1:18080`; Google Cloud's own when left out.
        poll_seconds: the longest pause between two looks at a running job, in seconds; 30 when left out.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        project: pulumi.Input[str],
        location: pulumi.Input[str],
        api_endpoint: pulumi.Input[str] | None = None,
        poll_seconds: pulumi.Input[float] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            PACKAGE,
            resource_name,
            {"project": project, "location": location, "apiEndpoint": api_endpoint, "pollSeconds": poll_seconds},
            opts,
        )

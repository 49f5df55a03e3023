"""`gcp:projects/service:Service`: an API enabled in a project."""

# The arguments are the base class's.
# ruff: noqa: ARG002

from __future__ import annotations

from typing import ClassVar

from emulator.gcp_provider.managed import Managed, Values


class Service(Managed):
    """An enabled API. It stays enabled when the resource goes, unless it is told to go as well."""

    token = "gcp:projects/service:Service"  # noqa: S105 - a resource type
    required = frozenset({"service"})
    optional = frozenset(
        {
            "project",
            "disableOnDestroy",
            "disableDependentServices",
            "checkIfServiceHasUsageOnDestroy",
            "deletionPolicy",
        }
    )
    defaults: ClassVar = {"deletionPolicy": "DELETE"}
    replaces = frozenset({"service", "project"})

    async def insert(self, inputs: Values) -> tuple[str, Values]:
        """Enables the API if it is not enabled yet."""
        project, service = inputs["project"], inputs["service"]
        resource_id = f"{project}/{service}"
        resource = await self.fetch(resource_id, inputs)
        if resource is None:
            operation = await self.cloud.call(
                "POST", "serviceusage", f"projects/{project}/services/{service}:enable", body={}
            )
            await self.cloud.finished("serviceusage", operation)
            resource = {"project": project, "service": service}
        return resource_id, resource

    async def fetch(self, resource_id: str, known: Values) -> Values | None:
        """Looks among the enabled APIs."""
        project, _, service = resource_id.partition("/")
        enabled = self.cloud.items("serviceusage", f"projects/{project}/services", "services", filter="state:ENABLED")
        async for entry in enabled:
            if entry["name"].rpartition("/")[2] == service:
                return {"project": project, "service": service}
        return None

    async def remove(self, resource_id: str, state: Values) -> None:
        """Disables the API where `disableOnDestroy` says so."""
        if not state.get("disableOnDestroy"):
            return
        project, _, service = resource_id.partition("/")
        body = {
            "disableDependentServices": bool(state.get("disableDependentServices")),
            "checkIfServiceHasUsage": "CHECK" if state.get("checkIfServiceHasUsageOnDestroy") else "SKIP",
        }
        operation = await self.cloud.call(
            "POST", "serviceusage", f"projects/{project}/services/{service}:disable", body=body
        )
        await self.cloud.finished("serviceusage", operation)

    def outputs(self, resource: Values) -> Values:
        """An API has no outputs of its own."""
        del resource
        return {}

    def inputs(self, resource: Values) -> Values:
        """Project and service are all that the API tells."""
        return dict(resource)

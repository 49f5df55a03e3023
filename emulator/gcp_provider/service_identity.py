"""`gcp:projects/serviceIdentity:ServiceIdentity`: the service agent of an API, made to exist now."""

# The arguments are the base class's.

from __future__ import annotations

from emulator.gcp_provider.managed import Managed, Values


class ServiceIdentity(Managed):
    """A service agent. There is no call that reads or deletes one."""

    token = "gcp:projects/serviceIdentity:ServiceIdentity"  # noqa: S105 - a resource type
    required = frozenset({"service"})
    optional = frozenset({"project"})
    replaces = required | optional

    async def insert(self, inputs: Values) -> tuple[str, Values]:
        """Asks for the agent; asking again gives the same one."""
        resource_id = f"projects/{inputs['project']}/services/{inputs['service']}"
        # The method exists in v1beta1 alone; its endpoint is the one of v1.
        operation = await self.cloud.call("POST", "serviceusage", f"{resource_id}:generateServiceIdentity")
        response = await self.cloud.finished("serviceusage", operation)
        email = response.get("email")
        member = {"email": email, "member": f"serviceAccount:{email}"} if email else {}
        return resource_id, {"project": inputs["project"], "service": inputs["service"], **member}

    async def fetch(self, resource_id: str, known: Values) -> Values | None:
        """Returns what create was told."""
        if known:
            return known
        _, project, _, service = resource_id.split("/")
        return {"project": project, "service": service}

    async def remove(self, resource_id: str, state: Values) -> None:
        """Leaves the agent where it is."""

    def outputs(self, resource: Values) -> Values:
        """The agent's e-mail address and IAM member."""
        return {name: resource.get(name) for name in ("email", "member")}

    def inputs(self, resource: Values) -> Values:
        """Project and service."""
        return {name: resource[name] for name in ("project", "service")}

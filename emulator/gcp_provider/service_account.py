"""`gcp:serviceaccount/account:Account`: a service account."""

# The arguments are the base class's.
# ruff: noqa: ARG002

from __future__ import annotations

import re
from typing import ClassVar

from emulator.gcp_provider.managed import Managed, Values
from emulator.gcp_provider.rest import CallError, unless_missing
from tunestack.provider.properties import UNKNOWN

_ID = re.compile(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])")
"""6 to 30 characters: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create."""


class ServiceAccount(Managed):
    """A service account."""

    token = "gcp:serviceaccount/account:Account"  # noqa: S105 - a resource type
    required = frozenset({"accountId"})
    optional = frozenset(
        {"project", "displayName", "description", "disabled", "createIgnoreAlreadyExists", "deletionPolicy"}
    )
    defaults: ClassVar = {"disabled": False, "deletionPolicy": "DELETE"}
    replaces = frozenset({"accountId", "project"})
    deletes_first = True

    def refusals(self, inputs: Values) -> dict[str, str]:
        """Checks the id as the real provider does."""
        account_id = inputs["accountId"]
        if isinstance(account_id, str) and not _ID.fullmatch(account_id):
            return {
                "accountId": f'"{account_id}" must have 6 to 30 lower-case letters, digits and hyphens, a letter first'
            }
        return {}

    def foreseen(self, inputs: Values) -> Values:
        """The address follows from id and project."""
        if UNKNOWN in (inputs["accountId"], inputs["project"]):
            return {}
        email = f"{inputs['accountId']}@{inputs['project']}.iam.gserviceaccount.com"
        return {"email": email, "member": f"serviceAccount:{email}"}

    async def insert(self, inputs: Values) -> tuple[str, Values]:
        """Creates the account, disabled where that is asked for."""
        project, account_id = inputs["project"], inputs["accountId"]
        described = {name: inputs[name] for name in ("displayName", "description") if inputs.get(name)}
        body = {"accountId": account_id, "serviceAccount": described}
        name = f"projects/{project}/serviceAccounts/{self.foreseen(inputs)['email']}"
        try:
            account = await self.cloud.create("iam", f"projects/{project}/serviceAccounts", name, body=body)
        except CallError as error:
            if error.status != 409 or not inputs.get("createIgnoreAlreadyExists"):
                raise
            account = None
        if account is None:
            account = await self.cloud.get("iam", name)
        if inputs["disabled"]:
            await self.cloud.call("POST", "iam", f"{account['name']}:disable", body={})
            account = await self.cloud.get("iam", account["name"])
        return account["name"], account

    async def fetch(self, resource_id: str, known: Values) -> Values | None:
        """Gets the account."""
        return await self.cloud.find("iam", resource_id)

    async def patch(self, resource_id: str, old: Values, new: Values) -> Values:
        """Changes display name, description, and whether it is disabled."""
        if new["disabled"] != old.get("disabled", False):
            await self.cloud.call("POST", "iam", f"{resource_id}:{'disable' if new['disabled'] else 'enable'}", body={})
        mask = [name for name in ("displayName", "description") if old.get(name, "") != new.get(name, "")]
        if mask:
            body = {
                "serviceAccount": {name: new.get(name, "") for name in mask},
                "updateMask": ",".join(re.sub("(?=[A-Z])", "_", name).lower() for name in mask),
            }
            await self.cloud.call("PATCH", "iam", resource_id, body=body)
        return await self.present(resource_id)

    async def remove(self, resource_id: str, state: Values) -> None:
        """Deletes the account."""
        await unless_missing(self.cloud.call("DELETE", "iam", resource_id))

    def outputs(self, resource: Values) -> Values:
        """Name, e-mail address, IAM member and the id that is never used again."""
        return {
            "name": resource["name"],
            "email": resource["email"],
            "member": f"serviceAccount:{resource['email']}",
            "uniqueId": resource["uniqueId"],
        }

    def inputs(self, resource: Values) -> Values:
        """What an update could change, and where the account is."""
        return {
            "accountId": resource["email"].partition("@")[0],
            "project": resource["projectId"],
            "displayName": resource.get("displayName", ""),
            "description": resource.get("description", ""),
            "disabled": resource.get("disabled", False),
        }

"""`gcp:cloudquota/sQuotaPreference:SQuotaPreference`: what a project would like to have of a quota."""

# The arguments are the base class's.
# ruff: noqa: ARG002

from __future__ import annotations

from typing import ClassVar

from emulator.gcp_provider.managed import Managed, Values

_MUTABLE = ("service", "quotaId", "quotaConfig", "dimensions", "justification", "contactEmail")


class QuotaPreference(Managed):
    """A quota preference. There is no call that deletes one: it stays when the resource goes."""

    token = "gcp:cloudquota/sQuotaPreference:SQuotaPreference"  # noqa: S105 - a resource type
    # The real provider leaves a missing parent, name, service or quota to the API, which refuses all but the name.
    required = frozenset({"parent", "name", "service", "quotaId", "quotaConfig"})
    optional = frozenset({"dimensions", "justification", "contactEmail", "ignoreSafetyChecks"})
    defaults: ClassVar = {"ignoreSafetyChecks": "QUOTA_SAFETY_CHECK_UNSPECIFIED"}
    replaces = frozenset({"parent"})
    moving = frozenset({"etag", "updateTime", "reconciling", "quotaConfig"})

    async def insert(self, inputs: Values) -> tuple[str, Values]:
        """States the preference."""
        parent = f"{inputs['parent']}/locations/global/quotaPreferences"
        query = {"quotaPreferenceId": inputs["name"], "ignoreSafetyChecks": inputs["ignoreSafetyChecks"]}
        resource_id = f"{parent}/{inputs['name']}"
        await self.cloud.create("cloudquotas", parent, resource_id, query=query, body=_body(inputs))
        return resource_id, await self.present(resource_id)

    async def fetch(self, resource_id: str, known: Values) -> Values | None:
        """Gets the preference."""
        preference = await self.cloud.find("cloudquotas", resource_id)
        # The API names the project by number where the program names it by id.
        return None if preference is None else {**preference, "name": resource_id}

    async def patch(self, resource_id: str, old: Values, new: Values) -> Values:
        """Changes the preference."""
        mask = [name for name in _MUTABLE if old.get(name) != new.get(name)]
        query = {"updateMask": ",".join(mask), "ignoreSafetyChecks": new["ignoreSafetyChecks"]}
        if mask:
            await self.cloud.call("PATCH", "cloudquotas", resource_id, query=query, body=_body(new))
        return await self.present(resource_id)

    async def remove(self, resource_id: str, state: Values) -> None:
        """Leaves the preference where it is."""

    def outputs(self, resource: Values) -> Values:
        """What was granted, and the request's state."""
        return {
            "quotaConfig": resource["quotaConfig"],
            "reconciling": resource.get("reconciling", False),
            "etag": resource.get("etag"),
            "createTime": resource.get("createTime"),
            "updateTime": resource.get("updateTime"),
        }

    def inputs(self, resource: Values) -> Values:
        """What the API says of it; the contact's address is never told again."""
        return {
            "parent": resource["name"].partition("/locations/")[0],
            "name": resource["name"].rpartition("/")[2],
            "service": resource["service"],
            "quotaId": resource["quotaId"],
            "quotaConfig": {"preferredValue": resource["quotaConfig"]["preferredValue"]},
            "dimensions": resource.get("dimensions"),
        }


def _body(inputs: Values) -> Values:
    body = {name: inputs[name] for name in ("name", *_MUTABLE) if inputs.get(name)}
    body["quotaConfig"] = {"preferredValue": inputs["quotaConfig"]["preferredValue"]}
    return body

"""`gcp:storage/bucket:Bucket`: a bucket."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote

from emulator.gcp_provider.bucket_rules import api_rules, declared_rules
from emulator.gcp_provider.managed import Managed, Values
from emulator.gcp_provider.rest import unless_missing
from tunestack.provider.lifecycle import ResourceError


class Bucket(Managed):
    """A bucket of Cloud Storage."""

    token = "gcp:storage/bucket:Bucket"  # noqa: S105 - a resource type
    # The real provider makes up a missing name; the stand-in's programs name their buckets.
    required = frozenset({"location", "name"})
    optional = frozenset(
        {
            "project",
            "labels",
            "storageClass",
            "forceDestroy",
            "uniformBucketLevelAccess",
            "publicAccessPrevention",
            "versioning",
            "lifecycleRules",
            "softDeletePolicy",
            "encryption",
            "deletionPolicy",
        }
    )
    defaults: ClassVar = {"storageClass": "STANDARD", "forceDestroy": False, "deletionPolicy": "DELETE"}
    replaces = frozenset({"name", "location", "project"})
    kept = frozenset({"uniformBucketLevelAccess", "publicAccessPrevention", "versioning", "softDeletePolicy"})
    moving = frozenset({"updated"})
    deletes_first = True

    async def insert(self, inputs: Values) -> tuple[str, Values]:
        """Creates the bucket."""
        body = {**self._body(inputs), "name": inputs["name"], "location": inputs["location"].upper()}
        bucket = await self.cloud.create(
            "storage", "b", f"b/{inputs['name']}", query={"project": inputs["project"]}, body=body
        )
        return inputs["name"], {**(bucket or await self.present(inputs["name"])), "project": inputs["project"]}

    async def fetch(self, resource_id: str, known: Values) -> Values | None:
        """Gets the bucket."""
        bucket = await self.cloud.find("storage", f"b/{resource_id}")
        return None if bucket is None else {**bucket, "project": known.get("project", self.configuration.project)}

    async def patch(self, resource_id: str, old: Values, new: Values) -> Values:
        """Changes what can be changed in place; what is no longer declared goes back to what it is by default."""
        body = self._body(new)
        body.setdefault("lifecycle", {"rule": []})
        body.setdefault("encryption", None)
        # A patch leaves the labels that it does not name.
        body["labels"] |= dict.fromkeys(old.get("labels", {}).keys() - new.get("labels", {}).keys())
        bucket = await self.cloud.call("PATCH", "storage", f"b/{resource_id}", body=body)
        return {**bucket, "project": new["project"]}

    async def remove(self, resource_id: str, state: Values) -> None:
        """Deletes the bucket, with `forceDestroy` after everything in it."""
        objects = self.cloud.items("storage", f"b/{resource_id}/o", "items", versions="true")
        found = await unless_missing(_all(objects))
        if found is None:
            return
        if found and not state.get("forceDestroy"):
            message = (
                f"bucket {resource_id} holds {len(found)} objects and `forceDestroy` is not set: "
                "empty it, or set `forceDestroy` and update before deleting"
            )
            raise ResourceError(message)
        for entry in found:
            name = quote(entry["name"], safe="")
            await unless_missing(
                self.cloud.call(
                    "DELETE", "storage", f"b/{resource_id}/o/{name}", query={"generation": str(entry["generation"])}
                )
            )
        await unless_missing(self.cloud.call("DELETE", "storage", f"b/{resource_id}"))

    def outputs(self, resource: Values) -> Values:
        """Address, times, and what the service decided where the program did not."""
        access = resource.get("iamConfiguration", {})
        return {
            "location": resource["location"],
            "url": f"gs://{resource['name']}",
            "selfLink": resource.get("selfLink"),
            "projectNumber": int(resource["projectNumber"]) if "projectNumber" in resource else None,
            "timeCreated": resource.get("timeCreated"),
            "updated": resource.get("updated"),
            "uniformBucketLevelAccess": access.get("uniformBucketLevelAccess", {}).get("enabled", False),
            "publicAccessPrevention": access.get("publicAccessPrevention", "inherited"),
            "versioning": resource.get("versioning"),
            "softDeletePolicy": _soft_delete(resource),
        }

    def inputs(self, resource: Values) -> Values:
        """What the API says of it."""
        access = resource.get("iamConfiguration", {})
        return {
            "name": resource["name"],
            "location": resource["location"],
            "project": resource["project"],
            "labels": resource.get("labels", {}),
            "storageClass": resource.get("storageClass", "STANDARD"),
            "uniformBucketLevelAccess": access.get("uniformBucketLevelAccess", {}).get("enabled", False),
            "publicAccessPrevention": access.get("publicAccessPrevention", "inherited"),
            "versioning": resource.get("versioning", {"enabled": False}),
            "lifecycleRules": declared_rules(resource.get("lifecycle", {}).get("rule", [])),
            "encryption": resource.get("encryption"),
            "softDeletePolicy": _soft_delete(resource),
        }

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Locations are written in capitals by the service; rules may be written in several ways."""
        if name == "location" and isinstance(old, str) and isinstance(new, str):
            return old.upper() == new.upper()
        if name == "lifecycleRules" and isinstance(old, list) and isinstance(new, list):
            return api_rules(old) == api_rules(new)
        if name == "softDeletePolicy" and isinstance(old, dict) and isinstance(new, dict):
            return old.get("retentionDurationSeconds") == new.get("retentionDurationSeconds")
        return super().same(name, old, new)

    def _body(self, inputs: Values) -> Values:
        body: Values = {
            "labels": self.all_labels(inputs),
            "storageClass": inputs["storageClass"],
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": inputs.get("uniformBucketLevelAccess", False)},
            },
        }
        if "publicAccessPrevention" in inputs:
            body["iamConfiguration"]["publicAccessPrevention"] = inputs["publicAccessPrevention"]
        if "versioning" in inputs:
            body["versioning"] = {"enabled": inputs["versioning"]["enabled"]}
        if "encryption" in inputs:
            body["encryption"] = inputs["encryption"]
        if inputs.get("lifecycleRules"):
            body["lifecycle"] = {"rule": api_rules(inputs["lifecycleRules"])}
        if "softDeletePolicy" in inputs:
            body["softDeletePolicy"] = {
                "retentionDurationSeconds": str(inputs["softDeletePolicy"]["retentionDurationSeconds"])
            }
        return body


def _soft_delete(resource: Values) -> Values | None:
    policy = resource.get("softDeletePolicy")
    if policy is None:
        return None
    return {**policy, "retentionDurationSeconds": int(policy["retentionDurationSeconds"])}


async def _all(items: Any) -> list[Values]:
    return [item async for item in items]

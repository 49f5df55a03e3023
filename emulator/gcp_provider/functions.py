"""The functions of pulumi-gcp that a program may call: what is true of a project and of things in it."""

from __future__ import annotations

from typing import Any

from emulator.gcp_provider.bucket_rules import declared_rules
from emulator.gcp_provider.managed import Values
from emulator.gcp_provider.rest import CallError, Cloud


async def get_project(cloud: Cloud, arguments: Values) -> Values:
    """`gcp:organizations/getProject:getProject`."""
    project_id = arguments.get("projectId") or cloud.configuration.project
    project = await cloud.get("cloudresourcemanager", f"projects/{project_id}")
    try:
        billing = await cloud.get("cloudbilling", f"projects/{project_id}/billingInfo")
    except CallError as error:
        # The real provider does without the account where the Cloud Billing API is not enabled.
        if "SERVICE_DISABLED" not in error.reasons:
            raise
        billing = {}
    labels, parent = project.get("labels", {}), project.get("parent", {})
    return {
        "id": f"projects/{project_id}",
        "projectId": project["projectId"],
        "number": str(project["projectNumber"]),
        "name": project.get("name", ""),
        "labels": labels,
        "effectiveLabels": labels,
        "pulumiLabels": labels,
        "billingAccount": billing.get("billingAccountName", "").removeprefix("billingAccounts/"),
        "orgId": parent.get("id", "") if parent.get("type") == "organization" else "",
        "folderId": parent.get("id", "") if parent.get("type") == "folder" else "",
        "autoCreateNetwork": False,
        "deletionPolicy": "",
        "tags": {},
    }


async def get_quota_infos(cloud: Cloud, arguments: Values) -> Values:
    """`gcp:cloudquota/getSQuotaInfos:getSQuotaInfos`."""
    parent, service = arguments["parent"], arguments["service"]
    path = f"{parent}/locations/global/services/{service}/quotaInfos"
    infos = [_quota_info(info) async for info in cloud.items("cloudquotas", path, "quotaInfos")]
    url = cloud.configuration.endpoint("cloudquotas") + path
    return {"id": url, "parent": parent, "service": service, "quotaInfos": infos}


_TEXTS = (
    "name",
    "quotaId",
    "metric",
    "service",
    "refreshInterval",
    "containerType",
    "metricDisplayName",
    "quotaDisplayName",
    "metricUnit",
    "serviceRequestQuotaUri",
)


def _quota_info(info: dict[str, Any]) -> Values:
    eligibility = info.get("quotaIncreaseEligibility")
    return {
        **{name: info.get(name, "") for name in _TEXTS},
        **{name: info.get(name, False) for name in ("isPrecise", "isFixed", "isConcurrent")},
        "dimensions": info.get("dimensions", []),
        "dimensionsInfos": [
            {
                "details": [{"value": place["details"]["value"]}] if place.get("details") else [],
                "applicableLocations": place.get("applicableLocations", []),
                "dimensions": place.get("dimensions", {}),
            }
            for place in info.get("dimensionsInfos", ())
        ],
        "quotaIncreaseEligibilities": [
            {
                "isEligible": eligibility.get("isEligible", False),
                "ineligibilityReason": eligibility.get("ineligibilityReason", ""),
            }
        ]
        if eligibility
        else [],
    }


async def get_bucket(cloud: Cloud, arguments: Values) -> Values:
    """`gcp:storage/getBucket:getBucket`, as far as programs ask about a bucket that they did not make."""
    name = arguments["name"]
    bucket = await cloud.get("storage", f"b/{name}")
    rules = declared_rules(bucket.get("lifecycle", {}).get("rule", []))
    return {
        "id": name,
        "name": name,
        "location": bucket["location"],
        "url": f"gs://{name}",
        "selfLink": bucket.get("selfLink", ""),
        "labels": bucket.get("labels", {}),
        "storageClass": bucket.get("storageClass", "STANDARD"),
        "lifecycleRules": [{"actions": [rule["action"]], "conditions": [rule["condition"]]} for rule in rules],
    }


async def get_bucket_objects(cloud: Cloud, arguments: Values) -> Values:
    """`gcp:storage/getBucketObjects:getBucketObjects`."""
    bucket, prefix = arguments["bucket"], arguments.get("prefix") or ""
    found = [
        {"name": entry["name"], "contentType": entry.get("contentType", ""), "storageClass": entry["storageClass"]}
        async for entry in cloud.items("storage", f"b/{bucket}/o", "items", prefix=prefix)
    ]
    return {"id": bucket, "bucket": bucket, "prefix": prefix, "bucketObjects": found}


async def get_account(cloud: Cloud, arguments: Values) -> Values:
    """`gcp:serviceaccount/getAccount:getAccount`, by address."""
    email = arguments["accountId"]
    project = arguments.get("project") or cloud.configuration.project
    account = await cloud.get("iam", f"projects/{project}/serviceAccounts/{email}")
    return {
        "id": account["name"],
        "name": account["name"],
        "accountId": email,
        "email": account["email"],
        "member": f"serviceAccount:{account['email']}",
        "uniqueId": account["uniqueId"],
        "displayName": account.get("displayName", ""),
        "disabled": account.get("disabled", False),
        "project": project,
    }


FUNCTIONS = {
    "gcp:organizations/getProject:getProject": get_project,
    "gcp:serviceaccount/getAccount:getAccount": get_account,
    "gcp:storage/getBucket:getBucket": get_bucket,
    "gcp:storage/getBucketObjects:getBucketObjects": get_bucket_objects,
    "gcp:cloudquota/getSQuotaInfos:getSQuotaInfos": get_quota_infos,
}
"""The functions by token."""

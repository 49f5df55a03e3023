"""What a project may use of each quota, by default and after it asked for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from emulator import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.platform.projects import Projects
    from emulator.settings import Settings
    from emulator.state import Documents

_COLLECTION: Final = "quota_preferences"
SERVICE: Final = "aiplatform.googleapis.com"
"""The service whose quotas the emulator knows."""
SERVING_REGIONS: Final = (
    "asia-northeast1",
    "asia-northeast3",
    "asia-southeast1",
    "europe-west1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-west1",
    "us-west4",
)
"""Regions with L4 accelerators for prediction. Source: https://cloud.google.com/vertex-ai/docs/general/locations."""


@dataclass(frozen=True, slots=True)
class QuotaKind:
    """A quota of the Vertex AI API.

    `regions` is empty for a global one; `maximum` is what is granted without asking a person.
    """

    quota_id: str
    display_name: str
    metric: str
    default: int
    maximum: int
    regions: tuple[str, ...] = ()
    fixed: bool = False
    concurrent: bool = False


CATALOGUE: Final = {
    kind.quota_id: kind
    for kind in (
        # Display name and default: the page of open-model tuning. Id and metric: as seen in a public repository;
        # a client must find the quota by its display name.
        QuotaKind(
            "GlobalConcurrentManagedOssModelTuningJobs",
            "Global concurrent managed OSS model fine-tuning jobs per project",
            "aiplatform.googleapis.com/global_concurrent_managed_oss_model_tuning_jobs",
            default=1,
            maximum=16,
            concurrent=True,
        ),
        QuotaKind(
            "CustomModelServingL4GPUsPerProjectPerRegion",
            "Custom model serving Nvidia L4 GPUs per region",
            "aiplatform.googleapis.com/custom_model_serving_nvidia_l4_gpus",
            # No default is published. Two: one serves, and a roll that surges needs another for a while.
            default=2,
            maximum=8,
            regions=SERVING_REGIONS,
        ),
        # Metrics of this one and of H100: the list of accelerators in gcloud. Regions and limits as of those of 80 GB.
        QuotaKind(
            "CustomModelServingA100GPUsPerProjectPerRegion",
            "Custom model serving Nvidia A100 GPUs per region",
            "aiplatform.googleapis.com/custom_model_serving_nvidia_a100_gpus",
            default=0,
            maximum=8,
            regions=("asia-southeast1", "europe-west4", "us-central1", "us-east4"),
        ),
        QuotaKind(
            "CustomModelServingH100GPUsPerProjectPerRegion",
            "Custom model serving Nvidia H100 GPUs per region",
            "aiplatform.googleapis.com/custom_model_serving_nvidia_h100_gpus",
            default=0,
            maximum=8,
            regions=("asia-southeast1", "europe-west4", "us-central1", "us-east4"),
        ),
        QuotaKind(
            "CustomModelServingA10080GBGPUsPerProjectPerRegion",
            "Custom model serving Nvidia A100 80GB GPUs per region",
            "aiplatform.googleapis.com/custom_model_serving_nvidia_a100_80gb_gpus",
            default=0,
            maximum=8,
            regions=("asia-southeast1", "europe-west4", "us-central1", "us-east4"),
        ),
        QuotaKind(
            "OnlinePredictionRequestsPerMinutePerProjectPerRegion",
            "Regional online prediction requests per minute per region",
            "aiplatform.googleapis.com/online_prediction_requests",
            default=30_000,
            maximum=60_000,
            regions=SERVING_REGIONS,
        ),
        QuotaKind(
            "DeployedModelsPerEndpoint",
            "Deployed models per endpoint",
            "aiplatform.googleapis.com/deployed_models_per_endpoint",
            default=20,
            maximum=20,
            fixed=True,
        ),
    )
}


class Quotas:
    """The quota of every project: the default, or what a preference was granted."""

    def __init__(self, documents: Documents, projects: Projects, settings: Settings) -> None:
        self._documents = documents
        self._projects = projects
        self._settings = settings

    def granted(self, project: str, quota_id: str, dimensions: Mapping[str, str] = {}) -> int:
        """What the project may use now. A quota that the emulator does not know is 0 until a preference is granted."""
        matching = [
            preference
            for preference in self.preferences(project)
            if preference["quotaId"] == quota_id
            and preference.get("dimensions", {}).items() <= dict(dimensions).items()
        ]
        if not matching:
            return self.default(quota_id)
        # A preference for exactly these dimensions goes before one for all.
        closest = max(matching, key=lambda preference: len(preference.get("dimensions", {})))
        return int(closest["quotaConfig"]["grantedValue"])

    def default(self, quota_id: str) -> int:
        """What a project has without asking."""
        kind, override = CATALOGUE.get(quota_id), self._settings.quotas.get(quota_id)
        if override is not None and override.default is not None:
            return override.default
        return kind.default if kind else 0

    def maximum(self, quota_id: str) -> int | None:
        """What is granted at most; None where the emulator knows no limit."""
        kind, override = CATALOGUE.get(quota_id), self._settings.quotas.get(quota_id)
        if override is not None and override.maximum is not None:
            return override.maximum
        return kind.maximum if kind else None

    def preferences(self, project: str) -> list[dict[str, Any]]:
        """The preferences of a project as they stand now, ordered by id."""
        prefix = f"{self._projects.get(project).id}/"
        return [_now(document) for _, document in self._documents.list(_COLLECTION, prefix)]

    def preference(self, project: str, preference_id: str) -> dict[str, Any] | None:
        """One preference as it stands now, or None."""
        document = self._documents.get(_COLLECTION, f"{self._projects.get(project).id}/{preference_id}")
        return None if document is None else _now(document)

    def keep(self, project: str, preference_id: str, preference: dict[str, Any]) -> dict[str, Any]:
        """Writes a preference, whose preferred value is granted, up to the maximum, after `delays.quotaGranted`.

        `preference["quotaConfig"]["grantedValue"]` is what the project has until then.
        """
        maximum = self.maximum(preference["quotaId"])
        preferred = int(preference["quotaConfig"]["preferredValue"])
        granted = preferred if maximum is None else min(preferred, maximum)
        pending = {"from": clock.now() + self._settings.delays.quota_granted, "value": str(granted)}
        document = {"preference": {**preference, "reconciling": True}, "pending": pending}
        self._documents.put(_COLLECTION, f"{self._projects.get(project).id}/{preference_id}", document)
        return _now(document)


def _now(document: dict[str, Any]) -> dict[str, Any]:
    """A preference at this moment: what was asked is granted once its time has come."""
    preference: dict[str, Any] = document["preference"]
    pending = document["pending"]
    if clock.now() < pending["from"]:
        return preference
    config = {**preference["quotaConfig"], "grantedValue": pending["value"]}
    if pending["value"] != config["preferredValue"]:
        config["stateDetail"] = "The preferred value was granted in part; more needs a review by Google Cloud."
    granted = {**preference, "quotaConfig": config, "updateTime": clock.timestamp(pending["from"])}
    del granted["reconciling"]
    return granted

"""Cloud Quotas: what a project may use, and the preferences by which it asks for more."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from emulator.clock import timestamp
from emulator.errors import ServiceError
from emulator.paging import page
from emulator.payload import json_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from emulator.platform.projects import Project, Projects
    from emulator.services import Services
    from emulator.settings import Settings
    from emulator.state import Documents

_COLLECTION: Final = "quota_preferences"
_SERVICE: Final = "aiplatform.googleapis.com"
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
class _QuotaKind:
    """A quota of the Vertex AI API. `regions` is empty for a global one; `maximum` is what is granted without a person."""

    quota_id: str
    display_name: str
    metric: str
    default: int
    maximum: int
    regions: tuple[str, ...] = ()
    fixed: bool = False
    concurrent: bool = False


_CATALOGUE: Final = {
    kind.quota_id: kind
    for kind in (
        # Display name and default: the page of open-model tuning. Id and metric: as seen in a public repository; a client
        # must find the quota by its display name.
        _QuotaKind(
            "GlobalConcurrentManagedOssModelTuningJobs",
            "Global concurrent managed OSS model fine-tuning jobs per project",
            "aiplatform.googleapis.com/global_concurrent_managed_oss_model_tuning_jobs",
            default=1,
            maximum=16,
            concurrent=True,
        ),
        _QuotaKind(
            "CustomModelServingL4GPUsPerProjectPerRegion",
            "Custom model serving Nvidia L4 GPUs per region",
            "aiplatform.googleapis.com/custom_model_serving_nvidia_l4_gpus",
            default=1,
            maximum=8,
            regions=SERVING_REGIONS,
        ),
        _QuotaKind(
            "CustomModelServingA10080GBGPUsPerProjectPerRegion",
            "Custom model serving Nvidia A100 80GB GPUs per region",
            "aiplatform.googleapis.com/custom_model_serving_nvidia_a100_80gb_gpus",
            default=0,
            maximum=8,
            regions=("asia-southeast1", "europe-west4", "us-central1", "us-east4"),
        ),
        _QuotaKind(
            "OnlinePredictionRequestsPerMinutePerProjectPerRegion",
            "Regional online prediction requests per minute per region",
            "aiplatform.googleapis.com/online_prediction_requests",
            default=30_000,
            maximum=60_000,
            regions=SERVING_REGIONS,
        ),
        _QuotaKind(
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
        best = (-1, self.default(quota_id))
        for preference in self.preferences(project):
            wanted = preference.get("dimensions", {})
            if preference["quotaId"] == quota_id and wanted.items() <= dict(dimensions).items():
                # The preference for exactly these dimensions goes before the one for all.
                best = max(best, (len(wanted), int(preference["quotaConfig"]["grantedValue"])), key=lambda each: each[0])
        return best[1]

    def default(self, quota_id: str) -> int:
        """What a project has without asking."""
        kind, override = _CATALOGUE.get(quota_id), self._settings.quotas.get(quota_id)
        if override is not None and override.default is not None:
            return override.default
        return kind.default if kind else 0

    def maximum(self, quota_id: str) -> int | None:
        """What is granted at most; None where the emulator knows no limit."""
        kind, override = _CATALOGUE.get(quota_id), self._settings.quotas.get(quota_id)
        if override is not None and override.maximum is not None:
            return override.maximum
        return kind.maximum if kind else None

    def preferences(self, project: str) -> list[dict[str, Any]]:
        """The preferences of a project as they stand now, ordered by name."""
        prefix = f"{self._projects.get(project).id}/"
        return [_now(document) for _, document in self._documents.list(_COLLECTION, prefix)]


def _now(document: dict[str, Any]) -> dict[str, Any]:
    """A preference at this moment: what was asked is granted once its time has come."""
    pending = document.get("pending")
    if pending is None or time.time() < pending["from"]:
        return document["preference"]  # type: ignore[no-any-return]
    preference = {**document["preference"], "reconciling": False, "updateTime": timestamp(pending["from"])}
    preference["quotaConfig"] = {**preference["quotaConfig"], "grantedValue": pending["value"]}
    return preference

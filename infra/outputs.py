"""What the stack tells: people, other stacks, and the closing table of `tunestack summary`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.access import Access, Binding
from infra.buckets import Buckets
from infra.models_there import LINEAGE
from infra.promotion import Copied
from infra.quota import TUNING_JOBS, Quotas
from infra.services import Services
from infra.serving import Served, Serving
from infra.settings import Settings
from infra.tuning import Tuned, Tuning
from tunestack import Dataset
from tunestack.catalogue.methods import OPEN_METHODS

_KEPT = frozenset({*LINEAGE, "method", "state", "billedToEstimated"})
"""What a model's copy has of the run that made it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a stack has made that stands by itself."""

    services: Services
    buckets: Buckets
    bindings: Sequence[Binding]
    access: Access
    quotas: Quotas
    tuning: Tuning
    promoted: Mapping[str, Copied]
    serving: Serving


def export_environment(settings: Settings, api_endpoint: str | None, made: Environment) -> None:
    """Exports the outputs of a stack that stands by itself; docs/configuration.md describes each."""
    tuning, services = made.tuning, made.services
    models = {name: _model(tuned, tuning.datasets[tuned.settings.dataset]) for name, tuned in tuning.models.items()}
    _export(
        {
            **_common(settings, api_endpoint, made.bindings, made.quotas, made.serving),
            "buckets": {"data": made.buckets.data.url, "output": made.buckets.output.url},
            # What regions take from here.
            "projectNumber": services.project_number,
            "agents": {"platform": services.platform_agent, "tuning": services.tuning_agent},
            "serviceAccount": made.access.service_account,
            "datasets": {name: _dataset(settings, name, dataset) for name, dataset in tuning.datasets.items()},
            "models": models | {name: _copied(each) for name, each in made.promoted.items()},
            **_total_costs(tuning),
        }
    )


def export_region(
    settings: Settings,
    api_endpoint: str | None,
    bucket: gcp.storage.Bucket,
    bindings: Sequence[Binding],
    models: Mapping[str, Copied],
    quotas: Quotas,
    serving: Serving,
) -> None:
    """Exports the outputs of a region: of what it does not have, the same as a stack that has none of it."""
    nothing = {"estimatedCostUsd": 0, "estimatedCostUsdLow": 0, "estimatedCostUsdHigh": 0}
    _export(
        {
            **_common(settings, api_endpoint, bindings, quotas, serving),
            "foundation": settings.foundation,
            "buckets": {"output": bucket.url},
            "datasets": {},
            "models": {name: _copied(each) for name, each in models.items()},
            **nothing,
        }
    )


def _export(outputs: Mapping[str, Any]) -> None:
    for name, value in outputs.items():
        pulumi.export(name, value)


def _common(
    settings: Settings, api_endpoint: str | None, bindings: Sequence[Binding], quotas: Quotas, serving: Serving
) -> dict[str, Any]:
    return {
        "project": settings.project,
        "location": settings.location,
        "apiEndpoint": api_endpoint,
        "bindings": [
            # The provider keeps the bucket of a binding as b/NAME.
            {
                "bucket": binding.bucket.apply(lambda bucket: bucket.removeprefix("b/")),
                "member": binding.member,
                "role": binding.role,
                "state": binding.state,
            }
            for binding in bindings
        ],
        "quota": {
            **({} if settings.foundation else {"concurrentTuningJobs": _quota(quotas, TUNING_JOBS)}),
            "servingAccelerators": {name: _quota(quotas, name) for name in quotas.accelerators},
        },
        "endpoints": {name: _endpoint(settings, served) for name, served in serving.endpoints.items()},
    }


def _total_costs(tuning: Tuning) -> dict[str, pulumi.Output[float | None]]:
    jobs = [tuned.job for tuned in tuning.models.values()]
    costs = {
        "estimatedCostUsd": [job.estimated_cost_usd for job in jobs],
        "estimatedCostUsdLow": [job.estimated_cost_usd_low for job in jobs],
        "estimatedCostUsdHigh": [job.estimated_cost_usd_high for job in jobs],
    }
    return {name: pulumi.Output.all(*each).apply(total_cost) for name, each in costs.items()}


def total_cost(estimates: Sequence[float | None]) -> float | None:
    """Adds the jobs' prices; None where one is not known, since a part is not a total."""
    known = [estimate for estimate in estimates if estimate is not None]
    return round(sum(known), 6) if len(known) == len(estimates) else None


def _quota(quotas: Quotas, name: str) -> dict[str, Any]:
    return {"preferred": quotas.preferred(name), "granted": quotas.granted(name)}


def _dataset(settings: Settings, name: str, dataset: Dataset) -> dict[str, Any]:
    return {
        "examples": dataset.examples,
        "validationExamples": dataset.validation_examples,
        "characters": dataset.characters,
        "images": dataset.images,
        "textOnly": dataset.text_only,
        "format": dataset.format,
        "contentHash": dataset.content_hash,
        "trainingUri": dataset.training_uri,
        # Without one, a preview would say each time that it does not know the address yet.
        "validationUri": dataset.validation_uri if settings.datasets[name].validation else None,
        "trainingGeneration": dataset.training_generation,
        "validationGeneration": dataset.validation_generation,
        "comparison": dataset.comparison,
    }


def _model(tuned: Tuned, dataset: Dataset) -> dict[str, Any]:
    is_open, is_counted = tuned.method in OPEN_METHODS, tuned.method != "distillation"
    return {
        "dataset": tuned.settings.dataset,
        "method": tuned.method,
        "baseModel": tuned.base_model or "",
        "mode": tuned.settings.mode or "",
        "epochs": tuned.settings.epochs,
        "contentHash": dataset.content_hash,
        "examples": dataset.examples,
        "job": tuned.job.job,
        "specHash": tuned.job.spec_hash,
        "estimatedTokens": tuned.job.estimated_tokens,
        "estimatedTokensLow": tuned.job.estimated_tokens_low,
        "estimatedTokensHigh": tuned.job.estimated_tokens_high,
        "estimatedCostUsd": tuned.job.estimated_cost_usd,
        "estimatedCostUsdLow": tuned.job.estimated_cost_usd_low,
        "estimatedCostUsdHigh": tuned.job.estimated_cost_usd_high,
        "estimate": tuned.job.estimate,
        "state": tuned.model.state,
        "checkpoints": tuned.model.checkpoints,
        "finalCheckpointUri": tuned.model.final_checkpoint_uri,
        # Not asked of the resource where it can only be empty: a state of an earlier release does not have it.
        "tunedModel": "" if is_open else tuned.model.tuned_model,
        "endpoint": "" if is_open else tuned.model.endpoint,
        "labelledDataUri": tuned.model.labelled_data_uri if tuned.method == "distillation" else "",
        # Of a distillation the service counts none (DatasetStats, v1beta1): each preview would not know them yet.
        "billedTokens": tuned.model.billed_tokens if is_counted else None,
        "billedCostUsd": tuned.model.billed_cost_usd if is_counted else None,
        "billedToEstimated": tuned.model.billed_to_estimated if is_counted else None,
        "durationSeconds": tuned.model.duration_seconds,
    }


def _copied(copied: Copied) -> dict[str, Any]:
    """Returns a model that is not tuned here as one that is, without what was estimated before it was tuned."""
    there, uri = copied.there, copied.here.uri
    told = {key: value for key, value in there.told.items() if key in _KEPT and value is not None}
    return {
        **told,
        "dataset": "",
        "job": there.job,
        # One folder was copied, whatever there was beside it.
        "checkpoints": uri.apply(lambda known: [{"name": "final", "uri": known}] if known else []),
        "finalCheckpointUri": uri,
        "promotedFrom": there.promoted_from,
    }


def _endpoint(settings: Settings, served: Served) -> dict[str, Any]:
    is_choice = served.settings.machines is not None
    return {
        "id": served.endpoint,
        "model": served.settings.model,
        "baseModel": served.base_model,
        "checkpointUri": served.checkpoint_uri,
        "modelVersion": served.deployment.model_version,
        "state": served.deployment.state,
        # Not asked of the resource where the program says it: a state of an earlier release does not have the reason.
        "machineType": served.deployment.machine_type if is_choice else served.settings.machine_type,
        **({"machineReason": served.deployment.machine_reason} if is_choice else {}),
        "estimatedHourlyCostUsd": served.deployment.estimated_hourly_cost_usd,
        "heldOut": settings.guarded("serving", served.settings.held_out),
    }

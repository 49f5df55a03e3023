"""Events as the engine tells them, made by hand for what is seldom recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunestack.cli.stacks.engine_events import UNKNOWN

Event = dict[str, Any]


def step(operation: str, kind: str, name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Event:
    """The outcome of a step on one of Tunestack's resources; `old` and `new` are its outputs."""
    resource_type = kind if ":" in kind else f"tunestack:index:{kind}"
    states = (None if outputs is None else {"custom": True, "outputs": {**outputs}} for outputs in (old, new))
    before, after = states
    metadata = {"op": operation, "urn": urn(resource_type, name), "type": resource_type, "old": before, "new": after}
    return {"resOutputsEvent": {"metadata": metadata}}


def urn(resource_type: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::infra:index:Tuning${resource_type}::{name}"


def told(severity: str, text: str, resource: tuple[str, str] | None = None) -> Event:
    """A message."""
    of = {"urn": urn(*resource)} if resource else {}
    return {"diagnosticEvent": {"severity": severity, "message": f"{text}\n", **of}}


def job(name: str, usd: float | None, **outputs: Any) -> Event:
    """A job that would be started."""
    estimate = {"estimatedCostUsd": usd, "estimatedCostUsdLow": usd, "estimatedCostUsdHigh": usd and usd * 2}
    return step("create", "TuningJob", name, None, {"job": UNKNOWN, "estimate": [], **estimate, **outputs})


def deployment(
    operation: str, name: str, before: float | None, after: float | None, state: str = "SERVING", serves: str = ""
) -> Event:
    """A deployment whose price an hour changes; 0 is none. `serves` is the id of what serves while it is pending."""
    kept = {"machineType": "g2-standard-12", "state": state, "deployedModelId": serves}
    old, new = (None if price == 0 else {"estimatedHourlyCostUsd": price, **kept} for price in (before, after))
    return step(operation, "ModelDeployment", name, old, new)


END: Event = {"summaryEvent": {"result": "succeeded", "resourceChanges": {}}}

"""The overview for machines."""

from __future__ import annotations

from typing import Any

from tunestack.cli.status.overview import Overview, StackStatus


def of(overview: Overview) -> dict[str, Any]:
    """Returns all that is known as JSON; what is not known is null."""
    return {
        "backend": overview.backend,
        "usdPerHour": overview.usd_per_hour,
        "knownUsdPerHour": overview.known_usd_per_hour,
        "stacks": [_stack(each) for each in overview.stacks],
        "strayEndpoints": [
            {
                "endpoint": each.endpoint,
                "project": each.project,
                "location": each.location,
                "displayName": each.display_name or None,
                "labels": dict(each.labels),
                "created": each.created or None,
                "deployedModels": [
                    {"id": name, "machineType": machines.type or None, "replicas": machines.replicas}
                    for name, machines in each.deployed.items()
                ],
                "usdPerHour": each.usd_per_hour,
            }
            for each in overview.strays
        ],
        "unseen": overview.unseen,
    }


def _stack(stack: StackStatus) -> dict[str, Any]:
    update = stack.update
    return {
        "name": stack.name,
        "project": stack.project or None,
        "location": stack.location or None,
        "foundation": stack.foundation or None,
        "emulated": stack.is_emulated,
        "up": stack.is_up,
        "lastUpdate": update and {"kind": update.kind, "result": update.result, "ended": update.ended or None},
        "resources": stack.resources,
        "pendingOperations": stack.pending,
        "locks": stack.locks,
        "models": [
            {
                "name": each.name,
                "job": each.job or None,
                "state": each.state,
                "checkpoint": each.checkpoint or None,
                "billedTokens": each.billed_tokens,
            }
            for each in stack.jobs
        ],
        "endpoints": [
            {
                "name": each.name,
                "endpoint": each.endpoint,
                "state": each.state,
                "machine": each.machine or None,
                "usdPerHour": each.usd_per_hour,
            }
            for each in stack.endpoints
        ],
        "usdPerHour": stack.usd_per_hour,
        "drift": [{"resource": each.resource, "says": each.says, "advice": each.advice} for each in stack.drift],
        "unseen": stack.unseen,
    }

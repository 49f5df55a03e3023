"""What a preview says when the project's quota cannot carry the plan; never a refusal, since more may be granted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.quota import TUNING_JOBS, Quotas
from infra.settings import EndpointSettings, Settings
from tunestack.quotas import Standing


@dataclass(frozen=True, slots=True)
class Need:
    """Accelerators that endpoints take.

    Attributes:
        least: with the replicas that always run.
        most: with as many replicas as are allowed.
        rolling: beside those, while a new checkpoint takes over as the rollout is configured.
    """

    least: int = 0
    most: int = 0
    rolling: int = 0

    @classmethod
    def of(cls, endpoint: EndpointSettings) -> Need:
        """Returns what one endpoint takes."""
        least, each = endpoint.min_replicas, endpoint.accelerator_count
        most = max(least, endpoint.max_replicas or least)
        rollout = endpoint.rollout
        if rollout is None or (rollout.max_surge_replicas is None and rollout.max_unavailable_replicas is None):
            surge = 1  # what ModelDeployment asks for when it is told nothing
        else:
            surge = rollout.max_surge_replicas or 0
        return cls(least * each, most * each, min(surge, most) * each)


def warn_of_shortage(
    settings: Settings,
    quotas: Quotas,
    jobs: Mapping[str, pulumi.Output[Any]],
    deployments: Mapping[str, pulumi.Output[Any]],
) -> None:
    """Warns, in a preview, of each quota that is too small for what would be started.

    Args:
        settings: the stack's configuration.
        quotas: as they are.
        jobs: by model, an output that is unknown exactly when a job would be started.
        deployments: by endpoint, an output that is unknown exactly when something would be deployed.
    """
    present = quotas.present
    if present is None or not pulumi.runtime.is_dry_run():
        return  # what is not known yet is not told; and an update shows what really happens

    def told(starting: list[dict[str, bool]]) -> None:
        tuned, deployed = ({name for name, starts in dict(group).items() if starts} for group in starting)
        texts = [tuning_shortage(len(tuned), present.get(TUNING_JOBS), quotas.preferred(TUNING_JOBS))]
        for accelerator in quotas.accelerators:
            endpoints = {
                # Of a list of machines the deployment itself tells which can be had.
                name: wanted
                for name, wanted in settings.serving.items()
                if wanted.accelerator_type == accelerator
            }
            if not deployed.isdisjoint(endpoints):
                where = f"{accelerator} in {settings.location}"
                texts.append(serving_shortage(where, endpoints, present[accelerator], quotas.preferred(accelerator)))
        for text in filter(None, texts):
            pulumi.log.warn(text, quotas)

    pulumi.Output.all(_unknown(jobs), _unknown(deployments)).apply(told)


def tuning_shortage(starting: int, standing: Standing | None, preferred: int | None) -> str:
    """Returns what happens when that many jobs start at once; empty when all can, or when that cannot be told."""
    if standing is None or standing.granted is None or starting == 0 or standing.covers(starting):
        return ""
    granted = standing.granted
    way_on = _way_on("concurrentTuningJobs", starting, standing, preferred)
    if granted == 0:
        return (
            f"{_count(starting, 'tuning job')} would start, but the project may run none at once: none begins. {way_on}"
        )
    if starting == 1:
        return ""
    return (
        f"{starting} tuning jobs would start, but the project may run {granted} at once, over all regions: they queue, "
        f"{granted} at a time, and all finish. {way_on}"
    )


def serving_shortage(
    where: str, endpoints: Mapping[str, EndpointSettings], standing: Standing | None, preferred: int | None
) -> str:
    """Returns what would fail for want of accelerators; empty when nothing does, or when that cannot be told.

    Args:
        where: accelerator and region, for the message.
        endpoints: all that serve on this accelerator.
        standing: of the accelerator's quota.
        preferred: what the stack asks for.
    """
    if standing is None or standing.granted is None:
        return ""
    needs = {name: Need.of(endpoint) for name, endpoint in endpoints.items()}
    accelerator = f"servingAccelerators.{where.partition(' ')[0]}"
    least, most = _total(needs, lambda need: need.least), _total(needs, lambda need: need.most)
    if not standing.covers(least):
        return (
            f"{where}: {_named(needs)} {_take(needs)} {least}, but the project may use {standing.granted}: deploying "
            f"fails once they are used up. {_way_on(accelerator, least, standing, preferred)}"
        )
    if not standing.covers(most):
        return (
            f"{where}: with maxReplicas {_named(needs)} {_take(needs)} {most}, but the project may use "
            f"{standing.granted}: they cannot grow that far. {_way_on(accelerator, most, standing, preferred)}"
        )
    rolling = {name for name, need in needs.items() if need.rolling}
    peak = most + _total(needs, lambda need: need.rolling)
    if not standing.covers(peak):
        return (
            f"{where}: {_named(needs)} {_take(needs)} {most}, and {peak} while {_named(rolling)} "
            f"{'roll' if len(rolling) > 1 else 'rolls'}, but the project may use {standing.granted}: deploying works, "
            "the next roll fails and the old checkpoint goes on serving. Set rollout.maxUnavailableReplicas: 1, which "
            f"interrupts an endpoint with one replica, or ask for more: "
            f"{_way_on(accelerator, peak, standing, preferred)}"
        )
    return ""


def _unknown(outputs: Mapping[str, pulumi.Output[Any]]) -> pulumi.Output[dict[str, bool]]:
    starts = {name: output.apply(pulumi.contains_unknowns, run_with_unknowns=True) for name, output in outputs.items()}
    return pulumi.Output.all(**starts)


def _way_on(key: str, needed: int, standing: Standing, preferred: int | None) -> str:
    if standing.fixed:
        return "The quota is fixed for this project"
    if preferred is not None and preferred >= needed:
        return f"tunestack:quota.{key} asks for {preferred}; that much is not granted yet"
    return f"Set tunestack:quota.{key} to {needed}"


def _total(needs: Mapping[str, Need], part: Callable[[Need], int]) -> int:
    return sum(map(part, needs.values()))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _named(names: Collection[str]) -> str:
    return f"endpoint{'' if len(names) == 1 else 's'} {', '.join(sorted(names))}"


def _take(names: Collection[str]) -> str:
    return "takes" if len(names) == 1 else "take"

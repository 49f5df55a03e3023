"""Accelerators: which machines there are, and how many of each a project may have in a region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import ServiceError
from emulator.vertex.availability import Availability
from emulator.vertex.refusals import invalid_argument

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.services import Services
    from emulator.vertex.calls import Place

# Machine type → accelerator and count that it is built with:
# https://cloud.google.com/vertex-ai/docs/predictions/configure-compute#gpu-machine-types
MACHINES = {
    "g2-standard-4": ("NVIDIA_L4", 1),
    "g2-standard-8": ("NVIDIA_L4", 1),
    "g2-standard-12": ("NVIDIA_L4", 1),
    "g2-standard-16": ("NVIDIA_L4", 1),
    "g2-standard-24": ("NVIDIA_L4", 2),
    "g2-standard-32": ("NVIDIA_L4", 1),
    "g2-standard-48": ("NVIDIA_L4", 4),
    "g2-standard-96": ("NVIDIA_L4", 8),
    "a2-highgpu-1g": ("NVIDIA_TESLA_A100", 1),
    "a2-ultragpu-1g": ("NVIDIA_A100_80GB", 1),
    "a3-highgpu-1g": ("NVIDIA_H100_80GB", 1),
    "a3-highgpu-8g": ("NVIDIA_H100_80GB", 8),
}

_QUOTAS = {
    "NVIDIA_L4": "CustomModelServingL4GPUsPerProjectPerRegion",
    "NVIDIA_TESLA_A100": "CustomModelServingA100GPUsPerProjectPerRegion",
    "NVIDIA_A100_80GB": "CustomModelServingA10080GBGPUsPerProjectPerRegion",
    "NVIDIA_H100_80GB": "CustomModelServingH100GPUsPerProjectPerRegion",
}


def accelerators(deployed: dict[str, Any]) -> tuple[str, int]:
    """The accelerator of a deployed model and how many its replicas have at the least.

    Raises:
        ServiceError: the machine cannot be had, or not with this accelerator.
    """
    resources = deployed.get("dedicatedResources")
    if not resources:
        raise invalid_argument("dedicated_resources is required: the Model supports DEDICATED_RESOURCES only.")
    machine = resources.get("machineSpec", {})
    kind, count = machine.get("acceleratorType", "NONE"), int(machine.get("acceleratorCount", 0))
    built = MACHINES.get(machine.get("machineType", ""))
    # Machines and their accelerators are documented (see MACHINES); the wording of both refusals is the emulator's.
    if built is None:
        known = ", ".join(sorted(MACHINES))
        raise invalid_argument(f"Machine type {machine.get('machineType')!r} is not supported. Supported: {known}.")
    if built != (kind, count):
        raise invalid_argument(f"{machine['machineType']} has {built[1]} x {built[0]}; {count} x {kind} was asked for.")
    replicas = int(resources.get("minReplicaCount", 0))
    if replicas < 1 or replicas > int(resources.get("maxReplicaCount", replicas)):
        # "This value must be greater than or equal to 1": DedicatedResources.min_replica_count.
        raise invalid_argument("min_replica_count must be at least 1 and not above max_replica_count.")
    return kind, count * replicas


def has_quota(services: Services, place: Place, kind: str, count: int, deployed: Iterable[dict[str, Any]]) -> bool:
    """Whether a project may have `count` more accelerators of a kind beside those that are deployed."""
    granted = services.quotas.granted(place.project.id, _QUOTAS[kind], {"region": place.location})
    used = (accelerators(other) for other in deployed if "dedicatedResources" in other)
    return granted >= count + sum(number for have, number in used if have == kind)


def require_machine(services: Services, region: str, machine: str) -> None:
    """Refuses a machine that cannot be had in a region now.

    Raises:
        ServiceError: UNAVAILABLE.
    """
    if not Availability(services.documents).has(region, machine):
        # Text and code: GoogleCloudPlatform/PerfKitBenchmarker, tests/resources/vertex_ai_test.py ("503 … 14: …" there
        # is how google-api-core shows the error of an operation).
        message = "Machine type temporarily unavailable, please deploy with a different machine type or retry."
        raise ServiceError("UNAVAILABLE", message)


def require_quota(services: Services, place: Place, kind: str, count: int, deployed: Iterable[dict[str, Any]]) -> None:
    """Refuses what goes beyond the quota.

    Raises:
        ServiceError: RESOURCE_EXHAUSTED.
    """
    if not has_quota(services, place, kind, count, deployed):
        metric = f"aiplatform.googleapis.com/custom_model_serving_{kind.lower().replace('tesla_', '')}_gpus"
        # Text: github.com/google-deepmind/xmanager/issues/29, GoogleCloudPlatform/stable-diffusion-on-gcp/issues/12.
        raise ServiceError("RESOURCE_EXHAUSTED", f"The following quota metrics exceed quota limits: {metric}")

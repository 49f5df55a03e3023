"""Tuned models on Google Cloud as infrastructure as code."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunestack.resources import (
        AgentAccess,
        CheckpointCopy,
        Dataset,
        ModelDeployment,
        Provider,
        QuotaRequest,
        TunedModel,
        TuningJob,
        TuningRun,
        get_run,
        get_run_output,
    )

__all__ = [
    "AgentAccess",
    "CheckpointCopy",
    "Dataset",
    "ModelDeployment",
    "Provider",
    "QuotaRequest",
    "TunedModel",
    "TuningJob",
    "TuningRun",
    "get_run",
    "get_run_output",
]


def __getattr__(name: str) -> object:
    """Imports the resources when a program first asks for one: they need Pulumi's SDK, and most commands do not."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module("tunestack.resources"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

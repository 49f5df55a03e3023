"""A configuration that has nothing wrong with it, and what is said of one that has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.reading import read_settings
from infra.setting_problems import InvalidSettingsError
from infra.settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent.parent
MODEL = {"dataset": "tickets", "baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL", "epochs": 3}
ENDPOINT = {"model": "full", "machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}
GOOD: dict[str, Any] = {
    "project": "tunestack-test",
    "location": "us-central1",
    "datasets": {"tickets": {"training": "train.jsonl"}},
    "models": {"full": MODEL},
    "serving": {"support": ENDPOINT},
}


def engine_config(keys: dict[str, Any]) -> dict[str, str]:
    """As the engine passes a configuration: everything is text, what is structured is JSON."""
    return {
        f"tunestack:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in keys.items()
        if value is not ...
    }


def settings_of(keys: dict[str, Any]) -> Settings:
    """Reads a configuration that has nothing wrong with it."""
    return read_settings(engine_config(keys), "local")


def problems_of(*, secrets: frozenset[str] = frozenset(), **changed: Any) -> tuple[str, ...]:
    """Reads a good configuration with some keys changed, `...` for left out; returns what is wrong with it."""
    with pytest.raises(InvalidSettingsError) as caught:
        read_settings(engine_config({**GOOD, **changed}), "local", secrets)
    return caught.value.problems


def stack_of_this_project(stack: str) -> Settings:
    """Reads one of the files in stacks/, whose datasets have to be there."""
    config = yaml.safe_load((CHECKOUT / "stacks" / f"Pulumi.{stack}.yaml").read_text("utf-8"))["config"]
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    settings = read_settings(text, stack)
    for dataset in settings.datasets.values():
        for file in filter(None, (dataset.training, dataset.validation)):
            assert (CHECKOUT / file).is_file()
    return settings

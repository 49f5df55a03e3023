"""Ids are idempotency keys: the same wish gives the same id, another wish another one, in the service's alphabet."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tunestack.serving.specification import Container, ServingSpec, model_id_of

SPEC = ServingSpec(
    model_id=model_id_of("urn:pulumi:local::tunestack::tunestack:index:ModelDeployment::support"),
    checkpoint_uri="gs://bucket/job/postprocess/node-0/checkpoints/final",
    display_name="support",
    machine_type="g2-standard-12",
    accelerator_type="NVIDIA_L4",
    accelerator_count=1,
    min_replicas=1,
    max_replicas=1,
)


def test_ids_are_what_the_service_takes() -> None:
    assert re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,62}", SPEC.model_id)
    assert re.fullmatch(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]", SPEC.version_alias)
    assert re.fullmatch(r"[0-9]{1,10}", SPEC.deployed_model_id)


@pytest.mark.parametrize(
    ("change", "moves", "why"),
    [
        ({"checkpoint_uri": "gs://bucket/other"}, {"version_alias", "deployed_model_id"}, "another version, rolled"),
        ({"container": Container(image_uri="image")}, {"version_alias", "deployed_model_id"}, "part of a version"),
        ({"machine_type": "g2-standard-16"}, {"deployed_model_id"}, "the same version on another machine"),
        ({"accelerator_count": 2}, {"deployed_model_id"}, "the same version on another machine"),
        ({"service_account": "a@b"}, {"deployed_model_id"}, "other rights need another deployment"),
        ({"min_replicas": 2}, set(), "replicas change in place"),
        ({"display_name": "other"}, set(), "a name is no reason to roll"),
        ({"model_id": "tunestack-0"}, {"model_id", "deployed_model_id"}, "another owner has a model of its own"),
    ],
)
def test_what_moves_which_id(change: dict[str, Any], moves: set[str], why: str) -> None:
    changed = replace(SPEC, **change)
    ids = ("model_id", "version_alias", "deployed_model_id")
    assert {name for name in ids if getattr(changed, name) != getattr(SPEC, name)} == moves, why

"""Names: Python's in a program, the engine's on the wire, and nobody's hands on what users named themselves."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tunestack.wire_names import wire_name

PROGRAM = """
import json, sys
from typing import Any

import pulumi

class Recorder(pulumi.runtime.Mocks):
    def new_resource(self, args):
        json.dump(args.inputs, sys.stdout)
        return f"{args.name}-id", {**args.inputs, "modelVersion": "7"}

    def call(self, args):
        raise AssertionError(args.token)

pulumi.runtime.set_mocks(Recorder(), preview=False)

from tunestack import ModelDeployment

@pulumi.runtime.test
def declare():
    deployment = ModelDeployment(
        "support",
        endpoint="endpoint",
        checkpoint_uri="gs://bucket/final",
        machine_type="g2-standard-12",
        accelerator_type="NVIDIA_L4",
        labels={"cost_center": "a_b", "machine_type": "c"},
        rollout={"max_surge_replicas": 1},
        container={"image_uri": "image", "env": {"MODEL_PATH": "/models"}},
    )
    try:
        deployment.model_versions
    except AttributeError as error:
        print(error, file=sys.stderr)
    return deployment.model_version.apply(lambda version: print(version, file=sys.stderr))

declare()
"""


@pytest.mark.parametrize(
    ("name", "wire"), [("state", "state"), ("base_model", "baseModel"), ("estimated_cost_usd", "estimatedCostUsd")]
)
def test_wire_name(name: str, wire: str) -> None:
    assert wire_name(name) == wire


def test_only_the_names_that_are_ours_are_translated() -> None:
    # A process of its own: the SDK's mocks leave their mark on the event loop of the one they are set in.
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    inputs = json.loads(done.stdout)
    assert inputs["machineType"] == "g2-standard-12"
    assert inputs["labels"] == {"cost_center": "a_b", "machine_type": "c"}
    assert inputs["rollout"] == {"maxSurgeReplicas": 1}
    assert inputs["container"] == {"imageUri": "image", "env": {"MODEL_PATH": "/models"}}
    assert done.stderr.splitlines() == ["ModelDeployment has no output model_versions", "7"]

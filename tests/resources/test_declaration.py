"""Names: Python's in a program, the engine's on the wire, and nobody's hands on what users named themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NoReturn

import pulumi
import pytest

from tunestack import Dataset, ModelDeployment
from tunestack.resources.declaration import wire_name


class Recorder(pulumi.runtime.Mocks):
    """Answers each registration with its inputs: what the engine would get is what these tests are about."""

    def __init__(self) -> None:
        self.inputs: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.inputs[args.typ] = dict(args.inputs)
        return f"{args.name}-id", {**args.inputs, "modelVersion": "7"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
        raise AssertionError(f"nothing here calls {args.token}")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    # The SDK takes the thread's event loop, and an asynchronous test before this one leaves none.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    made = Recorder()
    pulumi.runtime.set_mocks(made, preview=False)
    yield made
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.parametrize(
    ("name", "wire"), [("state", "state"), ("base_model", "baseModel"), ("estimated_cost_usd", "estimatedCostUsd")]
)
def test_wire_name(name: str, wire: str) -> None:
    assert wire_name(name) == wire


def test_only_the_names_that_are_ours_are_translated(recorder: Recorder) -> None:
    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def declare() -> pulumi.Output[Any]:
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
        return pulumi.Output.all(deployment.model_version).apply(lambda found: found)

    declare()
    inputs = recorder.inputs["tunestack:index:ModelDeployment"]
    assert inputs["machineType"] == "g2-standard-12"
    assert inputs["labels"] == {"cost_center": "a_b", "machine_type": "c"}
    assert inputs["rollout"] == {"maxSurgeReplicas": 1}
    assert inputs["container"] == {"imageUri": "image", "env": {"MODEL_PATH": "/models"}}


def test_outputs_are_found_under_their_python_names(recorder: Recorder) -> None:
    dataset = Dataset("tickets", training="train.jsonl", bucket="data")
    assert isinstance(dataset.training_uri, pulumi.Output)
    with pytest.raises(AttributeError, match="Dataset has no output training_url"):
        _ = dataset.training_url  # type: ignore[attr-defined]

"""A region whose machines run out: what the plan says, what the next best serves, and what goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.language_model import write_base_checkpoint
from tests.end_to_end.conftest import PROJECT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

GEMMA_1B = "google/gemma3@gemma-3-1b-it"
L4, A100 = "g2-standard-12", "a2-highgpu-1g"


def take(stack: Any, machine: str = "") -> None:
    body = {"region": "us-central1", "machine": machine, "available": False}
    assert stack.emulator.http.post("/emulator/capacity", json=body).is_success


def serve(stack: Any, checkpoint: str) -> None:
    served = {"checkpoint": f"gs://their-checkpoints/{checkpoint}", "baseModel": GEMMA_1B, "machines": [L4, A100]}
    stack.configure(serving={"support": served})


def test_the_next_best_serves_and_a_plan_says_when_none_is_left(stack: Any, tmp_path: Path) -> None:
    assert stack.emulator.http.post(f"/storage/v1/b?project={PROJECT}", json={"name": "their-checkpoints"}).is_success
    write_base_checkpoint(GEMMA_1B, tmp_path / "base")
    for file in (tmp_path / "base").iterdir():
        for name in ("one", "two"):
            stack.emulator.application.state.services.storage.write("their-checkpoints", f"{name}/{file.name}", file)
    quota = {"servingAccelerators": {"NVIDIA_TESLA_A100": 1}, "contactEmail": "ada@example.com"}
    stack.configure(models=None, datasets=None, quota=quota)
    serve(stack, "one")
    take(stack, L4)
    stack.up()
    support = stack.outputs()["endpoints"]["support"]
    assert (support["state"], support["machineType"]) == ("SERVING", A100)
    assert support["machineReason"] == f"{A100}: {L4} cannot be had in us-central1 now"
    assert support["estimatedHourlyCostUsd"] == pytest.approx(4.2245)

    serve(stack, "two")
    take(stack)
    plan = stack.preview()
    assert plan["operations"] == {"ModelDeployment support": "update"}
    assert plan["messages"]["ModelDeployment support"] == (
        f"warning: none of the machines can be had now: {A100} has no quota in us-central1: 1 NVIDIA_TESLA_A100 "
        f"granted, 1 in use, 1 needed; {L4} cannot be had in us-central1 now; pulumi up tries all the same. tunestack "
        "capacity shows what can be had where"
    )
    assert "version 1 goes on serving. tunestack capacity shows" in stack.up(fails=True)
    assert stack.outputs()["endpoints"]["support"]["machineType"] == A100
    shown = stack.tunestack("capacity", "--stack", "local")
    assert (
        f"local support in us-central1: serves on {A100}; the next roll: none of the machines can be had now" in shown
    )

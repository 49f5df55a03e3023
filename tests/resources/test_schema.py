"""The schema is derived from the declarations, and the provider reads what they declare."""

from __future__ import annotations

import json
import subprocess
from importlib import resources
from pathlib import Path

import msgspec
import pytest

from tunestack.provider.agent_access import AgentAccessInputs
from tunestack.provider.checkpoint_copy import CheckpointCopyInputs
from tunestack.provider.dataset import DatasetInputs
from tunestack.provider.deployment_inputs import ModelDeploymentInputs
from tunestack.provider.inputs import Inputs
from tunestack.provider.quota_request import QuotaRequestInputs
from tunestack.provider.tuned_model import TunedModelInputs
from tunestack.provider.tunestack_provider import ProviderInputs
from tunestack.provider.tuning_jobs.inputs import TuningJobInputs
from tunestack.resources.schema import schema

ADDED_BY_CHECK = {
    DatasetInputs: {"contentHash", "trainingGeneration", "validationGeneration"},
    CheckpointCopyInputs: {"content"},
    TuningJobInputs: {"specHash", "customBaseContent", "preTunedVersion"},
    ProviderInputs: {"version"},
}


def test_the_shipped_schema_is_the_derived_one() -> None:
    shipped = resources.files("tunestack.provider").joinpath("schema.json").read_text("utf-8")
    assert json.loads(shipped) == schema(), (
        "run: python -m tunestack.resources.schema > deploy/tunestack/provider/schema.json"
    )


@pytest.mark.engine
def test_the_engine_accepts_the_schema(pulumi_cli: Path, pulumi_environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema()), encoding="utf-8")
    command = [str(pulumi_cli / "pulumi"), "schema", "check", str(file)]
    finished = subprocess.run(command, env=pulumi_environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("Dataset", DatasetInputs),
        ("TuningJob", TuningJobInputs),
        ("TunedModel", TunedModelInputs),
        ("ModelDeployment", ModelDeploymentInputs),
        ("QuotaRequest", QuotaRequestInputs),
        ("AgentAccess", AgentAccessInputs),
        ("CheckpointCopy", CheckpointCopyInputs),
    ],
)
def test_the_provider_takes_exactly_what_is_declared(name: str, inputs: type[Inputs]) -> None:
    declared = schema()["resources"][f"tunestack:index:{name}"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(inputs)}
    assert fields.keys() - ADDED_BY_CHECK.get(inputs, set()) == declared["inputProperties"].keys()
    assert {wire for wire, field in fields.items() if field.required} <= set(declared["requiredInputs"])


def test_the_provider_takes_exactly_the_settings_that_are_declared() -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(ProviderInputs)}
    assert fields - ADDED_BY_CHECK[ProviderInputs] == schema()["provider"]["inputProperties"].keys()

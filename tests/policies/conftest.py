"""A program of somebody else's that breaks every policy, or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.conftest import Program
from tests.key_server import SECRETS_PROVIDER
from tests.running_emulator import Emulator

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PACK = CHECKOUT / "infra" / "policies"

PROGRAM = """
import os
import pulumi

url, settings = os.environ["TUNESTACK_EMULATOR_URL"], pulumi.Config("foreign").require_object("settings")
project, base, key = "tunestack-test", "google/gemma3@gemma-3-1b-it", settings["key"]
bucket, endpoint = "tunestack-test-policies", f"projects/{project}/locations/us-central1/endpoints/4711"
if settings["stores"]:
    import pulumi_gcp as gcp
    from infra.connection import ENDPOINTS

    paths = {name: f"{url}/{path}" for name, path in ENDPOINTS.items()}
    batching = gcp.ProviderBatchingArgs(enable_batching=False)
    cloud = gcp.Provider("cloud", project=project, access_token="no-token-is-needed-here", batching=batching, **paths)
    opts = pulumi.ResourceOptions(provider=cloud, protect=settings["protect"])
    bucket = gcp.storage.Bucket(
        "data",
        name=bucket,
        location=settings["region"],
        public_access_prevention=settings["prevention"],
        encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=key) if key else None,
        opts=opts,
    ).name
    gcp.storage.BucketIAMMember(
        "reader", bucket=bucket, role="roles/storage.objectViewer", member=settings["member"],
        opts=pulumi.ResourceOptions(provider=cloud),
    )
if settings["stores"] and settings["tunes"]:
    endpoint = gcp.vertex.AiEndpoint(
        "support",
        name="4711",
        display_name="support",
        location="us-central1",
        encryption_spec=gcp.vertex.AiEndpointEncryptionSpecArgs(kms_key_name=key) if key else None,
        opts=opts,
    ).id
if settings["tunes"]:
    import tunestack

    own = pulumi.ResourceOptions(
        provider=tunestack.Provider("ours", project=project, location="us-central1", api_endpoint=url)
    )
    dataset = tunestack.Dataset("tickets", training="train.jsonl", bucket=bucket, base_models=[base], opts=own)
    output = pulumi.Output.concat("gs://", bucket)
    tunestack.TuningJob(
        "tune", dataset=dataset, output_uri=output, epochs=1, base_model=base, mode="FULL", kms_key_name=key, opts=own
    )
    tunestack.ModelDeployment(
        "serve",
        endpoint=endpoint,
        checkpoint_uri="gs://some-bucket/checkpoint",
        machine_type="g2-standard-12",
        accelerator_type="NVIDIA_L4",
        base_model=base,
        opts=own,
    )
"""

KEY = "projects/keys/locations/us-central1/keyRings/ring/cryptoKeys/a"
WRONG = {
    "region": "europe-west4",
    "prevention": "inherited",
    "member": "allUsers",
    "key": None,
    "protect": False,
    "stores": True,
    "tunes": True,
}
RIGHT = {
    "region": "us-central1",
    "prevention": "enforced",
    "member": "user:ada@example.com",
    "key": KEY,
    "protect": True,
    "stores": True,
    "tunes": True,
}
LIMITS = {
    "training-budget": {"maxUsd": 0.001},
    "serving-budget": {"maxUsdPerMonth": 500},
    "regions": {"allowed": ["us-central1"]},
    "machines": {"allowed": ["a3-*"]},
    "models": {"allowed": ["gemini-*"]},
    "encryption": {"keys": ["*"]},
}


class Foreign:
    """A Pulumi project that has nothing of this checkout but its environment; its stack is `prod`."""

    def __init__(self, folder: Path, environment: dict[str, str], emulator: Emulator) -> None:
        self.folder = folder
        self.environment = environment
        self.emulator = emulator

    def configure(self, settings: dict[str, Any], policies: Any) -> None:
        """Writes the stack's file."""
        config = {"foreign:settings": settings, "tunestack:policies": policies}
        file = self.folder / "Pulumi.prod.yaml"
        present = yaml.safe_load(file.read_text()) if file.exists() else {}
        file.write_text(yaml.safe_dump({**present, "config": config}))

    def limits(self, **given: Any) -> list[str]:
        """Writes a file of central limits and returns the arguments that pass it."""
        file = self.folder / "limits.json"
        file.write_text(json.dumps({name.replace("_", "-"): value for name, value in given.items()}))
        return ["--policy-pack-config", str(file)]

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Runs the CLI on the stack and gives what it printed, both streams as one text."""
        return Program(self.folder, self.environment, self.emulator).pulumi(*arguments, "--stack", "prod", fails=fails)


@pytest.fixture
def foreign(tmp_path: Path, pulumi_environment: dict[str, str], start_emulator: Callable[..., Emulator]) -> Foreign:
    """The project, with nothing applied and nothing configured."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    environment = CHECKOUT / ".venv"
    project = {
        "name": "foreign",
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(environment)}},
        "plugins": {"providers": [{"name": "tunestack", "path": str(environment / "bin")}]},
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (folder / "__main__.py").write_text(PROGRAM)
    lines = (CHECKOUT / "examples" / "tickets" / "train.jsonl").read_text().splitlines(keepends=True)
    (folder / "train.jsonl").write_text("".join(lines[:60]))
    emulator = start_emulator({})
    made = Foreign(folder, {**pulumi_environment, "TUNESTACK_EMULATOR_URL": emulator.url}, emulator)
    made.pulumi("stack", "init", "--secrets-provider", SECRETS_PROVIDER)
    return made

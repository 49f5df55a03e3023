"""A stack that moves from a folder to a bucket and from a passphrase to a key, with the engine itself.

The engine's `gcpkms://` speaks gRPC to one host; `hashivault://` is the same secrets manager with another keeper
(pkg/secrets/cloud in pulumi/pulumi), and can be sent to a server of the tests'.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra import connection
from tests.infra.conftest import CHECKOUT, Program
from tests.key_server import SECRETS_PROVIDER
from tests.running_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

HIDDEN = "hidden-7f21c0de"
SETTINGS = """
name: small
runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}
"""
PROGRAM = """
import json, pulumi, pulumi_gcp as gcp
service = pulumi.Config().require("service")
paths = json.load(open("paths.json"))
cloud = gcp.Provider("emulator", project="acme", **{name: f"{service}/{path}" for name, path in paths.items()})
made = gcp.storage.Bucket("data", name="acme-data", location="us-central1", labels={"team": "a"}, force_destroy=True,
                          opts=pulumi.ResourceOptions(provider=cloud))
pulumi.export("token", pulumi.Config().require_secret("token"))
pulumi.export("project", "acme")
pulumi.export("location", "us-central1")
"""


@pytest.fixture
def small(tmp_path: Path, pulumi_environment: dict[str, str], emulator: Emulator) -> Program:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(SETTINGS)
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "paths.json").write_text(json.dumps(connection.ENDPOINTS))
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    reaches = {
        "TUNESTACK_EMULATOR_URL": emulator.url,
        # As the engine wants it: without a scheme.
        "STORAGE_EMULATOR_HOST": emulator.url.removeprefix("http://"),
        "GOOGLE_OAUTH_ACCESS_TOKEN": "any",
    }
    return Program(folder, {**pulumi_environment, **reaches}, emulator)


def everything(program: Program) -> dict[str, str]:
    """Returns all that is written down of a stack: its file and the objects of the state bucket, old versions too."""
    client = program.emulator.storage_client()
    found = {
        f"{blob.name}#{blob.generation}": blob.download_as_bytes().decode(errors="replace")
        for blob in client.list_blobs("acme-pulumi-state", versions=True)
    }
    assert found, "there is something to be searched"
    return found | {file.name: file.read_text() for file in program.folder.glob("Pulumi.*.yaml")}


def test_a_stack_moves_and_goes_on(small: Program) -> None:
    init = ("stack", "init", "prod", "--no-select")
    small.pulumi(*init)
    small.pulumi("config", "set", "--stack", "prod", "service", small.emulator.url)
    small.pulumi("config", "set", "--stack", "prod", "--secret", "token", HIDDEN)
    small.pulumi("up", "--yes", "--skip-preview", "--stack", "prod")

    small.pulumi("stack", "export", "--stack", "prod", "--file", "prod.json")
    made = small.run("tunestack", "state", "new", "--project", "acme", "--location", "us-central1", "--yes")
    assert "    url: gs://acme-pulumi-state" in made.splitlines()
    small.environment["PULUMI_BACKEND_URL"] = "gs://acme-pulumi-state"
    small.pulumi(*init)
    small.pulumi("stack", "import", "--stack", "prod", "--file", "prod.json")
    small.pulumi("stack", "change-secrets-provider", "--stack", "prod", SECRETS_PROVIDER)
    del small.environment["PULUMI_CONFIG_PASSPHRASE_FILE"]

    assert "unchanged" in small.pulumi("preview", "--stack", "prod", "--expect-no-changes")
    assert f"secretsprovider: {SECRETS_PROVIDER}" in (small.folder / "Pulumi.prod.yaml").read_text()
    assert small.pulumi("stack", "output", "token", "--show-secrets", "--stack", "prod").strip() == HIDDEN
    small.pulumi("up", "--yes", "--skip-preview", "--stack", "prod")
    assert not [name for name, text in everything(small).items() if HIDDEN in text]

    # What the engine sees, and we do not look for: the labels of a bucket.
    patch: dict[str, Any] = {"labels": {"team": "b"}}
    assert small.emulator.http.patch("/storage/v1/b/acme-data", json=patch).is_success
    overview = json.loads(small.run("tunestack", "status", "--refresh", "--json"))
    assert overview["backend"] == "gs://acme-pulumi-state"
    (stack,) = overview["stacks"]
    told = {each["resource"]: each["says"] for each in stack["drift"]}
    assert "labels" in told["Bucket data"], stack
    assert HIDDEN not in json.dumps(overview)
    small.pulumi("destroy", "--yes", "--skip-preview", "--stack", "prod")

"""What can be had where: of a place, of a stack and its regions, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.language_model import write_base_checkpoint
from tests.cli.conftest import Command
from tests.running_emulator import Emulator
from tunestack.cli.preview.shortage import shortages

PROJECT = "demo-project"
GEMMA_1B, GEMMA_12B = "google/gemma3@gemma-3-1b-it", "google/gemma3@gemma-3-12b-it"
L4, A100 = "g2-standard-12", "a2-highgpu-1g"
QUOTA = "CustomModelServing{}GPUsPerProjectPerRegion"
PLACE = ("--project", PROJECT, "--region", "us-central1")


class Cloud:
    """A project with a checkpoint, two L4 and an A100, one of those L4 in use."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.call("POST", f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:enable", {})
        self.call("POST", f"/storage/v1/b?project={PROJECT}", {"name": "checkpoints"})
        write_base_checkpoint(GEMMA_1B, folder)
        for file in folder.iterdir():
            emulator.application.state.services.storage.write("checkpoints", f"one/{file.name}", file)

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        reply = self.emulator.http.request(method, path, json=body)
        assert reply.is_success, reply.text
        return dict(reply.json()) if reply.content else {}

    def take(self, region: str, machine: str = "") -> None:
        self.call("POST", "/emulator/capacity", {"region": region, "machine": machine, "available": False})

    def serve(self, region: str = "us-central1") -> None:
        parent = f"/v1/projects/{PROJECT}/locations/{region}"
        model = {
            "displayName": "m",
            "artifactUri": "gs://checkpoints/one",
            "containerSpec": {"imageUri": "docker.example/serve:1"},
        }
        self.call("POST", f"{parent}/models:upload", {"model": model, "modelId": "m"})
        self.call("POST", f"{parent}/endpoints?endpointId=1", {"displayName": "e"})
        machine = {"machineType": L4, "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}
        resources = {"machineSpec": machine, "minReplicaCount": 1, "maxReplicaCount": 1}
        deployed = {"model": f"{parent[4:]}/models/m", "dedicatedResources": resources}
        self.call("POST", f"{parent}/endpoints/1:deployModel", {"deployedModel": deployed, "trafficSplit": {"0": 100}})


@pytest.fixture
def cloud(start_emulator: Callable[..., Emulator], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    quotas = {QUOTA.format("L4"): {"default": 2}, QUOTA.format("A100"): {"default": 1}}
    emulator = start_emulator({"vertex": {"deploy": 0, "operation": 0}, "quotas": quotas})
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", emulator.url)
    return Cloud(emulator, tmp_path / "base")


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Callable[..., None]) -> Callable[..., None]:
    """Writes a foundation and two regions that serve its model on one of two machines."""
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("{name: shop, runtime: python, stackConfigDir: stacks}")
    monkeypatch.chdir(folder)

    def write(name: str, **config: Any) -> None:
        keys = {f"tunestack:{key}": value for key, value in config.items()}
        base = {"tunestack:project": PROJECT, "tunestack:emulator": True}
        (folder / "stacks" / f"Pulumi.{name}.yaml").write_text(json.dumps({"config": {**base, **keys}}))

    def make(**entry: Any) -> None:
        served = {"model": "tickets", "machines": [L4, A100], **entry}
        write("prod", location="us-central1", models={"tickets": {"baseModel": GEMMA_1B}})
        for region in ("us-central1", "europe-west4"):
            write(f"prod-{region}", location=region, foundation="prod", serving={"support": served})
        # The engine of these tests tells the same outputs of every stack: the foundation's are what is looked for.
        engine(outputs={"models": {"tickets": {"finalCheckpointUri": "gs://checkpoints/one", "baseModel": GEMMA_1B}}})

    return make


def test_a_place(cloud: Cloud, command: Command) -> None:
    cloud.serve()
    cloud.take("us-central1", A100)
    ran = command("capacity", *PLACE, "-m", L4, "-m", A100, "--checkpoint", "gs://checkpoints/one")
    table = [[cell for cell in line.split("  ") if cell] for line in ran.lines[2:4]]
    assert [[cell.strip() for cell in row[:8]] for row in table] == [
        ["us-central1", L4, "1 × NVIDIA_L4", "yes", "2", "1", "yes", "1.1507"],
        ["us-central1", A100, "1 × NVIDIA_TESLA_A100", "yes", "1", "0", "no", "4.2245"],
    ]
    assert "[1] github.com/google/skills" in ran.out, "the price's source"
    assert (ran.status, ran.err) == (0, "")


def test_a_place_for_machines(cloud: Cloud, command: Command) -> None:
    cloud.take("europe-west4", L4)
    options = ("--region", "europe-west4", "-m", L4, "--checkpoint", "gs://checkpoints/one", "--model", GEMMA_12B)
    first, second = command("capacity", *PLACE, *options, "--json").json["machines"]
    assert (first["region"], first["available"], first["fits"]) == ("us-central1", True, False)
    assert first["weightBytes"] > first["usableBytes"], "a model of 12 billion parameters is more than its stand-in"
    assert (second["region"], second["available"], second["granted"], second["inUse"]) == ("europe-west4", False, 2, 0)
    assert second["usdPerHour"] is None, "nobody published the price there"
    assert second["obstacle"].startswith("cannot hold the checkpoint")


def test_without_a_checkpoint_arithmetic_and_quota_remain(cloud: Cloud, command: Command) -> None:
    ran = command("capacity", *PLACE, "--model", GEMMA_12B, "--json")
    rows = {row["machine"]: row for row in ran.json["machines"]}
    assert L4 not in rows, "what cannot hold the model is not shown unless it is asked for"
    assert {row["available"] for row in rows.values()} == {None}
    assert rows["g2-standard-24"]["granted"] == 2
    assert rows["g4-standard-48"]["granted"] is None, "a quota that the service does not list"
    shown = command("capacity", *PLACE, "--model", GEMMA_12B)
    assert "name one with --checkpoint" in shown.err


@pytest.mark.parametrize(
    ("taken", "says"),
    [([], []), ([L4], []), ([L4, A100], ["ModelDeployment support"])],
    ids=["nothing is taken", "the other one remains", "none is left"],
)
def test_a_preview_foretells_what_cannot_be_had_for_an_endpoint_that_follows_its_foundation(
    cloud: Cloud, stacks: Callable[..., None], taken: list[str], says: list[str]
) -> None:
    stacks()
    for machine in taken:
        cloud.take("europe-west4", machine)
    told = shortages("prod-europe-west4", ["support"])
    assert [each.resource for each in told] == says
    assert all(f"{L4} cannot be had in europe-west4 now; {A100} cannot be had" in each.text for each in told)
    assert shortages("prod-europe-west4", []) == shortages("prod-europe-west4", ["other"]) == []


def test_an_environment(cloud: Cloud, command: Command, stacks: Callable[..., None]) -> None:
    stacks()
    cloud.take("europe-west4", L4)
    ran = command("capacity", "-s", "prod")
    told = [line for line in ran.lines if "(*)" in line]
    assert told == [
        f"prod-europe-west4 support in europe-west4: {A100} (*): {L4} cannot be had in europe-west4 now",
        f"prod-us-central1 support in us-central1: {L4} (*): the first of the list",
    ]
    assert ran.status == 0


def test_a_region_without_any_ends_with_1(cloud: Cloud, command: Command, stacks: Callable[..., None]) -> None:
    stacks()
    cloud.take("europe-west4")
    ran = command("capacity", "-s", "prod", "--json")
    assert ran.status == 1
    chosen = {each["stack"]: (each["machine"], each["reason"]) for each in ran.json["endpoints"]}
    assert chosen == {
        "prod-us-central1": (L4, f"{L4}: the first of the list"),
        "prod-europe-west4": (
            None,
            f"{L4} cannot be had in europe-west4 now; {A100} cannot be had in europe-west4 now",
        ),
    }
    elsewhere = command("capacity", "-s", "prod-europe-west4", "--region", "us-central1", "--json").json
    assert {(row["region"], row["available"]) for row in elsewhere["machines"]} == {
        ("europe-west4", False),
        ("us-central1", True),
    }


def test_an_endpoint_that_serves(
    cloud: Cloud, command: Command, stacks: Callable[..., None], engine: Callable[..., None]
) -> None:
    stacks()
    support = {"state": "SERVING", "machineType": A100, "checkpointUri": "gs://checkpoints/one", "baseModel": GEMMA_1B}
    engine(outputs={"endpoints": {"support": support}})
    ran = command("capacity", "-s", "prod-us-central1")
    where = f"prod-us-central1 support in us-central1: serves on {A100}; the next roll"
    assert f"{where}: {A100} (*): it serves there" in ran.lines
    cloud.take("us-central1")
    ran = command("capacity", "-s", "prod-us-central1")
    assert ran.status == 0, "it serves"
    assert f"{where}: none of the machines can be had now: {A100} cannot be had in us-central1 now" in ran.out


def test_one_machine_of_a_stack(cloud: Cloud, command: Command, stacks: Callable[..., None]) -> None:
    stacks(machines=None, machineType=L4, acceleratorType="NVIDIA_L4", minReplicas=3)
    (row,) = command("capacity", "-s", "prod-us-central1", "--json").json["machines"]
    assert (row["needed"], row["granted"]) == (3, 2)
    assert row["obstacle"] == "has no quota in us-central1: 2 NVIDIA_L4 granted, 3 needed"


def test_what_cannot_be_looked_at_is_told(cloud: Cloud, command: Command) -> None:
    cloud.call("POST", "/emulator/faults", {"path": "/quotas/.*", "status": 403, "message": "no", "times": None})
    ran = command("capacity", *PLACE, "-m", L4, "--checkpoint", "gs://checkpoints/none")
    assert ran.status == 0
    assert "note: us-central1: the quota could not be looked at: the service answered: no (HTTP 403)" in ran.err
    assert "note: us-central1: machines could not be looked at: gs://checkpoints/none: the service answered" in ran.err


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        ((), 2, "name the stack with --stack, or the place with --project and --region"),
        (("-s", "prod", "--project", PROJECT), 2, "a stack names its project itself"),
        ((*PLACE, "-m", "g2-standard-13"), 2, "nearest: g2-standard-"),
        ((*PLACE, "--model", "google/gemma3@gemma-3-2b-it"), 2, "nearest"),
        (("-s", "nosuch"), 1, "there is no stack nosuch"),
        (("-s", "local"), 1, "no endpoint is configured"),
    ],
)
def test_what_cannot_be_asked(
    cloud: Cloud, command: Command, stacks: Callable[..., None], options: tuple[str, ...], status: int, told: str
) -> None:
    stacks()
    Path("stacks", "Pulumi.local.yaml").write_text("config: {tunestack:project: p, tunestack:location: us-central1}")
    ran = command("capacity", *options)
    assert (ran.status, told in ran.err) == (status, True), ran.err

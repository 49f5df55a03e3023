"""What `tunestack status` tells of stacks, of what changed behind their back, and of what nobody owns."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.storage import listing
from tests.cli.conftest import PROJECT, Command
from tests.cli.status.conftest import ENDPOINT, REGION, Stacks, dev
from tunestack.checkpoints.folder import listed
from tunestack.cli.status import engine_drift, screen
from tunestack.cli.status.overview import Overview, Serving, StackStatus
from tunestack.cli.status.strays import Stray
from tunestack.connection import Connection

STRAY = f"{REGION}/endpoints/99"


def stack_of(command: Command, name: str, *arguments: str) -> dict[str, Any]:
    answer = command("status", "--json", *arguments)
    assert answer.status == 0, answer.err
    (found,) = [each for each in answer.json["stacks"] if each["name"] == name]
    return dict(found)


def test_a_stack_at_a_glance(command: Command, stacks: Stacks) -> None:
    found = stack_of(command, "dev")
    assert (found["up"], found["emulated"], found["resources"], found["drift"], found["unseen"]) == (
        True,
        True,
        5,
        [],
        [],
    )
    assert found["lastUpdate"] == {"kind": "update", "result": "succeeded", "ended": "2026-11-20T20:00:00.000Z"}
    (model,) = found["models"]
    assert (model["state"], model["checkpoint"], model["billedTokens"]) == (
        "succeeded",
        "gs://demo-data/run/final",
        9880,
    )
    (endpoint,) = found["endpoints"]
    assert (endpoint["state"], endpoint["machine"], endpoint["endpoint"]) == ("serving", "1 × g2-standard-12", ENDPOINT)
    assert 0.5 < endpoint["usdPerHour"] < 3
    shown = command("status")
    assert shown.lines[0].startswith("stacks in file://")
    assert any(line.startswith("local ") and "not up yet" in line for line in shown.lines)
    assert any(line.startswith("dev ") and line.endswith("none") for line in shown.lines)


def undeploy(stacks: Stacks) -> None:
    stacks.deploy(ENDPOINT)


def drop_endpoint(stacks: Stacks) -> None:
    stacks.deploy(ENDPOINT)
    assert stacks.emulator.http.delete(f"/v1beta1/{ENDPOINT}").is_success


def delete_checkpoint(stacks: Stacks) -> None:
    assert stacks.emulator.http.delete("/storage/v1/b/demo-data/o/run%2Ffinal%2Fmodel.safetensors").is_success


def open_bucket(stacks: Stacks) -> None:
    patch = {"iamConfiguration": {"publicAccessPrevention": "inherited"}}
    assert stacks.emulator.http.patch("/storage/v1/b/demo-data", json=patch).is_success


def lose_job(stacks: Stacks) -> None:
    resources = dev(stacks)
    resources[0]["outputs"]["job"] = f"{REGION}/tuningJobs/404"
    stacks.state("dev", *resources)


@pytest.mark.parametrize(
    ("change", "resource", "says"),
    [
        (undeploy, "ModelDeployment support", "deployed model 11 is not on .* any more: it was undeployed"),
        (drop_endpoint, "AiEndpoint support", f"{ENDPOINT} is gone"),
        (delete_checkpoint, "TunedModel tickets", "no object is left at gs://demo-data/run/final"),
        (open_bucket, "Bucket output", "public access prevention of demo-data is inherited, and was enforced"),
        (lose_job, "TuningJob tickets", "the service has no job .* any more"),
        (
            lambda stacks: stacks.deploy(ENDPOINT, "11", replicas=3),
            "ModelDeployment support",
            "3 replicas run at least, and 1 are wanted",
        ),
        (
            lambda stacks: stacks.deploy(ENDPOINT, "12", "11"),
            "ModelDeployment support",
            "deployed model 11 gets 0 % of the traffic",
        ),
    ],
)
def test_drift(command: Command, stacks: Stacks, change: Callable[[Stacks], None], resource: str, says: str) -> None:
    change(stacks)
    found = stack_of(command, "dev")
    told = {each["resource"]: each["says"] for each in found["drift"]}
    assert resource in told, told
    assert re.search(says, told[resource])
    assert command("status", "--expect-no-drift").status == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda storage: None, []),
        (lambda storage: storage.write("demo-data", "copies/1/config.json", b"{]"), ["files differ"]),
        (lambda storage: storage.write("demo-data", "copies/1/more.json", b"{}"), ["files differ"]),
        (lambda storage: storage.write("demo-data", "copies/10/config.json", b"{}"), []),  # of another one
    ],
)
def test_a_copy_that_is_not_what_was_copied(
    command: Command,
    stacks: Stacks,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Any], None],
    says: list[str],
) -> None:
    """Nothing of it changes in what the engine keeps; the next deployment would fail, or serve something else."""
    monkeypatch.setattr(listing, "_LIMIT", 1)  # a large checkpoint has more files than a page
    storage = stacks.emulator.application.state.services.storage
    storage.write("demo-data", "copies/1/model.safetensors", b"x")
    storage.write("demo-data", "copies/1/config.json", b"{}")
    uri = "gs://demo-data/copies/1"
    content = listed(Connection(PROJECT, "us-central1", stacks.emulator.url), uri).content
    copy = {"type": "tunestack:index:CheckpointCopy", "outputs": {"uri": uri, "content": content, "state": "COPIED"}}
    stacks.state("dev", *dev(stacks), {"name": "taken", **copy})
    change(storage)
    told = [each["says"] for each in stack_of(command, "dev")["drift"] if each["resource"] == "CheckpointCopy taken"]
    assert len(told) == len(says)
    assert all(text in each for text, each in zip(says, told, strict=True))


@pytest.mark.parametrize("broken", ["dev", "local"])
def test_a_file_that_cannot_be_read_hides_no_stack(command: Command, stacks: Stacks, broken: str) -> None:
    (Path("stacks") / f"Pulumi.{broken}.yaml").write_text("config: {")
    (unseen,) = stack_of(command, broken)["unseen"]
    assert re.search(rf"Pulumi\.{broken}\.yaml:1: this is no YAML", unseen)
    assert len(stack_of(command, "dev")["endpoints"]) == 1


def test_what_is_undeployed_costs_nothing(command: Command, stacks: Stacks) -> None:
    undeploy(stacks)
    (endpoint,) = stack_of(command, "dev")["endpoints"]
    assert (endpoint["state"], endpoint["usdPerHour"]) == ("gone", 0.0)


@pytest.mark.parametrize("ids", [("12",), ("11", "12")], ids=["alone", "beside the version before"])
def test_what_an_interrupted_roll_has_left_is_nobody_elses(
    command: Command, stacks: Stacks, ids: tuple[str, ...]
) -> None:
    """Whoever undeployed it might take down what serves."""
    stacks.deploy(ENDPOINT, *ids, model="support")
    found = stack_of(command, "dev")
    (drift,) = found["drift"]
    assert drift["says"].startswith(f"version 2 is on {ENDPOINT}, left by an interrupted run or by hand: ")
    assert drift["advice"] == "pulumi up --refresh --stack dev"
    assert [(each["state"], each["usdPerHour"] > 0) for each in found["endpoints"]] == [("serving", True)]


def test_an_endpoint_that_nobody_owns(command: Command, stacks: Stacks) -> None:
    stacks.deploy(STRAY, "5", replicas=2)
    (stray,) = command("status", "--json").json["strayEndpoints"]
    assert (stray["endpoint"].rpartition("/")[2], stray["project"]) == ("99", PROJECT)
    assert stray["deployedModels"] == [{"id": "5", "machineType": "g2-standard-12", "replicas": 2}]
    one = stack_of(command, "dev")["usdPerHour"]
    assert stray["usdPerHour"] == pytest.approx(2 * one)
    shown = command("status").out
    assert "no stack here owns" in shown
    assert "2 × g2-standard-12, about 2." in shown
    assert f"--deployed-model-id 5 --project {PROJECT} --region us-central1" in shown


def test_what_costs_nothing_or_is_another_stacks_is_no_stray(command: Command, stacks: Stacks) -> None:
    stacks.deploy(STRAY)
    stacks.deploy(f"{REGION}/endpoints/98", "1")
    stacks.state("other", {"name": "x", "type": "gcp:vertex/aiEndpoint:AiEndpoint", "id": f"{REGION}/endpoints/98"})
    assert command("status", "--json").json["strayEndpoints"] == []
    Path("other.history").unlink()  # what it owns is asked, its last update is not
    assert command("status", "--json", "--stack", "dev").json["strayEndpoints"] == [], "the others are asked, too"


def test_the_total_is_of_google_cloud_alone(command: Command, stacks: Stacks) -> None:
    answer = command("status", "--json").json
    assert (answer["usdPerHour"], stack_of(command, "dev")["usdPerHour"] > 0) == (0, True)


def test_what_has_no_price_makes_the_total_a_least_one() -> None:
    known, unknown = (Serving("support", ENDPOINT, "serving", "1 × x", price) for price in (1.15, None))
    stacks = [StackStatus("a", endpoints=[known]), StackStatus("b", endpoints=[unknown])]
    overview = Overview("file:///x", stacks, [Stray(PROJECT, "us-central1", STRAY, usd_per_hour=2.0)], [])
    assert overview.usd_per_hour is None
    assert overview.known_usd_per_hour == pytest.approx(3.15)
    assert screen._total(overview).startswith("all of it on Google Cloud: at least 3.15 USD an hour")


def test_who_works_on_a_stack(command: Command, stacks: Stacks) -> None:
    lock = stacks.lock("dev")
    assert stack_of(command, "dev")["locks"] == [str(lock)]
    assert f"dev: locked by {lock}" in command("status").lines


def test_what_was_cut_off_is_told_with_the_way_on() -> None:
    overview = Overview("file:///x", [StackStatus("dev", pending=1)], [], [])
    assert list(screen._remarks(overview)) == ["dev: cut off in 1 operation: tunestack recover --stack dev"]


def test_a_stack_that_cannot_be_looked_at_is_not_without_drift(command: Command, stacks: Stacks) -> None:
    fault = {"path": "/storage/.*", "status": 403, "message": "Caller has no storage.buckets.get.", "times": 9}
    assert stacks.emulator.http.post("/emulator/faults", json=fault).is_success
    found = stack_of(command, "dev")
    assert found["drift"] == []
    assert any("Bucket output" in each and "storage.buckets.get" in each for each in found["unseen"])
    assert command("status", "--expect-no-drift").status == 1
    assert any("not looked at" in line for line in command("status").lines if line.startswith("dev "))


def test_where_a_stack_was_before_its_destroy_is_looked_for_what_it_left(
    command: Command, stacks: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # nobody is asked for credentials
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    stacks.file("past", project="past-project", location="europe-west4")
    stacks.state("past", project=None, location=None, apiEndpoint=None)
    answer = command("status", "--json", "--stack", "past").json
    (found,) = answer["stacks"]
    assert (found["up"], found["resources"], found["drift"]) == (False, 0, [])
    (unseen,) = answer["unseen"]
    assert unseen.startswith("endpoints of past-project in europe-west4: there are no usable Google Cloud credentials")


def test_a_stack_that_was_never_up_has_left_nothing(command: Command, stacks: Stacks) -> None:
    stacks.file("next", project="next-project", location="europe-west4")
    stacks.state("next", project=None, location=None, apiEndpoint=None)
    stacks.never_up("next")
    assert command("status", "--json").json["unseen"] == []


def test_where_the_api_is_not_enabled_there_is_no_endpoint(command: Command, stacks: Stacks) -> None:
    stacks.state("dev")
    disable = f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:disable"
    assert stacks.emulator.http.post(disable, json={}).is_success
    answer = command("status", "--json").json
    assert (answer["unseen"], answer["strayEndpoints"]) == ([], [])
    fault = {"path": "/su/.*", "status": 403, "message": "no such right", "times": None}
    assert stacks.emulator.http.post("/emulator/faults", json=fault).is_success
    (unseen,) = command("status", "--json").json["unseen"]
    assert "has not been used in project" in unseen


def test_no_such_stack(command: Command, stacks: Stacks) -> None:
    refused = command("status", "--stack", "nope")
    assert (refused.status, refused.err.strip()) == (1, "error: there is no stack nope; there are: dev, local")


def test_no_secret_is_told(command: Command, stacks: Stacks) -> None:
    """The engine's own mark of a secret stands where a value would be."""
    sealed = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:hidden"}
    resources = dev(stacks)
    resources[1]["outputs"]["finalCheckpointUri"] = sealed
    stacks.state("dev", *resources, location=sealed)
    answer = command("status", "--json")
    assert answer.status == 0, answer.err
    assert "hidden" not in answer.out + command("status").out


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"op": "same"}, []),
        ({"op": "delete"}, ["Bucket output: it is gone"]),
        (
            {"op": "update", "detailedDiff": {"labels": {"diffKind": "update", "inputDiff": False}}},
            ["Bucket output: changed outside of the engine: labels"],
        ),
        (
            {
                "op": "update",
                "type": "tunestack:index:Dataset",
                "detailedDiff": {"textOnly": {"diffKind": "delete", "inputDiff": False}},
            },
            [],
        ),
    ],
    ids=["nothing", "gone", "changed", "told by a newer release only"],
)
def test_what_the_engines_refresh_tells(step: dict[str, Any], told: list[str]) -> None:
    kind = step.get("type", "gcp:storage/bucket:Bucket")
    metadata = {"type": kind, "urn": f"urn:pulumi:dev::shop::{kind}::output", **step}
    events: list[dict[str, Any]] = [{"summaryEvent": {}}, {"resOutputsEvent": {"metadata": metadata}}]
    assert [f"{each.resource}: {each.says}" for each in engine_drift.of(events, "dev")] == told

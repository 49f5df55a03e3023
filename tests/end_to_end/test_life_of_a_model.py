"""A model's life through the real engine: tuned, served, changed, rolled, removed."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

PROMPT = "Hello, The search in your REST API finds nothing. I need this today."


def test_from_nothing_to_an_answer_and_back(stack: Any) -> None:
    first = stack.preview()
    assert first["operations"] == {
        "Dataset tickets": "create",
        "TuningJob tickets": "create",
        "TunedModel tickets": "create",
        "ModelDeployment support": "create",
        "QuotaRequest concurrent-tuning-jobs": "create",
        "AgentAccess data-tuning-agent": "create",
        "AgentAccess output-tuning-agent": "create",
    }
    assert first["messages"]["TuningJob tickets"].startswith("tunes google/gemma3@gemma-3-1b-it (FULL, 1 epoch): ")
    assert all(call["method"] in {"GET", "HEAD"} for call in stack.emulator.requests()), "a preview creates nothing"

    printed = stack.tunestack("summary", "--stack", "local", fails=True)
    assert "stack local has no outputs yet; run pulumi up --stack local first" in printed
    the_doctor_agrees(stack, "not applied yet", "none yet: the first pulumi up makes the buckets")
    stack.up()
    the_doctor_agrees(stack, "; applied", "gs://tunestack-test-local-tuning-data: all 3 have roles/storage.objectUser")
    outputs = stack.outputs()
    endpoint, model = outputs["endpoints"]["support"], outputs["models"]["tickets"]
    assert endpoint["state"] == "SERVING"
    assert [checkpoint["name"] for checkpoint in model["checkpoints"]][-1] == "final"
    assert expiring(stack) == {"checkpoint"}, "the final checkpoint never expires"
    assert model["finalCheckpointUri"].startswith(
        f"gs://tunestack-test-local-tuning-output/tunestack/local/tickets/{model['specHash']}/"
    )
    before = stack.predict(PROMPT)
    assert stack.tunestack("predict", "--max-tokens", "40", "--stack", "local", "--", PROMPT).strip() == before.strip()
    the_closing_table_tells_all(stack)
    stack.pulumi("preview", "--refresh", "--expect-no-changes")

    stack.model(epochs=2)
    change = stack.preview()
    assert change["operations"] == {
        "TuningJob tickets": "replace",
        "TunedModel tickets": "replace",
        "ModelDeployment support": "update",
    }
    assert change["others"] == ["pulumi:pulumi:Stack::tunestack-local"] or change["others"] == []
    assert change["messages"]["TuningJob tickets"].startswith("epochs 1 → 2 retrains: < 0.01 USD")
    assert change["steps"]["TuningJob tickets"]["replaceReasons"] == ["epochs"]
    assert change["steps"]["TuningJob tickets"]["newState"]["outputs"]["estimatedCostUsd"] > 0

    stack.up()
    rolled = stack.outputs()["endpoints"]["support"]
    assert rolled["id"] == endpoint["id"], "clients keep the endpoint"
    assert rolled["modelVersion"] == "2"
    assert rolled["checkpointUri"] != endpoint["checkpointUri"]
    assert len(stack.jobs()) == 2
    after = stack.predict(PROMPT)

    swap(stack, endpoint["checkpointUri"], rolled["checkpointUri"])
    assert stack.predict(PROMPT) == before, "the endpoint answers from the very files"
    swap(stack, endpoint["checkpointUri"], rolled["checkpointUri"])
    assert stack.predict(PROMPT) == after

    stack.model(epochs=1)
    assert "costs nothing" in stack.preview()["messages"]["TuningJob tickets"]
    stack.up()
    assert len(stack.jobs()) == 2, "what was learned already is taken, not paid again"
    assert stack.predict(PROMPT) == before

    told = stack.tunestack("kept", "--stack", "local", fails=True)
    assert "stack local is not gone" in told
    assert "\n  - gcp:storage/bucket:Bucket data\n" in told
    stack.pulumi("destroy", "--yes", "--skip-preview")
    told = stack.tunestack("kept", "--stack", "local")
    assert "Stack local is gone: no bucket" in told
    assert "it has no way to delete them" in told
    left = {
        kind: stack.emulator.http.get(f"/v1beta1/projects/tunestack-test/locations/us-central1/{kind}").json()
        for kind in ("models", "endpoints")
    }
    assert left == {"models": {}, "endpoints": {}}
    assert stack.emulator.http.get("/storage/v1/b?project=tunestack-test").json().get("items", []) == []


def expiring(stack: Any) -> set[str]:
    """Returns the kinds of checkpoints that the output bucket's lifecycle will delete."""
    objects = stack.emulator.http.get("/storage/v1/b/tunestack-test-local-tuning-output/o").json()["items"]
    folders = {item["name"].split("/checkpoints/")[1].split("/")[0] for item in objects if "customTime" in item}
    return {folder.partition("-")[0] for folder in folders}


def swap(stack: Any, one: str, other: str) -> None:
    """Exchanges two checkpoint folders where the emulator keeps them."""
    first, second = (stack.emulator.data / "buckets" / uri.removeprefix("gs://") for uri in (one, other))
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def the_doctor_agrees(stack: Any, *says: str) -> None:
    """Nothing that it looks at would have stopped the `up`."""
    printed = stack.tunestack("doctor", "--stack", "local")
    assert "problem" not in printed, printed
    assert all(each in printed for each in says), printed


def the_closing_table_tells_all(stack: Any) -> None:
    printed = stack.tunestack("summary", "--untuned", "--stack", "local")
    job = stack.jobs()[0]["name"].rpartition("/")[2]
    for told in (
        "gs://tunestack-test-local-tuning-data",
        "roles/storage.objectUser on tunestack-test-local-tuning-output:",
        "gcp-sa-vertex-moss-ft.iam.gserviceaccount.com",
        "asked 1, granted 1",
        "60 + 10 validation examples, prompt-completion, about",
        f"job {job} succeeded",
        "→ final",
        "on Google Cloud: g2-standard-12, about 1.15 USD an hour until it is undeployed",
        "untuned",
    ):
        assert told in printed
    endpoints = stack.emulator.http.get("/v1beta1/projects/tunestack-test/locations/us-central1/endpoints").json()
    assert [endpoint["displayName"] for endpoint in endpoints["endpoints"]] == ["support"], "the untuned model is gone"


def test_a_change_of_data_replaces_and_says_how_much(stack: Any) -> None:
    stack.configure(serving=None)
    stack.up()
    first = stack.outputs()["datasets"]["tickets"]
    # From now on a pipeline writes the data, to a bucket of its own.
    stack.emulator.http.post("/storage/v1/b?project=tunestack-test", json={"name": "pipelines"})
    more = json.dumps({"prompt": "The lamp is broken.", "completion": '{"category": "bug"}'}) + "\n"
    weekly = {"training": "gs://pipelines/weekly.jsonl", "validation": "data/validation.jsonl"}
    stack.configure(datasets={"tickets": weekly})
    stack.store(weekly["training"], stack.data().read_text() + more)
    change = stack.preview()
    assert change["operations"] == {
        "Dataset tickets": "replace",
        "TuningJob tickets": "replace",
        "TunedModel tickets": "replace",
        "AgentAccess tickets-tuning-agent": "create",
        "AgentAccess tickets-platform-agent": "create",
        "AgentAccess tickets-tuning-account": "create",
    }
    difference = "training data: +1 example (60 → 61)"
    assert change["messages"]["Dataset tickets"] == difference
    assert change["messages"]["TuningJob tickets"].startswith(f"new {difference} retrains: ")
    stack.up()
    second = stack.outputs()["datasets"]["tickets"]
    assert (second["examples"], second["trainingUri"]) == (61, weekly["training"])
    assert second["comparison"] == difference
    policy = stack.emulator.http.get("/storage/v1/b/pipelines/iam").json()
    assert sum(len(binding["members"]) for binding in policy["bindings"] if binding["role"].endswith("objectUser")) == 3
    assert stack.emulator.application.state.services.storage.exists(
        *first["trainingUri"].removeprefix("gs://").split("/", 1)
    ), "an old run keeps the data it learned from"
    stack.store(weekly["training"], stack.data().read_text() + more)
    assert stack.preview()["operations"] == {"Dataset tickets": "update"}, "the same content is nothing to learn"


def test_broken_lines_stop_the_preview_before_anything_is_made(stack: Any) -> None:
    broken = {
        3: ('{"prompt": "a" "completion": "b"}', '$: "," or "}" is missing'),
        5: ('{"prompt": "a", "completion": ""}', "$.completion: "),
        7: ('{"messages": [{"role": "user", "content": "a"}]}', ""),
    }
    lines = stack.data().read_text().splitlines()
    for number, (line, _) in broken.items():
        lines[number - 1] = line
    stack.data().write_text("\n".join(lines) + "\n")
    printed = stack.pulumi("preview", fails=True)
    for number, (_, reason) in broken.items():
        assert f"data/train.jsonl:{number}: {reason}" in printed
    assert all(call["method"] in {"GET", "HEAD"} for call in stack.emulator.requests())

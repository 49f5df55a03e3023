"""A stack that serves what it did not make: an earlier job's model, a checkpoint, on an endpoint of somebody else's."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.end_to_end.conftest import MODELS, PROJECT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

ENDPOINT = f"{MODELS.removeprefix('/v1beta1/')}/endpoints/4711"
SERVED = {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4", "rollout": {"maxUnavailableReplicas": 1}}
KEY = f"projects/{PROJECT}/locations/us-central1/keyRings/ring/cryptoKeys/key"
PROMPT = "Hello, The search in your REST API finds nothing. I need this today."


def test_an_earlier_job_and_a_checkpoint_are_served_without_tuning(stack: Any) -> None:
    stack.configure(serving=None)
    stack.up()
    made = stack.outputs()["models"]["tickets"]
    created = stack.emulator.http.post(f"{MODELS}/endpoints?endpointId=4711", json={"displayName": "theirs"})
    assert created.is_success
    theirs = stack.emulator.http.get(f"/v1beta1/{ENDPOINT}").json()

    serving = {
        "by-job": {**SERVED, "tuningJob": made["job"].rpartition("/")[2], "endpoint": ENDPOINT},
        "by-checkpoint": {**SERVED, "checkpoint": made["finalCheckpointUri"], "baseModel": made["baseModel"]},
    }
    (stack.folder / "stacks" / "Pulumi.local.yaml").rename(stack.folder / "stacks" / "Pulumi.first.yaml")
    stack.configure(models=None, datasets=None, quota=None, serving=serving)
    serves = stack.folder / "stacks" / "Pulumi.local.yaml"
    serves.rename(stack.folder / "stacks" / "Pulumi.serves.yaml")
    (stack.folder / "stacks" / "Pulumi.first.yaml").rename(serves)
    stack.init("serves")
    assert "read tunestack:index:TunedModel by-job" in stack.pulumi("preview")
    stack.up()
    outputs = stack.outputs()["endpoints"]
    assert {name: endpoint["state"] for name, endpoint in outputs.items()} == dict.fromkeys(serving, "SERVING")
    assert {endpoint["checkpointUri"] for endpoint in outputs.values()} == {made["finalCheckpointUri"]}
    assert outputs["by-job"]["id"].endswith("/endpoints/4711")
    answers = {
        stack.tunestack("predict", "--stack", "serves", "--endpoint", name, "--max-tokens", "20", "--", PROMPT)
        for name in serving
    }
    assert len(answers) == 1, "both answer, from the same files"
    assert len(stack.jobs()) == 1, "nothing was tuned"
    stack.pulumi("preview", "--expect-no-changes")
    # What was read before the deployment is read again, no more.
    assert "1 updated" in stack.pulumi("refresh", "--yes", "--skip-preview")
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert stack.tunestack("summary", "--stack", "serves").count("serving:") == 2

    # An endpoint keeps the key that it was made with: another one takes over, and only then the first goes.
    file = stack.folder / "stacks" / "Pulumi.serves.yaml"
    configured = yaml.safe_load(file.read_text())
    configured["config"]["tunestack:serving"]["by-checkpoint"]["kmsKeyName"] = KEY
    # Both are deployed for a while.
    quota = {"servingAccelerators": {"NVIDIA_L4": 3}, "contactEmail": "ada@example.com"}
    configured["config"]["tunestack:quota"] = quota
    file.write_text(yaml.safe_dump(configured))
    stack.up()
    moved = stack.outputs()["endpoints"]["by-checkpoint"]
    assert moved["state"] == "SERVING"
    present = stack.emulator.http.get(f"{MODELS}/endpoints").json()["endpoints"]
    assert {endpoint["name"].rpartition("/")[2]: endpoint.get("encryptionSpec") for endpoint in present} == {
        "4711": None,
        moved["id"].rpartition("/")[2]: {"kmsKeyName": KEY},
    }
    calls = [f"{call['method']} {call['path']}" for call in stack.emulator.requests()]
    deleted = next(at for at, call in enumerate(calls) if call.startswith("DELETE") and "/endpoints/" in call)
    assert any(call.endswith(f"{moved['id'].rpartition('/')[2]}:deployModel") for call in calls[:deleted])

    stack.pulumi("destroy", "--yes", "--skip-preview")
    left = stack.emulator.http.get(f"{MODELS}/endpoints").json()["endpoints"]
    assert [endpoint["displayName"] for endpoint in left] == ["theirs"]
    assert {key: left[0][key] for key in theirs if key not in ("etag", "updateTime")} == {
        key: value for key, value in theirs.items() if key not in ("etag", "updateTime")
    }
    assert stack.emulator.http.get(f"{MODELS}/models").json() == {}
    stack.pulumi("stack", "select", "local")
    # No bucket can be moved: pulumi-gcp would delete it first, and all that was tuned with it.
    configured = yaml.safe_load(serves.read_text())
    configured["config"].setdefault("tunestack:buckets", {})["location"] = "US"
    serves.write_text(yaml.safe_dump(configured))
    stack.pulumi("preview", "--expect-no-changes")
    assert stack.jobs()[0]["state"] == "JOB_STATE_SUCCEEDED"

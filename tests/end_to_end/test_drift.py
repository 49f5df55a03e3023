"""What somebody changes by hand: a preview with refresh shows it, an up with refresh mends it, nothing is retrained."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

REGION = "/v1beta1/projects/tunestack-test/locations/us-central1"
DATA = "/storage/v1/b/tunestack-test-local-tuning-data"
OUTPUT = "/storage/v1/b/tunestack-test-local-tuning-output"


def call(stack: Any, method: str, path: str, body: Any = None) -> dict[str, Any]:
    reply = stack.emulator.http.request(method, path, json=body)
    assert reply.is_success, (method, path, reply.text)
    return dict(reply.json()) if reply.content else {}


def endpoint(stack: Any) -> dict[str, Any]:
    (found,) = call(stack, "GET", f"{REGION}/endpoints")["endpoints"]
    return dict(found)


def move_traffic(stack: Any) -> None:
    call(stack, "PATCH", f"/v1beta1/{endpoint(stack)['name']}?updateMask=trafficSplit", {"trafficSplit": {}})


def undeploy(stack: Any) -> None:
    found = endpoint(stack)
    (deployed,) = found["deployedModels"]
    finished(stack, call(stack, "POST", f"/v1beta1/{found['name']}:undeployModel", {"deployedModelId": deployed["id"]}))


def finished(stack: Any, operation: dict[str, Any]) -> None:
    while not operation.get("done"):
        time.sleep(0.02)
        operation = call(stack, "GET", f"/v1beta1/{operation['name']}")
    assert "error" not in operation, operation


def delete_endpoint(stack: Any) -> None:
    if "deployedModels" in endpoint(stack):
        undeploy(stack)
    finished(stack, call(stack, "DELETE", f"/v1beta1/{endpoint(stack)['name']}"))


def delete_model(stack: Any) -> None:
    (model,) = call(stack, "GET", f"{REGION}/models")["models"]
    while True:  # it counts as deployed for a moment after its undeploy
        reply = stack.emulator.http.delete(f"/v1beta1/{model['name']}")
        if reply.is_success:
            return finished(stack, reply.json())
        time.sleep(0.02)


def remove_binding(stack: Any) -> None:
    policy = call(stack, "GET", f"{OUTPUT}/iam")
    for binding in policy["bindings"]:
        binding["members"] = [member for member in binding["members"] if "gcp-sa-aiplatform" not in member]
    call(stack, "PUT", f"{OUTPUT}/iam", policy)


def objects(stack: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(stack, "GET", f"{DATA}/o?versions=true")["items"]
    return found


def delete_data(stack: Any) -> None:
    for item in objects(stack):
        call(stack, "DELETE", f"{DATA}/o/{quote(item['name'], safe='')}")


def delete_bucket(stack: Any) -> None:
    for item in objects(stack):
        call(stack, "DELETE", f"{DATA}/o/{quote(item['name'], safe='')}?generation={item['generation']}")
    call(stack, "DELETE", DATA)


class Drift(NamedTuple):
    """Something done by hand, and the resources in which a preview has to show it."""

    what: Callable[[Any], None]
    shown: set[str]


ROUNDS = (
    (
        Drift(move_traffic, {"ModelDeployment support"}),
        Drift(remove_binding, {"BucketIAMMember output-platform-agent"}),
        Drift(delete_data, {"Dataset tickets"}),
    ),
    (Drift(undeploy, {"ModelDeployment support"}),),
    (
        Drift(delete_endpoint, {"AiEndpoint support", "ModelDeployment support"}),
        Drift(delete_model, {"ModelDeployment support"}),
        Drift(delete_bucket, {"Bucket data", "BucketIAMMember data-platform-agent", "Dataset tickets"}),
    ),
)
"""What does not hide one another is done together: an up takes seconds."""


def changes(stack: Any) -> set[str]:
    """Returns the resources that a preview with refresh shows as changed; it fails, as it was told to."""
    printed = stack.pulumi("preview", "--refresh", "--json", "--expect-no-changes", fails=True)
    steps = json.JSONDecoder().raw_decode(printed)[0]["steps"]  # why it fails stands below
    return {
        f"{step['urn'].rsplit('::', 2)[1].rpartition(':')[2]} {step['urn'].rpartition('::')[2]}"
        for step in steps
        if step["op"] not in {"same", "read", "refresh"} or step.get("detailedDiff")
    }


def test_drift_is_shown_and_mended(stack: Any) -> None:
    stack.up()
    answer = stack.predict("Hello")
    before = stack.outputs()
    for together in ROUNDS:
        if together is ROUNDS[-1]:
            a_final_checkpoint_that_is_gone_is_told(stack, before)
        for drift in together:
            drift.what(stack)
        if together is ROUNDS[1]:
            stack.up()
            assert len(stack.jobs()) == 1, "without a refresh nothing is seen, and nothing is spoilt"
        shown = changes(stack)
        for drift in together:
            assert drift.shown <= shown, drift.what.__name__
        assert not shown & {"TuningJob tickets", "TunedModel tickets"}, "nothing is retrained for it"
        stack.pulumi("up", "--yes", "--skip-preview", "--refresh")
        assert stack.predict("Hello") == answer
        assert len(stack.jobs()) == 1
        assert stack.outputs()["datasets"] == before["datasets"]
    stack.pulumi("preview", "--refresh", "--expect-no-changes")


def a_final_checkpoint_that_is_gone_is_told(stack: Any, before: dict[str, Any]) -> None:
    """It is there again afterwards; the next up has nothing left to say of it."""
    final = before["models"]["tickets"]["finalCheckpointUri"].removeprefix("gs://")
    folder = stack.emulator.data / "buckets" / final
    shutil.move(folder, stack.folder / "aside")
    told = stack.pulumi("up", "--yes", "--skip-preview", "--refresh", fails=True)
    assert "Restore the folder, or raise attempt of the TuningJob to train again" in told
    assert len(stack.jobs()) == 1, "only the program's word starts a job"
    shutil.move(stack.folder / "aside", folder)

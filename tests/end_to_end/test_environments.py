"""Environments through the real engine: a foundation, its regions, and another project that promotes its model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.end_to_end.conftest import PROJECT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

PROMPT = "Hello, The search in your REST API finds nothing. I need this today."
LIVE = "tunestack-live"
DEPLOYER = "user:deployer@example.com"
SERVED = {"model": "tickets", "machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}
COMMON = {"emulator": True, "buckets": {"forceDestroy": True}}
REGIONS = {"prod-us-central1": "us-central1", "prod-europe-west4": "europe-west4"}


class Environments:
    """Several stacks of one project; the fixture's own, `local`, is the foundation."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack

    def write(self, stack: str, **keys: Any) -> None:
        """Writes a stack's file, and initialises a stack that is new."""
        file = self._stack.folder / "stacks" / f"Pulumi.{stack}.yaml"
        is_new = not file.exists()
        kept = {} if is_new else yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**kept, "config": {f"tunestack:{key}": value for key, value in keys.items()}}))
        if is_new:
            self._stack.init(stack, "--no-select")

    def up(self, *stacks: str) -> None:
        """Applies stacks, beside each other."""
        self._beside("up", stacks)

    def destroy(self, *stacks: str) -> None:
        """Removes stacks, beside each other."""
        self._beside("destroy", stacks)

    def preview(self, stack: str, *, fails: bool = False) -> str:
        """Returns what a preview prints."""
        return str(self._stack.pulumi("preview", "--stack", stack, "--suppress-outputs", fails=fails))

    def outputs(self, stack: str) -> Any:
        """Returns what a stack exports."""
        return self._stack.outputs(stack)

    def answer(self, stack: str) -> str:
        """Asks the endpoint of a stack."""
        endpoint = self.outputs(stack)["endpoints"]["support"]["id"]
        instance = {"prompt": PROMPT, "max_tokens": 40, "temperature": 0, "raw_response": True}
        reply = self._stack.emulator.http.post(f"/v1beta1/{endpoint}:predict", json={"instances": [instance]})
        return str(reply.json()["predictions"][0])

    def call_as(self, member: str) -> None:
        """Has all later requests to Cloud Storage be those of a member; where empty, of one who may do everything."""
        assert self._stack.emulator.http.put("/emulator/caller", json={"member": member}).is_success

    def rewrites(self) -> Iterator[str]:
        """Yields the names of all objects that were copied; of a large one more than once."""
        for call in self._stack.emulator.requests():
            if "/rewriteTo/" in call["path"]:
                yield call["path"].rpartition("/o/")[2]

    def _beside(self, verb: str, stacks: tuple[str, ...]) -> None:
        arguments = (verb, "--yes", "--skip-preview", "--suppress-outputs", "--stack")
        running = [self._stack.start(*arguments, stack) for stack in stacks]
        for each in running:
            printed, _ = each.communicate(timeout=120)
            assert each.returncode == 0, printed


def test_a_model_is_tuned_once_and_served_in_regions_and_in_another_project(stack: Any) -> None:
    environments = Environments(stack)
    stack.configure(serving=None)
    for name, location in REGIONS.items():
        environments.write(
            name, **COMMON, project=PROJECT, location=location, foundation="local", serving={"support": SERVED}
        )
    told = environments.preview("prod-us-central1", fails=True)
    assert "config.tunestack:foundation: stack local is not up; run pulumi up --stack local first" in told

    environments.up("local")
    environments.up(*REGIONS)
    first = environments.outputs("local")["models"]["tickets"]
    for name, location in REGIONS.items():
        outputs = environments.outputs(name)
        model = outputs["models"]["tickets"]
        assert outputs["buckets"] == {"output": f"gs://{PROJECT}-{name}-tuning-output"}
        assert model["finalCheckpointUri"].startswith(
            f"{outputs['buckets']['output']}/tunestack/{name}/tickets/copies/"
        )
        assert outputs["endpoints"]["support"]["checkpointUri"] == model["finalCheckpointUri"]
        assert outputs["endpoints"]["support"]["id"].split("/")[3] == location
        assert {key: model[key] for key in ("job", "contentHash", "examples")} == {
            key: first[key] for key in ("job", "contentHash", "examples")
        }
    assert environments.answer("prod-us-central1") == environments.answer("prod-europe-west4")
    assert len(stack.jobs()) == 1
    shown = environments.preview("prod-europe-west4")
    assert " unchanged" in shown
    assert " to " not in shown.partition("Resources:")[2]

    # Another project takes the model, once it may.
    models = {"support": {"promote": {"from": "local", "model": "tickets"}}}
    live = {
        **COMMON,
        "project": LIVE,
        "location": "us-central1",
        "serving": {"support": {**SERVED, "model": "support"}},
    }
    environments.write("live", **live, models=models)
    policy = {"bindings": [{"role": "roles/storage.admin", "members": [DEPLOYER]}]}
    assert stack.emulator.http.post(f"/crm/v1/projects/{LIVE}:setIamPolicy", json={"policy": policy}).is_success
    environments.call_as(DEPLOYER)
    refused = environments.preview("live", fails=True)
    assert f"write tunestack:readers: [{DEPLOYER}] in the YAML of local" in refused

    # New data retrains in the foundation alone, and rolls in the regions.
    environments.call_as("")
    more = json.dumps({"prompt": "The lamp is broken.", "completion": '{"category": "bug"}'}) + "\n"
    stack.data().write_text(stack.data().read_text() + more)
    before = environments.answer("prod-us-central1")
    stack.configure(readers=[DEPLOYER])
    environments.up("local")
    second = environments.outputs("local")["models"]["tickets"]
    assert second["job"] != first["job"]
    shown = environments.preview("prod-us-central1")
    assert f"takes run {second['job'].rpartition('/')[2]} of local: google/gemma3@gemma-3-1b-it FULL, 1 epoch" in shown
    assert f"data {second['contentHash'][:8]}… (61 examples)" in shown
    assert "rolls to the new checkpoint in place" in shown
    already = set(environments.rewrites())
    environments.up("prod-us-central1")
    assert len(already) == 2 * len(set(environments.rewrites()) - already), "what serves is not touched"
    assert environments.answer("prod-us-central1") != before == environments.answer("prod-europe-west4")

    environments.call_as(DEPLOYER)
    environments.up("live")
    assert environments.outputs("live")["models"]["support"]["promotedFrom"] == {
        "stack": "local",
        "model": "tickets",
        "run": second["job"].rpartition("/")[2],
    }
    assert environments.answer("live") == environments.answer("prod-us-central1")

    # Back to the earlier run: nothing is tuned. That nothing is copied twice is tried in test_checkpoint_copies.
    run = first["job"].rpartition("/")[2]
    environments.write("live", **live, models={"support": {"promote": {**models["support"]["promote"], "run": run}}})
    shown = environments.preview("live")
    assert (
        f"takes run {run} of local: google/gemma3@gemma-3-1b-it FULL, 1 epoch, data {first['contentHash'][:8]}" in shown
    )
    environments.up("live")
    assert environments.answer("live") == before
    assert len(stack.jobs()) == 2

    environments.call_as("")
    environments.destroy("live", *REGIONS)
    environments.destroy("local")
    for project in (PROJECT, LIVE):
        assert stack.emulator.http.get(f"/storage/v1/b?project={project}").json().get("items", []) == []
        for location in REGIONS.values():
            place = f"/v1beta1/projects/{project}/locations/{location}"
            assert stack.emulator.http.get(f"{place}/endpoints").json() == {}

"""A stack with a job of every method: paid for once whatever is interrupted, and what cannot work is told at once."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import Any

import pytest
import yaml

from tests.end_to_end.test_interruptions import provider_of, until
from tests.infra.conftest import CHECKOUT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

DOCUMENT = (CHECKOUT / "docs" / "tuning.md").read_text("utf-8")
EXAMPLE = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)[0])["config"]
MODELS = EXAMPLE["tunestack:models"]
METHODS = {
    "full": "supervised",
    "adapters": "supervised",
    "from-folder": "supervised",
    "further": "supervised",
    "from-dev": "supervised",
    "student": "distillation",
    "gemini": "gemini",
    "gemini-further": "continuous",
}
AT_FIRST = set(METHODS) - {"further", "gemini-further"}
"""Those that wait for no other of the stack."""


@pytest.fixture
def methods(stack: Any) -> Any:
    """The stack of the document, with fewer examples."""
    folder = stack.folder / "examples" / "tickets"
    folder.mkdir(parents=True)
    for name, count in (("train", 60), ("validation", 10), ("prompts", 40), ("generate-content", 40)):
        lines = (CHECKOUT / "examples" / "tickets" / f"{name}.jsonl").read_text().splitlines(keepends=True)
        (folder / f"{name}.jsonl").write_text("".join(lines[:count]))
    stack.configure(datasets=EXAMPLE["tunestack:datasets"], models=MODELS, serving=None)
    return stack


def make_dev(stack: Any) -> str:
    """Makes the stack whose model is continued, and a bucket with a copy of its checkpoint; returns its folder."""
    stack.init("dev", "--no-select")
    file = stack.folder / "stacks" / "Pulumi.dev.yaml"
    config = {f"tunestack:{key}": value for key, value in stack.config.items() if value is not None}
    config["tunestack:datasets"] = {"tickets": {"training": "examples/tickets/train.jsonl"}}
    config["tunestack:models"] = {"full": {**MODELS["full"], "epochs": 1}}
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "config": config}))
    stack.pulumi("up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", "dev")
    outputs = json.loads(stack.pulumi("stack", "output", "--json", "--stack", "dev"))
    final = str(outputs["models"]["full"]["finalCheckpointUri"])
    bucket, _, folder = MODELS["from-folder"]["customBaseModel"].removeprefix("gs://").partition("/")
    made = {"name": bucket, "location": "US-CENTRAL1"}
    assert stack.emulator.http.post("/storage/v1/b?project=tunestack-test", json=made).is_success
    for part in (stack.emulator.data / "buckets" / final.removeprefix("gs://")).iterdir():
        stack.emulator.application.state.services.storage.write(bucket, f"{folder}/{part.name}", part.read_bytes())
    return final


def test_each_method_is_paid_for_once(methods: Any) -> None:
    stack = methods
    assert set(MODELS) == set(METHODS)
    final = make_dev(stack)
    before = len(stack.jobs())

    foretold = stack.pulumi("preview")
    assert "6 tuning jobs would start, but the project may run 1 at once" in foretold, "Gemini jobs do not count"
    stack.configure(quota={"concurrentTuningJobs": 6, "contactEmail": "ada@example.com"})

    # Killed at the worst moment: the service has acted on every submission and has answered none.
    hold = {"method": "POST", "path": ".*/tuningJobs", "times": None, "hold": "after"}
    assert stack.emulator.http.post("/emulator/faults", json=hold).is_success
    running = stack.start("up", "--yes", "--skip-preview")
    until(lambda: len(stack.jobs()) == before + len(AT_FIRST), "a job of each method")
    provider = provider_of(running.pid)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    provider.wait(timeout=60)
    assert stack.emulator.http.delete("/emulator/faults").is_success
    stack.tunestack("recover", "--stack", "local")
    stack.up()

    jobs = stack.jobs()[before:]
    assert len(jobs) == len(METHODS), "what the service had started is taken over"
    assert {job["state"] for job in jobs} == {"JOB_STATE_SUCCEEDED"}
    check_results(stack, final)
    assert "[unknown]" not in stack.pulumi("up", "--yes", "--expect-no-changes"), "no output waits for anything either"
    assert len(stack.jobs()) == before + len(METHODS), "a second up starts nothing"


def check_results(stack: Any, final: str) -> None:
    outputs = stack.outputs()["models"]
    assert {name: model["method"] for name, model in outputs.items()} == METHODS
    listed = json.loads(stack.tunestack("jobs", "list", "--stack", "local", "--json"))
    assert {job["resource"]: job["method"] for job in listed} == METHODS, "the stack's own, by the names of its models"
    asked = {name: stack.emulator.http.get(f"/v1beta1/{model['job']}").json() for name, model in outputs.items()}
    assert asked["from-dev"]["customBaseModel"] == final
    assert asked["from-folder"]["customBaseModel"] == MODELS["from-folder"]["customBaseModel"]
    assert asked["further"]["customBaseModel"] == outputs["full"]["finalCheckpointUri"]
    assert asked["student"]["distillationSpec"]["baseTeacherModel"] == MODELS["student"]["teacherModel"]
    assert asked["gemini"]["tunedModelDisplayName"] == MODELS["gemini"]["displayName"]
    assert asked["gemini-further"]["preTunedModel"]["tunedModelName"] == outputs["gemini"]["tunedModel"]
    assert asked["gemini-further"]["preTunedModel"]["checkpointId"] == "1"
    accounts = {name: job.get("serviceAccount") for name, job in asked.items()}
    made = stack.outputs()["serviceAccount"]
    assert accounts == {name: None if name.startswith("gemini") else made for name in METHODS}, (
        "it has no role for more"
    )
    first, second = (outputs[name]["tunedModel"] for name in ("gemini", "gemini-further"))
    assert first.endswith("@1")
    assert second == f"{first.removesuffix('@1')}@2", "a new version of the same model"
    assert len({outputs[name]["endpoint"] for name in ("gemini", "gemini-further")} - {""}) == 2
    labelled = stack.emulator.data / "buckets" / outputs["student"]["labelledDataUri"].removeprefix("gs://")
    assert len(labelled.read_text().splitlines()) == 40

    depends = depends_on(stack)
    assert depends["further", "customBaseModel"] == ["TunedModel::full"]
    assert depends["gemini-further", "preTunedModel"] == ["TunedModel::gemini"]
    account = f"serviceAccount:{stack.outputs()['serviceAccount']}"
    for folder in (final, MODELS["from-folder"]["customBaseModel"]):
        bucket = folder.removeprefix("gs://").partition("/")[0]
        bindings = stack.emulator.http.get(f"/storage/v1/b/{bucket}/iam").json()["bindings"]
        assert account in {member for each in bindings for member in each["members"]}, "jobs may read what others own"


def depends_on(stack: Any) -> dict[tuple[str, str], list[str]]:
    """Returns what each input of a job depends on, as the graph shows it."""
    state = json.loads(stack.pulumi("stack", "export"))
    return {
        (str(each["urn"]).rpartition("::")[2], key): [str(urn).rpartition("tunestack:index:")[2] for urn in urns]
        for each in state["deployment"]["resources"]
        if each["type"] == "tunestack:index:TuningJob"
        for key, urns in (each.get("propertyDependencies") or {}).items()
    }


def test_all_that_cannot_work_is_told_at_once_and_nothing_is_asked_for(methods: Any) -> None:
    wrong = {
        "full": {**MODELS["full"], "mode": "PEFT_ADAPTER"},
        "student": {**MODELS["student"], "teacherModel": "deepseek-ai/deepseek-v3-maas"},
        "gemini": {**MODELS["gemini"], "adapterSize": 3},
        "further": {**MODELS["further"], "continueFrom": {"model": "fll"}},
        "large": {**MODELS["full"], "baseModel": "google/gemma3@gemma-3-27b-it"},
    }
    machine = {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}
    methods.configure(
        models=wrong, serving={"one": {"model": "gemini", **machine}, "two": {"model": "large", **machine}}
    )
    keys = (
        "models.full.mode",
        "models.student.teacherModel",
        "models.gemini.adapterSize",
        "models.further.continueFrom.model",
        "serving.one.model",
        "serving.two.machineType",
    )
    for command in (("preview",), ("up", "--yes")):
        printed = methods.pulumi(*command, fails=True)
        assert [key for key in keys if f"Pulumi.local.yaml: config.tunestack:{key}: " not in printed] == []
    asked = [call for call in methods.emulator.requests() if "/emulator/" not in call["path"]]
    assert asked == [], "nothing is looked up, let alone made"

"""What exists already is taken over by a stack that has never seen it, and the next preview has nothing to say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

SETTINGS = """
name: adopter
runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}
plugins: {providers: [{name: tunestack, path: .venv/bin}]}
"""

PROGRAM = """
import json, os
import pulumi
from tunestack import Dataset, ModelDeployment, Provider, TunedModel, TuningJob

known, ids = json.loads(os.environ["KNOWN"]), json.loads(os.environ["IDS"])
provider = Provider(
    "here", project="tunestack-test", location="us-central1", api_endpoint=known["url"], poll_seconds=0.2
)

def taken(kind):
    return pulumi.ResourceOptions(provider=provider, import_=ids.get(kind))

if not os.environ.get("NOTHING"):
    data = Dataset(
        "tickets", training="data/train.jsonl", validation="data/validation.jsonl", bucket=known["bucket"],
        opts=taken("Dataset"),
    )
    job = TuningJob(
        "tickets", base_model="google/gemma3@gemma-3-1b-it", mode="FULL", epochs=1, dataset=data,
        output_uri=known["output"], opts=taken("TuningJob"),
    )
    model = TunedModel("tickets", tuning_job=job, expire_intermediate=True, opts=taken("TunedModel"))
    ModelDeployment(
        "support", endpoint=known["endpoint"], checkpoint_uri=model.final_checkpoint_uri, machine_type="g2-standard-12",
        accelerator_type="NVIDIA_L4", smoke_prompt="Hello", opts=taken("ModelDeployment"),
    )
"""

NAMES = {"Dataset": "tickets", "TuningJob": "tickets", "TunedModel": "tickets", "ModelDeployment": "support"}


@pytest.fixture
def ids(stack: Any) -> dict[str, str]:
    """Everything is made by another program, in another stack; returns the ids."""
    stack.up()
    deployed = json.loads(stack.pulumi("stack", "export"))["deployment"]["resources"]
    found = {each["type"].rpartition(":")[2]: each["id"] for each in deployed if "id" in each}
    outputs = stack.outputs()["datasets"]["tickets"]
    return {
        **{kind: found[kind] for kind in NAMES},
        "Dataset": f"{outputs['trainingUri']},{outputs['validationUri']}",
    }


@pytest.fixture
def adopter(stack: Any, ids: dict[str, str]) -> Callable[..., str]:
    """A project that has nothing but a provider in its state; runs the engine in it."""
    folder = stack.folder.parent / "adopter"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(SETTINGS)
    (folder / "__main__.py").write_text(PROGRAM)
    for shared in ("data", ".venv"):
        (folder / shared).symlink_to(stack.folder / shared)
    known = {
        "url": stack.emulator.url,
        "bucket": "tunestack-test-local-tuning-data",
        "output": "gs://tunestack-test-local-tuning-output",
        "endpoint": stack.outputs()["endpoints"]["support"]["id"],
    }
    variables = {"KNOWN": json.dumps(known), "IDS": "{}"}
    made = type(stack)(folder, {**stack.environment, **variables}, stack.emulator)

    def run(*arguments: str, fails: bool = False, **variables: str) -> str:
        made.environment |= variables
        return str(made.pulumi(*arguments, fails=fails))

    return run


def spent(stack: Any) -> dict[str, int]:
    """Counts what costs money or moves what serves."""
    paths = [call["path"] for call in stack.emulator.requests() if call["method"] == "POST"]
    return {
        what: sum(path.endswith(what) for path in paths) for what in ("tuningJobs", ":deployModel", "models:upload")
    }


def steps(preview: str) -> list[tuple[str, str]]:
    """Returns what a preview says of our own resources: kind and operation, perhaps more than one of each."""
    printed = json.loads(preview)["steps"]
    return [(step["urn"].rsplit(":", 3)[1], step["op"]) for step in printed if ":index:" in step["urn"]]


def test_by_program_and_by_command(stack: Any, ids: dict[str, str], adopter: Callable[..., str]) -> None:
    before = spent(stack)
    adopter("stack", "init", "by-program")
    foretold = steps(adopter("preview", "--json", IDS=json.dumps(ids)))
    assert sorted(foretold) == sorted((kind, "import") for kind in NAMES)
    adopter("up", "--yes", "--skip-preview")
    adopter("up", "--yes", "--skip-preview", "--expect-no-changes", IDS="{}")
    adopter("preview", "--refresh", "--expect-no-changes")
    reviewed = stack.data().read_text()
    stack.data().write_text(reviewed + '{"prompt": "The lamp is broken.", "completion": "bug"}\n')
    assert {("Dataset", "replace"), ("TuningJob", "replace")} <= set(steps(adopter("preview", "--json")))
    stack.data().write_text(reviewed)

    adopter("stack", "init", "by-command")
    adopter("up", "--yes", "--skip-preview", NOTHING="true")
    resources = json.loads(adopter("stack", "export"))["deployment"]["resources"]
    (provider,) = (each["urn"] for each in resources if each["type"].startswith("pulumi:providers"))
    one, *rest = (
        {"type": f"tunestack:index:{kind}", "name": name, "id": ids[kind], "provider": "here"}
        for kind, name in NAMES.items()
    )
    file = stack.folder.parent / "adopter" / "rest.json"
    file.write_text(json.dumps({"nameTable": {"here": provider}, "resources": rest}))
    for which in ((one["type"], one["name"], one["id"], f"--provider=here={provider}"), ("--file", str(file))):
        told = adopter("import", *which, "--yes", "--skip-preview", "--protect=false")
        assert "warning" not in told, told
        assert "declare it in the program" in told, "and no error, although nobody writes the code"
    adopter("preview", "--expect-no-changes", NOTHING="")
    assert spent(stack) == before, "nothing was trained, uploaded or deployed for all this"

    adopter("destroy", "--yes", "--skip-preview")
    left = {
        kind: stack.emulator.http.get(f"/v1beta1/projects/tunestack-test/locations/us-central1/{kind}").json()
        for kind in ("models", "tuningJobs", "endpoints")
    }
    assert left["models"] == {}, "what is imported is the stack's own from then on"
    assert [job["state"] for job in left["tuningJobs"]["tuningJobs"]] == ["JOB_STATE_SUCCEEDED"]
    assert len(left["endpoints"]["endpoints"]) == 1, "which the stack never had"
    objects = stack.emulator.http.get("/storage/v1/b/tunestack-test-local-tuning-data/o").json()["items"]
    files = [item["name"] for item in objects if item["name"].startswith("datasets/")]
    assert len([name for name in files if ".tunestack/" not in name]) == 2

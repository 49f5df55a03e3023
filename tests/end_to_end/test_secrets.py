"""A secret input of any resource stays one: in everything that the engine prints, keeps or writes down."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tunestack.cli.preview.markdown import comment
from tunestack.cli.preview.plain import lines
from tunestack.cli.preview.report import Report

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

REGION = "/v1beta1/projects/tunestack-test/locations/us-central1"

SETTINGS = """
name: hushed
runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}
plugins: {providers: [{name: tunestack, path: .venv/bin}]}
"""

PROGRAM = """
import json, os
import pulumi
from tunestack import Dataset, ModelDeployment, Provider, TunedModel, TuningJob

known = json.loads(open("known.json").read())
hidden = {name: pulumi.Output.secret(value) for name, value in known["hidden"].items()}
own = pulumi.ResourceOptions(provider=Provider(
    "here", project="tunestack-test", location="us-central1", api_endpoint=known["url"], poll_seconds=0.2
))
data = Dataset("tickets", training=hidden["file"], bucket=hidden["bucket"], prefix=hidden["prefix"], opts=own)
job = TuningJob(
    "tickets", base_model="google/gemma3@gemma-3-1b-it", mode="FULL", epochs=pulumi.Output.secret(known["epochs"]),
    dataset=data, output_uri=hidden["output"], description=hidden["description"], labels={"team": hidden["label"]},
    opts=own,
)
model = TunedModel("tickets", tuning_job=job, opts=own)
served = ModelDeployment(
    "support", endpoint=known["endpoint"], checkpoint_uri=model.final_checkpoint_uri, machine_type="g2-standard-12",
    accelerator_type="NVIDIA_L4", display_name=hidden["name"], smoke_prompt=hidden["prompt"], opts=own,
    container={
        "image_uri": "us-docker.pkg.dev/p/serve:1",
        "args": ["--key", hidden["argument"]],
        "env": {"TOKEN": hidden["token"]},
    },
    labels=pulumi.Output.secret({"cost": known["hidden"]["whole"]}),
)
pulumi.export("where", [data.training_uri, job.artifacts_uri, model.final_checkpoint_uri, model.checkpoints])
"""


@pytest.fixture
def vertex() -> dict[str, float]:
    return {"tuningDataset": 0.1, "deploy": 0.1, "operation": 0.05, "modelReleased": 0.1}


class Hushed:
    """A project whose program has secrets everywhere, and all that was printed or written meanwhile."""

    def __init__(self, stack: Any) -> None:
        self.emulator = stack.emulator
        self.hidden = {
            name: f"{name}-{secrets.token_hex(6)}"
            for name in (
                "prefix",
                "description",
                "label",
                "name",
                "prompt",
                "argument",
                "token",
                "whole",
                "bucket",
                "setting",
            )
        }
        self.hidden["prompt"] += ' with "quotes" and a\nsecond line, ä'
        self.hidden["file"] = f"data/{secrets.token_hex(6)}.jsonl"
        self.hidden["output"] = f"gs://{self.hidden['bucket']}/folder-{secrets.token_hex(6)}"
        self.folder: Path = stack.folder.parent / "hushed"
        (self.folder / "data").mkdir(parents=True)
        (self.folder / "Pulumi.yaml").write_text(SETTINGS)
        (self.folder / "__main__.py").write_text(PROGRAM)
        (self.folder / ".venv").symlink_to(stack.folder / ".venv")
        (self.folder / self.hidden["file"]).write_text(stack.data().read_text())
        environment = {**stack.environment, "PULUMI_DEBUG_COMMANDS": "true", "PULUMI_EXPERIMENTAL": "true"}
        self._program = type(stack)(self.folder, environment, stack.emulator)
        self.seen: list[tuple[str, str]] = []
        self._prepare()
        self.write(epochs=1)

    def _prepare(self) -> None:
        post = self.emulator.http.post
        assert post("/su/v1/projects/tunestack-test/services/aiplatform.googleapis.com:enable", json={}).is_success
        assert post("/storage/v1/b?project=tunestack-test", json={"name": self.hidden["bucket"]}).is_success
        number = self.emulator.http.get("/crm/v1/projects/tunestack-test").json()["projectNumber"]
        agents = [
            f"serviceAccount:service-{number}@gcp-sa-{agent}.iam.gserviceaccount.com"
            for agent in ("aiplatform", "vertex-moss-ft")
        ]
        policy = {"bindings": [{"role": "roles/storage.objectUser", "members": agents}]}
        bound = self.emulator.http.put(f"/storage/v1/b/{self.hidden['bucket']}/iam", json=policy)
        assert bound.is_success, bound.text
        assert post(f"{REGION}/endpoints?endpointId=77", json={"displayName": "support"}).is_success

    def write(self, *, epochs: int, **hidden: str) -> None:
        """Writes what the program reads."""
        self.hidden |= hidden
        known = {
            "url": self.emulator.url,
            "endpoint": f"{REGION.removeprefix('/v1beta1/')}/endpoints/77",
            "epochs": epochs,
            "hidden": self.hidden,
        }
        (self.folder / "known.json").write_text(json.dumps(known))

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Runs the engine; keeps what it prints, and what it writes beside it."""
        printed = str(self._program.pulumi(*arguments, fails=fails))
        self.seen.append((" ".join(arguments), printed))
        for file in (*self.folder.glob("*.log"), *self.folder.glob("plan.json")):
            self.seen.append((f"{file.name} of {' '.join(arguments)}", file.read_text()))
            if file.name == "events.log":
                report = Report.of(map(json.loads, file.read_text().splitlines()), "local", printed)
                told = "\n".join((comment(report), *lines(report), msgspec.json.encode(report).decode()))
                self.seen.append((f"comment on {' '.join(arguments)}", told))
            file.unlink()
        self.seen += [(file.name, file.read_text()) for file in self.folder.glob("Pulumi.*.yaml")]
        return printed

    def refuse(self, path: str, *names: str) -> None:
        """Lets the service refuse the next call, with a message that quotes what it was given."""
        message = "not with " + " ".join(self.hidden[name] for name in names)
        rule = {"method": "POST", "path": path, "status": 400, "message": message, "times": 1}
        assert self.emulator.http.post("/emulator/faults", json=rule).is_success

    def leaks(self) -> list[str]:
        """Returns where a secret, or the telling part of one, can be read."""
        needles = {
            name: value.splitlines()[0].rpartition("/")[2].removesuffix(".jsonl") for name, value in self.hidden.items()
        }
        return [
            f"{name} in {where}: …{text[max(text.find(needle) - 150, 0) :][:300]}"
            for where, text in self.seen
            for name, needle in needles.items()
            if needle in text
        ]


def test_no_secret_can_be_read_anywhere(stack: Any) -> None:
    hushed = Hushed(stack)
    hushed.run("stack", "init", "local")
    hushed.run("config", "set", "--secret", "setting", hushed.hidden["setting"])
    hushed.run("preview", "--json", "--save-plan", "plan.json")
    hushed.run("preview", "--diff", "--event-log", "events.log")
    hushed.refuse(".*/tuningJobs", "description", "label", "output", "file", "bucket", "prefix")
    assert "[secret]" in hushed.run("up", "--yes", "--skip-preview", "--event-log", "events.log", fails=True)
    hushed.refuse(".*:deployModel", "name", "prompt", "argument", "token", "whole", "output")
    hushed.run("up", "--yes", "--skip-preview", fails=True)
    hushed.run("stack", "export")
    hushed.run("up", "--yes", "--skip-preview", "--event-log", "events.log")
    hushed.run("refresh", "--yes", "--skip-preview", "--diff")
    hushed.run("stack", "export")
    hushed.write(epochs=2, description=f"other-{secrets.token_hex(6)}", token=f"other-{secrets.token_hex(6)}")
    told = hushed.run("preview", "--diff", "--event-log", "events.log")
    assert "epochs retrains" in told, "a secret number is no reason to tell"
    assert any("epochs retrains" in text for where, text in hushed.seen if where.startswith("comment")), (
        "it says so, too"
    )
    hushed.run("preview", "--json")
    hushed.run("stack", "output", "--json")
    for form in ((), ("--json",)):
        hushed.seen.append(("status", hushed._program.run("tunestack", "status", *form)))
    assert not (leaks := hushed.leaks()), "\n".join(leaks)
    shown = hushed._program.pulumi("stack", "export", "--show-secrets")
    assert hushed.hidden["label"] in shown, "they were passed on"

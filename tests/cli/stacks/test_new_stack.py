"""Files of new stacks: what they take over, and that the program takes them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import Settings
from tests.cli.conftest import Command
from tests.cli.stacks.conftest import Project
from tunestack import catalogue
from tunestack.cli.stacks.stack_files import StackFile

CHECKOUT = Path(__file__).parents[3]
NEW = ("stack", "new", "--no-init")
QUOTA = {"servingAccelerators": {"NVIDIA_L4": 3, "NVIDIA_H100_80GB": 8}}
SERVED = {"model": "support", "machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}


def config(project: Project, name: str) -> dict[str, Any]:
    """Returns what a new file says, after the program's own look at it."""
    said = StackFile.read(project.folder / "stacks" / f"Pulumi.{name}.yaml").config
    Settings.model_validate(said)
    return dict(said)


@pytest.fixture
def prod(project: Project) -> Project:
    """A project with a foundation that has tuned one model and has no region yet."""
    model = {"dataset": "tickets", "baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL", "epochs": 3}
    project.write(
        "prod",
        labels={"environment": "production"},
        protect=True,
        quota={"concurrentTuningJobs": 2, "contactEmail": "ada@example.com"},
        datasets={"tickets": {"training": "train.jsonl"}},
        models={"support": model},
    )
    return project


def test_a_region_may_lie_where_nothing_is_tuned(command: Command, prod: Project) -> None:
    assert command(*NEW, "prod-east", "--foundation", "prod", "--location", "us-east4").status == 0
    assert config(prod, "prod-east")["location"] == "us-east4"


def test_the_first_region_serves_each_model_on_the_cheapest_machine_that_holds_it(
    command: Command, prod: Project
) -> None:
    assert command(*NEW, "prod-eu", "--foundation", "prod", "--location", "europe-west4").status == 0
    said = config(prod, "prod-eu")
    assert list(said)[:3] == ["project", "location", "foundation"]
    assert (said["project"], said["location"], said["foundation"]) == ("demo-project", "europe-west4", "prod")
    endpoint = said["serving"]["support"]
    # Not each that holds it is one that the service takes for it.
    machines = [catalogue.machine(name) for name in endpoint["machines"]]
    assert (endpoint["model"], {each.accelerator_type for each in machines}) == ("support", {"NVIDIA_L4"})
    assert "g2-standard-12" in endpoint["machines"]
    assert [each.usd_per_hour for each in machines] == sorted(each.usd_per_hour or 0 for each in machines)
    assert said["quota"] == {"servingAccelerators": {"NVIDIA_L4": 2}, "contactEmail": "ada@example.com"}
    assert said["protect"] is True
    assert not said.keys() & {"datasets", "models"}, "those are the foundation's"


def test_another_region_is_like_the_first(command: Command, prod: Project) -> None:
    first = {**SERVED, "endpoint": "4711", "kmsKeyName": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"}
    prod.write("prod-us", foundation="prod", serving={"support": first}, buckets={"output": "ours"})
    answer = command(*NEW, "prod-eu", "--foundation", "prod", "--location", "europe-west4")
    said = config(prod, "prod-eu")
    assert said["serving"] == {"support": SERVED}
    assert "buckets" not in said
    assert "  left out: tunestack:serving.support.endpoint (4711) is prod-us's; without it one is made" in answer.lines
    key = f"tunestack:serving.support.kmsKeyName ({first['kmsKeyName']})"
    assert f"  left out: {key} is prod-us's; without it Google's own keys encrypt here" in answer.lines
    assert "Look it over and commit it; `tunestack up prod --only prod-eu` brings it up." in answer.lines


def test_a_stack_like_another_has_none_of_its_secrets(command: Command, prod: Project) -> None:
    container = {"imageUri": "registry/image", "env": {"LEVEL": "info", "TOKEN": {"secure": "v1:abc"}}}
    reader = "user:ada@example.com"
    prod.write(
        "dev", models={}, serving={"support": {**SERVED, "model": "m", "container": container}}, readers=[reader]
    )
    answer = command(*NEW, "staging", "--like", "dev", "--location", "us-central1", "--project", "other-project")
    said = config(prod, "staging")
    assert said["project"] == "other-project"
    assert said["serving"]["support"]["container"]["env"] == {"LEVEL": "info"}
    told = next(line for line in answer.lines if "TOKEN" in line)
    assert told.endswith("--path 'tunestack:serving.support.container.env.TOKEN' --stack staging")
    assert "v1:abc" not in answer.out
    assert "readers" not in said, "who may take one stack's checkpoints is not asked again for another's"
    assert any(f"tunestack:readers ({reader}) may take dev's checkpoints" in line for line in answer.lines)


def test_a_stack_that_takes_over_a_model(command: Command, prod: Project) -> None:
    answer = command(
        *NEW, "live", "--promote", "prod:support", "--location", "us-central1", "--project", "live-project"
    )
    assert config(prod, "live")["models"] == {"support": {"promote": {"from": "prod", "model": "support"}}}
    assert any(
        "prod must let whoever runs this stack read its checkpoints: tunestack:readers" in line for line in answer.lines
    )
    text = (prod.folder / "stacks" / "Pulumi.live.yaml").read_text()
    assert "# Models of other stacks, copied and not tuned again." in text

    assert command(*NEW, "live-eu", "--foundation", "live", "--location", "europe-west4").status == 0
    assert config(prod, "live-eu")["serving"]["support"]["model"] == "support", "its base model is known by way of prod"


def test_what_an_emulators_stack_has_can_go_with_it(command: Command, project: Project) -> None:
    project.write("local", emulator=True, models={"support": {}})
    place = ("--location", "us-central1", "--project", "next-project")
    assert command(*NEW, "next", "--promote", "local:support", *place).status == 0
    said = config(project, "next")
    assert (said["emulator"], said["buckets"]) == (True, {"forceDestroy": True})


def test_several_machines_are_a_preference(command: Command, prod: Project) -> None:
    machines = ("--machine", "g2-standard-12", "--machine", "a2-highgpu-1g")
    assert command(*NEW, "prod-eu", "--foundation", "prod", "-l", "europe-west4", *machines).status == 0
    said = StackFile.read(prod.folder / "stacks" / "Pulumi.prod-eu.yaml").config
    served = {"support": {"model": "support", "machines": ["g2-standard-12", "a2-highgpu-1g"]}}
    assert said["serving"] == served

    # Those of another region are others here, and what is asked for is what they take.
    prod.write(
        "prod-eu", foundation="prod", serving={"support": SERVED}, quota={**QUOTA, "contactEmail": "a@b.example"}
    )
    assert command(*NEW, "prod-us", "--foundation", "prod", "-l", "us-east4", *machines).status == 0
    said = config(prod, "prod-us")
    asked = {"NVIDIA_L4": 3, "NVIDIA_TESLA_A100": 2}
    assert (said["serving"], said["quota"]["servingAccelerators"]) == (served, asked)


def test_what_is_promoted_is_served_where_a_machine_is_named(command: Command, prod: Project) -> None:
    place = ("--location", "us-central1", "--project", "live-project")
    machine = ("--machine", "g2-standard-12")
    answer = command(*NEW, "live", "--promote", "prod:support", *place, *machine)
    assert config(prod, "live")["serving"] == {"support": {**SERVED, "acceleratorCount": 1}}
    assert any("left out: tunestack:quota, since no contactEmail is known" in line for line in answer.lines)
    assert "--machine g2-standard-12: lab would serve nothing" in command(*NEW, "lab", *place, *machine).err


def test_a_stack_by_itself_shows_what_may_stand_there(command: Command, prod: Project) -> None:
    assert command(*NEW, "lab", "--location", "us-central1", "--project", "lab-project").status == 0
    assert config(prod, "lab") == {"project": "lab-project", "location": "us-central1"}
    text = (prod.folder / "stacks" / "Pulumi.lab.yaml").read_text()
    example = "\n".join(
        line.replace("# ", "", 1) for line in text.splitlines() if line.startswith(("  # tunestack:", "  #   "))
    )
    Settings.model_validate(
        {key.partition(":")[2]: value for key, value in yaml.safe_load(example).items()} | config(prod, "lab")
    )


def test_the_first_stack_makes_the_folder_of_all(command: Command, project: Project) -> None:
    """Git keeps no empty one, so that a clone of a project without stacks does not have it."""
    (project.folder / "stacks").rmdir()
    assert command(*NEW, "lab", "--location", "us-central1", "--project", "lab-project").status == 0
    assert config(project, "lab") == {"project": "lab-project", "location": "us-central1"}


@pytest.mark.parametrize(
    ("others", "given", "provider", "why"),
    [
        (("gcpkms://a", "gcpkms://a"), (), "gcpkms://a", "what the others agree on"),
        (("gcpkms://a", "gcpkms://b"), (), "", "they do not agree"),
        (("gcpkms://a", ""), ("--secrets-provider", "gcpkms://c"), "gcpkms://c", "it was named"),
        ((), (), "", "nobody says one"),
    ],
)
def test_secrets_are_kept_as_others_keep_them(
    command: Command, project: Project, others: tuple[str, ...], given: tuple[str, ...], provider: str, why: str
) -> None:
    for index, other in enumerate(others):
        path = project.write(f"stack-{index}")
        path.write_text((f"secretsprovider: {other}\n" if other else "") + path.read_text())
    command(*NEW, "lab", "--location", "us-central1", "--project", "lab-project", *given)
    assert StackFile.read(project.folder / "stacks" / "Pulumi.lab.yaml").secrets_provider == provider, why


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("prod", "-l", "us-central1"), "there is a stack prod already"),
        (("Prod", "-l", "us-central1"), "a stack's name has lower-case letters"),
        (("lab", "-l", "us-central1"), "in which Google Cloud project is lab? Name it with --project"),
        (("lab", "-l", "us-centrall", "--project", "lab-project"), "did you mean us-central1?"),
        (
            ("lab", "-l", "us-central1", "--foundation", "prod", "--project", "other-project"),
            "a region lies in the project of its foundation, and prod is in demo-project",
        ),
        (("lab", "-l", "us-central1", "--foundation", "prd"), "there is no stack prd: did you mean prod?"),
        (
            ("lab", "-l", "us-central1", "--like", "prod", "--promote", "prod:suport"),
            "prod has no model suport, but support",
        ),
        (("lab", "-l", "us-central1", "--like", "prod", "--promote", "prod"), "name a stack and its model"),
        (
            ("lab", "-l", "us-central1", "--foundation", "prod", "--machine", "g2-standard"),
            "the catalogue has no machine",
        ),
        (("lab", "-l", "mars", "--foundation", "prod"), "--location mars: there is no such region; there are us-cent"),
        (("lab", "-l", "us-central1", "--project", "My project"), "--project My project: this is no id of a project"),
        (
            ("lab", "-l", "us-central1", "--foundation", "prod", "--promote", "dev:support"),
            "--promote dev:support: a region serves the models of its foundation; promote it into prod",
        ),
    ],
)
def test_what_is_refused(command: Command, prod: Project, arguments: tuple[str, ...], says: str) -> None:
    answer = command(*NEW, *arguments)
    assert answer.status == 1
    assert says in answer.err
    assert sorted(path.name for path in (prod.folder / "stacks").iterdir()) == ["Pulumi.prod.yaml"]


def test_a_region_like_a_stack_that_stands_by_itself_tunes_nothing(command: Command, prod: Project) -> None:
    served = {"serving": {"support": SERVED}, "emulator": True, "quota": {"concurrentTuningJobs": 2}}
    prod.write("dev", **served, datasets={"tickets": {"training": "a.jsonl"}}, models={"support": {}})
    answer = command(*NEW, "prod-eu", "--foundation", "prod", "--like", "dev", "-l", "europe-west4")
    assert config(prod, "prod-eu").keys() == {"project", "location", "foundation", "serving"}, "prod is on Google Cloud"
    told = "tunestack:datasets, tunestack:models and tunestack:quota.concurrentTuningJobs: a region tunes nothing"
    assert told in answer.out


def test_a_machine_that_is_not_known_is_asked_for(command: Command, project: Project) -> None:
    project.write("prod", models={"support": {"promote": {"from": "elsewhere", "model": "support"}}})
    answer = command(*NEW, "prod-eu", "--foundation", "prod", "-l", "europe-west4")
    assert "which machine serves support of prod is not known: name it with --machine" in answer.err


def test_nothing_is_left_where_the_backend_refuses(command: Command, prod: Project) -> None:
    (prod.books / "refuses").touch()
    answer = command("stack", "new", "lab", "-l", "us-central1", "--project", "lab-project")
    assert (answer.status, answer.err) == (1, "error: no key\n")
    assert not (prod.folder / "stacks" / "Pulumi.lab.yaml").exists()


def test_a_region_of_this_checkout(command: Command, project: Project) -> None:
    """Of the emulator's stacks the constant salt is taken over, so that the file is complete."""
    for path in (CHECKOUT / "stacks").glob("Pulumi.local-prod*.yaml"):
        shutil.copy(path, project.folder / "stacks")
    answer = command("stack", "new", "local-prod-asia", "--foundation", "local-prod", "-l", "asia-southeast1")
    assert answer.lines[0] == "stacks/Pulumi.local-prod-asia.yaml written, and the stack made"
    text = (project.folder / "stacks" / "Pulumi.local-prod-asia.yaml").read_text()
    salt = next(
        line for line in (CHECKOUT / "stacks" / "Pulumi.local-prod.yaml").read_text().splitlines() if "salt:" in line
    )
    assert salt in text
    assert config(project, "local-prod-asia")["emulator"] is True

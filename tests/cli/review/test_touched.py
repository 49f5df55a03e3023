"""Which stacks a change touches, in real repositories."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Command

FILES: dict[str, Any] = {
    "Pulumi.yaml": "name: shop\nmain: infra/\nstackConfigDir: stacks\n",
    "stacks/Pulumi.dev.yaml": {
        "datasets": {"tickets": {"training": "data/tickets/train.jsonl", "validation": "data/tickets/held.jsonl"}}
    },
    "stacks/Pulumi.prod.yaml": {
        "models": {"support": {"promote": {"from": "dev", "model": "tickets"}}},
        "datasets": {"orders": {"training": ["data/orders/2026-*.jsonl", "gs://elsewhere/orders.jsonl"]}},
    },
    "stacks/Pulumi.prod-us-central1.yaml": {"foundation": "prod", "serving": {"support": {"heldOut": "data/held/us"}}},
    "stacks/Pulumi.prod-europe-west4.yaml": {"foundation": "prod"},
    "stacks/Pulumi.local.yaml": {"emulator": True},
    "data/tickets/train.jsonl": "{}\n",
    "data/orders/2026-01.jsonl": "{}\n",
    "data/held/us/a.jsonl": "{}\n",
    "data/loose.jsonl": "{}\n",
    "infra/__main__.py": "",
    "infra/policies/PulumiPolicy.yaml": "",
    "catalogue/rows.json": "{}\n",
    "tests/test_shop.py": "",
    "README.md": "",
}
REGIONS = ["prod-europe-west4", "prod-us-central1"]
ALL = ["dev", "prod", *REGIONS]


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, whose project is the current folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        told = (
            content
            if isinstance(content, str)
            else yaml.safe_dump({"config": {f"tunestack:{key}": value for key, value in content.items()}})
        )
        (folder / name).write_text(told)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "All")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def look(repository: Path, command: Command) -> Callable[..., dict[str, Any]]:
    """Commits what has changed and says what that touches."""

    def run(*options: str) -> dict[str, Any]:
        git(repository, "add", "--all")
        git(repository, "commit", "-qm", "A change")
        answer = command("review", "touched", "--base", "HEAD^", *options)
        assert answer.status == 0, answer.err
        return dict(answer.json)

    return run


def names(found: dict[str, Any]) -> list[str]:
    return [each["name"] for each in found["stacks"]]


@pytest.mark.parametrize(
    ("path", "touched"),
    [
        ("README.md", []),
        ("data/loose.jsonl", []),
        ("tests/test_shop.py", []),
        ("stacks/Pulumi.local.yaml", []),
        ("stacks/Pulumi.dev.yaml", ["dev"]),
        ("data/tickets/train.jsonl", ["dev"]),
        ("data/tickets/held.jsonl", ["dev"]),
        ("data/orders/2026-02.jsonl", ["prod", *REGIONS]),
        ("data/orders/2025-12.jsonl", []),
        ("stacks/Pulumi.prod.yaml", ["prod", *REGIONS]),
        ("data/held/us/b.jsonl", ["prod-us-central1"]),
        ("stacks/Pulumi.prod-europe-west4.yaml", ["prod-europe-west4"]),
        ("infra/policies/PulumiPolicy.yaml", ALL),
        ("shared/reading.py", ALL),
        ("requirements.txt", ALL),
        ("Pulumi.yaml", ALL),
    ],
)
def test_a_file_touches_those_that_depend_on_it(
    repository: Path, look: Callable[..., dict[str, Any]], path: str, touched: list[str]
) -> None:
    file = repository / path
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as opened:
        opened.write("# more\n")
    assert sorted(names(look())) == sorted(touched)


def test_what_goes_away_or_moves_touches_too(repository: Path, look: Callable[..., dict[str, Any]]) -> None:
    (repository / "data/tickets/train.jsonl").rename(repository / "data/tickets/other.jsonl")
    found = look()
    assert found["stacks"] == [{"name": "dev", "reasons": ["data/tickets/train.jsonl changed"], "follows": []}]


def test_regions_come_after_their_foundation_and_say_so(repository: Path, look: Callable[..., dict[str, Any]]) -> None:
    (repository / "infra/__main__.py").write_text("pass\n")
    found = look()
    assert found["stages"] == [["dev"], ["prod"], REGIONS]
    region = found["stacks"][-1]
    assert region["follows"] == ["prod"]
    assert region["reasons"] == ["all stacks depend on infra/__main__.py", "its foundation prod is touched"]


def test_a_new_tuning_is_not_promoted_by_itself(repository: Path, look: Callable[..., dict[str, Any]]) -> None:
    (repository / "data/tickets/train.jsonl").write_text("{}\n{}\n")
    assert names(look()) == ["dev"]


def test_a_stack_whose_file_goes_is_told(
    repository: Path, look: Callable[..., dict[str, Any]], command: Command
) -> None:
    (repository / "stacks/Pulumi.prod-europe-west4.yaml").unlink()
    found = look()
    assert (found["stacks"], found["removed"]) == ([], ["prod-europe-west4"])
    assert "stays until: pulumi destroy --stack " in command("review", "touched", "--base", "HEAD^").err


def test_further_files_and_the_emulators_stacks_can_be_named(
    repository: Path, look: Callable[..., dict[str, Any]]
) -> None:
    (repository / "catalogue/rows.json").write_text("[]\n")
    assert names(look("--also", "catalogue/*", "--emulated")) == ["dev", "local", "prod", *REGIONS]


def test_what_the_base_did_since_is_none_of_the_changes(repository: Path, command: Command) -> None:
    git(repository, "checkout", "-qb", "feature")
    (repository / "stacks/Pulumi.dev.yaml").write_text("config: {}\n")
    git(repository, "commit", "-qam", "Ours")
    git(repository, "checkout", "-q", "main")
    (repository / "stacks/Pulumi.prod.yaml").write_text("config: {}\n")
    git(repository, "commit", "-qam", "Theirs")
    git(repository, "checkout", "-q", "feature")
    assert names(command("review", "touched", "--base", "main").json) == ["dev"]


def test_a_project_below_the_repositorys_folder(repository: Path, command: Command) -> None:
    base = git(repository, "rev-parse", "HEAD")
    (repository / "stacks/Pulumi.dev.yaml").write_text(
        yaml.safe_dump({"config": {"tunestack:datasets": {"tickets": {"training": "../data/train.jsonl"}}}})
    )
    (repository / "below").mkdir()
    git(repository, "mv", "stacks", "infra", "Pulumi.yaml", "below")
    git(repository, "commit", "-qam", "Below")
    (repository / "data/train.jsonl").write_text("{}\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "Data beside the project")
    import os

    os.chdir(repository / "below")
    assert names(command("review", "touched", "--base", "HEAD^").json) == ["dev"]
    assert names(command("review", "touched", "--base", base).json) == ALL


def test_the_first_commit_touches_all(repository: Path, command: Command) -> None:
    assert names(command("review", "touched", "--base", "0" * 40).json) == ALL


def test_a_base_that_the_clone_lacks_says_how_to_get_it(repository: Path, command: Command) -> None:
    answer = command("review", "touched", "--base", "b" * 40)
    assert answer.status == 1
    assert "fetch-depth: 0" in answer.err
    assert command("review", "touched").status == 2
    assert "there is no stack pord" in command("review", "touched", "--only", "pord").err


def test_outputs_for_github(repository: Path, look: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    outputs.write_text("earlier=1\n")
    (repository / "infra/__main__.py").write_text("pass\n")
    look("--github-output", str(outputs))
    assert [line.split("=")[0] for line in outputs.read_text().splitlines()] == [
        "earlier",
        "stacks",
        "first",
        "second",
        "third",
    ]
    read = {
        name: json.loads(text) for name, _, text in (line.partition("=") for line in outputs.read_text().splitlines())
    }
    assert read == {
        "earlier": 1,
        "stacks": ["dev", "prod", *REGIONS],
        "first": ["dev"],
        "second": ["prod"],
        "third": REGIONS,
    }


def test_more_stages_than_the_workflow_has_are_refused(repository: Path, command: Command, tmp_path: Path) -> None:
    further = {"config": {"tunestack:models": {"more": {"continueFrom": {"stack": "prod-europe-west4"}}}}}
    (repository / "stacks/Pulumi.next.yaml").write_text(yaml.safe_dump(further))
    answer = command("review", "touched", "--base", "0", "--github-output", tmp_path / "outputs")
    assert answer.status == 1
    assert "in 4 stages" in answer.err


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ("previews", {"tunestack-plan-prod": [], **{f"tunestack-plan-{region}": [] for region in REGIONS}}),
        (
            "ups",
            {
                "up prod": [],
                **{f"tunestack-plan-{region}": ["up prod"] for region in REGIONS},
                **{f"up {region}": [f"tunestack-plan-{region}"] for region in REGIONS},
            },
        ),
        (
            "fresh-ups",
            {
                "tunestack-plan-prod": [],
                "up prod": ["tunestack-plan-prod"],
                **{f"tunestack-plan-{region}": ["up prod"] for region in REGIONS},
                **{f"up {region}": [f"tunestack-plan-{region}"] for region in REGIONS},
            },
        ),
    ],
)
def test_child_pipelines_for_gitlab(
    repository: Path, look: Callable[..., dict[str, Any]], tmp_path: Path, jobs: str, expected: dict[str, list[str]]
) -> None:
    pipeline = tmp_path / "stacks.yml"
    (repository / "data/orders/2026-02.jsonl").write_text("{}\n")
    look("--gitlab-pipeline", str(pipeline), "--gitlab-jobs", jobs)
    made = yaml.safe_load(pipeline.read_text())
    assert made.pop("include") == [{"local": ".gitlab/tunestack.yml"}]
    assert made.pop("workflow", None) == ({"rules": [{"if": "$CI_MERGE_REQUEST_IID"}]} if jobs == "previews" else None)
    assert {name: job.get("needs", []) for name, job in made.items()} == expected
    for name, job in made.items():
        stack = job["variables"]["STACK"]
        assert name.endswith(stack)
        if name.startswith("up "):
            # One run a stack at a time, with the environment's approval and variables.
            assert (job["environment"], job["resource_group"]) == ({"name": stack}, stack)
            assert job.get("when") == ("manual" if job["needs"] else None) if "needs" in job else True


def test_a_change_that_touches_nothing_still_makes_a_pipeline(
    repository: Path, look: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (repository / "README.md").write_text("More\n")
    look("--gitlab-pipeline", str(tmp_path / "stacks.yml"))
    assert "no stack is touched" in yaml.safe_load((tmp_path / "stacks.yml").read_text())

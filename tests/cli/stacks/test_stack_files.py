"""What is read of stacks from their files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.stacks.conftest import Project
from tunestack.cli.stack import StackError
from tunestack.cli.stacks.selection import order, select
from tunestack.cli.stacks.stack_files import ProjectFile, StackFile, environment, find, ordered, read_all, regions_of

CHECKOUT = Path(__file__).parents[3]


def file(
    name: str, foundation: str = "", promotes_from: tuple[str, ...] = (), continues_from: tuple[str, ...] = ()
) -> StackFile:
    path = Path(f"Pulumi.{name}.yaml")
    return StackFile(name, path, foundation=foundation, promotes_from=promotes_from, continues_from=continues_from)


def test_what_a_file_says(project: Project) -> None:
    path = project.write(
        "prod-east",
        foundation="organization/shop/prod",
        emulator=True,
        models={
            "support": {"promote": {"from": "dev", "model": "support"}},
            "other": {"continueFrom": {"stack": "local", "model": "tickets"}},
            "own": {"dataset": "tickets"},
        },
    )
    path.write_text("secretsprovider: gcpkms://key\n" + path.read_text() + "  gcp:project: not-ours\n")
    read = StackFile.read(path)
    assert (read.name, read.project, read.location) == ("prod-east", "demo-project", "us-central1")
    assert (read.foundation, read.promotes_from, read.continues_from) == (
        "prod",
        ("dev",),
        ("local",),
    )
    assert read.needs == ("prod", "dev", "local"), "by the names that they have here"
    assert (read.emulator, read.secrets_provider) == (True, "gcpkms://key")
    assert "gcp:project" not in read.config


def test_what_has_another_form_is_the_programs_to_refuse(project: Project) -> None:
    """It tells all problems at once, with their places."""
    read = StackFile.read(project.write("odd", models=["support"], foundation=3, location={"secure": "x"}))
    assert (read.needs, read.location) == ((), "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("config:\n  a: b: c\n", "Pulumi.bad.yaml:2: this is no YAML: mapping values are not allowed here"),
        ("- a\n", "Pulumi.bad.yaml: this is no mapping of keys to values"),
        ("config: [a]\n", "Pulumi.bad.yaml: config: this is no mapping of keys to values"),
    ],
)
def test_a_broken_file_is_named_by_whoever_means_it(project: Project, text: str, says: str) -> None:
    project.write("prod")
    (project.folder / "stacks" / "Pulumi.bad.yaml").write_text(text)
    files = read_all()
    assert [file.name for file in environment("prod", files)] == ["prod"]
    with pytest.raises(StackError, match=says):
        find("bad", files)


@pytest.mark.parametrize("key", ["tunestack:foundation: prod", "'tunestack:foundation': acme/shop/prod  # region"])
def test_a_half_written_file_still_says_what_it_is_a_region_of(project: Project, key: str) -> None:
    project.write("prod")
    broken = f"config:\n  {key}\n<<<<<<< HEAD\n"
    (project.folder / "stacks" / "Pulumi.prod-east.yaml").write_text(broken)
    assert [bool(file.problem) for file in environment("prod")] == [False, True]


def test_a_project_is_found_from_below(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("prod")
    below = project.folder / "infra" / "deeper"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert list(read_all()) == ["prod"]
    found = ProjectFile.find()
    assert (found.name, found.stacks_folder.name, found.program_folder.name) == ("shop", "stacks", "infra")


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"there is no Pulumi\.yaml in "):
        read_all(tmp_path)


def test_a_foundation_stands_for_its_environment() -> None:
    files = {
        each.name: each for each in (file("prod-west", "prod"), file("dev"), file("prod"), file("prod-east", "prod"))
    }
    assert [each.name for each in environment("prod", files)] == ["prod", "prod-west", "prod-east"]
    assert [each.name for each in environment("prod-west", files)] == ["prod-west"]
    assert regions_of("dev", files) == []


def test_an_order_across_environments() -> None:
    files = {
        each.name: each
        for each in (
            file("prod-east", "prod"),
            file("prod", promotes_from=("dev",)),
            file("dev", continues_from=("dev",)),
            file("other"),
        )
    }
    assert files["dev"].needs == (), "it goes on from a model of its own"
    chosen = select(["prod", "dev", "other"], [], files)
    assert order(chosen) == "dev and other, then prod, then prod-east"
    assert order(chosen, backwards=True) == "prod-east, then prod, then dev and other"
    assert [each.name for each in select(["prod"], ["prod-east"], files)] == ["prod-east"]


def test_stacks_that_need_each_other() -> None:
    with pytest.raises(StackError, match="in a circle, so that none can be the first: a, b"):
        ordered([file("a", promotes_from=("b",)), file("b", promotes_from=("a",))])


def test_the_stacks_of_this_checkout_can_be_ordered() -> None:
    files = read_all(CHECKOUT)
    assert next(each.name for each in environment("local-prod", files)) == "local-prod"
    assert len(environment("local-prod", files)) == 3
    assert order(environment("prod", files)).startswith("prod, then prod-")
    for each in files.values():
        assert not set(each.needs) - files.keys(), f"{each.name} needs what is not there"

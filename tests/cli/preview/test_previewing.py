"""`tunestack preview` with the real engine, on stacks that need each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.preview.stories import END, job, step, told
from tests.cli.small_project import SmallProject, shop
from tunestack.cli.preview import previewing
from tunestack.cli.preview.following import Following
from tunestack.cli.preview.headline import headline
from tunestack.cli.preview.report import Report, Told
from tunestack.cli.stack import Engine
from tunestack.cli.stacks.engine_events import UNKNOWN
from tunestack.cli.stacks.stack_files import StackFile

__all__ = ["shop"]

engine = pytest.mark.engine
pytestmark = pytest.mark.timeout(120)

SECRET = "swordfish-and-salt"


@engine
def test_an_environment_from_nothing(shop: SmallProject, command: Command) -> None:
    refused = command("preview", "base", "--output", "comments", "--only", "base")
    assert refused.status == 1
    assert "the backend has no stack base yet; make it with --initialise" in refused.out
    # Whoever reviews the change gets the error as the comment.
    assert "the backend has no stack base yet" in (shop.folder / "comments" / "base.md").read_text(encoding="utf-8")

    answer = command("preview", "base", "--initialise", "--markdown", "--output", "comments")
    assert answer.status == 0, answer.err
    assert "<code>base</code>: nothing changes" in answer.out
    assert "<code>region</code>: comes after base, and cannot be previewed before" in answer.out
    assert [file.name for file in sorted((shop.folder / "comments").iterdir())] == [
        "base.json",
        "base.md",
        "region.json",
        "region.md",
    ]
    assert json.loads((shop.folder / "comments" / "region.json").read_text())["waitsFor"] == ["base"]
    # The same by itself, as a job that previews nothing else asks for it.
    alone = command("preview", "region", "--only", "region", "--save-plan", "plans")
    assert (alone.status, list((shop.folder / "plans").iterdir())) == (0, [])
    assert "comes after base" in alone.out
    # Not even the stack that it could not preview was selected.
    assert "no stack selected" in _selected()


def _selected() -> str:
    try:
        return Engine().run("stack", "--show-name")
    except Exception as error:
        return str(error)


@engine
def test_a_failing_program_a_broken_file_and_an_unknown_stack_are_reports(shop: SmallProject, command: Command) -> None:
    shop.stack("base")
    (answer,) = command("preview", "base", "--only", "base", "--initialise", "--json").json
    assert answer["failed"]
    assert "Missing required configuration variable 'tunestack:value'" in answer["errors"][0]["text"]

    unknown = command("preview", "bass", "--markdown")
    assert (unknown.status, "there is no stack bass" in unknown.out) == (1, True)
    (shop.folder / "stacks" / "Pulumi.base.yaml").write_text("config: [", encoding="utf-8")
    broken = command("preview", "base", "--markdown")
    assert broken.status == 1
    assert broken.out.startswith("<!-- tunestack preview: base -->")
    assert "Pulumi.base.yaml" in broken.out


@engine
def test_a_secret_is_in_nothing_that_is_shown_or_kept(shop: SmallProject, command: Command) -> None:
    """Although the program writes it into a message."""
    shop.stack("base", value="one", says=f"not {SECRET[:8]} but")
    Engine().run("stack", "init", "base", "--no-select")
    Engine().run("config", "set", "--secret", "tunestack:token", SECRET, "--stack", "base")
    arguments: list[Any] = ["preview", "base", "--only", "base", "--output", "kept", "--save-plan", "kept"]
    answer = command(*arguments)
    assert answer.status == 0, answer.out
    assert f"not {SECRET[:8]} but and [secret]" in answer.out
    assert SECRET not in answer.out + answer.err
    files = list((shop.folder / "kept").iterdir())
    assert len(files) == 4
    assert not any(SECRET in file.read_text(encoding="utf-8") for file in files)


def waiting(state: str) -> Any:
    """A model that was last seen while its job was in that state."""
    event = step("update", "TunedModel", "support", {"state": state}, {"state": UNKNOWN})
    event["resOutputsEvent"]["metadata"]["detailedDiff"] = {"state": {"diffKind": "update"}}
    return event


REGION = StackFile(
    "prod-a",
    Path("Pulumi.prod-a.yaml"),
    foundation="prod",
    config={"serving": {"chat": {"model": "support"}}},
)


@pytest.mark.parametrize(
    ("above", "says", "rolls"),
    [
        (
            [job("support", 1.0), END],
            "prod goes first: trains support. Then this stack copies the new checkpoint of ",
            True,
        ),
        ([job("other", 1.0), END], "", False),  # which this region does not serve
        (
            [step("update", "CheckpointCopy", "support", {}, {}), END],
            "prod goes first: copies the checkpoint of support",
            True,
        ),
        ([step("delete", "TuningJob", "support", {}, None), END], "", False),
        # An interrupted run has left the job running, so that nothing but its wait is left to do.
        (
            [step("replace", "TunedModel", "support", {}, {}), END],
            "prod goes first: waits for the job of support",
            True,
        ),
        ([waiting("JOB_STATE_RUNNING"), END], "prod goes first: waits for the job of support. Then", True),
        ([waiting("JOB_STATE_FAILED"), END], "", False),
        ([told("error", "broken")], "prod, from which the models come: the preview failed: broken", False),
    ],
)
def test_a_region_knows_what_is_about_to_change_above(
    monkeypatch: pytest.MonkeyPatch, above: list[Any], says: str, rolls: bool
) -> None:
    monkeypatch.setattr(previewing, "shortages", lambda _, endpoints: [Told(name, "none") for name in endpoints])
    following = Following({"prod": Report.of(above, "prod"), "prod-a": Report.of([END], "prod-a")})
    following.go_through([StackFile("prod", Path("Pulumi.prod.yaml")), REGION])
    region = previewing._warned(REGION, following)
    assert region.foundation == "prod"
    assert region.upstream.startswith(says)
    assert bool(region.upstream) == bool(says)
    assert [each.resource for each in region.warnings] == (["chat"] if rolls else [])


def test_what_is_promoted_or_tuned_further_follows_from_stack_to_stack() -> None:
    """Also where a stack's own preview has nothing to say, and not where a promotion is held at one run."""

    def promoted(**more: str) -> dict[str, Any]:
        return {"support": {"promote": {"from": "organization/shop/dev", "model": "support", **more}}}

    configs: dict[str, tuple[str, dict[str, Any]]] = {
        "dev": ("", {}),
        "held": ("", {"models": promoted(run="17")}),
        "prod": ("", {"models": promoted(), "serving": {"chat": {"model": "support"}}}),
        "prod-a": ("prod", {"serving": {"chat": {"model": "support"}}}),
        "next": (
            "",
            {
                "models": {
                    "again": {"continueFrom": {"model": "further"}},
                    "further": {"continueFrom": {"stack": "dev", "model": "support"}},
                    "other": {"continueFrom": {"stack": "dev", "model": "other"}},
                }
            },
        ),
    }
    files = []
    for name, (foundation, config) in configs.items():
        reads = ("dev",) if config.get("models") else ()
        files.append(StackFile(name, Path(), foundation=foundation, promotes_from=reads, config=config))
    reports = {name: Report.of([END], name) for name in configs}
    following = Following({**reports, "dev": Report.of([job("support", 1.0), END], "dev")})
    following.go_through(files)
    rolls = "copies the new checkpoint of support and rolls chat to it, which a preview can show only after that"
    first = "dev goes first: trains support. Then this stack"
    assert {name: (headline(report), report.upstream) for name, report in following.reports.items()} == {
        "dev": ("trains support", ""),
        "held": ("nothing changes", ""),
        "prod": ("follows dev", f"{first} {rolls}"),
        "prod-a": ("follows prod", f"prod goes first: follows dev. Then this stack {rolls}"),
        "next": (
            "follows dev",
            f"{first} retrains further and again, which a preview can show and price only after that",
        ),
    }
    assert following.rolled == {"dev": [], "held": [], "prod": ["chat"], "prod-a": ["chat"], "next": []}


@pytest.mark.parametrize(
    "serving",
    [{"chat": {"model": ["support"]}}, {"chat": {"model": {"of": "prod"}}}, {1: {"model": "support"}}, ["chat"]],
    ids=str,
)
def test_what_a_file_has_in_a_wrong_shape_stops_no_preview(serving: Any) -> None:
    """The program refuses it, and says where it stands; the reports of all other stacks would go with it."""
    region = StackFile("prod-a", Path("Pulumi.prod-a.yaml"), foundation="prod", config={"serving": serving})
    reports = {
        "prod": Report.of([job("support", 1.0), END], "prod"),
        "prod-a": Report.of([told("error", "must be text")], "prod-a"),
    }
    following = Following(reports)
    following.go_through([StackFile("prod", Path("Pulumi.prod.yaml")), region])
    assert headline(following.reports["prod"]) == "trains support"
    assert headline(following.reports["prod-a"]) == "the preview failed: must be text"

"""Reviewed plans: handed out while nothing has moved, refused with what has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.small_project import SmallProject, shop
from tunestack.cli.reviewed import plans
from tunestack.cli.reviewed.checkout import Checkout, commit_of
from tunestack.cli.stack import StackError

__all__ = ["shop"]

engine = pytest.mark.engine
pytestmark = pytest.mark.timeout(120)

PLANS = Path("plans")


def refused(stack: str) -> str:
    with pytest.raises(StackError) as refusal:
        plans.check(PLANS, stack)
    assert f"tunestack preview {stack} --save-plan plans" in str(refusal.value)
    return str(refusal.value)


@engine
def test_a_plan_is_handed_out_until_files_or_states_move(
    shop: SmallProject, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "stack base has no reviewed plan: there is no plans/base.reviewed.json" in refused("base")
    program = shop.folder / "program" / "__main__.py"
    program.write_text(f'{program.read_text()}import os\npulumi.export("seen", os.environ["SEEN"])\n')
    shop.commit("an output that is looked up")
    monkeypatch.setenv("SEEN", "2 accelerators")
    for stack in ("base", "region"):
        shop.run("pulumi", "stack", "init", stack, "--no-select")
    shop.up("base")
    assert command("preview", "base", "--save-plan", PLANS).status == 0
    assert plans.check(PLANS, "base") == PLANS / "base.plan.json"
    with monkeypatch.context() as elsewhere:
        elsewhere.chdir(shop.folder / "program")
        assert plans.check(".." / PLANS, "region") == Path("..", "plans", "region.plan.json")

    # A merge is another commit of the same files; a file that git does not know is none of them.
    shop.run("git", "commit", "--quiet", "--amend", "--message", "merged")
    plans.check(PLANS, "base")
    # What is not committed counts, and so does what was committed on top.
    program.write_text(program.read_text() + "\n")
    assert "- other files: program/__main__.py (reviewed at commit " in refused("base")
    (shop.folder / "prüfung.txt").touch()
    shop.commit("more")
    assert "- other files: program/__main__.py, prüfung.txt (reviewed at commit " in refused("base")
    shop.run("git", "revert", "--no-edit", "HEAD")
    plans.check(PLANS, "base")

    # What somebody else has changed since, in an output that is looked up, is no change of what was reviewed.
    monkeypatch.setenv("SEEN", "4 accelerators")
    shop.run("pulumi", "up", "--yes", "--skip-preview", "--stack", "base", "--plan", str(plans.check(PLANS, "base")))
    assert json.loads(shop.run("pulumi", "stack", "output", "--json", "--stack", "base"))["seen"] == "4 accelerators"
    monkeypatch.setenv("SEEN", "2 accelerators")

    # An up moves the state, and the outputs that the region reads; one after which all is as before does not.
    shop.up("base")
    plans.check(PLANS, "base")
    plans.check(PLANS, "region")
    shop.stack("base", value="two")
    shop.up("base")
    assert "- the stack's state has moved, in 1 resource: pulumi:pulumi:Stack shop-base" in refused("base")
    assert "- stack base, which this one reads, has other outputs since" in refused("region")


CHANGED: list[tuple[str, Callable[[Any], Any], str]] = [
    ("base.plan.json", lambda plan: {**plan, "config": {}}, "plans/base.plan.json is not the file that was saved then"),
    ("base.reviewed.json", lambda record: {**record, "extra": 1}, "plans/base.reviewed.json cannot be read: "),
    (
        "base.reviewed.json",
        lambda record: {**record, "moment": {**record["moment"], "stack": "prod"}},
        "plans/base.reviewed.json is of the plan of stack prod, not of base",
    ),
    (
        "base.reviewed.json",
        lambda record: {**record, "moment": {**record["moment"], "engine": "v3.1.0"}},
        "- another engine: Pulumi v3.1.0 then, v3.",
    ),
]


def test_without_git_nothing_is_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(StackError, match="which says: not a git repository"):
        Checkout.of(tmp_path)
    assert commit_of(tmp_path) == ""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StackError, match="which says: there is no git on PATH"):
        Checkout.of(tmp_path)


@engine
def test_files_that_are_not_those_that_were_saved(shop: SmallProject, command: Command) -> None:
    assert command("preview", "base", "--only", "base", "--initialise", "--save-plan", PLANS).status == 0
    for file, change, says in CHANGED:
        saved = (PLANS / file).read_text()
        (PLANS / file).write_text(json.dumps(change(json.loads(saved))))
        assert says in refused("base")
        (PLANS / file).write_text(saved)
    plans.check(PLANS, "base")
    (PLANS / "base.plan.json").rename(PLANS / "other.plan.json")
    assert "there is no plans/base.plan.json beside base.reviewed.json" in refused("base")

    # A preview that fails leaves none.
    shop.stack("base")
    assert command("preview", "base", "--only", "base", "--save-plan", PLANS).status == 1
    assert not list(PLANS.glob("base.*"))

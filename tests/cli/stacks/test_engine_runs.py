"""What is kept of a run of the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.stacks.conftest import Project
from tunestack.cli.stack import StackError
from tunestack.cli.stacks import engine_runs
from tunestack.cli.stacks.engine_events import Event
from tunestack.cli.stacks.engine_runs import Kind, Options
from tunestack.cli.stacks.stack_files import ProjectFile


def test_events_come_as_they_are_written(project: Project) -> None:
    project.stack(
        "dev", 'event \'{"resourcePreEvent": {"metadata": {"op": "create"}}}\'\nprintf half >> "$log"\nexit 0\n'
    )
    seen: list[Event] = []
    done = engine_runs.run("up", "dev", on_event=seen.append)
    assert seen == done.events
    assert [list(event) for event in seen] == [["resourcePreEvent"]], "neither those for debugging nor what is cut off"


def test_how_a_run_ends(project: Project) -> None:
    project.stack("dev")
    lines: list[str] = []
    done = engine_runs.run("up", "dev", on_output=lines.append)
    assert (done.ok, done.error, done.output) == (True, "", "at work on dev")
    assert done.changes == {"create": 2, "same": 5}
    assert lines == ["at work on dev"]


@pytest.mark.parametrize(
    ("does", "error", "interrupted"),
    [
        pytest.param('fails "no quota"', "no quota", False, id="as the engine says it"),
        pytest.param(
            'event \'{"diagnosticEvent": {"severity": "error", "message": "no quota\\n"}}\'\nfails "update failed"',
            "no quota",
            False,
            id="without what says nothing",
        ),
        pytest.param(
            'event \'{"diagnosticEvent": {"severity": "error", "message": '
            '"1 error occurred:\\n\\t* no quota\\n\\n"}}\'\n'
            "exit 255",
            "no quota",
            False,
            id="without how the engine lists what came out otherwise than it should",
        ),
        pytest.param('fails "update canceled"', "update canceled", True, id="it was asked to stop"),
        pytest.param(
            'event \'{"policyEvent": {"policyName": "budget", "enforcementLevel": "mandatory", "message": '
            '"<{%fg 1%}>too dear<{%reset%}>"}}\'\n'
            'event \'{"policyEvent": {"policyName": "machines", "enforcementLevel": "advisory", "message": "odd"}}\'\n'
            "exit 255",
            "too dear",
            False,
            id="a policy was broken",
        ),
        pytest.param('echo; echo "error: no such stack" >&2; exit 255', "no such stack", False, id="no event told it"),
        pytest.param(
            'echo "loading"; printf "error: the policies cannot be used:\\nPulumi.dev.yaml: no such key\\n" >&2\n'
            "exit 255",
            "the policies cannot be used:\nPulumi.dev.yaml: no such key",
            False,
            id="an error of several lines",
        ),
    ],
)
def test_why_a_run_failed(project: Project, does: str, error: str, interrupted: bool) -> None:
    project.stack("dev", f"{does}\n")
    done = engine_runs.run("up", "dev")
    assert (done.ok, done.error, done.interrupted) == (False, error, interrupted)


@pytest.mark.parametrize(
    ("kind", "options", "has", "has_not"),
    [
        ("preview", Options(), (), ("--yes", "--skip-preview")),
        ("up", Options(refresh=True, message="why"), ("--yes", "--skip-preview", "--refresh", "--message why"), ()),
        ("destroy", Options(only_preview=True), ("--preview-only",), ("--yes",)),
        (
            "refresh",
            Options(expect_no_changes=True, more=("--target", "urn")),
            ("--expect-no-changes", "--target urn"),
            (),
        ),
    ],
)
def test_what_the_engine_is_told(
    project: Project, kind: Kind, options: Options, has: tuple[str, ...], has_not: tuple[str, ...]
) -> None:
    told = " ".join(options.arguments(kind, ProjectFile.find()))
    assert all(each in told for each in has)
    assert not any(each in told for each in has_not)
    assert "--policy-pack" not in told, "the project has none"


def test_files_are_found_from_where_the_engine_runs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "below").mkdir()
    monkeypatch.chdir(project.folder / "below")
    told = Options(plan=Path("plan.json")).arguments("up", ProjectFile.find())
    assert told[told.index("--plan") + 1] == str(project.folder / "below" / "plan.json")


@pytest.mark.parametrize("has_limits", [True, False])
def test_the_projects_policies_are_passed(project: Project, has_limits: bool) -> None:
    pack = project.folder / "infra" / "policies"
    pack.mkdir(parents=True)
    (pack / "PulumiPolicy.yaml").touch()
    if has_limits:
        (pack / "limits.json").touch()
    found = ProjectFile.find()
    for kind in ("preview", "up"):
        told = Options().arguments(kind, found)
        assert told[told.index("--policy-pack") + 1] == str(pack)
        assert ("--policy-pack-config" in told) is has_limits
    assert "--policy-pack" not in Options().arguments("destroy", found), "the engine takes none there"


def test_no_engine(project: Project, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="there is no pulumi on PATH"):
        engine_runs.run("up", "dev", variables={"PATH": str(tmp_path)})


def test_plans_need_a_word_to_the_engine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_EXPERIMENTAL", raising=False)
    project.stack("dev", 'echo "experimental: $PULUMI_EXPERIMENTAL"\n')
    with_plan = engine_runs.run("preview", "dev", options=Options(save_plan=Path("plan.json")))
    assert "experimental: true" in with_plan.output
    assert "experimental: true" not in engine_runs.run("preview", "dev").output

"""The workflows and pipelines against what their hosts' schemas and a security audit demand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "ci"
TOOLS = Path(sys.executable).parent


def run(tool: str, *arguments: str | Path, folder: Path = FOLDER) -> str:
    done = subprocess.run(
        [TOOLS / tool, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout or str(done.returncode)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        (["vendor.github-workflows"], "github/workflows/*.yml"),
        (["vendor.github-actions"], "github/actions/*/action.yml"),
        (["vendor.gitlab-ci", "--data-transform", "gitlab-ci"], "gitlab/**/*.yml"),
    ],
    ids=["workflows", "actions", "pipelines"],
)
def test_they_are_of_their_schema(schema: list[str], files: str) -> None:
    found = sorted(FOLDER.glob(files))
    assert found
    assert run("check-jsonschema", "--builtin-schema", *schema, *found) == ""


def test_the_schemas_refuse_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs: {a: {runs-on: ubuntu-24.04, stepps: []}}\n")
    assert "stepps" in run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", wrong)


def audited(folder: Path) -> str:
    # It asks for GitHub's `$/…`, newer than most Enterprise Servers, in place of `./…`, which means the same here.
    (folder / "zizmor.yml").write_text("rules: {self-repository: {disable: true}}\n")
    return run("zizmor", "--offline", "--no-progress", "--config", "zizmor.yml", ".github", folder=folder)


def test_an_audit_finds_nothing_and_would_find_something(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "github", tmp_path / ".github")
    assert audited(tmp_path) == ""
    preview = tmp_path / ".github" / "workflows" / "tunestack-preview.yml"
    preview.write_text(preview.read_text().replace("--base HEAD^1", '--base "${{ github.head_ref }}"'))
    assert "template-injection" in audited(tmp_path)


def test_a_push_ends_all_of_the_run_before_it() -> None:
    """By jobs, a preview went on whose stack the new push does not touch, and wrote over what the new run had said."""
    preview = yaml.safe_load((FOLDER / "github" / "workflows" / "tunestack-preview.yml").read_text())
    assert preview["concurrency"] == {
        "group": "tunestack-preview-${{ github.event.number }}",
        "cancel-in-progress": True,
    }
    assert not any("concurrency" in job for job in preview["jobs"].values())


@pytest.mark.parametrize("workflow", ["up", "fresh"])
def test_a_run_that_is_cancelled_says_so_to_the_command_that_holds_the_lock(workflow: str) -> None:
    """The runner tells a step's shell alone, then kills all of it; https://docs.github.com/en/actions/reference."""
    jobs = yaml.safe_load((FOLDER / "github" / "workflows" / f"tunestack-{workflow}.yml").read_text())["jobs"].values()
    scripts = [step["run"] for job in jobs for step in job.get("steps", ()) if "tunestack up" in step.get("run", "")]
    assert len(scripts) == 1
    assert scripts[0].startswith("exec tunestack up")


def test_each_action_of_others_is_pinned_to_one_commit_everywhere() -> None:
    used = {
        tuple(found)
        for file in (FOLDER / "github").rglob("*.yml")
        for found in re.findall(r"uses: ([^.\s@]+)@(\S+)(.*)", file.read_text())
    }
    assert used
    assert all(re.fullmatch("[0-9a-f]{40}", commit) and version.startswith(" # v") for _, commit, version in used)
    assert len({name for name, _, _ in used}) == len(used)

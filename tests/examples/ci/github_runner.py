"""Runs workflows as GitHub does, so far as those in examples/ci/github need it: every script, in bash, in a clone."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from tests.cli.review.fake_github import REPOSITORY, FakeGitHub
from tests.examples.ci.expressions import Expressions
from tests.examples.ci.repository import Repository

LEVELS = {"none": 0, "read": 1, "write": 2}
VARIABLES = {"TUNESTACK_IDENTITY_PROVIDER": "projects/1/…", "TUNESTACK_PREVIEW_ACCOUNT": "preview@shop"}


@dataclass
class Done:
    """A job as it ended."""

    name: str
    ok: bool
    log: str = ""
    account: str = ""
    environment: str = ""
    group: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass
class Runner:
    """GitHub's side.

    Attributes:
        repository: whose workflows they are.
        host: its interface.
        variables: of the environment of every step: the engine, its state, the emulator.
        folder: for the workspaces of jobs.
        scripts: all that have run, as `FILE: NAME OF THE STEP`.
    """

    repository: Repository
    host: FakeGitHub
    variables: Mapping[str, str]
    folder: Path
    scripts: set[str] = field(default_factory=set)
    _runs: int = 0

    def run(
        self,
        workflow: str,
        commit: str,
        event: Mapping[str, Any],
        *,
        inputs: Mapping[str, Any] | None = None,
        head: str = "",
        allowed: Mapping[str, str] | None = None,
    ) -> dict[str, Done]:
        """Runs a workflow on a commit.

        Args:
            workflow: its file.
            commit: that is checked out.
            event: as it stands in `github.event`.
            inputs: of one that is called.
            head: the pull request's own commit, which artifacts are kept for; the commit by default.
            allowed: the rights that the caller lets it have.
        """
        content = yaml.safe_load((self.repository.folder / ".github" / "workflows" / workflow).read_text())
        finished: dict[str, dict[str, Any]] = {}
        done: dict[str, Done] = {}
        for name, job in content["jobs"].items():
            needed = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs") or []
            contexts = {
                "github": {"event": {"number": "", **event}, "repository": REPOSITORY, "token": ""},
                "vars": VARIABLES,
                "inputs": inputs or {},
                "needs": {each: finished[each] for each in needed},
            }
            plain = Expressions(contexts)
            succeeded = all(finished[each]["result"] == "success" for each in needed)
            if not plain.condition(job.get("if"), succeeded=succeeded):
                finished[name] = {"result": "skipped", "outputs": {}}
                continue
            rights = job.get("permissions", content["permissions"])
            for right, level in rights.items():
                assert allowed is None or LEVELS[allowed.get(right, "none")] >= LEVELS[level], f"{workflow}: {right}"
            if "uses" in job:
                given = {key: plain.text(value) for key, value in job["with"].items()}
                called = Path(job["uses"]).name
                inner = self.run(called, commit, event, inputs=given, head=head, allowed=rights)
                done |= inner
                ran = list(inner.values())
            else:
                ran = [
                    self._job(workflow, job, {**contexts, "matrix": matrix}, rights, commit, head or commit)
                    for matrix in _matrices(job, plain)
                ]
                done |= {each.name: each for each in ran}
            finished[name] = {
                "result": "success" if all(each.ok for each in ran) else "failure",
                "outputs": ran[0].outputs if ran else {},
            }
        return done

    def _job(
        self,
        workflow: str,
        job: Mapping[str, Any],
        contexts: dict[str, Any],
        rights: Mapping[str, str],
        commit: str,
        head: str,
    ) -> Done:
        self._runs += 1
        place = self.folder / f"job-{self._runs}"
        (place / "temp").mkdir(parents=True)
        token = f"ghs_{self._runs}"
        self.host.tokens[token] = dict(rights)
        plain = Expressions(contexts)
        environment = plain.text(job.get("environment", ""))
        # An account that only an approved environment has.
        contexts["vars"] = {**VARIABLES, **({"TUNESTACK_ACCOUNT": f"{environment}@shop"} if environment else {})}
        contexts["github"] = {**contexts["github"], "token": token}
        contexts |= {"runner": {"temp": str(place / "temp")}, "steps": {}}
        (place / "event.json").write_text(json.dumps(contexts["github"]["event"]))
        done = Done(plain.text(job["name"]), ok=True, environment=environment)
        done.group = plain.text(job.get("concurrency", {}).get("group", ""))
        variables = {
            **self.variables,
            "GITHUB_API_URL": self.host.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": commit,
            "GITHUB_RUN_ID": str(self._runs),
            "GITHUB_EVENT_PATH": str(place / "event.json"),
            "RUNNER_TEMP": str(place / "temp"),
            "GITHUB_STEP_SUMMARY": str(place / "summary"),
            "GITHUB_PATH": str(place / "path"),
            "GITHUB_OUTPUT": str(place / "output"),
            **{name: plain.text(value) for name, value in job.get("env", {}).items()},
        }
        for file in ("summary", "path", "output"):
            (place / file).touch()
        self._steps(workflow, job["steps"], contexts, variables, place, rights, (commit, head), done)
        named = Expressions(contexts)
        done.outputs = {name: named.text(value) for name, value in job.get("outputs", {}).items()}
        done.summary = (place / "summary").read_text()
        return done

    def _steps(
        self,
        file: str,
        steps: list[dict[str, Any]],
        contexts: dict[str, Any],
        variables: dict[str, str],
        place: Path,
        rights: Mapping[str, str],
        commits: tuple[str, str],
        done: Done,
    ) -> None:
        for step in steps:
            plain = Expressions(contexts)
            if not plain.condition(step.get("if"), succeeded=done.ok):
                continue
            given = {key: plain.text(value) for key, value in step.get("with", {}).items()}
            if "run" in step:
                self.scripts.add(f"{file}: {step['name']}")
                done.ok &= self._script(step, plain, variables, place, done)
                if "id" in step:
                    lines = (place / "output").read_text().splitlines()
                    contexts["steps"][step["id"]] = {"outputs": dict(line.split("=", 1) for line in lines)}
            elif step["uses"].startswith("./"):
                action = place / "work" / step["uses"] / "action.yml"
                content = yaml.safe_load(action.read_text())
                assert given.keys() <= content["inputs"].keys()
                inputs = {name: given.get(name, each["default"]) for name, each in content["inputs"].items()}
                self._steps(
                    action.name,
                    content["runs"]["steps"],
                    {**contexts, "inputs": inputs},
                    variables,
                    place,
                    rights,
                    commits,
                    done,
                )
            else:
                self._action(step["uses"].partition("@")[0], given, contexts, place, rights, commits, done)

    def _script(
        self, step: Mapping[str, Any], plain: Expressions, variables: Mapping[str, str], place: Path, done: Done
    ) -> bool:
        assert "${{" not in step["run"], "an expression in a script runs whatever its text says"
        added = (place / "path").read_text().splitlines()
        environment = {
            **variables,
            "PATH": os.pathsep.join([*reversed(added), variables["PATH"]]),
            **{name: plain.text(value) for name, value in step.get("env", {}).items()},
        }
        strict = ["--noprofile", "--norc", "-e", "-o", "pipefail"] if "shell" in step else ["-e"]
        ended = subprocess.run(
            ["bash", *strict, "-c", step["run"]],
            cwd=place / "work",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        done.log += f"== {step['name']}\n{ended.stdout}"
        return ended.returncode == 0

    def _action(
        self,
        name: str,
        given: dict[str, str],
        contexts: dict[str, Any],
        place: Path,
        rights: Mapping[str, str],
        commits: tuple[str, str],
        done: Done,
    ) -> None:
        """Does what an action of somebody else's does."""
        if name == "actions/checkout":
            assert rights["contents"] == "read"
            assert given["persist-credentials"] == "false"
            self.repository.clone(commits[0], place / "work", int(given.get("fetch-depth", 1)))
        elif name == "google-github-actions/auth":
            assert rights["id-token"] == "write"
            assert given["workload_identity_provider"]
            done.account = given["service_account"]
        elif name == "actions/upload-artifact":
            files = Path(given["path"])
            if files.is_dir() and any(files.iterdir()):
                self.host.keep(given["name"], files, commits[1])
            else:
                done.ok &= given["if-no-files-found"] == "ignore"
        elif name == "actions/download-artifact":
            kept = [each for each in self.host.artifacts if each["name"] == given["name"]]
            if not kept:
                done.ok = False
                return
            packed = self.host.elsewhere[f"/artifact/{kept[-1]['id']}"]
            zipfile.ZipFile(io.BytesIO(packed)).extractall(given["path"])
        else:
            assert name in ("actions/setup-python", "pulumi/actions"), name


def _matrices(job: Mapping[str, Any], plain: Expressions) -> list[dict[str, str]]:
    axes = job.get("strategy", {}).get("matrix", {})
    listed = {name: plain.value(value.strip()[3:-2]) for name, value in axes.items()}
    assert all(listed.values()), "GitHub refuses a matrix without a value"
    return [dict(zip(listed, values, strict=True)) for values in product(*listed.values())]

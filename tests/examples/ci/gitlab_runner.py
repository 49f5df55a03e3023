"""Runs pipelines as GitLab does, so far as those in examples/ci/gitlab need it: every script, in bash, in a clone."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.cli.review.fake_gitlab import PROJECT, FakeGitLab
from tests.examples.ci.repository import Repository

PROVIDER = "projects/1/locations/global/workloadIdentityPools/gitlab/providers/gitlab"
TOKEN = "glpat-of-the-project"


class _Loader(yaml.SafeLoader):
    """Keeps GitLab's own `!reference`s."""


_Loader.add_constructor("!reference", lambda loader, node: ("!reference", *(each.value for each in node.value)))


@dataclass
class Done:
    """A job as it ended."""

    ok: bool
    log: str
    account: str
    job: Mapping[str, Any]


@dataclass
class Runner:
    """GitLab's side.

    Attributes:
        repository: whose pipelines they are.
        host: its interface.
        variables: of the environment of every script.
        folder: for the workspaces of jobs.
        scripts: the jobs and hidden jobs whose scripts have run.
    """

    repository: Repository
    host: FakeGitLab
    variables: Mapping[str, str]
    folder: Path
    scripts: set[str] = field(default_factory=set)
    _jobs: int = 0
    _pipelines: int = 0

    def run(self, commit: str, variables: Mapping[str, str]) -> dict[str, Done]:
        """Runs the pipeline of a commit, and those that it starts; manual jobs are started by somebody."""
        self._pipelines += 1
        return self._pipeline(load(self.repository.folder / ".gitlab-ci.yml"), commit, dict(variables))

    @property
    def pipeline(self) -> int:
        """The number of the last one that `run` was asked for."""
        return self._pipelines

    def _pipeline(self, content: dict[str, Any], commit: str, variables: dict[str, str]) -> dict[str, Done]:
        number = self._pipelines
        rules = content.pop("workflow", {}).get("rules")
        assert rules is None or _ruled(rules, variables) is not None
        for included in content.pop("include"):
            content = {**load(self.repository.folder / included["local"]), **content}
        stages = content.pop("stages", ["test"])
        jobs = {name: _extended(name, content) for name in content if not name.startswith(".")}
        done: dict[str, Done] = {}
        pipelines: dict[str, dict[str, Any]] = {}
        for name, job in _ordered(jobs, stages):
            given = _ruled(job["rules"], variables) if "rules" in job else {}
            if given is None:
                continue
            if "trigger" in job:
                (include,) = job["trigger"]["include"]
                self._pipelines += 1
                self.host.children.setdefault(number, []).append(self._pipelines)
                done |= self._pipeline(pipelines[include["job"]], commit, variables)
                continue
            if not all(done[each].ok for each in job.get("needs", [])):
                continue
            self.scripts |= {name if name in jobs and "script" in content[name] else "", *_ancestors(name, content)}
            done[name] = self._job(name, job, commit, {**variables, **given}, number, done)
            if (written := self.folder / f"job-{self._jobs}" / "stacks.yml").exists():
                pipelines[name] = load(written)
        self._pipelines = max(self._pipelines, number)
        return done

    def _job(
        self,
        name: str,
        job: Mapping[str, Any],
        commit: str,
        given: Mapping[str, str],
        pipeline: int,
        before: Mapping[str, Done],
    ) -> Done:
        self._jobs += 1
        place = self.folder / f"job-{self._jobs}"
        environment = job.get("environment", {}).get("name", "")
        known = {
            **given,
            "TUNESTACK_IDENTITY_PROVIDER": PROVIDER,
            "TUNESTACK_PREVIEW_ACCOUNT": "preview@shop",
            **({"TUNESTACK_ACCOUNT": f"{environment}@shop"} if environment else {}),
        }
        own = {
            key: re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), value)
            for key, value in job["variables"].items()
        }
        self.repository.clone(commit, place, int(own.get("GIT_DEPTH", 20)))
        for needed in job.get("needs", []):
            for kept in self.host.jobs.get(pipeline, []):
                if kept["name"] == needed:
                    packed = self.host.elsewhere[f"/artifact/{kept['id']}"]
                    zipfile.ZipFile(io.BytesIO(packed)).extractall(place)
        variables = {
            **self.variables,
            **known,
            **own,
            "GITLAB_TOKEN": TOKEN,
            "CI_API_V4_URL": f"{self.host.url}/api/v4",
            "CI_PROJECT_ID": PROJECT,
            "CI_PROJECT_DIR": str(place),
            "CI_COMMIT_SHA": commit,
            "CI_JOB_URL": f"https://gitlab.example/jobs/{self._jobs}",
            **dict.fromkeys(job.get("id_tokens", ()), "header.payload.signature"),
        }
        lines = [*job.get("before_script", []), *job["script"]]
        ended = _bash(lines, place, variables)
        log = ended.stdout
        if "after_script" in job:
            log += _bash(job["after_script"], place, variables).stdout
        ok = ended.returncode == 0
        kept_folders = [place / path for path in job.get("artifacts", {}).get("paths", []) if (place / path).is_dir()]
        if kept_folders and ok:
            packed_folder = self.folder / f"artifacts-{self._jobs}"
            for folder in kept_folders:
                shutil.copytree(folder, packed_folder / folder.name)
            self.host.keep(name, packed_folder, pipeline)
        return Done(ok, log, own.get("ACCOUNT", ""), job)


def _bash(lines: list[str], place: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
        cwd=place,
        env=dict(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def load(file: Path) -> dict[str, Any]:
    return dict(yaml.load(file.read_text(), _Loader))  # noqa: S506 - a safe loader with one tag more


def _ancestors(name: str, content: Mapping[str, Any]) -> set[str]:
    parent = content[name].get("extends")
    return {parent, *_ancestors(parent, content)} if parent else set()


def _extended(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Merges a job with those it extends: mappings by key, everything else as a whole; references are put in."""
    job = content[name]
    parent = _extended(job["extends"], content) if "extends" in job else {}
    merged = {**parent, **job}
    merged["variables"] = {**parent.get("variables", {}), **job.get("variables", {})}
    for key in ("before_script", "script", "after_script"):
        lines: list[str] = []
        for line in merged.get(key, []):
            lines += _extended(line[1], content)[line[2]] if isinstance(line, tuple) else [line]
        if key in merged:
            merged[key] = lines
    return merged


def _ordered(jobs: Mapping[str, dict[str, Any]], stages: list[str]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(jobs.items(), key=lambda each: stages.index(each[1].get("stage", "test")))


def _ruled(rules: list[dict[str, Any]], variables: Mapping[str, str]) -> dict[str, str] | None:
    """Returns the variables of the first rule that holds; None where none does."""
    for rule in rules:
        if all(_holds(part.strip(), variables) for part in rule["if"].split("&&")):
            return dict(rule.get("variables", {})) and {
                key: variables.get(value.removeprefix("$"), value) for key, value in rule["variables"].items()
            }
    return None


def _holds(condition: str, variables: Mapping[str, str]) -> bool:
    found = re.fullmatch(r"\$(\w+)(?: (==|=~) (.+))?", condition)
    assert found, condition
    value = variables.get(found[1], "")
    if found[2] is None:
        return bool(value)
    if found[2] == "=~":
        return re.search(found[3].strip("/"), value) is not None
    other = found[3]
    return value == (variables.get(other[1:], "") if other.startswith("$") else other.strip('"'))

"""Touched stacks as a host's jobs take them: outputs of a step at GitHub, a child pipeline at GitLab."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Any

import yaml

from tunestack.cli.review.hosting import ARTIFACT
from tunestack.cli.review.touched import Change
from tunestack.cli.stack import StackError

_STAGES = ("first", "second", "third")
"""As many as examples/ci/github has jobs for: where models come from, where they go to, its regions."""


def github_outputs(change: Change) -> str:
    """Returns lines for $GITHUB_OUTPUT: `stacks` with all names, and the names of each stage, as JSON.

    Raises:
        StackError: there are more stages than the workflow has jobs for.
    """
    stages = change.to_json()["stages"]
    if len(stages) > len(_STAGES):
        raise StackError(
            f"stacks follow each other in {len(stages)} stages, and the workflow has jobs for {len(_STAGES)}: bring "
            f"the first ones up by a change of their own, or by hand: {', '.join(stages[0])}"
        )
    outputs = {
        "stacks": [each.name for each in change.stacks],
        **dict(zip_longest(_STAGES, stages, fillvalue=())),
    }
    return "".join(f"{name}={json.dumps(value)}\n" for name, value in outputs.items())


def gitlab_previews(change: Change, template: str) -> str:
    """Returns the child pipeline of a merge request: a preview of each stack that it touches."""
    jobs = {f"{ARTIFACT}{each.name}": _job(".tunestack-preview", each.name) for each in change.stacks}
    return _pipeline(jobs, template, rules=[{"if": "$CI_MERGE_REQUEST_IID"}])


def gitlab_ups(change: Change, template: str, *, reviewed: bool) -> str:
    """Returns the child pipeline of what was merged: each stack after those that it follows.

    A stack that follows none has its plan from the merge request, if it was reviewed there. Any other is previewed
    when those before it are up, and waits for somebody who has read that.
    """
    jobs: dict[str, Any] = {}
    for each in change.stacks:
        up = _job(".tunestack-up", each.name, environment={"name": each.name}, resource_group=each.name)
        before = [f"up {name}" for name in each.follows]
        if reviewed and not before:
            jobs[f"up {each.name}"] = up
            continue
        # Regions that stay pending are no reason to hold back others; a preview changes nothing.
        jobs[f"{ARTIFACT}{each.name}"] = _job(".tunestack-preview", each.name, needs=before)
        fresh = {"extends": ".tunestack-fresh-up", "needs": [f"{ARTIFACT}{each.name}"], "when": "manual"}
        jobs[f"up {each.name}"] = {**up, **fresh}
    return _pipeline(jobs, template)


def _job(template: str, stack: str, **more: Any) -> dict[str, Any]:
    return {"extends": template, "variables": {"STACK": stack}, **more}


def _pipeline(jobs: dict[str, Any], template: str, **workflow: Any) -> str:
    # GitLab refuses a pipeline without a job.
    jobs = jobs or {"no stack is touched": {"script": ["true"], "variables": {"GIT_STRATEGY": "none"}}}
    head: dict[str, Any] = {"include": [{"local": template}]}
    return yaml.safe_dump({**head, **({"workflow": workflow} if workflow else {}), **jobs}, sort_keys=False)

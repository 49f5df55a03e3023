"""What the engine makes of jobs that were renamed, were lost from the state, or existed before."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

JOB = "TuningJob tickets"


def urn(stack: Any, kind: str) -> str:
    """Returns the urn of the stack's one resource of a kind."""
    state = json.loads(stack.pulumi("stack", "export"))
    (found,) = (each["urn"] for each in state["deployment"]["resources"] if each["type"] == f"tunestack:index:{kind}")
    return str(found)


def forget(stack: Any) -> dict[str, str]:
    """Takes the job and its model out of the state, as a crash does; returns their urns."""
    urns = {kind: urn(stack, kind) for kind in ("TunedModel", "TuningJob")}
    for each in urns.values():
        stack.pulumi("state", "delete", "--yes", "--force", each)
    return urns


def rename(stack: Any, name: str, alias: str | None = None) -> None:
    """Gives the job another name in the program."""
    program = stack.folder / "infra" / "tuning.py"
    text = program.read_text().replace("TuningJob(\n            name,", f"TuningJob(\n            {name!r},")
    if alias:
        aliased = (
            f"opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(aliases=[pulumi.Alias({alias!r})]))"
        )
        assert "opts=options," in text
        text = text.replace("opts=options,", f"{aliased},")
    program.write_text(text)


def test_a_job_that_the_state_has_lost_is_taken_and_keeps_its_model_when_renamed(stack: Any) -> None:
    stack.configure(serving=None)
    stack.up()
    number = stack.jobs()[0]["name"].rpartition("/")[2]
    forget(stack)
    foretold = stack.preview()["messages"][JOB]
    assert foretold == f"takes job {number}, which learned the same from the same data; costs nothing"
    stack.up()
    assert len(stack.jobs()) == 1

    program = stack.folder / "infra" / "tuning.py"
    original = program.read_text()
    rename(stack, "renamed")
    assert 'add opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="tickets")]) to it' in stack.pulumi(
        "preview", fails=True
    )
    program.write_text(original)
    rename(stack, "renamed", alias="tickets")
    stack.pulumi("preview", "--expect-no-changes")
    for epochs in (2, 1):
        stack.model(epochs=epochs)
        stack.up()
    assert len(stack.jobs()) == 2, "the job from before the rename is still this resource's own"
    stack.pulumi("preview", "--expect-no-changes")

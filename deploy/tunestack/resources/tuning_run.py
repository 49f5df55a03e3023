"""Looks at a tuning job that has run, in whichever project and region."""

from __future__ import annotations

import dataclasses
from typing import Any

import pulumi

from tunestack.resources.declaration import PACKAGE
from tunestack.wire_names import wire_name

TOKEN = f"{PACKAGE}:index:getRun"


@dataclasses.dataclass(frozen=True)
class TuningRun:
    """A tuning job, and what came of it.

    Attributes:
        job: resource name, `projects/…/locations/…/tuningJobs/…`.
        state: such as `JOB_STATE_SUCCEEDED`.
        error: what the service says of a job that failed, or empty.
        base_model: the model that was tuned, or empty where the service does not say.
        mode: `FULL` or `PEFT_ADAPTER`; empty for Gemini.
        epochs: passes over the data; 0 where the service chose them.
        checkpoint_uri: `gs://` folder of the final checkpoint; empty where there is none, or none any more.
        tuned_model: resource name of a tuned Gemini model; empty for an open one.
        training_uri: the file that it learned from.
        validation_uri: the file that it was measured with, or empty.
        content_hash: first digits of the data's hash; empty for a job from before this was kept.
        spec_hash: hash of everything that the result depends on; empty for a job that was not submitted by Tunestack.
        billed_tokens: training tokens that the service counted, None where it does not say.
        billed_cost_usd: their price, None where nobody published one.
        duration_seconds: from the job's start to its end, None while it is not over.
        created: when it was submitted (RFC 3339).
        ended: when it ended, or empty.
        is_of_same_model: whether the job that it was compared with, by `like`, is of the same resource of the same
            stack; True without one.
    """

    job: str
    state: str
    error: str
    base_model: str
    mode: str
    epochs: int
    checkpoint_uri: str
    tuned_model: str
    training_uri: str
    validation_uri: str
    content_hash: str
    spec_hash: str
    created: str
    ended: str
    is_of_same_model: bool
    billed_tokens: int | None = None
    billed_cost_usd: float | None = None
    duration_seconds: float | None = None


def get_run(name: str, *, like: str | None = None, opts: pulumi.InvokeOptions | None = None) -> TuningRun:
    """Looks at a tuning job.

    Args:
        name: resource name of the job; its id alone where `like` names another of the same place.
        like: resource name of another job, to learn whether both are of one model.
        opts: the engine's options, such as `provider`.

    Raises:
        Exception: there is no such job, or it may not be looked at; the message says which.
    """
    return _run(pulumi.runtime.invoke(TOKEN, _arguments(name, like), opts or pulumi.InvokeOptions()).value)


def get_run_output(
    name: pulumi.Input[str],
    *,
    like: pulumi.Input[str] | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> pulumi.Output[TuningRun]:
    """Looks at a tuning job whose name is an output; see `get_run`."""
    known = pulumi.Output.all(name=name, like=like)
    return known.apply(lambda given: get_run(given["name"], like=given["like"], opts=opts))


def _arguments(name: str, like: str | None) -> dict[str, str]:
    return {"name": name, **({"like": like} if like else {})}


def _run(answer: dict[str, Any]) -> TuningRun:
    given: dict[str, Any] = {field.name: answer.get(wire_name(field.name)) for field in dataclasses.fields(TuningRun)}
    for whole in ("epochs", "billed_tokens"):  # the engine's numbers are doubles
        given[whole] = None if given[whole] is None else int(given[whole])
    return TuningRun(**given)

"""Models that other stacks have tuned, taken as they are: copied into this stack's bucket, tuned no second time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from infra.connection import Connection
from infra.models_there import ModelThere, NotThereError, model_there
from infra.serving import Servable
from infra.settings import PromoteSettings, Settings
from infra.stack_outputs import StackOutputs, UnreadableStackError, refusal
from tunestack import CheckpointCopy

_SUCCEEDED: Final = "JOB_STATE_SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Copied:
    """A model of another stack, and its checkpoint in a bucket of this one."""

    there: ModelThere
    here: CheckpointCopy

    @property
    def servable(self) -> Servable:
        """The copy, as an endpoint may serve it; what it is copied from is there before it."""
        return Servable(self.here.uri, self.there.base_model, self.there.uri or None)


def read_promoted(
    settings: Settings, stacks: StackOutputs, connection: Connection, problems: list[str]
) -> dict[str, ModelThere]:
    """Returns the models that the configuration promotes, by their name here.

    Args:
        settings: of this stack.
        stacks: the outputs of others.
        connection: by which earlier runs are looked at.
        problems: takes one text each, beginning with the key.
    """
    found: dict[str, ModelThere] = {}
    for name, wanted in settings.promoted.items():
        place = f"models.{name}.promote"
        try:
            outputs = stacks.read(wanted.from_)
        except UnreadableStackError as error:
            problems.append(f"{place}.from: {error}")
            continue
        try:
            there = model_there(outputs, wanted.model)
        except NotThereError as error:
            problems.append(f"{place}.model: {error}")
            continue
        try:
            found[name] = _earlier(there, wanted.run, connection) if wanted.run else _finished(there, wanted)
        except NotThereError as error:
            problems.append(f"{place}.{'run' if wanted.run else 'model'}: {error}")
    return found


class Promotion(pulumi.ComponentResource):
    """A copy of each checkpoint that the configuration promotes.

    Args:
        resource_name: the name in the program.
        models: those of the other stacks, by their name here.
        bucket: of this stack's checkpoints.
        after: what must exist before anything is copied.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        models: Mapping[str, ModelThere],
        bucket: pulumi.Input[str],
        after: pulumi.Resource,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:Promotion", resource_name, None, opts)
        options = pulumi.ResourceOptions(parent=self, depends_on=[after])
        self.models = {name: copied(name, there, bucket=bucket, opts=options) for name, there in models.items()}
        self.register_outputs({})


def copied(name: str, there: ModelThere, *, bucket: pulumi.Input[str], opts: pulumi.ResourceOptions) -> Copied:
    """Declares the copy of another stack's checkpoint in a bucket of this stack."""
    folder = f"{pulumi.get_project()}/{pulumi.get_stack()}/{name}/copies"
    here = CheckpointCopy(
        name,
        source_uri=there.uri,
        destination_uri=pulumi.Output.concat("gs://", bucket, "/", folder),
        base_model=there.base_model,
        origin=there.origin,
        opts=opts,
    )
    return Copied(there, here)


def _finished(there: ModelThere, wanted: PromoteSettings) -> ModelThere:
    if not there.is_ready:
        raise NotThereError(
            f"{there.name} of stack {there.stack} is not tuned yet: its job is in {there.state}; run pulumi up --stack "
            f"{wanted.from_} once it has ended, or name an earlier run: run: JOB-ID"
        )
    return there


def _earlier(there: ModelThere, run: str, connection: Connection) -> ModelThere:
    """Returns the same model as an earlier run has made it.

    Raises:
        NotThereError: there is no such run of that model, or nothing came of it.
    """
    if there.is_ready and run in (there.run, there.job):
        return there
    from tunestack import get_run

    job = run if "/" in run else f"{there.job.rpartition('/')[0]}/{run}"
    try:
        found = get_run(job, like=there.job, opts=pulumi.InvokeOptions(provider=connection.tunestack))
    except Exception as error:  # the SDK raises nothing more precise
        raise NotThereError(refusal(error)) from error
    if not found.is_of_same_model:
        raise NotThereError(f"{run} is no run of {there.name} of stack {there.stack}: another model was tuned by it")
    if found.state != _SUCCEEDED:
        raise NotThereError(f"{run} is in {found.state}, and no run to go back to; take one that succeeded")
    if not found.checkpoint_uri:
        raise NotThereError(f"the final checkpoint of {run} is gone; take another run")
    told: Mapping[str, object] = {
        "job": found.job,
        "state": found.state,
        "finalCheckpointUri": found.checkpoint_uri,
        "method": there.told.get("method"),
        "baseModel": found.base_model,
        "mode": found.mode,
        "epochs": found.epochs or None,
        "contentHash": found.content_hash,
        # The service shows it to whoever may see the job, and the other stack may keep it a secret.
        "trainingUri": found.training_uri if there.told.get("trainingUri") else None,
        "specHash": found.spec_hash,
        "billedTokens": found.billed_tokens,
        "billedCostUsd": found.billed_cost_usd,
        "durationSeconds": found.duration_seconds,
        "promotedFrom": there.told.get("promotedFrom"),
    }
    return ModelThere(there.stack, there.name, told, there.is_secret)

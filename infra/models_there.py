"""Models of other stacks, as those tell them in their output `models`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.setting_problems import unknown
from infra.stack_outputs import Outputs
from tunestack.catalogue.methods import OPEN_METHODS
from tunestack.wording import together

LINEAGE = (
    "baseModel",
    "mode",
    "epochs",
    "contentHash",
    "trainingUri",
    "examples",
    "billedTokens",
    "billedCostUsd",
    "durationSeconds",
    "specHash",
)
"""What is told of where a checkpoint comes from, beside stack, model and run."""


class NotThereError(Exception):
    """A model that cannot be taken; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class ModelThere:
    """A tuned open model of another stack.

    Attributes:
        stack: that stack.
        name: of the model there.
        told: the model as an output `models` has it.
        is_secret: whether that is a secret there.
    """

    stack: str
    name: str
    told: Mapping[str, Any]
    is_secret: bool = False

    @property
    def base_model(self) -> str | None:
        """What it was tuned from; None where that is not told."""
        return str(self.told.get("baseModel") or "") or None

    @property
    def job(self) -> str:
        """The resource name of the job that tuned it."""
        return str(self.told.get("job") or "")

    @property
    def run(self) -> str:
        """The id of that job."""
        return self.job.rpartition("/")[2]

    @property
    def state(self) -> str:
        """In which state that job was when the stack was applied."""
        return str(self.told.get("state") or "an unknown state")

    @property
    def is_ready(self) -> bool:
        """Whether there is a checkpoint."""
        return bool(self.told.get("finalCheckpointUri"))

    @property
    def uri(self) -> str | pulumi.Output[str]:
        """The folder of its final checkpoint; empty while there is none."""
        uri = str(self.told.get("finalCheckpointUri") or "")
        return pulumi.Output.secret(uri) if self.is_secret else uri

    @property
    def way(self) -> list[str]:
        """The stacks that have it, from the one that ran the job to this one: each has taken it from that before."""
        before = self.told.get("promotedFrom") or {}
        return [*map(str, before.get("way") or filter(None, [before.get("stack")])), self.stack]

    @property
    def promoted_from(self) -> dict[str, Any]:
        """What a stack that takes it tells of that; where a stack has taken it from another, the way as well."""
        taken = {"stack": self.stack, "model": self.name, "run": self.run}
        return taken | ({"way": self.way} if len(self.way) > 1 else {})

    @property
    def origin(self) -> dict[str, str]:
        """Where the checkpoint comes from, in texts, to be told in previews and kept beside a copy."""
        run = {"stack": self.stack, "model": self.name, "run": self.run, "job": self.job}
        first, *others = self.way
        if others:
            run |= {"tunedIn": first, "via": together(others)}
        return run | {key: _text(value) for key in LINEAGE if (value := self.told.get(key)) not in (None, "")}


def model_there(outputs: Outputs, name: str) -> ModelThere:
    """Returns a model of another stack.

    Raises:
        NotThereError: there is none of that name, or it is a Gemini model.
    """
    known = outputs.values.get("models") or {}
    told = known.get(name)
    if not isinstance(told, Mapping):
        raise NotThereError(f"of stack {outputs.stack}: {unknown(name, 'model', list(known))}")
    if told.get("method") not in (*OPEN_METHODS, None) or told.get("tunedModel"):
        raise NotThereError(
            f"{name} of stack {outputs.stack} is a tuned Gemini model, which brings its own endpoints and cannot leave "
            f"its project: call {told.get('endpoint') or 'its endpoint'}, or tune it here too"
        )
    return ModelThere(outputs.stack, name, _with_data(told, outputs), "models" in outputs.secret)


def _with_data(told: Mapping[str, Any], outputs: Outputs) -> dict[str, Any]:
    """Adds what it learned from: a model that the stack itself has tuned names its dataset."""
    dataset = (outputs.values.get("datasets") or {}).get(told.get("dataset")) or {}
    # An address may be what is secret of a dataset; its hash and its size are not.
    keys = ("contentHash", "examples", *(() if "datasets" in outputs.secret else ("trainingUri",)))
    return {key: dataset.get(key) for key in keys} | dict(told)


def _text(value: Any) -> str:
    """Returns a number as it was meant: the engine has only ones with a fraction."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

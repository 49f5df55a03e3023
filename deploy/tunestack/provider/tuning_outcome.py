"""What came of a job: folders of checkpoints, or a model of the service with endpoints of its own; and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunestack.catalogue import training_cost
from tunestack.tuning import artifacts, states, tuned_models

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.tuning.job import Job


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is there of a job's result.

    Attributes:
        job: as the service tells of it.
        folders: an open model's checkpoints.
        labelled_data_uri: what the teacher of a distillation wrote, or empty.
        has_tuned_model: whether the Gemini model that the job names exists.
    """

    job: Job
    folders: tuple[artifacts.Checkpoint, ...] = ()
    labelled_data_uri: str = ""
    has_tuned_model: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether there is a model to serve, or one that serves."""
        return self.has_tuned_model or artifacts.has_final(self.folders)

    def outputs(self) -> dict[str, Any]:
        """Returns all that names a result; empty texts where the method makes no such thing."""
        gemini = self.job if self.has_tuned_model else None
        found: list[dict[str, Any]] = [{"name": each.name, "uri": each.uri} for each in self.folders] or [
            {"id": each.id, "epoch": each.epoch, "step": each.step, "endpoint": each.endpoint}
            for each in (gemini.checkpoints if gemini else ())
        ]
        return {
            "checkpoints": [{name: value for name, value in each.items() if value not in (None, "")} for each in found],
            "finalCheckpointUri": self.folders[-1].uri if artifacts.has_final(self.folders) else "",
            "tunedModel": gemini.model if gemini else "",
            "endpoint": gemini.endpoint if gemini else "",
            "labelledDataUri": self.labelled_data_uri,
        }

    def missing(self, artifacts_uri: str) -> str:
        """Says of a job that succeeded what is not there although it should be, and what to do."""
        number = self.job.number
        if self.job.keeps_folder:
            return (
                f"job {number} succeeded, but there is no final checkpoint below {artifacts_uri}. Restore the folder, "
                "or raise attempt of the TuningJob to train again"
            )
        lost = f"its tuned model {self.job.model} is gone" if self.job.model else "the service names no tuned model"
        return f"job {number} succeeded, but {lost}. Raise attempt of the TuningJob to train again"


def find(connection: Connection, job: Job, artifacts_uri: str) -> Outcome:
    """Returns what is there; calls block."""
    if not job.keeps_folder:
        return Outcome(job, has_tuned_model=bool(job.model) and tuned_models.exists(connection, job.model))
    labelled = artifacts.labelled_data(connection, artifacts_uri) if job.method == "distillation" else ""
    return Outcome(job, tuple(artifacts.checkpoints(connection, artifacts_uri)), labelled)


def is_there(connection: Connection, known: dict[str, Any]) -> bool:
    """Says whether what a state names is there, where the service has forgotten the job."""
    if model := known.get("tunedModel"):
        return tuned_models.exists(connection, model)
    uri = known.get("artifactsUri", "")
    return uri != "" and artifacts.has_final(artifacts.checkpoints(connection, uri))


def is_finished(known: dict[str, Any]) -> bool:
    """Says whether a state has all that will ever come of its job."""
    return known.get("state") in states.ENDED and bool(known.get("finalCheckpointUri") or known.get("tunedModel"))


def billed(job: Job, base_model: str, mode: str | None, estimated_tokens: int | None) -> dict[str, Any]:
    """Returns the tokens that the service counted, their price, and what they are of the estimated ones.

    A teacher's calls are not among them: they are billed as calls of that model. Nor does the estimate of a
    distillation know its answers, so that nothing would follow from comparing the two.
    """
    tokens, usd, ratio = job.billed_tokens, None, None
    if tokens is not None:
        usd = training_cost(base_model or job.base_model, mode, tokens)
        if estimated_tokens and job.method != "distillation":
            ratio = round(tokens / estimated_tokens, 4)
    return {"billedTokens": tokens, "billedCostUsd": None if usd is None else float(usd), "billedToEstimated": ratio}

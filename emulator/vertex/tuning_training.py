"""The training of one tuning job: the weights it starts from, and the checkpoints it leaves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from emulator.language_model import Hyperparameters, LanguageModelError, Progress, TrainingResult, train
from emulator.vertex import architectures
from emulator.vertex.refusals import invalid_argument
from emulator.vertex.tuned_gemini import SavedCheckpoint
from emulator.vertex.tuning_metrics import METRICS, Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from emulator.services import Services
    from emulator.vertex.calls import Place
    from emulator.vertex.checkpoints import Checkpoints
    from emulator.vertex.datasets import Dataset
    from emulator.vertex.tuned_gemini import TunedGemini
    from emulator.vertex.tuning_plans import Plan

_CHECKPOINTS = "postprocess/node-0/checkpoints"


class Training:
    """Trains as a plan says.

    Args:
        services: With the buckets.
        checkpoints: The untuned models, and those in buckets.
        tuned_gemini: The tuned Gemini models.
        place: Where the job runs.
        plan: What to do.
        kept: A folder for the checkpoints. Those of open models are in the job's bucket as well.
    """

    def __init__(
        self,
        services: Services,
        checkpoints: Checkpoints,
        tuned_gemini: TunedGemini,
        place: Place,
        plan: Plan,
        kept: Path,
    ) -> None:
        self._services = services
        self._checkpoints = checkpoints
        self._tuned_gemini = tuned_gemini
        self._place = place
        self._plan = plan
        self._kept = kept
        self._metrics = Metrics()
        self.saved: list[SavedCheckpoint] = []

    def run(
        self,
        training: Dataset,
        validation: Dataset | None,
        progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> TrainingResult:
        """Trains; each checkpoint is saved as soon as it is there.

        Raises:
            ServiceError: the weights to start from, or the examples, cannot be used.
            TrainingCancelled: `cancelled` returned true.
        """

        def report(step: Progress) -> None:
            self._metrics.add(step)
            progress(step)

        plan = self._plan
        hyperparameters = Hyperparameters(
            plan.mode, plan.epochs, plan.adapter_size, plan.batch_size, plan.learning_rate_ratio
        )
        examples = validation.examples if validation else ()
        try:
            with self._start() as folder:
                return train(
                    folder,
                    training.examples,
                    examples,
                    hyperparameters,
                    save=self._save,
                    progress=report,
                    cancelled=cancelled,
                )
        except LanguageModelError as error:
            raise invalid_argument(f"Training failed: {error}") from error

    def write_metrics(self, result: TrainingResult) -> tuple[dict[str, float], str]:
        """The losses at either end, and where the file with all of them is; Gemini models have none."""
        output, uri = self._plan.output, ""
        if output is not None:
            self._services.storage.write(output.bucket, output.prefix + METRICS, self._metrics.file(result))
            uri = f"{output.uri}/{METRICS}"
        return self._metrics.summary(result), uri

    def finish(self, job: dict[str, Any]) -> dict[str, Any]:
        """Writes `final/`, or registers the model, and returns the job's `tunedModel`."""
        if self._plan.is_gemini:
            return self._tuned_gemini.register(job, self.saved)
        self._write("final", self.saved[-1].folder)
        # "This field is only populated for tuning jobs that enable intermediate checkpoints": TunedModel.checkpoints.
        shown = [] if self._plan.last_only else self.saved
        return {
            "checkpoints": [
                {"checkpointId": saved.checkpoint_id, "epoch": str(saved.epoch), "step": str(saved.step)}
                for saved in shown
            ]
        }

    @contextmanager
    def _start(self) -> Iterator[Path]:
        plan = self._plan
        if plan.custom_base is not None:
            self._checkpoints.check(plan.custom_base.uri)
            with self._checkpoints.local(plan.custom_base.uri) as folder:
                architectures.check(plan.model, folder, plan.custom_base.uri)
                yield folder
        elif plan.pre_tuned is not None:
            yield self._tuned_gemini.resolve(self._place, *plan.pre_tuned).folder
        else:
            yield self._checkpoints.base_model(plan.model)

    def _save(self, epoch: int, step: int, write: Callable[[Path], None]) -> None:
        if self._plan.last_only and epoch < self._plan.epochs:
            return
        number = str(len(self.saved) + 1)
        folder = self._kept / number
        write(folder)
        self.saved.append(SavedCheckpoint(number, epoch, step, folder))
        if not self._plan.is_gemini:
            self._write(f"checkpoint-{step}", folder)

    def _write(self, name: str, content: Path) -> None:
        output = self._plan.output
        assert output is not None  # noqa: S101 - of an open model
        for file in sorted(content.iterdir()):
            self._services.storage.write(output.bucket, f"{output.prefix}{_CHECKPOINTS}/{name}/{file.name}", file)

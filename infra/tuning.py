"""The datasets, the tuning jobs on them, and what they made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.access import Access
from infra.buckets import Buckets
from infra.settings import ModelSettings, Settings
from tunestack import Dataset, TunedModel, TuningJob


@dataclass(frozen=True, slots=True)
class Tuned:
    """One model of the configuration: its job and what the job made."""

    settings: ModelSettings
    job: TuningJob
    model: TunedModel


class Tuning(pulumi.ComponentResource):
    """A dataset for each of the configuration's, and a job and a tuned model for each of its models.

    Args:
        resource_name: the name in the program.
        settings: the stack's configuration.
        buckets: where data and checkpoints go.
        access: whom the jobs run as; no job starts before its bindings exist.
        after: what must exist before a job starts, beside the bindings.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        settings: Settings,
        buckets: Buckets,
        access: Access,
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:Tuning", resource_name, None, opts)
        self.datasets = {
            name: Dataset(
                name,
                training=settings.guarded("datasets", dataset.training),
                validation=settings.guarded("datasets", dataset.validation),
                bucket=buckets.data.name,
                base_models=settings.base_models(name),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for name, dataset in settings.datasets.items()
        }
        self.models = {name: self._tuned(name, settings, buckets, access, after) for name in settings.models}
        self.register_outputs({})

    @property
    def jobs_started(self) -> dict[str, pulumi.Output[str]]:
        """By model, what a preview does not know exactly when a job would be started."""
        return {name: tuned.job.job for name, tuned in self.models.items()}

    def _tuned(
        self,
        name: str,
        settings: Settings,
        buckets: Buckets,
        access: Access,
        after: Sequence[pulumi.Resource],
    ) -> Tuned:
        wanted = settings.models[name]
        job = TuningJob(
            name,
            base_model=wanted.base_model,
            mode=wanted.mode,
            dataset=self.datasets[wanted.dataset],
            output_uri=pulumi.Output.concat("gs://", buckets.output.name),
            epochs=wanted.epochs,
            adapter_size=wanted.adapter_size,
            batch_size=wanted.batch_size,
            learning_rate=wanted.learning_rate,
            custom_base_model=settings.guarded("models", wanted.custom_base_model),
            service_account=access.service_account,
            description=settings.guarded("models", wanted.description),
            labels=settings.guarded("labels", settings.labels),
            attempt=wanted.attempt,
            strict=wanted.strict,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access, *after]),
        )
        model = TunedModel(
            name,
            tuning_job=job,
            expire_intermediate=settings.buckets.intermediate_checkpoint_days is not None,
            wait=wanted.wait,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Tuned(wanted, job, model)

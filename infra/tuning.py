"""The datasets, the tuning jobs on them, and what they made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.access import Access
from infra.buckets import Buckets
from infra.settings import ModelSettings, Settings
from infra.starting_points import OtherStacks, start
from tunestack import Dataset, TunedModel, TuningJob
from tunestack.catalogue.methods import OPEN_METHODS, Method


@dataclass(frozen=True, slots=True)
class Tuned:
    """One model of the configuration, its job and what the job made.

    Attributes:
        settings: of the configuration.
        method: the way in which it is tuned.
        base_model: what it is tuned from at first; None where only the service knows.
        job: the tuning job.
        model: what that made.
    """

    settings: ModelSettings
    method: Method
    base_model: str | None
    job: TuningJob
    model: TunedModel


class Tuning(pulumi.ComponentResource):
    """A dataset for each of the configuration's, and a job and a tuned model for each of its models.

    Args:
        resource_name: the name in the program.
        settings: the stack's configuration.
        buckets: where data and checkpoints go.
        access: whom the jobs run as; no job starts before its bindings exist.
        others: the stacks whose models are continued.
        after: what must exist before a job starts, beside the bindings.
        after_open: what must exist besides before a job of an open model starts.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        settings: Settings,
        buckets: Buckets,
        access: Access,
        others: OtherStacks,
        after: Sequence[pulumi.Resource] = (),
        after_open: Sequence[pulumi.Resource] = (),
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
                answers="optional" if settings.is_answered_by_a_teacher(name) else None,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for name, dataset in settings.datasets.items()
        }
        self.models: dict[str, Tuned] = {}
        first = pulumi.ResourceOptions(parent=self, depends_on=[access, *after])
        first_open = pulumi.ResourceOptions.merge(first, pulumi.ResourceOptions(depends_on=list(after_open)))
        for name in settings.models_in_order:
            is_open = settings.method(name) in OPEN_METHODS
            self.models[name] = self._tuned(name, settings, buckets, access, others, first_open if is_open else first)
        self.register_outputs({})

    @property
    def open_jobs_started(self) -> dict[str, pulumi.Output[str]]:
        """By model, what a preview does not know exactly when a job would be started.

        Of open models alone: Gemini jobs do not count against their quota.
        """
        return {name: tuned.job.job for name, tuned in self.models.items() if tuned.method in OPEN_METHODS}

    def _tuned(
        self,
        name: str,
        settings: Settings,
        buckets: Buckets,
        access: Access,
        others: OtherStacks,
        options: pulumi.ResourceOptions,
    ) -> Tuned:
        wanted, base_model, method = settings.tuned[name], settings.base_model(name), settings.method(name)
        begin = start(name, settings, {other: tuned.model for other, tuned in self.models.items()}, others)
        job = TuningJob(
            name,
            base_model=base_model,
            mode=wanted.mode,
            dataset=self.datasets[wanted.dataset],
            output_uri=pulumi.Output.concat("gs://", buckets.output.name),
            epochs=wanted.epochs,
            adapter_size=wanted.adapter_size,
            batch_size=wanted.batch_size,
            learning_rate=wanted.learning_rate,
            learning_rate_multiplier=wanted.learning_rate_multiplier,
            teacher_model=wanted.teacher_model,
            custom_base_model=begin.custom_base_model,
            pre_tuned_model=begin.pre_tuned_model,
            pre_tuned_checkpoint=begin.pre_tuned_checkpoint,
            tuned_model_display_name=settings.guarded("models", wanted.display_name),
            export_last_checkpoint_only=wanted.last_checkpoint_only,
            kms_key_name=settings.guarded("models", settings.kms_key_name(name)),
            service_account=_account(settings, access, method),
            description=settings.guarded("models", wanted.description),
            labels=settings.guarded("labels", settings.labels),
            attempt=wanted.attempt,
            strict=wanted.strict,
            opts=options,
        )
        model = TunedModel(
            name,
            tuning_job=job,
            expire_intermediate=settings.buckets.intermediate_checkpoint_days is not None,
            wait=wanted.wait,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Tuned(wanted, method, base_model, job, model)


def _account(settings: Settings, access: Access, method: Method) -> pulumi.Output[str] | None:
    """Returns whom a job runs as; None for the service's own agent of tuning.

    The page of Gemini tuning asks for two more roles where that is another account: `aiplatform.tuningServiceAgent` for
    the account, and `iam.serviceAccountTokenCreator` on it for the agent, which exists from the project's first job on.
    So the account that a stack makes is for open models, and one that somebody names is taken for prepared.
    """
    return access.service_account if method in OPEN_METHODS or settings.service_account else None

"""The typed configuration of a stack: what stacks/Pulumi.<stack>.yaml may say below `config`.

docs/configuration.md describes every key; a test keeps the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar, overload

import pulumi
from pydantic import BaseModel, ConfigDict, Discriminator, Field, PrivateAttr, StringConstraints, Tag
from pydantic.alias_generators import to_camel

from infra.lineage import Lineage
from tunestack.catalogue import machines, methods

_T = TypeVar("_T")
Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")]
"""Names of datasets, models and endpoints become part of labels, folders and ids."""
LabelKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
LabelValue = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{0,63}$")]
Positive = Annotated[int, Field(ge=1)]
Text = Annotated[str, StringConstraints(min_length=1)]


ENDPOINT = r"^(projects/[^/]+/locations/[^/]+/endpoints/)?[0-9]+$"
JOB = r"^(projects/[^/]+/locations/[^/]+/tuningJobs/)?[0-9]+$"
TUNED_MODEL = r"^projects/[^/]+/locations/[^/]+/models/[^/@]+(@[^/@]+)?$"
STACK = r"^[\w.-]+(/[\w.-]+){0,2}$"
KMS_KEY = r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$"
READER = r"^((user|group|serviceAccount):\S+@\S+|principal(Set)?://\S+)$"
StackName = Annotated[str, StringConstraints(pattern=STACK)]
KmsKey = Annotated[str, StringConstraints(pattern=KMS_KEY)]


class Section(BaseModel):
    """A part of the configuration: camelCase keys, no unknown ones, no conversion between types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)


BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$")]


class BucketSettings(Section):
    """Which buckets hold data and checkpoints, and how those behave that the stack makes."""

    data: BucketName | None = None
    output: BucketName | None = None
    location: Text | None = None
    force_destroy: bool = False
    intermediate_checkpoint_days: Positive | None = None
    kms_key_name: KmsKey | None = None

    @property
    def existing(self) -> dict[str, str]:
        """The buckets that the stack uses and does not make, by purpose."""
        named = {"data": self.data, "output": self.output}
        return {purpose: name for purpose, name in named.items() if name is not None}


class QuotaSettings(Section):
    """What the project should have: tuning jobs of open models at once, accelerators to serve on in the region."""

    concurrent_tuning_jobs: Positive | None = None
    serving_accelerators: dict[str, Positive] = {}
    contact_email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]


class DatasetSettings(Section):
    """Files to learn from: paths, or addresses of objects in Cloud Storage."""

    training: Text
    validation: Text | None = None


class ContinueSettings(Section):
    """A model that was tuned already, by this stack or by another."""

    model: Text
    stack: StackName | None = None
    checkpoint: Text | None = None


class ModelSettings(Section):
    """A model to tune."""

    dataset: Text
    base_model: Text | None = None
    mode: Literal["FULL", "PEFT_ADAPTER"] | None = None
    epochs: Positive
    adapter_size: Positive | None = None
    batch_size: Positive | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    learning_rate_multiplier: Annotated[float, Field(gt=0)] | None = None
    teacher_model: Text | None = None
    continue_from: ContinueSettings | None = None
    custom_base_model: Annotated[str, StringConstraints(pattern=r"^gs://")] | None = None
    pre_tuned_model: Annotated[str, StringConstraints(pattern=TUNED_MODEL)] | None = None
    pre_tuned_checkpoint: Text | None = None
    display_name: Text | None = None
    last_checkpoint_only: bool | None = None
    kms_key_name: Text | None = None
    description: Text | None = None
    attempt: Positive = 1
    strict: bool = True
    wait: bool = True

    @property
    def parent(self) -> str | None:
        """The model of this stack that it continues."""
        continued = self.continue_from
        return continued.model if continued and continued.stack is None else None


class PromoteSettings(Section):
    """A model that another stack has tuned, taken as it is; an earlier run of its tuning where `run` names one."""

    from_: StackName = Field(alias="from")
    model: Text
    run: Annotated[str, StringConstraints(pattern=JOB)] | None = None


class PromotedModelSettings(Section):
    """A model that is not tuned here. What stands beside `promote` is refused elsewhere, in words of its own."""

    model_config = ConfigDict(extra="ignore")

    promote: PromoteSettings


def _kind_of_model(entry: Any) -> str:
    is_promoted = isinstance(entry, PromotedModelSettings) or (isinstance(entry, Mapping) and "promote" in entry)
    return "[promoted]" if is_promoted else "[tuned]"


ModelEntry = Annotated[
    Annotated[ModelSettings, Tag("[tuned]")] | Annotated[PromotedModelSettings, Tag("[promoted]")],
    Discriminator(_kind_of_model),
]
"""One or the other by what it has, so that what is wrong is told of the one that is meant."""


class RolloutSettings(Section):
    """How a new checkpoint takes over, in replicas."""

    max_surge_replicas: Annotated[int, Field(ge=0)] | None = None
    max_unavailable_replicas: Annotated[int, Field(ge=0)] | None = None


class ContainerSettings(Section):
    """A serving container instead of the recommended one."""

    image_uri: Text
    args: list[str] | None = None
    env: dict[str, str] | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    predict_route: Text | None = None
    health_route: Text | None = None


class EndpointSettings(Section):
    """A tuned model behind an endpoint; one of `model`, `checkpoint` and `tuning_job`."""

    model: Text | None = None
    checkpoint: Annotated[str, StringConstraints(pattern=r"^gs://")] | None = None
    tuning_job: Annotated[str, StringConstraints(pattern=JOB)] | None = None
    base_model: Text | None = None
    endpoint: Annotated[str, StringConstraints(pattern=ENDPOINT)] | None = None
    machine_type: Text | None = None
    accelerator_type: Text | None = None
    accelerator_count: Positive = 1
    machines: list[Text] | None = None
    min_replicas: Positive = 1
    max_replicas: Positive | None = None
    smoke_prompt: Text | None = None
    held_out: Text | None = None
    rollout: RolloutSettings | None = None
    container: ContainerSettings | None = None
    kms_key_name: KmsKey | None = None
    strict: bool = True

    @property
    def accelerators(self) -> list[str]:
        """Which accelerators it may serve on: of the machine, or of all that are listed."""
        if self.machines is None:
            return [self.accelerator_type] if self.accelerator_type else []
        return list(dict.fromkeys(row.accelerator_type for row in machines() if row.name in self.machines))


class Settings(Section):
    """Everything that a stack may configure."""

    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    location: Text
    foundation: StackName | None = None
    emulator: bool = False
    labels: dict[LabelKey, LabelValue] = {}
    service_account: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.gserviceaccount\.com$")] | None = None
    submitters: list[Annotated[str, StringConstraints(pattern=r"^(user|group|serviceAccount):\S+@\S+$")]] = []
    readers: list[Annotated[str, StringConstraints(pattern=READER)]] = []
    buckets: BucketSettings = BucketSettings()
    quota: QuotaSettings | None = None
    datasets: dict[Name, DatasetSettings] = {}
    models: dict[Name, ModelEntry] = {}
    serving: dict[Name, EndpointSettings] = {}
    protect: bool = False
    policies: dict[str, Any] = {}
    _secret: frozenset[str] = PrivateAttr(default=frozenset())

    def model_post_init(self, context: Any, /) -> None:
        """Takes the validation's context: the keys that hold a secret."""
        self._secret = context or frozenset()

    @property
    def tuned(self) -> dict[str, ModelSettings]:
        """The models that this stack tunes."""
        return {name: each for name, each in self.models.items() if isinstance(each, ModelSettings)}

    @property
    def promoted(self) -> dict[str, PromoteSettings]:
        """The models that it takes from other stacks."""
        return {name: each.promote for name, each in self.models.items() if isinstance(each, PromotedModelSettings)}

    def endpoint_name(self, endpoint: str) -> str:
        """Returns the resource name of an endpoint in the stack's location that may be given as its id alone."""
        return f"{self._parent}/endpoints/{endpoint.rpartition('/')[2]}"

    def job_name(self, job: str) -> str:
        """Returns the resource name of a tuning job in the stack's location that may be given as its id alone."""
        return f"{self._parent}/tuningJobs/{job.rpartition('/')[2]}"

    def base_model(self, model: str) -> str | None:
        """Returns what a model is tuned from at first; None where only the service knows."""
        return self._lineage.base_model(model)

    def kms_key_name(self, model: str) -> str | None:
        """Returns a model's customer-managed key: its own, or that of the Gemini model that it continues."""
        return self._lineage.kms_key_name(model)

    def is_gemini(self, model: str) -> bool:
        """Says whether it is a Gemini model that is tuned."""
        return self._lineage.is_gemini(model)

    def method(self, model: str) -> methods.Method:
        """Returns the way in which a model is tuned."""
        wanted = self.tuned[model]
        if self.is_gemini(model):
            return "continuous" if wanted.pre_tuned_model or wanted.continue_from else "gemini"
        return methods.method(self.base_model(model), wanted.teacher_model)

    @property
    def models_in_order(self) -> list[str]:
        """The models that are tuned, each after the one that it continues."""
        lineage = self._lineage
        return sorted(self.tuned, key=lambda name: len(lineage.line(name)))

    def learners(self, dataset: str) -> list[str]:
        """Returns the models that are tuned on a dataset."""
        return [name for name, model in self.tuned.items() if model.dataset == dataset]

    def base_models(self, dataset: str) -> list[str]:
        """Returns what is tuned on a dataset: each has rules of its own for its data."""
        return sorted({base for name in self.learners(dataset) if (base := self.base_model(name))})

    def is_answered_by_a_teacher(self, dataset: str) -> bool:
        """Says whether all models on a dataset learn from a teacher's answers, so that it needs none of its own."""
        learners = self.learners(dataset)
        return bool(learners) and all(self.tuned[name].teacher_model for name in learners)

    @property
    def data_buckets(self) -> dict[str, str]:
        """The buckets in which datasets lie already, each with one of those datasets."""
        files = [(file, name) for name, each in self.datasets.items() for file in (each.training, each.validation)]
        return _first_in_buckets(files)

    @property
    def base_buckets(self) -> dict[str, str]:
        """The buckets of folders that models start from, each with one of those models."""
        return _first_in_buckets([(model.custom_base_model, name) for name, model in self.tuned.items()])

    @property
    def continued_elsewhere(self) -> dict[str, ContinueSettings]:
        """The open models that start from a checkpoint of another stack, one of each model there."""
        found: dict[tuple[str, str], tuple[str, ContinueSettings]] = {}
        for name, model in self.tuned.items():
            if (continued := model.continue_from) and continued.stack and not self.is_gemini(name):
                found.setdefault((continued.stack, continued.model), (name, continued))
        return dict(found.values())

    @property
    def _lineage(self) -> Lineage:
        return Lineage(
            {name: each.parent for name, each in self.tuned.items()},
            {name: each.base_model for name, each in self.tuned.items()},
            frozenset(name for name, each in self.tuned.items() if each.pre_tuned_model),
            {name: each.kms_key_name for name, each in self.tuned.items()},
        )

    @property
    def _parent(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"

    @overload
    def guarded(self, key: str, value: None) -> None: ...
    @overload
    def guarded(self, key: str, value: _T) -> _T | pulumi.Output[_T]: ...
    def guarded(self, key: str, value: _T | None) -> _T | pulumi.Output[_T] | None:
        """Returns a value from below a key as resources and outputs may have it: a secret where the key holds one.

        The engine decrypts the configuration for the program and forgets which of it was secret; it only tells the
        top-level keys that have a secret somewhere. Numbers, names, and what is chosen from public lists stay readable.
        """
        return pulumi.Output.secret(value) if key in self._secret and value is not None else value


def _first_in_buckets(named: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    """Returns the buckets of those that are addresses, each with the first name."""
    buckets: dict[str, str] = {}
    for address, name in named:
        if address and address.startswith("gs://"):
            buckets.setdefault(bucket_of(address), name)
    return buckets


def bucket_of(uri: str) -> str:
    """Returns the bucket of an address in Cloud Storage."""
    return uri.removeprefix("gs://").partition("/")[0]

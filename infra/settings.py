"""The typed configuration of a stack: what stacks/Pulumi.<stack>.yaml may say below `config`.

docs/configuration.md describes every key; a test keeps the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, overload

import pulumi
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from infra.setting_problems import (
    InvalidSettingsError,
    parsed_scalars,
    reference_problems,
    secret_problems,
    shape_problems,
)

_T = TypeVar("_T")
Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")]
"""Names of datasets, models and endpoints become part of labels, folders and ids."""
LabelKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
LabelValue = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{0,63}$")]
Positive = Annotated[int, Field(ge=1)]
Text = Annotated[str, StringConstraints(min_length=1)]


ENDPOINT = r"^(projects/[^/]+/locations/[^/]+/endpoints/)?[0-9]+$"
JOB = r"^(projects/[^/]+/locations/[^/]+/tuningJobs/)?[0-9]+$"


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


class ModelSettings(Section):
    """A model to tune."""

    dataset: Text
    base_model: Text
    mode: Literal["FULL", "PEFT_ADAPTER"]
    epochs: Positive
    adapter_size: Positive | None = None
    batch_size: Positive | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    custom_base_model: Annotated[str, StringConstraints(pattern=r"^gs://")] | None = None
    description: Text | None = None
    attempt: Positive = 1
    strict: bool = True
    wait: bool = True


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
    machine_type: Text
    accelerator_type: Text
    accelerator_count: Positive = 1
    min_replicas: Positive = 1
    max_replicas: Positive | None = None
    smoke_prompt: Text | None = None
    held_out: Text | None = None
    rollout: RolloutSettings | None = None
    container: ContainerSettings | None = None
    strict: bool = True


class Settings(Section):
    """Everything that a stack may configure."""

    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    location: Text
    emulator: bool = False
    labels: dict[LabelKey, LabelValue] = {}
    service_account: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.gserviceaccount\.com$")] | None = None
    submitters: list[Annotated[str, StringConstraints(pattern=r"^(user|group|serviceAccount):\S+@\S+$")]] = []
    buckets: BucketSettings = BucketSettings()
    quota: QuotaSettings | None = None
    datasets: dict[Name, DatasetSettings] = {}
    models: dict[Name, ModelSettings] = {}
    serving: dict[Name, EndpointSettings] = {}
    _secret: frozenset[str] = PrivateAttr(default=frozenset())

    def model_post_init(self, context: Any, /) -> None:
        """Takes the validation's context: the keys that hold a secret."""
        self._secret = context or frozenset()

    def endpoint_name(self, endpoint: str) -> str:
        """Returns the resource name of an endpoint in the stack's location that may be given as its id alone."""
        return f"{self._parent}/endpoints/{endpoint.rpartition('/')[2]}"

    def job_name(self, job: str) -> str:
        """Returns the resource name of a tuning job in the stack's location that may be given as its id alone."""
        return f"{self._parent}/tuningJobs/{job.rpartition('/')[2]}"

    def base_models(self, dataset: str) -> list[str]:
        """Returns what is tuned on a dataset: each has rules of its own for its data."""
        return sorted({model.base_model for model in self.models.values() if model.dataset == dataset})

    @property
    def data_buckets(self) -> dict[str, str]:
        """The buckets in which datasets lie already, each with one of those datasets."""
        named = [(file, name) for name, each in self.datasets.items() for file in (each.training, each.validation)]
        buckets: dict[str, str] = {}
        for file, name in named:
            if file and file.startswith("gs://"):
                buckets.setdefault(file.removeprefix("gs://").partition("/")[0], name)
        return buckets

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


def read_settings(config: Mapping[str, str], stack: str, secret_keys: frozenset[str] = frozenset()) -> Settings:
    """Turns the engine's configuration into `Settings`.

    Args:
        config: full keys such as `tunestack:project`; values as the engine passes them, structured ones as JSON.
        stack: the stack's name, for the messages.
        secret_keys: full keys that hold a secret: what is below them is neither shown nor passed on in the clear.

    Raises:
        InvalidSettingsError: with all problems, each with its path in the YAML.
    """
    raw = parsed_scalars(config, text_keys=("project", "location"))
    secrets = frozenset(key.partition(":")[2] for key in secret_keys)
    problems: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(raw, context=secrets)
    except ValidationError as error:
        problems += shape_problems(error, Settings, secrets)
    problems += reference_problems(raw)
    problems += secret_problems(secrets)
    if problems or settings is None:
        raise InvalidSettingsError(f"stacks/Pulumi.{stack}.yaml", problems)
    return settings


def engine_settings(stack: str) -> Settings:
    """Reads the settings of the stack that the engine is working on.

    Raises:
        InvalidSettingsError: with all problems, each with its path in the YAML.
    """
    from pulumi.runtime.config import CONFIG, is_config_secret

    config: Mapping[str, Any] = CONFIG.get()
    return read_settings(config, stack, frozenset(key for key in config if is_config_secret(key)))

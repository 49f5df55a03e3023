"""What a resource provider is made of: one `Lifecycle` a resource, one `Provider` a plugin.

The engine speaks gRPC; `tunestack.provider.server` turns its requests into the dataclasses below and the answers, or
the exceptions below, back into what the engine expects. A lifecycle never touches gRPC and never blocks the event loop.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Protocol

from pulumi.provider.experimental.property_value import PropertyValue

Properties = Mapping[str, PropertyValue]
"""The engine's view of a resource's properties: secrets stay marked, what a preview cannot know is `Computed`."""


class ResourceError(Exception):
    """An operation that failed and left nothing behind.

    Args:
        message: what is wrong, where, and what to do; shown to the user as it is.
    """


class InitFailedError(Exception):
    """An operation that failed after something came to exist: the engine saves id, properties and reasons.

    Args:
        resource_id: the id to keep in the state.
        properties: the outputs known so far.
        inputs: the inputs to keep; the checked inputs of the request where None.
        reasons: what went wrong and what to do, one text each.
    """

    def __init__(
        self,
        resource_id: str,
        properties: Properties,
        reasons: Sequence[str],
        inputs: Properties | None = None,
    ) -> None:
        super().__init__("; ".join(reasons))
        self.resource_id = resource_id
        self.properties = properties
        self.reasons = tuple(reasons)
        self.inputs = inputs


class InterruptedWaitError(Exception):
    """The user stopped the wait; what runs remotely goes on. Its message is shown; a general one where it has none."""


class InvalidArgumentsError(Exception):
    """A function call whose arguments are refused.

    Args:
        failures: each refused argument and why.
    """

    def __init__(self, failures: Sequence[CheckFailure]) -> None:
        super().__init__("; ".join(f"{failure.property}: {failure.reason}" for failure in failures))
        self.failures = tuple(failures)


class Severity(StrEnum):
    """How loud a message is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Engine(Protocol):
    """What a lifecycle may ask of the engine."""

    async def log(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Shows one line beside the resource; an ephemeral one is replaced by the next on a terminal."""
        ...


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """One input that is refused. `property` is a top-level name, since the engine prints nested ones badly."""

    property: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """Inputs to validate. `old` is None when the resource does not exist yet."""

    urn: str
    old: Properties | None
    new: Properties
    random_seed: bytes = b""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The inputs to go on with, defaults and hashes filled in, or why they are refused."""

    inputs: Properties
    failures: Sequence[CheckFailure] = ()


class Change(Enum):
    """What happened to one property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """A changed property; `replaces` when it cannot be changed in place, `output` when it is one the service moved."""

    kind: Change = Change.UPDATE
    replaces: bool = False
    output: bool = False


@dataclass(frozen=True, slots=True)
class DiffRequest:
    """Asks what applying `new` to a resource with `old_inputs` and `state` would change."""

    urn: str
    resource_id: str
    state: Properties
    old_inputs: Properties
    new: Properties
    ignore_changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DiffResult:
    """The changed properties by name; empty when nothing changes."""

    changes: Mapping[str, PropertyChange] = field(default_factory=dict)
    stables: Sequence[str] = ()
    delete_before_replace: bool = False


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """Inputs to bring into being. `timeout` in seconds, 0 when the user set none."""

    urn: str
    inputs: Properties
    timeout: float
    preview: bool


@dataclass(frozen=True, slots=True)
class CreateResult:
    """Id and outputs. In a preview the id may be empty and what is not known is left out."""

    resource_id: str
    properties: Properties


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Asks for the present state; `state` and `inputs` are empty in an import."""

    urn: str
    resource_id: str
    state: Properties
    inputs: Properties


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What the service has. An empty id drops the resource from the state: never answer so for what costs money."""

    resource_id: str
    properties: Properties
    inputs: Properties


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """Inputs to apply in place. `timeout` in seconds, 0 when the user set none."""

    urn: str
    resource_id: str
    state: Properties
    old_inputs: Properties
    new: Properties
    timeout: float
    preview: bool
    ignore_changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """The outputs. In a preview each that may change must be `Computed`, or dependents show no change."""

    properties: Properties


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """Asks to remove a resource. `timeout` in seconds, 0 when the user set none."""

    urn: str
    resource_id: str
    state: Properties
    old_inputs: Properties
    timeout: float


class Lifecycle(ABC):
    """What happens to one kind of resource. Every method may raise the exceptions above."""

    @abstractmethod
    async def check(self, request: CheckRequest) -> CheckResult:
        """Validates inputs and fills in defaults; called in every preview and update, twice on a replace."""

    @abstractmethod
    async def diff(self, request: DiffRequest) -> DiffResult:
        """Says what would change; asks the service only while the resource is pending."""

    @abstractmethod
    async def create(self, request: CreateRequest) -> CreateResult:
        """Brings the resource into being, or adopts what an interrupted run of the same owner left."""

    @abstractmethod
    async def read(self, request: ReadRequest) -> ReadResult:
        """Reports what the service has; for refresh and import."""

    @abstractmethod
    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Changes the resource in place, or goes on with one that failed to initialise."""

    @abstractmethod
    async def delete(self, request: DeleteRequest) -> None:
        """Removes the resource; succeeds when it is gone already."""


class Provider(ABC):
    """One plugin: its name, its configuration, and a lifecycle for each resource type."""

    name: str
    version: str

    @abstractmethod
    async def schema(self) -> str:
        """Returns the package's schema as JSON."""

    @abstractmethod
    async def check_config(self, request: CheckRequest) -> CheckResult:
        """Validates the provider's own inputs."""

    @abstractmethod
    async def diff_config(self, request: DiffRequest) -> DiffResult:
        """Says whether a change of the provider's own inputs replaces it."""

    @abstractmethod
    async def configure(self, inputs: Properties, engine: Engine) -> None:
        """Takes the provider's inputs; called once before any resource."""

    @abstractmethod
    def lifecycle(self, resource_type: str) -> Lifecycle:
        """Returns the lifecycle for a type token such as `tunestack:index:TuningJob`.

        Raises:
            ResourceError: the provider has no such resource.
        """

    @abstractmethod
    async def invoke(self, token: str, arguments: Properties) -> Properties:
        """Answers a function call such as `gcp:organizations/getProject:getProject`.

        Raises:
            InvalidArgumentsError: arguments are missing or wrong.
            ResourceError: the provider has no such function, or it failed.
        """

    @abstractmethod
    async def cancel(self) -> None:
        """Told when the run ends, well or by Ctrl-C. Ends waits; never ends what runs remotely."""

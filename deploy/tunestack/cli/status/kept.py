"""A stack as the engine keeps it: its resources, its last update, who works on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunestack.cli.locks import Holder, Lock
from tunestack.cli.stack import Engine, StackError
from tunestack.connection import Connection

_PROVIDERS = ("pulumi:providers:tunestack", "pulumi:providers:gcp")
_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource in a stack's state.

    Attributes:
        name: in the program.
        type: such as `tunestack:index:TuningJob`.
        id: as the provider gave it.
        inputs: as they were applied; secrets are ciphertexts.
        outputs: as they were when it was last applied or refreshed.
    """

    name: str
    type: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Kind and name, as people say it."""
        return f"{self.type.rpartition(':')[2]} {self.name}"

    def text(self, name: str) -> str:
        """Returns an output, else the input of that name; empty where there is none, or it is a secret."""
        for values in (self.outputs, self.inputs):
            if isinstance(value := values.get(name), str) and value:
                return value
        return ""


@dataclass(frozen=True, slots=True)
class Update:
    """The last thing that the engine did with a stack.

    Attributes:
        kind: such as `update` or `destroy`.
        result: `succeeded`, `failed` or `in-progress`.
        ended: when, as the engine writes it.
    """

    kind: str
    result: str
    ended: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What the engine keeps of a stack.

    Attributes:
        resources: those that exist, except for what is only waiting to be deleted.
        outputs: of the stack.
        pending: operations that were cut off.
        update: the last one; None before the first.
    """

    resources: Sequence[Resource] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    pending: int = 0
    update: Update | None = None

    @classmethod
    def read(cls, engine: Engine, stack: str, *, with_update: bool = True) -> Kept:
        """Reads a stack.

        Args:
            engine: in the project.
            stack: its name.
            with_update: whether its last update is asked for, which is a run of the engine of its own.

        Raises:
            StackError: the engine refused.
        """
        deployment = engine.deployment(stack)
        last = engine.last_update(stack) if with_update else None
        states = [each for each in deployment.get("resources") or () if not each.get("delete")]
        outputs = next((each.get("outputs") for each in states if each["type"] == _STACK), None)
        return cls(
            [_resource(each) for each in states],
            outputs or {},
            len(deployment.get("pending_operations") or ()),
            Update(last["kind"], last["result"], str(last.get("endTime") or "")) if last else None,
        )

    def of(self, *types: str) -> Iterator[Resource]:
        """Yields the resources of some types."""
        return (each for each in self.resources if each.type in types)

    @property
    def is_up(self) -> bool:
        """Whether the stack has anything; itself, providers and looks at other stacks are the engine's own."""
        return any(not each.type.startswith("pulumi:") for each in self.resources)

    def connection(self) -> Connection | None:
        """Returns the way to the stack's project, by its outputs or its provider; None where neither tells."""
        providers = [each.inputs for each in self.of(*_PROVIDERS)]
        project, location, endpoint = (
            next((str(each[key]) for each in (self.outputs, *providers) if isinstance(each.get(key), str)), "")
            for key in ("project", "location", "apiEndpoint")
        )
        return Connection(project, location, endpoint.rstrip("/")) if project and location else None


def locks(engine: Engine, full_names: Mapping[str, str]) -> dict[str, list[str]]:
    """Returns who works on which stack, in words; nothing where the backend keeps that to itself.

    Args:
        engine: in the project.
        full_names: of the stacks, by short name.
    """
    import socket

    from tunestack.cli.recover import find_backend

    try:
        backend = find_backend(engine)
    except StackError:  # Pulumi's own service minds its locks itself
        return {}
    own_names = {socket.gethostname()}
    found: dict[str, list[str]] = {}
    for name, full_name in full_names.items():
        for stored in backend.locks(full_name):
            found.setdefault(name, []).append(_told(stored.content, own_names, name))
    return found


def _told(content: bytes, own_names: set[str], stack: str) -> str:
    try:
        lock = Lock.parse(content)
    except ValueError:
        return f"a lock that is not whole; tunestack recover --stack {stack} says more"
    if lock.holder(own_names) is Holder.ENDED:
        return f"{lock}, which has ended: tunestack recover --stack {stack}"
    return str(lock)


def _resource(state: Mapping[str, Any]) -> Resource:
    return Resource(
        str(state["urn"]).rpartition("::")[2],
        str(state["type"]),
        str(state.get("id") or ""),
        state.get("inputs") or {},
        state.get("outputs") or {},
    )

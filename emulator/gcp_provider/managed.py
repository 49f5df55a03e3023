"""What the lifecycles share: known inputs and defaults, differences, previews, outputs that repeat the inputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pulumi.provider.experimental.property_value import PropertyValue

from emulator.gcp_provider.configuration import Configuration
from emulator.gcp_provider.rest import Cloud
from tunestack.provider.lifecycle import (
    CheckFailure,
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    Lifecycle,
    Properties,
    PropertyChange,
    ReadRequest,
    ReadResult,
    ResourceError,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.properties import UNKNOWN, changed, plain_map, wrap, wrap_map

Values = dict[str, Any]
"""Properties as plain Python."""


class Managed(Lifecycle):
    """A resource of one API. Subclasses say what it is called there; the engine's side of it is here.

    Args:
        cloud: returns the configured APIs; a function, since lifecycles exist before the configuration.
    """

    token: ClassVar[str]
    required: ClassVar[frozenset[str]]
    optional: ClassVar[frozenset[str]] = frozenset()
    defaults: ClassVar[Mapping[str, Any]] = {}
    replaces: ClassVar[frozenset[str]] = frozenset()
    """Inputs that cannot be changed in place."""
    moving: ClassVar[frozenset[str]] = frozenset()
    """Outputs that any update may change."""

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self._cloud = cloud

    @property
    def cloud(self) -> Cloud:
        """The configured APIs."""
        return self._cloud()

    @property
    def configuration(self) -> Configuration:
        """The provider's configuration."""
        return self.cloud.configuration

    async def check(self, request: CheckRequest) -> CheckResult:
        """Fills in defaults; refuses what is missing and what this stand-in cannot set."""
        inputs = {name: value for name, value in request.new.items() if value.value is not None and name[:2] != "__"}
        known = self.required | self.optional
        failures = [CheckFailure(name, "is missing") for name in sorted(self.required - inputs.keys())]
        failures += [
            CheckFailure(
                name,
                f"the stand-in of the gcp provider cannot set this on {self.token}; the real plugin can: "
                "`pulumi plugin install resource gcp`",
            )
            for name in sorted(inputs.keys() - known)
        ]
        defaults = dict(self.defaults)
        if "project" in known:
            defaults["project"] = self.configuration.project
        for name, value in defaults.items():
            inputs.setdefault(name, wrap(value))
        values = plain_map(inputs)
        if not failures:
            failures += [CheckFailure(name, reason) for name, reason in self.refusals(values).items()]
        return CheckResult(inputs, failures)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Compares inputs, so that a refresh that read other ones shows as a change back."""
        old, new = plain_map(request.old_inputs), plain_map(request.new)
        changes = {
            name: PropertyChange(kind, replaces=name in self.replaces)
            for name, kind in changed(request.old_inputs, request.new).items()
            if name[:2] != "__" and not self.same(name, old.get(name), new.get(name))
        }
        return DiffResult(changes)

    async def create(self, request: CreateRequest) -> CreateResult:
        """Brings the resource into being."""
        if request.preview:
            return CreateResult("", {**request.inputs, **wrap_map(self.foreseen(plain_map(request.inputs)))})
        resource_id, resource = await self.insert(plain_map(request.inputs))
        return CreateResult(resource_id, self._properties(request.inputs, resource))

    async def read(self, request: ReadRequest) -> ReadResult:
        """Reports what there is. Inputs that differ from the declared ones are what a refresh finds."""
        resource = await self.fetch(request.resource_id, plain_map({**request.inputs, **request.state}))
        if resource is None:
            return ReadResult("", {}, {})
        present = self.inputs(resource)
        if not request.inputs:
            inputs = wrap_map({name: value for name, value in present.items() if value is not None})
        else:
            declared = plain_map(request.inputs)
            inputs = {
                name: value
                if name not in present or self.same(name, declared[name], self.declared_part(name, declared, present))
                else wrap(self.declared_part(name, declared, present))
                for name, value in request.inputs.items()
            }
        return ReadResult(request.resource_id, self._properties(inputs, resource), inputs)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Changes the resource in place."""
        if request.preview:
            moving = self.moving | {"effectiveLabels", "pulumiLabels"} if "labels" in self.optional else self.moving
            stays = {name: value for name, value in request.state.items() if name not in self.required | self.optional}
            return UpdateResult({**stays, **request.new, **wrap_map(dict.fromkeys(moving, UNKNOWN))})
        old = plain_map({**request.state, **request.old_inputs})
        resource = await self.patch(request.resource_id, old, plain_map(request.new))
        return UpdateResult(self._properties(request.new, resource))

    async def delete(self, request: DeleteRequest) -> None:
        """Removes the resource, unless its deletion policy says otherwise."""
        state = plain_map({**request.state, **request.old_inputs})
        match state.get("deletionPolicy"):
            case "PREVENT":
                message = (
                    f"{request.resource_id} has deletionPolicy PREVENT; set it to DELETE and update before deleting"
                )
                raise ResourceError(message)
            case "ABANDON":
                return
        await self.remove(request.resource_id, state)

    @abstractmethod
    async def insert(self, inputs: Values) -> tuple[str, Values]:
        """Creates it; returns its id and what the API says it is."""

    @abstractmethod
    async def fetch(self, resource_id: str, known: Values) -> Values | None:
        """Returns what the API says it is, or None when it is gone. `known` is empty in an import."""

    async def patch(self, resource_id: str, old: Values, new: Values) -> Values:
        """Changes it; returns what the API says it is afterwards."""
        del old
        return await self.present(resource_id, new)

    async def present(self, resource_id: str, known: Values | None = None) -> Values:
        """Returns what the API says it is.

        Raises:
            ResourceError: it is gone.
        """
        resource = await self.fetch(resource_id, known or {})
        if resource is None:
            raise ResourceError(f"{resource_id} is gone; `pulumi refresh` takes it out of the state")
        return resource

    @abstractmethod
    async def remove(self, resource_id: str, state: Values) -> None:
        """Deletes it; succeeds when it is gone already."""

    @abstractmethod
    def outputs(self, resource: Values) -> Values:
        """Returns the outputs, inputs apart, that the API's view of the resource gives."""

    @abstractmethod
    def inputs(self, resource: Values) -> Values:
        """Returns the inputs that would make the resource as the API sees it."""

    def foreseen(self, inputs: Values) -> Values:
        """Returns the outputs that a preview of a create can tell."""
        del inputs
        return {}

    def refusals(self, inputs: Values) -> dict[str, str]:
        """Returns why inputs are refused, by name."""
        del inputs
        return {}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Whether two values of an input mean the same to the API."""
        del name
        return old is not UNKNOWN and new is not UNKNOWN and bool(old == new)

    def declared_part(self, name: str, declared: Values, present: Values) -> Any:
        """Returns what is present of an input; of labels only those that the program declares."""
        value = present[name]
        if name == "labels":
            return {key: text for key, text in (value or {}).items() if key in declared[name]}
        return value

    def all_labels(self, inputs: Values) -> dict[str, str]:
        """Returns the labels that the resource gets: declared ones and the provider's own."""
        return {**self.configuration.labels, **inputs.get("labels", {})}

    def _properties(self, inputs: Properties, resource: Values) -> dict[str, PropertyValue]:
        outputs = self.outputs(resource)
        if "labels" in self.optional:
            effective = dict(resource.get("labels", {}))
            ours = self.all_labels(plain_map(inputs))
            outputs["effectiveLabels"] = effective
            outputs["pulumiLabels"] = {key: text for key, text in effective.items() if key in ours}
        return {**inputs, **wrap_map({name: value for name, value in outputs.items() if value is not None})}

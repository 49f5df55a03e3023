"""What the lifecycles share: known inputs and defaults, differences, previews, outputs that repeat the inputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from pulumi.provider.experimental.property_value import PropertyValue

from emulator.gcp_provider.configuration import Configuration
from emulator.gcp_provider.rest import Cloud
from tunestack.provider.lifecycle import (
    Change,
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

_LABEL_OUTPUTS: Final = ("effectiveLabels", "pulumiLabels")
"""What is there with those of others, and what of it the program has made."""


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
    kept: ClassVar[frozenset[str]] = frozenset()
    """Inputs that stay as they are once they are left out."""
    deletes_first: ClassVar[bool] = False
    """Whether the real plugin deletes what it replaces before it makes the other: so with a name of the program's."""

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
        changes: dict[str, PropertyChange] = {}
        for name, kind in changed(request.old_inputs, request.new).items():
            before, after = old.get(name), new.get(name)
            is_kept = after is None and name in self.kept
            if name[:2] != "__" and not is_kept and not self.same(name, before, after):
                changes |= _differences(name, kind, before, after, replaces=name in self.replaces)
        if "labels" in self.optional:
            changes |= _of_labels([path for path in changes if path.partition(".")[0] == "labels"], changes)
        replaces = any(change.replaces for change in changes.values())
        return DiffResult(changes, delete_before_replace=replaces and self.deletes_first)

    async def create(self, request: CreateRequest) -> CreateResult:
        """Brings the resource into being."""
        if request.preview:
            foreseen = self.foreseen(plain_map(request.inputs))
            return CreateResult("", {**request.inputs, **self._labels_foreseen(request.inputs), **wrap_map(foreseen)})
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
            inputs = (self.required | self.optional) - self.kept
            stays = {name: value for name, value in request.state.items() if name not in inputs}
            moves = {**wrap_map(dict.fromkeys(self.moving, UNKNOWN)), **self._labels_foreseen(request.new)}
            return UpdateResult({**stays, **request.new, **moves})
        old = plain_map({**request.state, **request.old_inputs})
        left = {name: old[name] for name in self.kept & old.keys()}
        resource = await self.patch(request.resource_id, old, {**left, **plain_map(request.new)})
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

    def _labels_foreseen(self, inputs: Properties) -> dict[str, PropertyValue]:
        """Returns the two outputs that repeat the labels; a preview knows them where it knows the labels."""
        if "labels" not in self.optional:
            return {}
        labels = plain_map(inputs).get("labels", {})
        is_known = labels is not UNKNOWN and UNKNOWN not in labels.values()
        value = self.all_labels({"labels": labels}) if is_known else UNKNOWN
        return wrap_map(dict.fromkeys(_LABEL_OUTPUTS, value))

    def _properties(self, inputs: Properties, resource: Values) -> dict[str, PropertyValue]:
        outputs = self.outputs(resource)
        if "labels" in self.optional:
            effective = dict(resource.get("labels", {}))
            ours = self.all_labels(plain_map(inputs))
            outputs["effectiveLabels"] = effective
            outputs["pulumiLabels"] = {key: text for key, text in effective.items() if key in ours}
        return {**inputs, **wrap_map({name: value for name, value in outputs.items() if value is not None})}


def _differences(path: str, kind: Change, old: Any, new: Any, *, replaces: bool) -> dict[str, PropertyChange]:
    """Returns what differs by path: inside a mapping where both are one, as the real plugin does."""
    # Labels have no beginning and no end: one that goes is told by its name, the last one too.
    before, after = (({} if value is None else value) if path == "labels" else value for value in (old, new))
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return {path: PropertyChange(kind, replaces)}
    found: dict[str, PropertyChange] = {}
    for name, inner in changed(wrap_map(before), wrap_map(after)).items():
        found |= _differences(f"{path}.{name}", inner, before.get(name), after.get(name), replaces=replaces)
    return found


def _of_labels(paths: list[str], changes: Mapping[str, PropertyChange]) -> dict[str, PropertyChange]:
    """Returns the same differences in the two outputs that repeat the labels."""
    return {
        output + path.removeprefix("labels"): PropertyChange(changes[path].kind, output=True)
        for output in _LABEL_OUTPUTS
        for path in paths
    }

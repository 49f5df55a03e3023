"""The plugin: its configuration, and which life belongs to which resource."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from urllib.parse import urlsplit

from pulumi.provider.experimental.property_value import PropertyValue

from tunestack.connection import Connection
from tunestack.provider.inputs import Inputs, failures, read, without_unknown
from tunestack.provider.lifecycle import (
    CheckFailure,
    CheckRequest,
    CheckResult,
    DiffRequest,
    DiffResult,
    Engine,
    Lifecycle,
    Properties,
    PropertyChange,
    Provider,
    ResourceError,
)
from tunestack.provider.patience import PatientLifecycle
from tunestack.provider.properties import changed
from tunestack.provider.run import Run


class ProviderInputs(Inputs, frozen=True, kw_only=True):
    """Where the resources live."""

    project: str
    location: str
    api_endpoint: str | None = None
    poll_seconds: float | None = None
    version: str | None = None


class TunestackProvider(Provider):
    """Serves the resources."""

    name = "tunestack"
    version = "0.1.0"

    def __init__(self) -> None:
        self._run: Run | None = None
        self._lifecycles: dict[str, Lifecycle] = {}

    async def schema(self) -> str:
        """Returns the schema that was derived from the declarations."""
        return resources.files("tunestack.provider").joinpath("schema.json").read_text("utf-8")

    async def check_config(self, request: CheckRequest) -> CheckResult:
        """Refuses unknown or missing settings, and an emulator's address that is none."""
        inputs = _with_number(request.new)
        found = failures(ProviderInputs, inputs)
        known = without_unknown(inputs)
        endpoint = known.get("apiEndpoint")
        if isinstance(endpoint, str) and urlsplit(endpoint).scheme not in ("http", "https"):
            found.append(CheckFailure("apiEndpoint", f"{endpoint!r} is no address; it has to read http://host:port"))
        pause = known.get("pollSeconds")
        if isinstance(pause, int | float) and not pause > 0:
            found.append(CheckFailure("pollSeconds", f"{pause} is no pause; write seconds above 0"))
        return CheckResult(inputs, found)

    async def diff_config(self, request: DiffRequest) -> DiffResult:
        """Another project or region is another place: what lives there is not moved but made anew."""
        differing = changed(request.old_inputs, request.new)
        return DiffResult(
            {name: PropertyChange(kind, replaces=name in ("project", "location")) for name, kind in differing.items()}
        )

    async def configure(self, inputs: Properties, engine: Engine) -> None:
        """Takes project, location and the emulator's address."""
        known = without_unknown(inputs)
        if "project" not in known or "location" not in known:
            # In a preview both may be outputs of something that does not exist yet; nothing calls the service then.
            return
        settings = read(ProviderInputs, {name: value for name, value in inputs.items() if name in known})
        connection = Connection(
            project=settings.project,
            location=settings.location,
            api_endpoint=(settings.api_endpoint or "").rstrip("/"),
            poll_seconds=settings.poll_seconds or Connection.poll_seconds,
        )
        self._run = Run(connection, engine)

    def lifecycle(self, resource_type: str) -> Lifecycle:
        """Returns a resource's life; its module is imported when it is first needed."""
        kinds: dict[str, Callable[[Run], Lifecycle]] = {
            "Dataset": _dataset,
            "TuningJob": _tuning_job,
            "TunedModel": _tuned_model,
            "ModelDeployment": _model_deployment,
            "QuotaRequest": _quota_request,
            "AgentAccess": _agent_access,
            "CheckpointCopy": _checkpoint_copy,
        }
        kind = resource_type.rpartition(":")[2]
        if kind not in kinds:
            raise ResourceError(f"tunestack has no resource {resource_type}; it has {', '.join(kinds)}")
        if self._run is None:
            raise ResourceError("the provider needs project and location, and this preview does not know them yet")
        if kind not in self._lifecycles:
            self._lifecycles[kind] = PatientLifecycle(kinds[kind](self._run), self._run)
        return self._lifecycles[kind]

    async def invoke(self, token: str, arguments: Properties) -> Properties:
        """Answers `lookUp` and `getRun`."""
        match token:
            case "tunestack:index:lookUp":
                from tunestack.provider.functions import look_up as function
            case "tunestack:index:getRun":
                from tunestack.provider.tuning_run import get_run as function
            case _:
                raise ResourceError(f"tunestack has no function {token}")
        if self._run is None:
            raise ResourceError("the provider needs project and location, and this preview does not know them yet")
        return await function(self._run, arguments)

    async def cancel(self) -> None:
        """Ends every wait; what runs remotely goes on."""
        if self._run is not None:
            self._run.interrupt()


def _with_number(settings: Properties) -> Properties:
    """Returns the settings with a pause that is a number: a default provider's come from the configuration, as text."""
    pause = settings.get("pollSeconds")
    if pause is None or not isinstance(pause.value, str):
        return settings
    try:
        return {**settings, "pollSeconds": PropertyValue(float(pause.value))}
    except ValueError:
        return settings  # told as what it is


def _dataset(run: Run) -> Lifecycle:
    from tunestack.provider.dataset import DatasetLifecycle

    return DatasetLifecycle(run)


def _tuning_job(run: Run) -> Lifecycle:
    from tunestack.provider.tuning_jobs.lifecycle import TuningJobLifecycle

    return TuningJobLifecycle(run)


def _tuned_model(run: Run) -> Lifecycle:
    from tunestack.provider.tuned_model import TunedModelLifecycle

    return TunedModelLifecycle(run)


def _model_deployment(run: Run) -> Lifecycle:
    from tunestack.provider.model_deployment import ModelDeploymentLifecycle

    return ModelDeploymentLifecycle(run)


def _quota_request(run: Run) -> Lifecycle:
    from tunestack.provider.quota_request import QuotaRequestLifecycle

    return QuotaRequestLifecycle(run)


def _agent_access(run: Run) -> Lifecycle:
    from tunestack.provider.agent_access import AgentAccessLifecycle

    return AgentAccessLifecycle(run)


def _checkpoint_copy(run: Run) -> Lifecycle:
    from tunestack.provider.checkpoint_copy import CheckpointCopyLifecycle

    return CheckpointCopyLifecycle(run)

"""From a checkpoint to a model that serves: found if it is there, deployed or rolled if not, taken back if it fails.

Every step looks first at what the service has, so that a run that was interrupted anywhere is simply run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.retries import is_transient
from tunestack.service_errors import explain
from tunestack.serving import deployments, machine_choice, models, predict
from tunestack.serving.capacity import look
from tunestack.serving.capacity_errors import lacks_capacity, may_pass
from tunestack.serving.clients import endpoint_client, model_client
from tunestack.serving.contained_version import ContainedVersion
from tunestack.serving.deployments import DeployedModel
from tunestack.serving.machine_choice import Need
from tunestack.serving.models import ModelVersion
from tunestack.serving.operations import OperationFailedError, StoppedError
from tunestack.serving.shapes import UnreadableAnswerError
from tunestack.serving.specification import Machine, ServingSpec

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.serving.operations import Wait

SMOKE_TOKENS = 64
"""Tokens of the smoke prompt's answer at the most: enough to see that the model speaks."""


WAY_ON = "tunestack capacity shows what can be had where; the next pulumi up tries again, and machines may list others"
"""What to do where no machine can be had."""


class RolloutError(Exception):
    """The new version does not serve; the message says what does."""


class _NoCapacityError(Exception):
    """The service has not enough machines of this kind, or the project's quota of them does not suffice."""


class UnknownOutcomeError(Exception):
    """The service could not be asked whether it has done what it was told to do."""


@dataclass(frozen=True, slots=True)
class Served:
    """What serves now, and what the user should know about it.

    `machine_reason` is empty where only one machine was named.
    """

    version: ModelVersion
    deployed_model_id: str
    machine: Machine
    machine_reason: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rollout:
    """One way from what an endpoint serves to what it shall serve.

    Attributes:
        connection: in the endpoint's region.
        endpoint: resource name.
        spec: what shall serve, on the machine that is preferred.
        machines: all that may serve, in the order of preference; only the spec's own when empty.
        base_model: what the checkpoint was tuned from, as far as it is known.
        wait: how to wait.
        options: `max_surge_replicas`, `max_unavailable_replicas`.
        smoke_prompt: what the new version must answer, or None.
        trusted: id of the deployed model that has answered before; another one must answer first.
    """

    connection: Connection
    endpoint: str
    spec: ServingSpec
    wait: Wait
    options: Mapping[str, int]
    smoke_prompt: str | None
    trusted: str = ""
    machines: Sequence[Machine] = ()
    base_model: str | None = None

    def serve(self) -> Served:
        """Brings the spec into service.

        Raises:
            RolloutError: it could not be; the message says what serves instead.
            UnknownOutcomeError: the service cannot be reached any more.
            StoppedError: the user stopped the wait, or there was no time left.
        """
        from google.api_core.exceptions import GoogleAPICallError

        try:
            return self._serve()
        except (OperationFailedError, models.NoContainerError) as error:
            raise RolloutError(str(error)) from error
        except Exception as error:
            if is_transient(error):
                raise UnknownOutcomeError(explain(error) or str(error)) from error
            if isinstance(error, GoogleAPICallError):
                raise RolloutError(f"the service refused: {error.message} (HTTP {error.code})") from error
            raise

    def _serve(self) -> Served:
        warnings: list[str] = []
        self.wait.settle(endpoint_client(self.connection), self.endpoint)
        self.wait.settle(model_client(self.connection), models.name_of(self.connection, self.spec))
        before = self._own()
        known = models.version_of(self.connection, self.spec)
        serving = before[-1].machine[0] if before else ""
        specs = [self.spec.on(machine) for machine in machine_choice.in_order(self._candidates, serving)]
        against: dict[Machine, str] = {}
        spec, current = self._there(specs, before)
        if current is not None:
            version = known or ContainedVersion(self.connection, spec, self.wait).upload(warnings)
            if version.version != current.version:
                version = models.get(self.connection, f"{version.model}@{current.version}")
            models.describe(self.connection, version, spec)
            self._adjust(current, DeployedModel.wanted(spec, version))
        elif len(specs) == 1:
            version = self._bring(spec, before, known, warnings)
        else:
            spec, version = self._bring_somewhere(specs, before, known, against, warnings)
        left = [model for model in self._own() if model.id != spec.deployed_model_id]
        # What an interrupted roll has left beside the new version would be billed for ever.
        deployments.undeploy(self.connection, self.endpoint, left, self.wait)
        reason = ""
        if self.machines:
            order = [spec.machine] if current is not None else [each.machine for each in specs]
            reason = machine_choice.reason(order, spec.machine, against, serving)
        return Served(version, spec.deployed_model_id, spec.machine, reason, tuple(warnings))

    @property
    def _candidates(self) -> Sequence[Machine]:
        return self.machines or (self.spec.machine,)

    def _there(
        self, specs: Sequence[ServingSpec], before: Sequence[DeployedModel]
    ) -> tuple[ServingSpec, DeployedModel | None]:
        """Returns what is deployed already of what may be, the one with most traffic; else the spec to begin with."""
        wanted = {spec.deployed_model_id: spec for spec in specs}
        found = next((model for model in reversed(before) if model.id in wanted), None)
        return (wanted[found.id], found) if found else (specs[0], None)

    def _bring_somewhere(
        self,
        specs: Sequence[ServingSpec],
        before: Sequence[DeployedModel],
        known: ModelVersion | None,
        against: dict[Machine, str],
        warnings: list[str],
    ) -> tuple[ServingSpec, ModelVersion]:
        """Deploys on the first machine that can be had; what speaks against the others is added to `against`."""
        machines = [spec.machine for spec in specs]
        self.wait.show("looks where capacity is")
        uris = (self.spec.checkpoint_uri,)
        capacity = look(self.connection, uris, self.base_model, {machine[1] for machine in machines})
        ids, own_container = [model.id for model in before], self.spec.container is not None
        need = Need.of(self.spec.min_replicas, self.options, self.endpoint, ids, own_container=own_container)
        for spec in specs:
            against.update(machine_choice.obstacles([spec.machine], capacity, need))
            if spec.machine in against:
                continue
            try:
                return spec, self._bring(spec, before, known, warnings)
            except _NoCapacityError as error:
                against[spec.machine] = f"was tried: {error}"
            except models.NoContainerError:
                against[spec.machine] = machine_choice.NOT_RECOMMENDED
        raise RolloutError(
            f"none of the machines can be had in {self.connection.location}: {machine_choice.told(machines, against)}; "
            f"{_left(before[-1] if before else None)}. {WAY_ON}"
        )

    def _bring(
        self,
        spec: ServingSpec,
        before: Sequence[DeployedModel],
        known: ModelVersion | None,
        warnings: list[str],
    ) -> ModelVersion:
        """Deploys a spec that is not deployed yet.

        Raises:
            _NoCapacityError: there are other machines to try, and this one cannot be had.
        """
        several = len(self._candidates) > 1
        is_moving = bool(before) and before[-1].machine[1:] != spec.machine[1:]
        way = ContainedVersion(self.connection, spec, self.wait)
        try:
            present = known and way.suited(known, looks=several or is_moving)
            version = present or way.upload(warnings)
        except models.NoMachineError as error:
            if several:
                raise _NoCapacityError(f"cannot be had in {self.connection.location} now") from error
            raise RolloutError(f"{error}; {_left(before[-1] if before else None)}. {WAY_ON}") from error
        models.describe(self.connection, version, spec)
        wanted = DeployedModel.wanted(spec, version)
        self._deploy(wanted, before[-1] if before else None, version if present is None else None)
        return version

    def _own(self) -> Sequence[DeployedModel]:
        """Returns the owner's deployed models, least traffic first."""
        try:
            present = deployments.deployed(self.connection, self.endpoint)
        except deployments.EndpointNotFoundError:
            raise RolloutError(f"there is no endpoint {self.endpoint}; run pulumi refresh, then up") from None
        foreign = [model for model in present if not model.is_of(models.name_of(self.connection, self.spec))]
        if foreign:
            raise RolloutError(
                f"{self.endpoint} already serves {foreign[0].model}, which this resource does not own. If the resource "
                "was renamed, add aliases=[pulumi.Alias(name=…)] with its old name; else undeploy that model, or give "
                "this deployment an endpoint of its own"
            )
        return present

    def _adjust(self, current: DeployedModel, wanted: DeployedModel) -> None:
        """Mends what is there already: its traffic, its replicas, and whether it was ever asked."""
        if current.traffic != 100:
            deployments.route(self.connection, self.endpoint, current.id)
        if (current.min_replicas, current.max_replicas) != (wanted.min_replicas, wanted.max_replicas):
            deployments.scale(self.connection, self.endpoint, wanted, self.wait)
        if current.id != self.trusted and (reason := self._smoke()):
            raise RolloutError(
                f"version {current.version} serves, but did not answer the smoke prompt: {reason}; name another "
                "checkpoint, or mend the prompt"
            )

    def _deploy(self, wanted: DeployedModel, before: DeployedModel | None, uploaded: ModelVersion | None) -> None:
        from google.api_core.exceptions import GoogleAPICallError

        try:
            self._roll(wanted, before)
        except (OperationFailedError, GoogleAPICallError) as error:
            if may_pass(error):
                raise
            self._take_back(wanted, uploaded)
            is_full = lacks_capacity(error)
            if is_full and len(self._candidates) > 1:
                raise _NoCapacityError(_message(error)) from error
            way_on = f". {WAY_ON}" if is_full else ""
            raise RolloutError(f"deploying failed: {_message(error)}; {_left(before)}{way_on}") from error
        reason = self._smoke()
        if not reason:
            return
        if before is not None:
            try:
                self._roll(before, wanted)
            except (OperationFailedError, GoogleAPICallError) as error:
                raise RolloutError(
                    f"version {wanted.version} did not answer the smoke prompt: {reason}; bringing back version "
                    f"{before.version} failed, too: {_message(error)}; version {wanted.version} serves now"
                ) from error
        self._take_back(wanted, uploaded)
        raise RolloutError(f"version {wanted.version} did not answer the smoke prompt: {reason}; {_left(before)}")

    def _roll(self, wanted: DeployedModel, before: DeployedModel | None) -> None:
        instead_of = before.id if before else ""
        deployments.deploy(
            self.connection, self.endpoint, wanted, self.wait, instead_of=instead_of, rollout=self.options
        )

    def _smoke(self) -> str:
        """Returns why the endpoint's answer is not good enough; empty when it is.

        Raises:
            StoppedError: the user stopped the run before the service said anything about it.
        """
        from google.api_core.exceptions import GoogleAPICallError

        if self.smoke_prompt is None:
            return ""
        try:
            text = predict.answer(self.connection, self.endpoint, self.smoke_prompt, max_tokens=SMOKE_TOKENS)
        except GoogleAPICallError as error:
            if is_transient(error) and self.wait.stopped.is_set():
                raise StoppedError("interrupted while it asks the smoke prompt") from error
            return str(error.message)
        except UnreadableAnswerError as error:
            return str(error)
        return "" if text.strip() else "its answer is empty"

    def _take_back(self, wanted: DeployedModel, uploaded: ModelVersion | None) -> None:
        """Leaves nothing of the new version behind; `uploaded` is the version when this run made it."""
        present = [model for model in self._own() if model.id == wanted.id]
        deployments.undeploy(self.connection, self.endpoint, present, self.wait)
        if uploaded is not None:
            models.delete_version(self.connection, uploaded, self.wait)


def _message(error: Exception) -> str:
    return str(getattr(error, "message", None) or error)


def _left(before: DeployedModel | None) -> str:
    if before is not None:
        return f"version {before.version} goes on serving"
    return "nothing of it is left on the endpoint"

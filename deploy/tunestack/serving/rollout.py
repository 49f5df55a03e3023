"""From a checkpoint to a model that serves: found if it is there, deployed or rolled if not, taken back if it fails.

Every step looks first at what the service has, so that a run that was interrupted anywhere is simply run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.retries import is_transient
from tunestack.service_errors import explain
from tunestack.serving import deployments, models, predict
from tunestack.serving.clients import endpoint_client, model_client
from tunestack.serving.deployments import DeployedModel
from tunestack.serving.models import ModelVersion
from tunestack.serving.operations import OperationFailedError, StoppedError
from tunestack.serving.shapes import UnreadableAnswerError
from tunestack.serving.specification import ServingSpec

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.serving.operations import Wait

SMOKE_TOKENS = 64
"""Tokens of the smoke prompt's answer at the most: enough to see that the model speaks."""


class RolloutError(Exception):
    """The new version does not serve; the message says what does."""


class UnknownOutcomeError(Exception):
    """The service could not be asked whether it has done what it was told to do."""


@dataclass(frozen=True, slots=True)
class Served:
    """What serves now, and what the user should know about it."""

    version: ModelVersion
    deployed_model_id: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rollout:
    """One way from what an endpoint serves to what it shall serve.

    Attributes:
        connection: in the endpoint's region.
        endpoint: resource name.
        spec: what shall serve.
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
        version = known or self._upload(warnings)
        models.describe(self.connection, version, self.spec)
        wanted = DeployedModel.wanted(self.spec, version)
        current = next((model for model in before if model.id == wanted.id), None)
        if current is None:
            self._deploy(wanted, before[-1] if before else None, version if known is None else None)
        else:
            self._adjust(current, wanted)
        left = [model for model in self._own() if model.id != wanted.id]
        # What an interrupted roll has left beside the new version would be billed for ever.
        deployments.undeploy(self.connection, self.endpoint, left, self.wait)
        return Served(version, wanted.id, tuple(warnings))

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

    def _upload(self, warnings: list[str]) -> ModelVersion:
        container = models.container_of(self.spec)
        if container is None:
            recommendation = models.recommend(self.connection, self.spec)
            container = recommendation.container
            if recommendation.has_quota is False:
                warnings.append(
                    f"the project's quota for {self.spec.accelerator_type} in {self.connection.location} was too small "
                    "when the service was asked"
                )
        return models.upload(self.connection, self.spec, container, self.wait)

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
            if is_transient(error):
                raise
            self._take_back(wanted, uploaded)
            raise RolloutError(f"deploying failed: {_message(error)}; {_left(before)}") from error
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

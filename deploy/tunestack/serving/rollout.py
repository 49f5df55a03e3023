"""From a checkpoint to a model that serves: found if it is there, deployed or rolled if not, taken back if it fails.

Every step looks first at what the service has, so that a run that was interrupted anywhere is simply run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.serving import deployments, models, predict
from tunestack.serving.deployments import DeployedModel
from tunestack.serving.models import ModelVersion
from tunestack.serving.specification import ServingSpec

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.serving.operations import Wait

SMOKE_TOKENS = 64
"""Tokens of the smoke prompt's answer at the most: enough to see that the model speaks."""


class RolloutError(Exception):
    """The new version does not serve; what served before still does."""


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
    """

    connection: Connection
    endpoint: str
    spec: ServingSpec
    wait: Wait
    options: Mapping[str, int]
    smoke_prompt: str | None

    def serve(self) -> Served:
        """Brings the spec into service.

        Raises:
            RolloutError: it could not be; the endpoint serves what it served before.
            StoppedError: the user stopped the wait.
        """
        from google.api_core.exceptions import GoogleAPICallError

        warnings: list[str] = []
        try:
            own = self._own()
            known = models.version(self.connection, self.spec)
            version = known or self._upload(warnings)
            if any(model.id == self.spec.deployed_model_id for model in own):
                self._scale(own)
            else:
                self._deploy(version, own, is_new=known is None)
            self._clear(own)
        except GoogleAPICallError as error:
            raise RolloutError(f"the service refused: {error.message} (HTTP {error.code})") from error
        except models.NoContainerError as error:
            raise RolloutError(str(error)) from error
        return Served(version, self.spec.deployed_model_id, tuple(warnings))

    def _own(self) -> Sequence[DeployedModel]:
        """Returns the owner's deployed models, those with traffic first."""
        try:
            present = deployments.deployed(self.connection, self.endpoint)
        except deployments.EndpointNotFoundError:
            raise RolloutError(f"there is no endpoint {self.endpoint}; run pulumi refresh, then up") from None
        model = models.model_name(self.connection, self.spec)
        foreign = [deployed for deployed in present if not deployed.is_of(model)]
        if foreign:
            raise RolloutError(
                f"{self.endpoint} already serves {foreign[0].model}, which this resource does not own; undeploy it, or "
                "give this deployment an endpoint of its own"
            )
        return sorted(present, key=lambda deployed: -deployed.traffic)

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

    def _scale(self, own: Sequence[DeployedModel]) -> None:
        current = next(model for model in own if model.id == self.spec.deployed_model_id)
        if (current.min_replicas, current.max_replicas) != (self.spec.min_replicas, self.spec.max_replicas):
            deployments.scale(self.connection, self.endpoint, self.spec, current.id, self.wait)

    def _deploy(self, version: ModelVersion, own: Sequence[DeployedModel], *, is_new: bool) -> None:
        from google.api_core.exceptions import GoogleAPICallError

        try:
            self._start(version, self.spec.deployed_model_id, own[0].id if own else "")
        except GoogleAPICallError as error:
            self._take_back(version, is_new=is_new)
            raise RolloutError(f"deploying failed: {error.message}; {_left(own)}") from error
        reason = self._smoke()
        if reason:
            if own:
                before = ModelVersion(own[0].model, own[0].version)
                self._start(before, own[0].id, self.spec.deployed_model_id)
            self._take_back(version, is_new=is_new)
            raise RolloutError(f"the new version did not answer the smoke prompt: {reason}; {_left(own)}")

    def _start(self, version: ModelVersion, deployed_model_id: str, instead_of: str) -> None:
        deployments.deploy(
            self.connection,
            self.endpoint,
            self.spec,
            version,
            self.wait,
            deployed_model_id=deployed_model_id,
            instead_of=instead_of,
            rollout=self.options,
        )

    def _smoke(self) -> str:
        """Returns why the endpoint's answer is not good enough; empty when it is."""
        from google.api_core.exceptions import GoogleAPICallError

        if self.smoke_prompt is None:
            return ""
        try:
            text = predict.answer(self.connection, self.endpoint, self.smoke_prompt, max_tokens=SMOKE_TOKENS)
        except GoogleAPICallError as error:
            return str(error.message)
        return "" if text.strip() else "its answer is empty"

    def _take_back(self, version: ModelVersion, *, is_new: bool) -> None:
        """Leaves nothing of the new version behind."""
        deployments.undeploy(self.connection, self.endpoint, self.spec.deployed_model_id, self.wait)
        if is_new:
            models.delete_version(self.connection, version, self.wait)

    def _clear(self, own: Sequence[DeployedModel]) -> None:
        """Undeploys what an interrupted roll has left beside the new version: it would be billed for ever."""
        for model in own:
            if model.id != self.spec.deployed_model_id:
                deployments.undeploy(self.connection, self.endpoint, model.id, self.wait)


def _left(own: Sequence[DeployedModel]) -> str:
    if own:
        return f"version {own[0].version} goes on serving"
    return "nothing of it is left on the endpoint"

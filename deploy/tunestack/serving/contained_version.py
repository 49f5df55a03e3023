"""A checkpoint as a version of a model, with the container that serves it on one kind of machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.serving import models

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.serving.models import ModelVersion
    from tunestack.serving.operations import Wait
    from tunestack.serving.specification import ServingSpec


@dataclass
class ContainedVersion:
    """The version that a spec needs: one that is there, if its container suits the machine, or another upload.

    Attributes:
        connection: in the endpoint's region.
        spec: what shall serve, on its machine.
        wait: how to wait.
    """

    connection: Connection
    spec: ServingSpec
    wait: Wait
    _alias: str = ""

    def suited(self, known: ModelVersion, *, looks: bool) -> ModelVersion | None:
        """Returns a version whose container suits the machine; None where the checkpoint is to be uploaded again.

        Args:
            known: the version that holds the checkpoint.
            looks: whether it may be for other accelerators, and the service is to be asked.

        Raises:
            models.NoMachineError: the service has no such machine now.
            models.NoContainerError: it recommends other machines, or none.
        """
        if not looks or self.spec.container is not None:
            return known
        if known.runs(models.recommend(self.connection, self.spec).container):
            return known
        self._alias = self.spec.accelerated_alias
        return models.version_of(self.connection, self.spec, self._alias)

    def upload(self, warnings: list[str]) -> ModelVersion:
        """Makes the version, with the program's container or the recommended one; adds to what the user should know.

        Raises:
            models.NoMachineError: the service has no such machine now.
            models.NoContainerError: it recommends other machines, or none.
        """
        container = models.container_of(self.spec)
        if container is None:
            recommendation = models.recommend(self.connection, self.spec)
            container = recommendation.container
            if recommendation.has_quota is False:
                warnings.append(
                    f"the project's quota for {self.spec.accelerator_type} in {self.connection.location} was too small "
                    "when the service was asked"
                )
        return models.upload(self.connection, self.spec, container, self.wait, self._alias)

"""From which models a stack may tune and serve."""

from __future__ import annotations

from collections.abc import Iterator

from tunestack.policies.policy import Finding, Limits, Patterns, Policy, Resource, is_allowed, listed, not_known_yet
from tunestack.policies.properties import UNKNOWN
from tunestack.resource_types import COPY, DEPLOYMENT, JOB

_KEYS = {JOB: "models.{name}.{property}", DEPLOYMENT: "serving.{name}", COPY: "models.{name}.promote"}
_REGION = "infra:index:Region$"
"""In the URN of what a region takes from its foundation: what its file serves is all that it says of models."""


class ModelsLimits(Limits, frozen=True, kw_only=True):
    """Which base models and teachers."""

    allowed: Patterns | None = None


class Models(Policy[ModelsLimits]):
    """Looks at what jobs tune and learn from, what is promoted, and what is served."""

    name = "models"
    description = "Only models that the stack allows are tuned, asked as teachers, and served."

    def of_resource(self, limits: ModelsLimits, resource: Resource) -> Iterator[Finding]:
        """Compares its base model, and of a distillation its teacher."""
        key = _KEYS.get(resource.type)
        if limits.allowed is None or key is None:
            return
        if _REGION in resource.urn:
            key = "serving"
        for name in ("baseModel", "teacherModel"):
            model, place = resource.get(name), resource.place(name, key.format(name=resource.name, property=name))
            if model is UNKNOWN:
                yield not_known_yet(place)
            elif not model and name == "baseModel" and resource.type != COPY:
                where = (
                    resource.place(name, f"serving.{resource.name}.baseModel") if resource.type == DEPLOYMENT else place
                )
                yield Finding(
                    f"{resource.name} does not say from which model it was tuned, so nobody knows whether that is "
                    f"allowed; write it: {where}, one of {listed(limits.allowed)}"
                )
            elif isinstance(model, str) and model and not is_allowed(model, limits.allowed):
                yield Finding(
                    f"{model} is not an allowed model, see {place}: use one of {listed(limits.allowed)}, or have "
                    f"{self.at('allowed')} extended"
                )

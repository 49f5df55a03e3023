"""What a region takes from its foundation, by the outputs of that stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.models_there import ModelThere, NotThereError, model_there
from infra.settings import Settings
from infra.stack_outputs import StackOutputs, UnreadableStackError


@dataclass(frozen=True, slots=True)
class Foundation:
    """What the foundation has made for its regions.

    Attributes:
        project_number: of the Google Cloud project.
        platform_agent: IAM member of the agent that serves.
        tuning_agent: IAM member of the agent that tunes open models.
        models: those that the region serves, by name.
    """

    project_number: str
    platform_agent: str
    tuning_agent: str
    models: Mapping[str, ModelThere]


def read_foundation(settings: Settings, stacks: StackOutputs, problems: list[str]) -> Foundation | None:
    """Returns the foundation; None where there is none, or where what is wrong with it was added to the problems.

    Args:
        settings: of this stack.
        stacks: the outputs of others.
        problems: takes one text each, beginning with the key.
    """
    if settings.foundation is None:
        return None
    try:
        outputs = stacks.read(settings.foundation)
    except UnreadableStackError as error:
        problems.append(f"foundation: {error}")
        return None
    found = list(_mismatches(settings, outputs.values))
    models: dict[str, ModelThere] = {}
    for name, wanted in settings.serving.items():
        if wanted.model is None:
            continue
        try:
            models[wanted.model] = model_there(outputs, wanted.model)
        except NotThereError as error:
            found.append(f"serving.{name}.model: {error}")
    if found:
        problems += found
        return None
    number, agents = outputs.values["projectNumber"], outputs.values["agents"]
    return Foundation(number, agents["platform"], agents["tuning"], models)


def _mismatches(settings: Settings, values: Mapping[str, object]) -> Iterator[str]:
    """Yields what of the foundation does not go with this stack."""
    stack = settings.foundation
    if above := values.get("foundation"):
        yield f"foundation: {stack} is itself a region, of {above}; write {above}"
    elif not values.get("projectNumber"):
        yield f"foundation: {stack} was applied by an earlier release; run pulumi up --stack {stack} first"
    if values["project"] != settings.project:
        yield (
            f"project: has to be {values['project']}, that of {stack}: a region has its APIs and agents from there. Of "
            "another project only a checkpoint can be taken: promote it"
        )
    if bool(values.get("apiEndpoint")) is not settings.emulator:
        where = "on the emulator" if values.get("apiEndpoint") else "on Google Cloud"
        yield f"emulator: {stack} is {where}, and so are its regions"

"""What is there before a stack is applied: things that it uses and did not make, and what other stacks have made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.connection import Connection
from infra.existing_checks import existing_problems
from infra.foundation import Foundation, read_foundation
from infra.models_there import ModelThere
from infra.promotion import read_promoted
from infra.setting_problems import InvalidSettingsError
from infra.settings import Settings
from infra.stack_outputs import StackOutputs


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What other stacks have made.

    Attributes:
        foundation: the stack of which this one is a region, if it is one.
        promoted: models that are taken from other stacks, by their name here.
    """

    foundation: Foundation | None
    promoted: Mapping[str, ModelThere]


def look_around(settings: Settings, connection: Connection, stacks: StackOutputs) -> Surroundings:
    """Looks everything up before anything is declared.

    Raises:
        InvalidSettingsError: with all that is not there, or not as the stack needs it.
    """
    problems = list(existing_problems(settings, connection))
    foundation = read_foundation(settings, stacks, problems)
    promoted = read_promoted(settings, stacks, connection, problems)
    if problems:
        file = f"stacks/Pulumi.{pulumi.get_stack()}.yaml"
        raise InvalidSettingsError(file, [f"tunestack:{problem}" for problem in problems])
    return Surroundings(foundation, promoted)

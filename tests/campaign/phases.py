"""The runs that are interrupted: a stack's first up, a roll to a new model version, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_APPLY: Final = ("up", "--yes", "--skip-preview", "--suppress-outputs")
_REMOVE: Final = ("destroy", "--yes", "--skip-preview", "--suppress-outputs")


@dataclass(frozen=True, slots=True, eq=False)
class Phase:
    """One run, and the run that has to put right what is left when it was interrupted.

    Attributes:
        name: of the phase.
        start: what the stack was saved as, before.
        model: what the configuration says of the model, other than at first.
        interrupted: the command that is interrupted.
        again: the command that is run afterwards.
    """

    name: str
    start: str
    model: Mapping[str, Any]
    interrupted: tuple[str, ...]
    again: tuple[str, ...]


_ROLLED: Final = {"epochs": 2}

PHASES: Final = (
    Phase("up", "nothing", {}, _APPLY, _APPLY),
    Phase("roll", "up", _ROLLED, _APPLY, _APPLY),
    Phase("destroy", "rolled", _ROLLED, _REMOVE, _REMOVE),
    Phase("destroy-up", "rolled", _ROLLED, _REMOVE, _APPLY),
)

"""What the base models that a user names demand of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.catalogue.entries import Mode
    from tunestack.cli.data.commands import Answers


def rules_of(models: Sequence[str], mode: Mode | None, answers: Answers = "required") -> list[DataRules]:
    """Returns the rules of each model; of any open model where answers may be missing and none is named.

    Raises:
        typer.BadParameter: the catalogue has no such model, it is not tuned in that mode, or none is named to be.
    """
    if not models:
        if mode:
            raise typer.BadParameter("--mode says how a base model is tuned: name the model with --model")
        if answers == "required":
            return []
    from tunestack.catalogue import UnknownRowError
    from tunestack.catalogue.data_rules import data_rules, with_optional_answers

    try:
        found = [data_rules(model, mode) for model in models]
    except UnknownRowError as error:
        raise typer.BadParameter(str(error)) from error
    return with_optional_answers(found) if answers == "optional" else found

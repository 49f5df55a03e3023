"""Whether a checkpoint is one of the model that it shall be tuned as, by its config.json."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tunestack.catalogue.names import short
from tunestack.catalogue.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMES = {"model_types": "model_type", "architectures": "architectures"}
"""Keys of a row that list what a checkpoint may say, and where it says it; all other keys are numbers of their own."""


def architecture_problem(base_model: str, config: Mapping[str, Any]) -> str | None:
    """Says why a checkpoint cannot be tuned as a base model; None where nothing is known to be wrong.

    Args:
        base_model: the open model whose architecture the checkpoint must have.
        config: the checkpoint's config.json; what it does not say is not held against it.
    """
    rows = _architectures()
    row = rows.get(short(base_model))
    if row is None:
        return None
    found = list(_differences(row, config))
    if not found:
        return None
    alike = [name for name, other in rows.items() if other != row and not list(_differences(other, config, whole=True))]
    remedy = f"; it looks like {' or '.join(alike)}" if alike else ""
    return f"is no checkpoint of {base_model}: its config.json has {', '.join(found)}{remedy}"


def _differences(row: Mapping[str, Any], config: Mapping[str, Any], *, whole: bool = False) -> Iterator[str]:
    """Yields what differs, as it is told; with `whole`, also what the configuration lacks."""
    for key, right in row.items():
        name = _NAMES.get(key, key)
        said = config.get(name)
        if said is None and isinstance(text := config.get("text_config"), dict):
            said = text.get(name)
        if said is None:
            if whole:
                yield f"no {name}"
        elif key not in _NAMES:
            if said != right:
                yield f"{name} {said!r} (not {right})"
        elif not set(right) & {each for each in (said if isinstance(said, list) else [said]) if isinstance(each, str)}:
            yield f"{name} {said} (not {' or '.join(right)})"


@cache
def _architectures() -> Mapping[str, Mapping[str, Any]]:
    """Returns what must hold for a checkpoint of each model: its family's names and its own numbers."""
    content = table("architectures")
    return {
        name: {**content["family"][row["family"]], **{key: value for key, value in row.items() if key != "family"}}
        for name, row in content["model"].items()
    }

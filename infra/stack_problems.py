"""What a stack cannot be: a region that tunes, or a model that is both tuned here and taken from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.setting_problems import entries, path
from tunestack.regional_keys import OF_THE_FOUNDATION


def stack_problems(raw: Mapping[str, Any], stack: str) -> Iterator[str]:
    """Yields one text for each; works on what has the right shape.

    Args:
        raw: the configuration, which may be wrong elsewhere.
        stack: the stack's name.
    """
    foundation = raw.get("foundation")
    if isinstance(foundation, str) and foundation:
        yield from _regional_problems(raw, foundation, stack)
    for name, entry in entries(raw, "models").items():
        if "promote" not in entry:
            continue
        for key in entry.keys() - {"promote"}:
            yield (
                f"{path(('models', name, key))}: belongs to a model that is tuned here, and with promote {name} is "
                "taken as it is; leave it out, or take promote out"
            )
        promoted = entry["promote"]
        if isinstance(promoted, Mapping) and promoted.get("from") == stack:
            yield f"{path(('models', name, 'promote', 'from'))}: is this stack itself; serve its model by its name"


def _regional_problems(raw: Mapping[str, Any], foundation: str, stack: str) -> Iterator[str]:
    if foundation == stack:
        yield f"{path(('foundation',))}: is this stack itself; a foundation has no such key"
    for keys in OF_THE_FOUNDATION:
        found: Any = raw
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        if found is not None:
            yield f"{path(keys)}: belongs to the foundation, {foundation}: a region tunes nothing; write it there"

"""Which model goes on from which: where it starts, what it was tuned from at first, and what cannot be so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.setting_problems import entries, path, unknown
from tunestack.catalogue import methods
from tunestack.wording import together

_STARTS = ("customBaseModel", "preTunedModel", "continueFrom")


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which of a stack's models goes on from which.

    Attributes:
        parents: by model, the one that it continues; None where it does not, or where that is another stack's.
        base_models: by model, what its own entry names as such; None where it names none.
        tuned: those whose own entry names a tuned Gemini model to go on from.
        keys: by model, the customer-managed key that its own entry names; None where it names none.
    """

    parents: Mapping[str, str | None]
    base_models: Mapping[str, str | None]
    tuned: frozenset[str]
    keys: Mapping[str, str | None]

    def line(self, name: str) -> list[str]:
        """Returns a model, the one of the same stack that it continues, and so on; ends before one that comes again."""
        found: list[str] = []
        following: str | None = name
        while following is not None and following in self.parents and following not in found:
            found.append(following)
            following = self.parents[following]
        return found

    def base_model(self, name: str) -> str | None:
        """Returns what a model is tuned from at first, as far as this stack tells."""
        return next((base for each in self.line(name) if (base := self.base_models[each])), None)

    def is_gemini(self, name: str) -> bool:
        """Says whether it is a Gemini model that is tuned."""
        return not self.tuned.isdisjoint(self.line(name)) or methods.is_gemini(self.base_model(name) or "")

    def kms_key_name(self, name: str) -> str | None:
        """Returns a model's key; the service wants that of the tuned Gemini model that it goes on from."""
        line = self.line(name) if self.is_gemini(name) else [name]
        return next((key for each in line if (key := self.keys[each])), None)


def takes_any_region(raw: Mapping[str, Any]) -> bool:
    """Says whether a stack does nothing but tune Gemini models: the list of regions is that of open models.

    Of some Gemini models the page names two regions, of others many more (google/skills, agent-platform-tuning).
    """
    models = entries(raw, "models")
    lineage = lineage_of(models)
    return bool(models) and not raw.get("serving") and all(map(lineage.is_gemini, models))


def tunes_nothing(raw: Mapping[str, Any]) -> bool:
    """Says whether a stack only serves, and takes from others what is tuned: a region, or promoted models alone."""
    return bool(raw.get("foundation")) or all("promote" in entry for entry in entries(raw, "models").values())


def lineage_of(models: Mapping[str, Mapping[str, Any]]) -> Lineage:
    """Returns the lineage of entries that may be wrong in all but their shape."""
    named = {name: entry.get("baseModel") for name, entry in models.items()}
    return Lineage(
        {name: _parent(entry) for name, entry in models.items()},
        {name: base if isinstance(base, str) else None for name, base in named.items()},
        frozenset(name for name, entry in models.items() if entry.get("preTunedModel")),
        {name: key if isinstance(key := entry.get("kmsKeyName"), str) else None for name, entry in models.items()},
    )


def lineage_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields one text for each model that cannot start where it shall; works on what has the right shape."""
    models = entries(raw, "models")
    lineage = lineage_of(models)
    for name, entry in models.items():
        if "promote" in entry:
            continue  # starts nowhere
        place = ("models", name)
        if len(given := [key for key in _STARTS if entry.get(key) is not None]) > 1:
            yield f"{path(place)}: starts from one of {together(_STARTS)}, not {together(given)}"
        yield from _missing(name, entry)
        source = lineage.parents[name]
        if source is None:
            continue
        key = path((*place, "continueFrom", "model"))
        chain = lineage.line(name)
        if source not in models:
            yield f"{key}: {unknown(source, 'model', [each for each in models if each != name])}"
        elif lineage.parents[chain[-1]] == name:
            yield f"{key}: leads back to {name} itself: {' from '.join([*chain, name])}"
        elif "promote" in models[source]:
            yield f"{key}: {source} is not tuned here; name where it is: continueFrom: {{stack: …, model: …}}"
        elif models[source].get("wait") is False:
            yield f"{key}: {source} has wait: false, so its checkpoint is not there when this job starts; let it wait"
        own, theirs = lineage.keys[name], lineage.kms_key_name(source) if source in models else None
        if own and source in models and own != theirs and lineage.is_gemini(name):
            has = "another" if theirs else "none"
            yield f"{path((*place, 'kmsKeyName'))}: has to be that of {source}, which has {has}; leave it out"
        told, first = entry.get("baseModel"), lineage.base_model(source)
        if told is not None and first is not None and told != first:
            yield f"{path((*place, 'baseModel'))}: {source} was tuned from {first}; write that, or leave it out"


def _parent(entry: Mapping[str, Any]) -> str | None:
    continued = entry.get("continueFrom")
    if not isinstance(continued, Mapping) or continued.get("stack") is not None:
        return None
    return wanted if isinstance(wanted := continued.get("model"), str) and wanted else None


def _missing(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if entry.get("baseModel") is None and _parent(entry) is None and not entry.get("preTunedModel"):
        why = "; what another stack's model was tuned from is not known here" if entry.get("continueFrom") else ""
        yield f"{path(('models', name, 'baseModel'))}: is missing{why}"

"""Where a model is not tuned, where nothing can be deployed, and where keys cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.catalogue.checks.problem import Problem
from tunestack.catalogue.entries import GeminiModel
from tunestack.catalogue.model_rows import gemini_models
from tunestack.catalogue.names import nearest
from tunestack.catalogue.reader import is_region_name, region, regions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tunestack.catalogue.checks.problem import Asked
    from tunestack.catalogue.entries import OpenModel


def problems(asked: Asked, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    """Yields what is wrong with the location, and with the key for it."""
    if asked.location is not None:
        if asked.machine_type is not None:
            yield from _deploying(asked.location)
        elif asked.is_open:
            yield from _open(asked, asked.location, model)
        else:
            yield from _gemini(asked.location, model)
    if asked.kms_key_name is not None:
        yield from _key(asked, asked.kms_key_name, model)


def _deploying(location: str) -> Iterator[Problem]:
    # Accelerators are in more regions than tuning is, and no list of them is known: only what cannot be is refused.
    known = region(location)
    if known and not known.serves:
        yield Problem("location", f'nothing can be deployed in "{location}"; write a region, such as {_serving()}')


def _open(asked: Asked, location: str, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    known = None if isinstance(model, GeminiModel) else model  # which is no student, whatever the location
    usable = [row.name for row in regions() if known is None or row.name in known.regions]
    if location in usable:
        return
    subject = known.name if known else "an open model"
    reason = f'{subject} is not tuned in "{location}"; nearest: {_near(location, usable)}; all: {", ".join(usable)}'
    # Where a model runs that the catalogue does not know is not known either.
    yield Problem("location", reason, is_unknown=asked.base_model is not None and model is None)


def _gemini(location: str, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    subject = model.name if model else "a Gemini model"
    usable = list(model.regions) if model else []
    if location == "global":
        # FAILED_PRECONDITION, says the service.
        region = usable[0] if usable else _serving()
        yield Problem("location", f"{subject} is not tuned in global, which takes open models only; write {region}")
    elif usable and location not in usable:
        reason = f'{subject} is not tuned in "{location}"; nearest: {_near(location, usable)}; all: {", ".join(usable)}'
        yield Problem("location", reason)
    elif not usable and not is_region_name(location):
        # No page says where this model is tuned; but it must be a region.
        near = _near(location, [row.name for row in regions() if row.serves])
        yield Problem("location", f'"{location}" is not a region, and {subject} is tuned in one; nearest: {near}')


def _key(asked: Asked, name: str, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    parts = name.split("/")
    is_name = len(parts) == 8 and all(parts) and parts[::2] == ["projects", "locations", "keyRings", "cryptoKeys"]
    if not is_name:
        reason = f'"{name}" is not the name of a key; write projects/…/locations/…/keyRings/…/cryptoKeys/…'
        yield Problem("kmsKeyName", reason)
    elif isinstance(model, GeminiModel) and model.cmek is False:
        able = ", ".join(row.name for row in gemini_models() if row.cmek)
        reason = f"{model.name} takes no customer-managed keys; leave it out, or write a baseModel that does: {able}"
        yield Problem("kmsKeyName", reason)
    elif asked.location == "global":
        yield Problem("kmsKeyName", f"global takes no customer-managed keys; write a region, such as {_serving()}")
    elif asked.location is not None and parts[3] != asked.location:
        # "The key needs to be in the same region as where the compute resource is created": EncryptionSpec, v1beta1.
        yield Problem("kmsKeyName", f"is in {parts[3]}, and the job in {asked.location}; use a key of that region")


def _near(location: str, usable: Sequence[str]) -> str:
    # A region of the same continent is the nearest, before one of similar spelling; multi-regions shorten its name.
    continent = location.partition("-")[0] or "?"
    same_continent = [name for name in usable if name.partition("-")[0].startswith(continent)]
    return nearest(location, same_continent or usable)[0]


def _serving() -> str:
    return " or ".join([row.name for row in regions() if row.serves][:2])

"""Reads the rows of models, with prices that were refreshed where there are any, and finds one by name."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from tunestack.catalogue import refreshed
from tunestack.catalogue.entries import Distillation, GeminiModel, OpenModel, TeacherPrice, TuningTerms
from tunestack.catalogue.methods import is_gemini
from tunestack.catalogue.names import UnknownModelError, nearest, short
from tunestack.catalogue.reader import data_limits, machines, regions
from tunestack.catalogue.tables import sources, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tunestack.catalogue.entries import Source
    from tunestack.catalogue.methods import Method

_PRICE = "usd_per_million_tokens"


def open_model(name: str) -> OpenModel:
    """Finds an open model by its resource name, `publisher/family@version`; the service's longer form counts as well.

    Raises:
        UnknownModelError: there is none; the message names the nearest right ones and explains a missing @version.
    """
    found = _models_by_name().get(short(name))
    if found is None:
        raise _unknown_model(name)
    return found


@cache
def open_models() -> tuple[OpenModel, ...]:
    """Returns every open model that can be tuned."""
    everywhere = tuple(row.name for row in regions())
    rows = table("open_models")
    return tuple(
        OpenModel(
            name=row["name"],
            display_name=row["display_name"],
            modes={mode: _terms(row, mode, terms) for mode, terms in row["modes"].items()},
            max_sequence_tokens=row["max_sequence_tokens"],
            modalities=tuple(row["modalities"]),
            regions=tuple(row.get("regions", everywhere)),
            parameters=row.get("parameters"),
            source=sources()[row["source"]],
            terms_source=_source(row, "terms_source"),
            drops_text_beside_images=row.get("drops_text_beside_images", False),
            servable=row.get("servable"),
            servable_source=sources()[rows["servable_source"]],
            note=row.get("note", ""),
        )
        for row in rows["model"]
    )


def gemini_model(name: str) -> GeminiModel:
    """Finds a Gemini model by its name, such as `gemini-2.5-flash`; the service's longer form counts as well.

    Raises:
        UnknownModelError: there is none; the message names the nearest.
    """
    models = {row.name: row for row in gemini_models()}
    asked = short(name).removeprefix("google/").removeprefix("models/")
    if asked in models:
        return models[asked]
    retired = table("gemini_models")["retired"]
    if asked in retired:
        on = f" on {day}" if (day := retired[asked].get("on")) else ""
        source = sources()[table("gemini_models")["retired_source"]]
        # The newest first, since what replaces a model is newer.
        near = tuple(row.name for row in gemini_models() if not row.is_disputed)[:2]
        raise UnknownModelError(f"{asked} was shut down{on} ({source}); write {' or '.join(near)}", near)
    near = nearest(asked, models)
    message = f'"{name}" is not among the Gemini models that can be tuned; nearest: {", ".join(near)}'
    raise UnknownModelError(message, near)


@cache
def gemini_models() -> tuple[GeminiModel, ...]:
    """Returns every Gemini model that can be tuned."""
    rows, newer = table("gemini_models"), refreshed.known()
    prices = newer.gemini if newer else {}
    modalities = data_limits("gemini")[0]["modalities"]
    return tuple(
        GeminiModel(
            name=(name := row["name"]),
            display_name=row["display_name"],
            max_example_tokens=row["max_example_tokens"],
            adapter_sizes=tuple(row["adapter_sizes"]),
            regions=tuple(row.get("regions", ())),
            served_at=tuple(row.get("served_at", ())),
            cmek=row.get("cmek"),
            # A whole number is no Decimal for the TOML reader.
            usd_per_million_tokens=Decimal(usd)
            if (usd := prices.get(name, row.get("usd_per_million_tokens")))
            else None,
            source=sources()[row["source"]],
            price_source=newer.source if newer and name in prices else _source(row, "price_source"),
            modalities=modalities,
            is_disputed=row.get("disputed", False),
            disputed_adapter_sizes=tuple(row.get("disputed_adapter_sizes", ())),
            continuous=row.get("continuous"),
            retires=row.get("retires"),
            may_stay=row.get("may_stay", False),
            retires_source=sources()[rows["retires_source"]] if "retires" in row else None,
            note=row.get("note", ""),
        )
        for row in rows["model"]
    )


def model_named(name: str) -> OpenModel | GeminiModel:
    """Finds a model of either kind.

    Raises:
        UnknownModelError: there is none; the message names the nearest.
    """
    return gemini_model(name) if is_gemini(name) else open_model(name)


@cache
def distillation() -> Distillation:
    """Returns the teachers and students of distillation."""
    rows, newer = table("distillation"), refreshed.known()
    prices = {}
    for name, row in rows["prices"].items():
        usd, source = row, (priced_by := sources()[rows["price_source"]])
        if newer and newer.teachers.get(name, {}).keys() >= {"input", "output"}:
            usd, source = newer.teachers[name], newer.source
        prices[name] = TeacherPrice(usd["input"], usd["output"], row.get("retires"), source, priced_by)
    return Distillation(tuple(rows["teachers"]), tuple(rows["students"]), prices, sources()[rows["source"]])


def methods_of(model: OpenModel | GeminiModel) -> tuple[Method, ...]:
    """Returns the methods that a model is tuned by, as far as that is known."""
    if isinstance(model, GeminiModel):
        return ("gemini", "continuous") if model.continuous else ("gemini",)
    return ("supervised", "distillation") if model.name in distillation().students else ("supervised",)


def forget() -> None:
    """Forgets the rows, so that they are read anew with the prices that there are then."""
    for kept in (refreshed.known, open_models, gemini_models, distillation, machines, _models_by_name):
        kept.cache_clear()


def _terms(row: Mapping[str, Any], mode: str, terms: Mapping[str, Any]) -> TuningTerms:
    newer = refreshed.known()
    usd = newer.tuning.get(row["name"], {}).get(mode) if newer else None
    if newer and usd is not None:
        return TuningTerms(**{**terms, _PRICE: usd}, price_source=newer.source)
    return TuningTerms(**terms, price_source=_source(row, "terms_source"))


def _source(row: Mapping[str, Any], name: str) -> Source | None:
    return sources()[row[name]] if name in row else None


@cache
def _models_by_name() -> dict[str, OpenModel]:
    return {row.name: row for row in open_models()}


def _unknown_model(name: str) -> UnknownModelError:
    asked_for = short(name)
    if asked_for.startswith("gemini"):
        return UnknownModelError(f'"{name}" is not an open model: Gemini models are tuned by a method of their own')
    family, _, version = asked_for.partition("@")
    spellings = {
        spelling.lower(): row.name
        for row in open_models()
        for spelling in (row.display_name, row.name.partition("@")[2])
    }
    relatives = tuple(row.name for row in open_models() if row.name.partition("@")[0] == family)
    asked = (version or family.rpartition("/")[2]).lower()
    if asked in spellings:
        near: tuple[str, ...] = (spellings[asked],)
    elif relatives and not version:
        near = relatives
    else:
        near = tuple(dict.fromkeys(spellings[spelling] for spelling in nearest(asked, spellings)))
    reason = (
        "is not among the open models that can be tuned" if version else "has no @version, which the service requires"
    )
    return UnknownModelError(f'"{name}" {reason}; nearest: {", ".join(near)}', near)

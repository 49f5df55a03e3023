"""Reads the catalogue's rows and finds one by name.

The files in rows/ are read when first asked for, so that importing this costs nothing.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunestack.catalogue.entries import (
    Distillation,
    GeminiModel,
    Machine,
    OpenModel,
    Quota,
    Region,
    Source,
    TeacherPrice,
    TokenRange,
    TuningTerms,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ROWS = Path(__file__).with_name("rows")


class UnknownRowError(LookupError):
    """A name that the catalogue does not have; the message says what is nearest.

    Args:
        message: what is wrong and what to write instead.
        nearest: the right names that come nearest, best first.
    """

    def __init__(self, message: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.nearest = nearest


class UnknownModelError(UnknownRowError):
    """No model of that name can be tuned, as far as the catalogue knows."""


class UnknownModeError(UnknownRowError):
    """The model is not tuned in that mode, as far as the catalogue knows."""


class UnknownTeacherError(UnknownRowError):
    """No model of that name teaches, as far as the catalogue knows."""


class UnknownMachineError(UnknownRowError):
    """The catalogue has no machine of that name."""


def open_model(name: str) -> OpenModel:
    """Finds an open model by its resource name, `publisher/family@version`; the service's longer form counts as well.

    Raises:
        UnknownModelError: there is none; the message names the nearest right ones and explains a missing @version.
    """
    found = _models_by_name().get(_short(name))
    if found is None:
        raise _unknown_model(name)
    return found


@cache
def open_models() -> tuple[OpenModel, ...]:
    """Returns every open model that can be tuned."""
    sources, everywhere = _sources(), tuple(row.name for row in regions())
    return tuple(
        OpenModel(
            name=row["name"],
            display_name=row["display_name"],
            modes={mode: TuningTerms(**terms) for mode, terms in row["modes"].items()},
            max_sequence_tokens=row["max_sequence_tokens"],
            modalities=tuple(row["modalities"]),
            regions=tuple(row.get("regions", everywhere)),
            parameters=row.get("parameters"),
            source=sources[row["source"]],
            terms_source=sources[row["terms_source"]] if "terms_source" in row else None,
            drops_text_beside_images=row.get("drops_text_beside_images", False),
            note=row.get("note", ""),
        )
        for row in _read("open_models")["model"]
    )


def gemini_model(name: str) -> GeminiModel:
    """Finds a Gemini model by its name, such as `gemini-2.5-flash`; the service's longer form counts as well.

    Raises:
        UnknownModelError: there is none; the message names the nearest.
    """
    models = {row.name: row for row in gemini_models()}
    asked = _short(name).removeprefix("google/").removeprefix("models/")
    if asked not in models:
        near = nearest(asked, models)
        message = f'"{name}" is not among the Gemini models that can be tuned; nearest: {", ".join(near)}'
        raise UnknownModelError(message, near)
    return models[asked]


@cache
def gemini_models() -> tuple[GeminiModel, ...]:
    """Returns every Gemini model that can be tuned."""
    sources = _sources()
    return tuple(
        GeminiModel(
            name=row["name"],
            display_name=row["display_name"],
            max_example_tokens=row["max_example_tokens"],
            adapter_sizes=tuple(row["adapter_sizes"]),
            regions=tuple(row.get("regions", ())),
            served_at=tuple(row.get("served_at", ())),
            cmek=row.get("cmek"),
            # A whole number is no Decimal for the TOML reader.
            usd_per_million_tokens=Decimal(price) if (price := row.get("usd_per_million_tokens")) else None,
            source=sources[row["source"]],
            price_source=sources[row["price_source"]] if "price_source" in row else None,
            note=row.get("note", ""),
        )
        for row in _read("gemini_models")["model"]
    )


@cache
def regions() -> tuple[Region, ...]:
    """Returns every location that takes tuning jobs of open models."""
    sources = _sources()
    return tuple(
        Region(name, row["place"], row.get("serves", True), sources[row["source"]], row.get("note", ""))
        for name, row in _read("regions").items()
    )


def region(name: str) -> Region | None:
    """Returns the location of that name, or None."""
    return next((row for row in regions() if row.name == name), None)


@cache
def machines() -> tuple[Machine, ...]:
    """Returns every machine that serves."""
    table = _read("machines")
    memory: Mapping[str, int] = table["accelerator_memory_gib"]
    return tuple(
        Machine(
            name=name,
            accelerator_type=row["accelerator"],
            accelerator_count=row["count"],
            accelerator_memory_gib=(gib := memory.get(row["accelerator"])),
            usable_bytes=None if gib is None else int(table["usable_share"] * gib * row["count"] * 2**30),
            usd_per_hour=row.get("usd_per_hour"),
            price_region=table["price_region"],
            source=_sources()[table["source"]],
        )
        for name, row in table["machine"].items()
    )


def machine(name: str) -> Machine:
    """Finds a machine by its type, such as `g2-standard-12`.

    Raises:
        UnknownMachineError: there is none; the message names the nearest.
    """
    known = {row.name: row for row in machines()}
    if name not in known:
        near = nearest(name, known)
        raise UnknownMachineError(f'the catalogue has no machine "{name}"; nearest: {", ".join(near)}', near)
    return known[name]


@cache
def distillation() -> Distillation:
    """Returns the teachers and students of distillation."""
    table = _read("distillation")
    price_source = _sources()[table["price_source"]]
    prices = {
        name: TeacherPrice(row["input"], row["output"], row.get("retires"), price_source)
        for name, row in table["prices"].items()
    }
    return Distillation(tuple(table["teachers"]), tuple(table["students"]), prices, _sources()[table["source"]])


@cache
def token_range(model: str) -> TokenRange | None:
    """Returns what a model's tokenizer makes of texts; None where nobody measured it."""
    table = dict(_read("token_ranges"))
    source = _sources()[table.pop("source")]
    for row in table.values():
        if model.startswith(names := tuple(row["models"])):
            return TokenRange(**{**row, "models": names}, source=source)
    return None


def storage_usd_per_gib_month(location: str) -> tuple[Decimal | None, Source]:
    """Returns the price of standard storage in a region, None where it is not known, and its source."""
    table = _read("storage")
    row = table["usd_per_gib_month"].get(location, {})
    return row.get("usd"), _sources()[row.get("source", table["source"])]


@cache
def tuning_quota() -> Quota:
    """Returns the quota of tuning jobs of open models that run at once, over all regions."""
    return _quota(_read("quotas")["concurrent_tuning_jobs"], regional=False)


@cache
def serving_quotas() -> Mapping[str, Quota]:
    """Returns the quotas of accelerators for serving, by accelerator; those without a source are missing."""
    return {accelerator: _quota(row, regional=True) for accelerator, row in _read("quotas")["serving"].items()}


@cache
def data_limits(kind: str) -> tuple[Mapping[str, Any], tuple[Source, ...]]:
    """Returns what all models of a kind, `open` or `gemini`, demand of data, and where that is known from."""
    row = dict(_read("data_rules")[kind])
    sources = tuple(_sources()[row.pop(name)] for name in ("source", "tokens_source", "images_source") if name in row)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}, sources


def nearest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Returns up to three candidates that are spelt most like the name, or the first three when none is near."""
    from difflib import get_close_matches  # only errors need it

    known = list(candidates)
    return tuple(get_close_matches(name, known, n=3, cutoff=0.6) or known[:3])


def _quota(row: Mapping[str, str], *, regional: bool) -> Quota:
    metric = f"{_read('quotas')['service']}/{row['metric']}" if "metric" in row else ""
    return Quota(metric, row.get("display_name", ""), regional, _sources()[row["source"]])


@cache
def _read(table: str) -> dict[str, Any]:
    import tomllib  # pure Python: paid for only by those who read rows

    return tomllib.loads((_ROWS / f"{table}.toml").read_text("utf-8"), parse_float=Decimal)


@cache
def _sources() -> dict[str, Source]:
    return {key: Source(row["title"], row.get("date")) for key, row in _read("sources").items()}


@cache
def _models_by_name() -> dict[str, OpenModel]:
    return {row.name: row for row in open_models()}


def _short(name: str) -> str:
    """`publishers/P/models/M@V` is the longer form that the service takes as well."""
    parts = name.strip().split("/")
    return f"{parts[1]}/{parts[3]}" if len(parts) == 4 and parts[::2] == ["publishers", "models"] else name.strip()


def _unknown_model(name: str) -> UnknownModelError:
    short = _short(name)
    if short.startswith("gemini"):
        return UnknownModelError(f'"{name}" is not an open model: Gemini models are tuned by a method of their own')
    family, _, version = short.partition("@")
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

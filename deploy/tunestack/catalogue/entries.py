"""The kinds of rows in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from decimal import Decimal

Mode = Literal["FULL", "PEFT_ADAPTER"]

FRESH_DAYS = 90
"""How long a row is taken as it is; a quarter is how often the service's price tables were seen to change."""

BYTES_PER_PARAMETER = 2
"""Weights are served as bfloat16; custom-weights serving takes no quantised ones."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row comes from; `date` is None where the source names none."""

    title: str
    date: datetime.date | None

    def is_stale(self, today: datetime.date) -> bool:
        """Whether the source is older than `FRESH_DAYS`, or of unknown age."""
        return self.date is None or (today - self.date).days > FRESH_DAYS

    def told_age(self, today: datetime.date) -> str:
        """Returns how old a price from here is, to be told beside it; empty while it is fresh."""
        if not self.is_stale(today):
            return ""
        age = f"of {self.date}, {(today - self.date).days} days old" if self.date else "of unknown age"
        return f"price {age}: look again"

    def __str__(self) -> str:
        return f"{self.title}, {self.date}" if self.date else self.title


@dataclass(frozen=True, slots=True)
class TuningTerms:
    """What tuning a model in one mode costs and starts from; None is not published.

    `tokens_per_character` is the measured ratio of billed training tokens to the characters of the examples' text; it
    absorbs the chat template. `adapter_size` and `learning_rate` are recommended values. `price_source` is where the
    price is from.
    """

    usd_per_million_tokens: Decimal | None = None
    tokens_per_character: Decimal | None = None
    learning_rate: Decimal | None = None
    adapter_size: int | None = None
    price_source: Source | None = None


@dataclass(frozen=True, slots=True)
class OpenModel:
    """An open model that can be tuned.

    `terms_source` is None where nobody published terms, `servable` where nobody says whether custom-weights serving
    takes the model.
    """

    name: str
    display_name: str
    modes: Mapping[Mode, TuningTerms]
    max_sequence_tokens: int
    modalities: tuple[str, ...]
    regions: tuple[str, ...]
    parameters: int | None
    source: Source
    terms_source: Source | None
    drops_text_beside_images: bool = False
    servable: bool | None = None
    servable_source: Source | None = None
    note: str = ""

    @property
    def weight_bytes(self) -> int | None:
        """Size of all weights as they are served."""
        return None if self.parameters is None else self.parameters * BYTES_PER_PARAMETER

    def price_source(self, mode: Mode | None) -> Source:
        """Returns where the price in a mode is from, or where it was looked for."""
        terms = self.modes.get(mode) if mode else None
        return (terms and terms.price_source) or self.terms_source or self.source

    def is_stale(self, today: datetime.date) -> bool:
        """Whether limits or terms are older than `FRESH_DAYS`, or of unknown age."""
        return self.source.is_stale(today) or any(self.price_source(mode).is_stale(today) for mode in self.modes)


@dataclass(frozen=True, slots=True)
class GeminiModel:
    """A Gemini model that can be tuned; None, and an empty tuple, is not known.

    `served_at` holds the locations where a tuned model answers, `job` for the job's own; `is_disputed` says that
    sources differ about whether it can be tuned, and `disputed_adapter_sizes` where they differ about those;
    `continuous` whether a tuned one can be tuned further; `retires` is the day that `retires_source` names, and with
    `may_stay` the first that it can be.
    """

    name: str
    display_name: str
    max_example_tokens: int
    adapter_sizes: tuple[int, ...]
    regions: tuple[str, ...]
    served_at: tuple[str, ...]
    cmek: bool | None
    usd_per_million_tokens: Decimal | None
    source: Source
    price_source: Source | None
    modalities: tuple[str, ...] = ()
    is_disputed: bool = False
    disputed_adapter_sizes: tuple[int, ...] = ()
    continuous: bool | None = None
    retires: datetime.date | None = None
    may_stay: bool = False
    retires_source: Source | None = None
    note: str = ""

    def is_stale(self, today: datetime.date) -> bool:
        """Whether limits or price are older than `FRESH_DAYS`, or of unknown age."""
        return self.source.is_stale(today) or (self.price_source is not None and self.price_source.is_stale(today))


@dataclass(frozen=True, slots=True)
class Region:
    """A location of tuning jobs. Where `serves` is False nothing can be deployed."""

    name: str
    place: str
    serves: bool
    source: Source
    note: str = ""

    def is_stale(self, today: datetime.date) -> bool:
        """Whether the row is older than `FRESH_DAYS`, or of unknown age."""
        return self.source.is_stale(today)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with its accelerators; `usable_bytes` is what weights may fill.

    The price is that of `price_region`; `elsewhere` has those of other regions, where prices were refreshed.
    """

    name: str
    accelerator_type: str
    accelerator_count: int
    accelerator_memory_gib: int | None
    usable_bytes: int | None
    usd_per_hour: Decimal | None
    price_region: str
    source: Source
    elsewhere: Mapping[str, tuple[Decimal, Source]] = field(default_factory=dict)

    def price_in(self, location: str) -> tuple[Decimal | None, Source]:
        """Returns the price of an hour in a region, None where it is not known, and its source."""
        here = self.usd_per_hour if location == self.price_region else None
        return self.elsewhere.get(location, (here, self.source))

    def holds(self, weight_bytes: int | None) -> bool | None:
        """Whether weights of that size fit beside nothing else; None when either size is not known."""
        if weight_bytes is None or self.usable_bytes is None:
            return None
        return weight_bytes <= self.usable_bytes

    def is_stale(self, today: datetime.date) -> bool:
        """Whether the price is older than `FRESH_DAYS`, or of unknown age."""
        return self.source.is_stale(today)


@dataclass(frozen=True, slots=True)
class TokenRange:
    """What a family of models' tokenizer makes of texts of all kinds, in tokens a character, a turn and an example.

    See rows/token_ranges.toml for each.
    """

    models: tuple[str, ...]
    ascii_low: Decimal
    ascii_high: Decimal
    other_low: Decimal
    other_middle: Decimal
    other_high: Decimal
    turn: int
    example_low: int
    example_high: int
    source: Source


@dataclass(frozen=True, slots=True)
class TeacherPrice:
    """What a teacher's calls cost, in USD for a million tokens, and when it is said to retire, if anybody says so."""

    usd_per_million_input_tokens: Decimal
    usd_per_million_output_tokens: Decimal
    retires: datetime.date | None
    source: Source
    retires_source: Source


@dataclass(frozen=True, slots=True)
class Distillation:
    """Which models may teach and which may learn; a teacher without a published price is missing in `prices`."""

    teachers: tuple[str, ...]
    students: tuple[str, ...]
    prices: Mapping[str, TeacherPrice]
    source: Source

    def is_stale(self, today: datetime.date) -> bool:
        """Whether the lists are older than `FRESH_DAYS`, or of unknown age."""
        return self.source.is_stale(today)


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of the service, found on every run by its metric or by the name that people see: ids are not published.

    Attributes:
        metric: with the service before it; empty where none is published.
        display_name: as the console shows it; empty where no source quotes it.
        regional: whether each region has a value of its own.
        source: where the row comes from.
    """

    metric: str
    display_name: str
    regional: bool
    source: Source

    def is_named(self, metric: str, display_name: str) -> bool:
        """Says whether a quota that the service lists is this one: either of the two may be reworded one day."""
        return (metric != "" and metric == self.metric) or (
            display_name != "" and display_name.casefold() == self.display_name.casefold()
        )

    def __str__(self) -> str:
        return self.display_name or self.metric

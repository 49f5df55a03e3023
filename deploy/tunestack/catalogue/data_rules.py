"""What a base model demands of its data: formats, modalities, limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from tunestack.catalogue.entries import GeminiModel
from tunestack.catalogue.model_rows import model_named
from tunestack.catalogue.names import UnknownModeError
from tunestack.catalogue.reader import data_limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from tunestack.catalogue.entries import Mode, OpenModel, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRules:
    """What a base model demands of its data; None is not known, or no limit.

    Attributes:
        model: as people name it, such as `google/gemma3@gemma-3-1b-it` or `gemini-2.5-flash`; empty for any open model.
        kind: whether it is an open model or a Gemini model.
        formats: names of the formats that it takes, `tunestack.data.Format`.
        modalities: what its examples may hold.
        max_sequence_tokens: tokens of an example at the most.
        tokens_per_character: the lowest of its modes, so that what it calls too long surely is. Only to warn.
        validation_percent_of_bytes: the validation file's bytes by the training file's, at the most.
        validation_examples: examples of the validation file at the most.
        validation_percent_of_examples: its examples by the training file's, at the most, see next.
        validation_percent_beyond: the share above counts only for validation files of more examples than this.
        max_bytes: size of a file at the most.
        max_text_examples: examples of a file without any image, at the most.
        max_multimodal_examples: examples of a file with images, at the most.
        max_images: images of an example at the most.
        max_image_bytes: bytes of an image at the most, decoded.
        recommended_examples: fewer are worth a warning.
        drops_text_beside_images: one image example in the file, and the service drops all text-only ones.
        answers_optional: examples may end with the user's turn, since a teacher writes the answers.
        sources: where all this comes from.
    """

    model: str
    kind: Literal["open", "gemini"]
    formats: tuple[str, ...]
    modalities: tuple[str, ...]
    max_sequence_tokens: int | None = None
    tokens_per_character: Decimal | None = None
    validation_percent_of_bytes: int | None = None
    validation_examples: int | None = None
    validation_percent_of_examples: int | None = None
    validation_percent_beyond: int | None = None
    max_bytes: int | None = None
    max_text_examples: int | None = None
    max_multimodal_examples: int | None = None
    max_images: int | None = None
    max_image_bytes: int | None = None
    recommended_examples: int
    drops_text_beside_images: bool = False
    answers_optional: bool = False
    sources: tuple[Source, ...]


OPEN_RULES: DataRules
"""What holds for any open model, where no model is named; read from its file when first asked for."""


def __getattr__(name: str) -> DataRules:
    """Reads `OPEN_RULES` when it is first asked for, so that importing this costs nothing."""
    if name == "OPEN_RULES":
        return _open_rules()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def data_rules(model: str, mode: Mode | None = None) -> DataRules:
    """Returns what a model demands of its data.

    Args:
        model: an open model, `publisher/family@version`, or a Gemini model, such as `gemini-2.5-flash`.
        mode: its tuning mode; the tokens per character are that mode's then.

    Raises:
        UnknownModelError: the catalogue has no such model; the message names the nearest.
        UnknownModeError: the model is not tuned in that mode; the message names those it is.
    """
    row = model_named(model)
    if mode is not None:
        known_mode(row, mode)
    return _rules_of_gemini(row) if isinstance(row, GeminiModel) else _rules_of_open_model(row, mode)


def with_optional_answers(rules: Sequence[DataRules]) -> list[DataRules]:
    """Returns the same rules, those of any open model for none, for data whose answers a teacher writes."""
    return [replace(each, answers_optional=True) for each in rules or (_open_rules(),)]


def known_mode(model: OpenModel | GeminiModel, mode: Mode | None) -> Mode:
    """Returns the mode that is meant; None means the only one.

    Raises:
        UnknownModeError: the model is not tuned in that mode, or in more than one where none is named.
    """
    modes: tuple[Mode, ...] = ("PEFT_ADAPTER",) if isinstance(model, GeminiModel) else tuple(model.modes)
    if mode is None and len(modes) == 1:
        return modes[0]
    if mode in modes:
        return mode
    if mode is None:
        raise UnknownModeError(f"{model.name} is tuned in more than one mode; write {' or '.join(modes)}", modes)
    raise UnknownModeError(f"{model.name} is not tuned in mode {mode}; it is in {' or '.join(modes)}", modes)


@cache
def _open_rules() -> DataRules:
    # Images pass here: whether a model takes them is known once it is named.
    return _rules("open", model="", modalities=("text", "image"))


def _rules_of_open_model(row: OpenModel, mode: Mode | None) -> DataRules:
    terms = [each for name, each in row.modes.items() if mode in (None, name)]
    ratios = [each.tokens_per_character for each in terms if each.tokens_per_character is not None]
    return _rules(
        "open",
        model=row.name,
        modalities=row.modalities,
        max_sequence_tokens=row.max_sequence_tokens,
        tokens_per_character=min(ratios, default=None),
        drops_text_beside_images=row.drops_text_beside_images,
        sources=(row.source, *([row.terms_source] if row.terms_source else ())),
    )


def _rules_of_gemini(row: GeminiModel) -> DataRules:
    return _rules("gemini", model=row.name, max_sequence_tokens=row.max_example_tokens, sources=(row.source,))


def _rules(kind: Literal["open", "gemini"], *, sources: Iterable[Source] = (), **of_the_model: Any) -> DataRules:
    """Adds what differs by model to what holds for all of its kind."""
    limits, general = data_limits(kind)
    return DataRules(kind=kind, sources=tuple(dict.fromkeys((*sources, *general))), **{**limits, **of_the_model})

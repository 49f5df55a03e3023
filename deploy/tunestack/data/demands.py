"""What the models that a file is meant for demand of it, all together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.exact.line import Tell

MODALITIES = ("image", "audio", "video", "document")

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
GEMINI_IMAGE_TYPES = (*IMAGE_TYPES, "image/heic", "image/heif")
"""Source: docs.cloud.google.com/gemini-enterprise-agent-platform/models/capabilities/image-understanding, 2026."""


@dataclass(frozen=True)
class Demands:
    """The demands on each line.

    Attributes:
        rules: of each model; those of any open model where none is named.
    """

    rules: tuple[DataRules, ...]

    @classmethod
    def of(cls, rules: Sequence[DataRules]) -> Demands:
        """Returns the demands of some models, or of any open model."""
        from tunestack.catalogue import data_rules

        return cls(tuple(rules) or (data_rules.OPEN_RULES,))

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Roles of GenerateContent: who has the answer is a matter of the model's kind."""
        return ("user", "model", "assistant") if all(each.kind == "open" for each in self.rules) else ("user", "model")

    @cached_property
    def answers_optional(self) -> bool:
        """Whether an example may end with the user's turn."""
        return all(each.answers_optional for each in self.rules)

    @cached_property
    def only_gemini(self) -> bool:
        """Whether Gemini's own additions to GenerateContent may stand in a line."""
        return all(each.kind == "gemini" for each in self.rules)

    @cached_property
    def refused(self) -> dict[str, str]:
        """Names a model that does not take it, for each modality that not all of them take."""
        return {
            modality: name_of(each) for modality in MODALITIES for each in self.rules if modality not in each.modalities
        }

    @cached_property
    def images(self) -> bool:
        """Whether a line may hold images."""
        return "image" not in self.refused

    @cached_property
    def image_types(self) -> tuple[str, ...]:
        """Types of linked images that each model takes."""
        return GEMINI_IMAGE_TYPES if self.only_gemini else IMAGE_TYPES

    @cached_property
    def max_images(self) -> float:
        """Images of an example, at the most."""
        return min((each.max_images for each in self.rules if each.max_images is not None), default=inf)

    @cached_property
    def max_image_bytes(self) -> float:
        """Bytes of an image, decoded, at the most."""
        return min((each.max_image_bytes for each in self.rules if each.max_image_bytes is not None), default=inf)

    @cached_property
    def longest(self) -> float:
        """Characters that surely fit each model's sequence, by the catalogue's ratios."""
        return min((limit for _, limit in self._sequences), default=inf)

    @cached_property
    def _sequences(self) -> tuple[tuple[DataRules, float], ...]:
        return tuple(
            (each, float(each.max_sequence_tokens / each.tokens_per_character))
            for each in self.rules
            if each.max_sequence_tokens and each.tokens_per_character
        )

    def tell_over_long(self, characters: int, tell: Tell) -> None:
        """Tells of each model whose sequence is too short for an example."""
        for rules, limit in self._sequences:
            if characters > limit:
                tell(
                    "over-long",
                    "$",
                    f"{characters:,} characters, about {characters / limit:.1f} times the longest sequence"
                    f" of {name_of(rules)}",
                    f"at most about {limit:,.0f} characters ({rules.max_sequence_tokens:,} tokens)",
                    "shorten it, or it is cut",
                )


def name_of(rules: DataRules) -> str:
    """Names a model in a sentence."""
    return rules.model or "an open model"

"""Answers from a checkpoint folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from emulator.language_model import backend
from emulator.language_model.architecture import Architecture, read_config
from emulator.language_model.checkpoint import read_weights
from emulator.language_model.contract import Generation
from emulator.language_model.tokenization import COMPLETION, END, PROMPT, Tokenization

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from emulator.language_model.transformer import Weights


class Generator:
    """A loaded checkpoint. It keeps no state between calls and may be shared by threads."""

    def __init__(self, weights: Weights, architecture: Architecture, tokenization: Tokenization) -> None:
        self._weights = weights
        self._architecture = architecture
        self._tokenization = tokenization

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads a checkpoint.

        Raises:
            LanguageModelError: The folder lacks a file or holds another kind of model.
        """
        backend.prepare()
        import jax

        architecture, _ = read_config(folder)
        weights = jax.device_put(read_weights(folder, architecture))
        return cls(weights, architecture, Tokenization.load(folder))

    def generate(
        self,
        prompt: str,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        top_p: float = 1.0,
        top_k: int = 0,
        seed: int = 0,
    ) -> Generation:
        """Answers a prompt.

        Args:
            prompt: What to answer; only the end of a prompt longer than half of the context is read.
            max_tokens: Longest answer, also bounded by the context.
            temperature: 0 always takes the likeliest token; above it tokens are drawn.
            top_p: Draw from the likeliest tokens that together have this probability.
            top_k: Draw from this many likeliest tokens; 0 means all.
            seed: The same seed draws the same answer.
        """
        from emulator.language_model.decoding import empty_cache, extend, prefill

        context = self._architecture.max_position_embeddings
        encoded = self._tokenization.encode([prompt])[0]
        room = context - 2
        asked = [PROMPT, *encoded[-max(room // 2, room - max_tokens) :], COMPLETION]
        random = np.random.default_rng(seed)
        answer: list[int] = []
        finish_reason: Literal["stop", "length"] = "length"
        cache = empty_cache(self._architecture)
        scores, cache = prefill(self._weights, asked, cache, self._architecture)
        while len(answer) < max_tokens:
            token = choose(np.asarray(scores), temperature, top_p, top_k, random)
            if token == END:
                finish_reason = "stop"
                break
            answer.append(token)
            position = len(asked) + len(answer) - 1
            if position >= context:
                break
            scores, cache = extend(self._weights, token, cache, position, self._architecture)
        return Generation(self._tokenization.decode(answer), len(encoded), len(answer), finish_reason)


def choose(
    scores: NDArray[np.float32], temperature: float, top_p: float, top_k: int, random: np.random.Generator
) -> int:
    """Picks the next token from its scores."""
    if temperature <= 0:
        return int(scores.argmax())
    order = np.argsort(-scores, kind="stable")[: top_k or None]
    chances = np.exp((scores[order] - scores[order[0]]).astype(np.float64) / temperature)
    chances /= chances.sum()
    if top_p < 1:
        kept = int(np.searchsorted(chances.cumsum(), top_p)) + 1
        order, chances = order[:kept], chances[:kept] / chances[:kept].sum()
    return int(random.choice(order, p=chances))

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.language_model.base_model import BASE_FOLDER
from emulator.language_model.tokenization import SPECIAL_TOKENS, Tokenization

if TYPE_CHECKING:
    from pathlib import Path

BASE = Tokenization.load(BASE_FOLDER)


@given(st.text())
def test_every_text_survives(text: str) -> None:
    assert BASE.decode(BASE.encode([text])[0]) == text


def test_markers_in_a_text_are_plain_text() -> None:
    (ids,) = BASE.encode(["".join(SPECIAL_TOKENS)])
    assert min(ids) >= len(SPECIAL_TOKENS)
    assert BASE.decode(ids) == "".join(SPECIAL_TOKENS)


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert BASE.decode(BASE.encode(["a\ud800b"])[0]) == "a?b"


def test_digits_stay_single() -> None:
    assert len(BASE.encode(["12345"])[0]) == 5


@pytest.mark.parametrize("size", [260, 280])
def test_learned_vocabulary_has_the_size_asked_for(size: int, tmp_path: Path) -> None:
    learned = Tokenization.learn(["the cat sat on the mat with another cat and a hat in the garden"] * 3, size)
    assert learned.size == size
    learned.save(tmp_path)
    assert Tokenization.load(tmp_path).encode(["the cat"]) == learned.encode(["the cat"])

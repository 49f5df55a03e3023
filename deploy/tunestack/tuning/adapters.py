"""Sizes of adapters as people write them, and as the service's enum has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.genai import types

_WORDS = {1: "ONE", 2: "TWO", 4: "FOUR", 8: "EIGHT", 16: "SIXTEEN", 32: "THIRTY_TWO"}
_SIZES = {f"ADAPTER_SIZE_{word}": size for size, word in _WORDS.items()}


def enum_of(size: int | None) -> types.AdapterSize | None:
    """Returns the service's value for a rank."""
    from google.genai import types

    return types.AdapterSize(f"ADAPTER_SIZE_{_WORDS[size]}") if size is not None else None


def size_of(value: types.AdapterSize | None) -> int | None:
    """Returns the rank that a value of the service stands for, None for one that is newer than this list."""
    return _SIZES.get(value.value) if value is not None else None

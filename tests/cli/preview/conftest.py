"""Events of previews as the engine wrote them, and a small project of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).parent / "recorded"
"""Event logs of the local stack and of local-prod, without what no report reads."""


@pytest.fixture
def recorded() -> Callable[[str], list[dict[str, Any]]]:
    """Reads a recorded event log."""

    def read(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]

    return read

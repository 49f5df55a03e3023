"""Looking at images in base64: the look alone, and the whole check of a file that is full of them."""

from __future__ import annotations

import base64
import io
import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.bench.figure import Figure
from tunestack import data
from tunestack.data.images import from_data_uri

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTES = 500
KINDS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 1}, "WEBP": {"quality": 90}}


def measure(folder: Path) -> list[Figure]:
    """Returns rates in gigabytes of base64 text a second."""
    figures = []
    for kind, options in KINDS.items():
        uri = _uri(kind, **options)
        times = int(MEGABYTES * 1e6 / len(uri))
        rate = times * len(uri) / 1e9 / _seconds(partial(_look, uri, times))
        figures.append(Figure(f"{kind} in base64, one processor", rate, "GB/s", limit=1, more_is_better=True))
        file = folder / f"{kind}.jsonl"
        _write(file, uri)
        assert data.check(file).images.inline > times * 0.9
        rate = file.stat().st_size / 1e9 / _seconds(partial(data.check, file))
        figures.append(Figure(f"data check, {kind} in base64", rate, "GB/s", limit=1, more_is_better=True))
        file.unlink()
    return figures


def _look(uri: str, times: int) -> None:
    for _ in range(times):
        from_data_uri(uri)


def _seconds(work: Callable[[], object]) -> float:
    """The shortest of three times."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def _uri(kind: str, **options: Any) -> str:
    """A picture with so much noise that it compresses no better than a photograph."""
    noise = [Image.effect_noise((800, 600), 40) for _ in "RGB"]
    written = io.BytesIO()
    Image.merge("RGB", noise).save(written, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(written.getvalue()).decode()}"


def _write(file: Path, uri: str) -> None:
    """Examples of which no two are alike."""
    with file.open("w", encoding="ascii") as lines:
        number = 0
        while lines.tell() < MEGABYTES * 1e6:
            image = {"type": "image_url", "image_url": {"url": uri}}
            turns = [
                {"role": "user", "content": [{"type": "text", "text": f"What is number {number}?"}, image]},
                {"role": "assistant", "content": f"Noise, for the {number}th time."},
            ]
            lines.write(json.dumps({"messages": turns}) + "\n")
            number += 1

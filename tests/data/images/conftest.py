"""Images of real encoders."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tunestack.data.images import Kind


def encoded(encoder: str, size: tuple[int, int] = (37, 23), mode: str = "RGB", **options: Any) -> bytes:
    """A picture with some texture, as Pillow writes it."""
    width, height = size
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    picture.putdata([((x * 7 + y) % 256, (y * 5) % 256, (x * y) % 256) for y in range(height) for x in range(width)])
    written = io.BytesIO()
    picture.convert(mode).save(written, encoder, **options)
    return written.getvalue()


def animated(encoder: str) -> bytes:
    """Two frames."""
    frames = [Image.new("RGB", (37, 23), colour) for colour in ("red", "blue")]
    written = io.BytesIO()
    frames[0].save(written, encoder, save_all=True, append_images=frames[1:])
    return written.getvalue()


EXIF = Image.Exif()
EXIF[0x010E] = "what it shows"

REAL: dict[str, tuple[Kind, bytes]] = {
    "jpeg baseline": ("jpeg", encoded("JPEG")),
    "jpeg progressive": ("jpeg", encoded("JPEG", progressive=True, quality=95)),
    "jpeg grey": ("jpeg", encoded("JPEG", mode="L")),
    "jpeg cmyk": ("jpeg", encoded("JPEG", mode="CMYK")),
    "jpeg with restart markers": ("jpeg", encoded("JPEG", restart_marker_rows=1)),
    "jpeg with exif and a comment": ("jpeg", encoded("JPEG", exif=EXIF, comment="\xff\xd9")),
    "png rgb": ("png", encoded("PNG")),
    "png rgba": ("png", encoded("PNG", mode="RGBA")),
    "png grey": ("png", encoded("PNG", mode="L")),
    "png palette": ("png", encoded("PNG", mode="P")),
    "png of one bit": ("png", encoded("PNG", mode="1")),
    "png animated": ("png", animated("PNG")),
    "webp lossy": ("webp", encoded("WEBP")),
    "webp lossless": ("webp", encoded("WEBP", lossless=True)),
    "webp with alpha": ("webp", encoded("WEBP", mode="RGBA")),
    "webp with exif": ("webp", encoded("WEBP", exif=EXIF)),
    "webp animated": ("webp", animated("WEBP")),
}


@pytest.fixture(params=REAL)
def real(request: pytest.FixtureRequest) -> tuple[Kind, bytes]:
    """Each kind of image, as encoders write them."""
    return REAL[request.param]

"""Kind by content, header and structure, against images of real encoders."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from tests.data.images.conftest import REAL, encoded
from tunestack.data.images import Image, ImageFault, Kind, examine
from tunestack.data.images.image import MAX_PARTS

JPEG, PNG, WEBP = REAL["jpeg baseline"][1], REAL["png palette"][1], REAL["webp lossy"][1]
EXTENDED = REAL["webp with exif"][1]


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, width: int = 1, height: int = 1, depth: int = 8, colour: int = 0, last: int = 0) -> bytes:
    """A PNG of the given chunks behind the header."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, last)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks)


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WEBP of the given chunks."""
    content = b"WEBP" + b"".join(
        struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2) for kind, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(content)) + content


def without(data: bytes, start: bytes, length: int) -> bytes:
    """The image with a part of it taken out."""
    at = data.index(start)
    return data[:at] + data[at + length :]


CANVAS = (b"VP8X", b"\0" * 10)
LOSSY, LOSSLESS = b"\x10\0\0\x9d\x01\x2a\1\0\1\0", b"\x2f\0\0\0\0\0"
DATA, END = chunk(b"IDAT", zlib.compress(b"\0\0")), chunk(b"IEND")
SCAN = JPEG.index(b"\xff\xda")
FRAME = JPEG.index(b"\xff\xc0")


def test_images_of_real_encoders_are_sound(real: tuple[Kind, bytes]) -> None:
    kind, data = real
    assert examine(data) == Image(kind, 37, 23, bytes=len(data))
    assert examine(memoryview(data)) == examine(data)


def test_every_truncation_is_found(real: tuple[Kind, bytes]) -> None:
    _, data = real
    for length in range(len(data)):
        with pytest.raises(ImageFault):
            examine(data[:length])


def test_what_follows_the_end_is_told_and_does_no_harm(real: tuple[Kind, bytes]) -> None:
    kind, data = real
    assert examine(data + b"\0 more") == Image(kind, 37, 23, bytes=len(data) + 6, trailing=6)


@given(name=st.sampled_from(sorted(REAL)), flips=st.lists(st.tuples(st.integers(0, 2**12), st.integers(1, 255))))
def test_damage_ends_in_a_fault_or_in_the_size_that_decoders_see(name: str, flips: list[tuple[int, int]]) -> None:
    data = bytearray(REAL[name][1])
    for position, change in flips:
        data[position % len(data)] ^= change
    try:
        found: Image | ImageFault = examine(bytes(data))
    except ImageFault as fault:
        found = fault
    if isinstance(found, ImageFault):
        assert found.kind in {"image-broken", "image-kind", "image-too-large"}
        assert found.reason.isprintable()
        return
    try:
        with warnings.catch_warnings(action="ignore"):  # of damaged EXIF data, which nobody needs
            seen = Pillow.open(io.BytesIO(data))
    except (OSError, ValueError, SyntaxError):
        return  # what no header shows
    assert seen.size == (found.width, found.height)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png(DATA, END, last=1), id="interlaced png"),
        pytest.param(webp((b"VP8 ", b"\x10" + LOSSY[1:])), id="lossy webp"),
        pytest.param(webp((b"VP8L", LOSSLESS)), id="lossless webp"),
        pytest.param(webp(CANVAS, (b"VP8L", LOSSLESS), (b"EXIF", b"")), id="extended webp"),
    ],
)
def test_the_smallest_images_are_sound(data: bytes) -> None:
    assert (examine(data).width, examine(data).height) == (1, 1)


def test_a_flipped_bit_of_a_png_is_always_found() -> None:
    data = REAL["png rgb"][1]
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(ImageFault):
            examine(bytes(flipped))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (JPEG[:2] + b"\xff\xd9" * 2, "JPEG without image data"),
        (JPEG[:SCAN] + b"\xff\xd9", "JPEG without image data"),
        (JPEG[:SCAN] + JPEG[FRAME : FRAME + 19] + JPEG[SCAN:], "second JPEG frame header"),
        (without(JPEG, b"\xff\xc0", 19), "scan before the frame header"),
        (JPEG[: SCAN + 14] + b"\xff\xd9", "JPEG scan without data"),
        (JPEG.replace(b"\xff\xda\x00\x0c\x03", b"\xff\xda\x00\x0c\x04"), "scan header"),
        (JPEG[:SCAN] + b"\xff\xda\x00\x02", "scan header"),
        (JPEG.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x09"), "9 bits a sample"),
        (JPEG.replace(b"\xff\xc0\x00\x11", b"\xff\xc3\x00\x11"), "lossless or hierarchical JPEG"),
        (JPEG.replace(b"\xff\xc0\x00\x11", b"\xff\xc0\x00\x12"), "frame header does not fit its length"),
        (JPEG[:2] + b"\xff\xc0\0\x06\x08\0\1\0" + JPEG[2:], "frame header does not fit its length"),
        (JPEG.replace(b"\x08\x00\x17\x00\x25", b"\x08\x00\x00\x00\x25"), "37 × 0 pixels"),
        (JPEG.replace(b"\xff\xdb\x00\x43\x00", b"\xff\xdb\x00\x43\x04"), "JPEG tables"),
        (JPEG.replace(b"\xff\xc4\x00\x1f\x00\x00", b"\xff\xc4\x00\x1f\x00\x01"), "JPEG tables"),
        (JPEG[:2] + b"\0" + JPEG[2:], "unknown kind of data"),
        (JPEG[:20] + b"\0" + JPEG[20:], "JPEG marker expected at byte 20"),
        (JPEG[:2] + b"\xff\xe0\0\1" + JPEG[2:], "JPEG segment of 1 bytes"),
        (JPEG[:2] + b"\xff\xd8" + JPEG[2:], "where a segment is due"),
        (JPEG[:2] + b"\xff\xe1\xff\xff" + JPEG[2:], "goes past the end"),
        (b"\xff\xd8\xff\xfe\0\2" * MAX_PARTS * 2, "marker 0xd8"),
        (b"\xff\xd8" + b"\xff\xfe\0\2" * MAX_PARTS, "more than 100,000 segments"),
        (b"\xff\xd8" + b"\xff" * MAX_PARTS * 2, "more than 100,000 segments"),
        (PNG.replace(b"\r\n", b"\n", 1), "line ends were converted"),
        (PNG.replace(b"\x1a", b"", 1), "line ends were converted"),
        (without(PNG, b"\0\0\0\x0dIHDR", 25), "begins with chunk PLTE"),
        (PNG[:8] + chunk(b"CgBI", b"\0\0\0\0") + PNG[8:], "Apple's own variant"),
        (png(DATA, END, width=0), "0 × 1 pixels"),
        (png(DATA, END, height=2**31), "pixels"),
        (png(DATA, END, depth=3), "3 bits"),
        (png(DATA, END, colour=5), "colour type 5"),
        (png(DATA, END, last=2), "interlace 2"),
        (png(DATA, END, colour=3), "no palette"),
        (png(chunk(b"PLTE"), DATA, END, colour=3), "palette of 0 bytes"),
        (PNG[:8] + chunk(b"IHDR", PNG[16:29] + b"\0") + PNG[33:], "begins with chunk IHDR of 14 bytes"),
        (png(chunk(b"PLTE", b"\0" * 4), DATA, END, colour=3), "palette of 4 bytes"),
        (png(DATA, chunk(b"PLTE", b"\0" * 3), END, colour=2), "palette of 3 bytes"),
        (png(END), "without image data"),
        (png(chunk(b"IDAT"), END), "without image data"),
        (png(DATA, chunk(b"tEXt", b"a\0b"), DATA, END), "tEXt between IDAT chunks"),
        (png(chunk(b"ABCD"), DATA, END), "no decoder may skip"),
        (png(chunk(b"IHDR", b"\0" * 13), DATA, END), "no decoder may skip"),
        (png(b"\0\0\0\0 IDA\0\0\0\0", DATA, END), "chunk header expected"),
        (png(DATA), "no IEND chunk; the last whole one is IDAT"),
        (png(DATA, END, width=9_000, height=9_000), "cannot fill 9,000 × 9,000"),
        (png(chunk(b"tEXt") * MAX_PARTS), "more than 100,000 segments or chunks"),
        (WEBP[:8] + WEBP[8:12] + b"ICCP" + WEBP[16:], "begins with chunk b'ICCP'"),
        (WEBP.replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b"), "key frame"),
        (WEBP[:26] + b"\0\0" + WEBP[28:], "0 × 23 pixels"),
        (WEBP[:16] + b"\xff\xff\xff\x7f" + WEBP[20:], "goes past the end"),
        (webp((b"VP8 ", LOSSY[:9])), "key frame"),
        (webp((b"VP8 ", b"\x11" + LOSSY[1:])), "key frame"),
        (webp((b"VP8 ", b"\x30" + LOSSY[1:])), "partition goes past the end"),
        (webp((b"VP8L", LOSSLESS[:5])), "VP8L data does not begin as it must"),
        (webp((b"VP8L", b"\x2e" + LOSSLESS[1:])), "VP8L data does not begin as it must"),
        (webp((b"VP8L", LOSSLESS[:4] + b"\x20\0")), "VP8L data does not begin as it must"),
        (webp(CANVAS, (b"ANMF", b"\0" * 15)), "frame has 15 bytes"),
        (webp(CANVAS, (b"ANMF", b"\0" * 16)), "WEBP without image data"),
        (webp(CANVAS, *[(b"EXIF", b"")] * MAX_PARTS), "more than 100,000 segments or chunks"),
        (webp(), "WEBP of 4 bytes"),
        (WEBP[:4] + b"\3\0\0\0" + WEBP[8:], "WEBP of 3 bytes"),
        (EXTENDED.replace(b"VP8 ", b"ABCD").replace(b"VP8L", b"ABCD"), "WEBP without image data"),
        (EXTENDED.replace(b"VP8X\x0a", b"VP8X\x09"), "VP8X chunk has 9 bytes"),
        (EXTENDED[:24] + b"\xff\0\0" + EXTENDED[27:], "does not have the size that its header says"),
        (REAL["webp animated"][1].replace(b"VP8 ", b"ABCD").replace(b"VP8L", b"ABCD"), "WEBP without image data"),
    ],
)
def test_a_structure_that_is_not_sound(data: bytes, reason: str) -> None:
    with pytest.raises(ImageFault) as found:
        examine(data)
    assert reason in found.value.reason
    assert found.value.remedy


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png(DATA, END, width=20_000, height=20_000), id="png"),
        pytest.param(JPEG[: FRAME + 5] + b"\xff\xff\xff\xff" + JPEG[FRAME + 9 :], id="jpeg"),
        pytest.param(EXTENDED[:24] + b"\xff\xff\xff\xff\xff\xff" + EXTENDED[30:], id="webp"),
    ],
)
def test_an_image_bomb_is_refused_by_its_header(data: bytes) -> None:
    with pytest.raises(ImageFault, match="pixels") as found:
        examine(data)
    assert found.value.kind == "image-too-large"
    assert found.value.expected == "at most 178,956,970 pixels"


@pytest.mark.parametrize(
    ("start", "named"),
    [
        (b"", "empty"),
        (encoded("GIF"), "GIF"),
        (encoded("BMP"), "BMP"),
        (encoded("TIFF"), "TIFF"),
        (encoded("ICO"), "ICO"),
        (b"\0\0\0\x20ftypavif\0\0\0\0avif", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "video"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"8BPS\0\1", "PSD"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "video or sound"),
        (b"PK\3\4\x14\0", "ZIP"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html><title>404", "HTML page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "XML text"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b'{"error": {"code": 403}}', "JSON text"),
        (b"/9j/4AAQSkZJRgABAQ", "image in base64 twice"),
        (b"data:image/png;base64,iVBO", "data URI inside of base64"),
        (b"gs://bucket/object.png", "address"),
        ("Größe unbekannt".encode(), "text"),
        (b"\0" * 100, "zeros"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "unknown kind of data, beginning 0xd0cf11e0"),
    ],
)
def test_other_kinds_are_named_with_a_remedy(start: bytes, named: str) -> None:
    with pytest.raises(ImageFault) as found:
        examine(start)
    assert (found.value.kind, found.value.reason) == ("image-kind", named)
    assert found.value.remedy

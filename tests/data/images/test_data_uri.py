"""Images that examples carry as data URIs."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.images.conftest import REAL
from tunestack.data.images import ImageFault, Kind, examine, from_data_uri

PNG = REAL["png rgb"][1]
JPEG = REAL["jpeg with exif and a comment"][1]
TEXT = base64.b64encode(PNG).decode()


def uri(data: bytes, mime_type: str) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(data).decode()}"


def test_an_image_comes_whole_out_of_its_uri(real: tuple[Kind, bytes]) -> None:
    kind, data = real
    assert from_data_uri(uri(data, f"image/{kind}")) == examine(data)
    assert from_data_uri(uri(data, f"IMAGE/{kind.upper()};name=a.b").replace("data", "Data").encode()) == examine(data)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (uri(PNG, "image/jpeg"), "image-type", "declared as image/jpeg, and the content is PNG"),
        (uri(JPEG, "image/jpg"), "image-type", "declared as image/jpg, and the content is JPEG"),
        (uri(PNG, "text/plain"), "image-type", "declared as text/plain"),
        (uri(PNG, ""), "image-type", "a data URI without a type"),
        (TEXT, "image-address", "not a data URI"),
        ("", "image-address", "not a data URI"),
        ("https://example.com/a,b.png", "image-address", "not a data URI"),
        ("data:image/png;base64" + TEXT, "image-address", "not a data URI"),
        (f"data:image/png,{TEXT}", "image-address", "does not say base64"),
        (f"data:image/png;base64;name=a.png,{TEXT}", "image-address", "does not say base64"),
        (f"data:image/png;base64, {TEXT}", "image-address", "white space in the base64 text at character 0"),
        (f"data:image/png;base64,{TEXT[:76]}\n{TEXT[76:]}", "image-address", "white space in the base64 text at"),
        (f"data:image/png;base64,{TEXT[:76]}\\n{TEXT[76:]}", "image-address", "white space in the base64 text at"),
        (f"data:image/png;base64,{TEXT[:-1]}", "image-address", "lacks its padding"),
        (f"data:image/png;base64,{TEXT[:21]}", "image-address", "lacks its padding"),
        (f"data:image/png;base64,{TEXT}====", "image-address", "padding"),
        (f"data:image/png;base64,{TEXT}{TEXT}", "image-address", "padding (=) in the middle"),
        ("data:image/png;base64," + base64.urlsafe_b64encode(PNG).decode(), "image-address", "the alphabet of URLs"),
        (f"data:image/png;base64,{TEXT.replace('+', '%2B', 1)}", "image-address", "percent-encoded"),
        (f"data:image/png;base64,{TEXT[:9]}é{TEXT[9:]}", "image-address", "'é' in the base64 text at character 9"),
        (f"data:image/png;base64,{TEXT[:9]}\ud800{TEXT[9:]}", "image-address", "in the base64 text at character 9"),
        ("data:image/png;base64,", "image-kind", "empty"),
        (uri(TEXT.encode(), "image/png"), "image-kind", "image in base64 twice"),
    ],
)
def test_what_is_wrong_with_a_uri(text: str, kind: str, reason: str) -> None:
    with pytest.raises(ImageFault, match=re.escape(reason)) as found:
        from_data_uri(text)
    assert found.value.kind == kind
    assert found.value.remedy
    assert found.value.reason.isprintable()


@given(st.text() | st.builds("data:{}{}".format, st.text(max_size=20), st.text()) | st.binary())
def test_any_text_ends_in_a_fault(text: str | bytes) -> None:
    with pytest.raises(ImageFault):
        from_data_uri(text)


@given(st.integers(0, len(TEXT) - 1), st.characters())
def test_a_character_of_another_alphabet_is_always_found(position: int, character: str) -> None:
    changed = TEXT[:position] + character + TEXT[position + 1 :]
    if character.isascii() and (character.isalnum() or character in "+/="):
        return  # stands for other data, which is the image's to find
    with pytest.raises(ImageFault) as found:
        from_data_uri(f"data:image/png;base64,{changed}")
    assert found.value.kind == "image-address"

"""Each format becomes each other one and comes back the same, or is refused with its place."""

from __future__ import annotations

import base64
import itertools
import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunestack.data import Format, check
from tunestack.data.formats import is_blank, is_missing_value
from tunestack.data.preparation import PreparationError, convert, parse_columns
from tunestack.data.preparation.example import Example, Image, Turn
from tunestack.data.preparation.formats import writer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.data.conftest import Write

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: not is_blank(text) and not is_missing_value(text)
)
LINKED = st.sampled_from([("jpg", "image/jpeg"), ("JPEG", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp")])


@st.composite
def examples(draw: st.DrawFn, *, one_turn: bool, with_type: bool) -> Example:
    """Examples that the formats in question can say; a chat does not say an image's type."""
    if one_turn:
        return [Turn("user", [draw(TEXT)]), Turn("assistant", [draw(TEXT)])]

    def user() -> list[str | Image]:
        parts: list[str | Image] = [*draw(st.lists(TEXT, min_size=1, max_size=2))]
        if draw(st.booleans()):
            ending, mime_type = draw(LINKED)
            parts.append(Image(f"gs://bucket/{draw(st.integers(0, 9))}.{ending}", mime_type if with_type else None))
        return draw(st.permutations(parts))

    turns = [Turn("system", [draw(TEXT)])] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        turns += [Turn("user", user()), Turn("assistant", [draw(TEXT)])]
    return turns


@pytest.mark.parametrize(("origin", "way"), [*itertools.permutations(get_args(Format), 2)])
def test_there_and_back_gives_the_same_examples(tmp_path: Path, origin: Format, way: Format) -> None:
    one_turn = "prompt-completion" in {origin, way}

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(examples(one_turn=one_turn, with_type=origin == "generate-content"), min_size=1, max_size=8))
    def there_and_back(wanted: list[Example]) -> None:
        source, between, back = (tmp_path / f"{name}.jsonl" for name in ("source", "between", "back"))
        source.write_bytes(b"".join(writer(origin)(example) + b"\n" for example in wanted))
        convert(source, between, to=way, overwrite=True)
        report = check(between)
        assert (report.format, report.examples, report.errors) == (way, len(wanted), ())
        done = convert(between, back, to=origin, overwrite=True)
        assert (done.origin, done.rows, done.written) == (way, len(wanted), len(wanted))
        assert back.read_bytes() == source.read_bytes()

    there_and_back()


CHAT = '{"messages": [{"role": "user", "content": %s}, {"role": "assistant", "content": "b"}]}'
IMAGE = '{"type": "image_url", "image_url": {"url": "%s"}}'


def told(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_what_is_told_in_two_ways_is_written_in_one(write: Write, tmp_path: Path) -> None:
    target = tmp_path / "target.jsonl"
    source = write(
        '{"contents": [{"parts": [{"fileData": {"fileUri": "gs://b/x", "mimeType": "image/png"}}, {"text": "a"}], '
        '"role": "user"}, {"role": "assistant", "parts": [{"text": "b"}]}], '
        '"system_instruction": {"role": "anything", "parts": [{"text": "Be."}, {"text": "Brief."}]}}'
    )
    convert(source, target, to="generate-content")
    assert told(target) == {
        "systemInstruction": {"parts": [{"text": "Be."}, {"text": "Brief."}]},
        "contents": [
            {
                "role": "user",
                "parts": [{"file_data": {"mime_type": "image/png", "file_uri": "gs://b/x"}}, {"text": "a"}],
            },
            {"role": "model", "parts": [{"text": "b"}]},
        ],
    }
    convert(write(CHAT % '[{"type": "text", "text": "a"}]'), target, to="chat", overwrite=True)
    assert told(target)["messages"][0] == {"role": "user", "content": "a"}


def test_a_system_message_and_no_detail_on_demand(write: Write, tmp_path: Path) -> None:
    target = tmp_path / "target.jsonl"
    source = write(CHAT % (f"[{IMAGE}]" % "gs://b/x.png").replace('png"', 'png", "detail": "low"'))
    convert(source, target, to="generate-content", columns=parse_columns(system="Be."), drop_detail=True)
    assert told(target) == {
        "systemInstruction": {"parts": [{"text": "Be."}]},
        "contents": [
            {"role": "user", "parts": [{"file_data": {"mime_type": "image/png", "file_uri": "gs://b/x.png"}}]},
            {"role": "model", "parts": [{"text": "b"}]},
        ],
    }


FIRST = CHAT % '"a"'
CONTENTS = '{"contents": [{"role": "user", "parts": [%s]}, {"role": "model", "parts": [{"text": "b"}]}]}'
TWO_TURNS = FIRST.replace("]}", ', {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}')
SYSTEM = FIRST.replace('[{"role"', '[{"role": "system", "content": "Be."}, {"role"', 1)
INSTRUCTION = CONTENTS.replace('{"contents"', '{"systemInstruction": {"parts": [{"text": "Be."}]}, "contents"')


@pytest.mark.parametrize(
    ("line", "to", "place", "said"),
    [
        (TWO_TURNS, "prompt-completion", "$", "4 turns, where prompt/completion has one question and one answer"),
        (SYSTEM, "prompt-completion", "$.messages[0].content", "a system message"),
        (INSTRUCTION % '{"text": "a"}', "prompt-completion", "$.systemInstruction.parts", "a system message"),
        (CHAT % f"[{IMAGE % 'gs://b/x.png'}]", "prompt-completion", "$.messages[0].content[0]", "an image"),
        (CONTENTS % '{"text": "a"}, {"text": "b"}', "prompt-completion", "$.contents[0].parts", "2 parts of text"),
        (CHAT % f"[{IMAGE % 'gs://b/x'}]", "generate-content", "$.messages[0].content[0]", "no way to tell the type"),
        (
            CHAT % (f"[{IMAGE}]" % "gs://b/x.png").replace('png"', 'png", "detail": "low"'),
            "generate-content",
            "$.messages[0].content[0]",
            'detail "low", which GenerateContent does not have; remove it, or use --drop-detail',
        ),
        (
            CONTENTS % '{"text": "a"}, {"file_data": {"file_uri": "gs://b/x.png", "mime_type": "image/jpeg"}}',
            "chat",
            "$.contents[0].parts[1]",
            '"gs://b/x.png" as "image/jpeg", where its name says image/png',
        ),
    ],
)
def test_what_a_format_cannot_say_is_refused(
    write: Write, tmp_path: Path, line: str, to: Format, place: str, said: str
) -> None:
    first = CONTENTS % '{"text": "a"}' if "contents" in line else FIRST
    with pytest.raises(PreparationError) as refused:
        convert(write(first, line), tmp_path / "target.jsonl", to=to)
    assert (refused.value.line, refused.value.path) == (2, place)
    assert said in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_an_image_of_the_example_itself_has_no_address(write: Write, tmp_path: Path, png: bytes) -> None:
    target = tmp_path / "target.jsonl"
    source = write(CHAT % f"[{IMAGE % ('data:image/png;base64,' + base64.b64encode(png).decode())}]")
    with pytest.raises(PreparationError, match=r"an image as base64, .* put the image into a bucket"):
        convert(source, target, to="generate-content")
    convert(source, target, to="chat")
    assert told(target) == told(source)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (FIRST.replace('"b"', '""'), "train.jsonl:2: $.messages[1].content: empty"),
        (FIRST.replace("user", "boss"), "train.jsonl:2: $.messages[0].role"),
        ('{"prompt": "a", "completion": "b"}', "train.jsonl: chat from line 1; prompt/completion from line 2"),
        (FIRST[:-9], "train.jsonl:2: $: the line ends too early"),
        (FIRST.replace('"a"', '"a", "content": "c"'), "the key stands twice"),
    ],
)
def test_a_source_with_errors_is_refused_as_the_check_does(write: Write, tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(PreparationError) as refused:
        convert(write(FIRST, line), tmp_path / "target.jsonl", to="prompt-completion")
    assert said in str(refused.value)


def test_a_format_that_is_none_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(PreparationError, match='there is no format "alpaca"; write prompt-completion, chat'):
        convert(write(FIRST), tmp_path / "target.jsonl", to="alpaca")  # type: ignore[arg-type]

"""What is wrong with a file as a whole, and with a validation file beside its training file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tunestack.catalogue.data_rules import data_rules
from tunestack.data import check, check_pair, links
from tunestack.data.links import Links

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GEMMA = "google/gemma3@gemma-3-1b-it"
LLAMA_4 = "meta/llama4@llama-4-scout-17b-16e-instruct"
GEMINI = "gemini-2.5-flash"

PROMPT = '{"prompt": "2 + 2", "completion": "4"}'
CHAT = '{"messages": [{"role": "user", "content": "2 + 2"}, {"role": "assistant", "content": "4"}]}'
IMAGE = CHAT.replace('"2 + 2"', '[{"type": "image_url", "image_url": {"url": "gs://b/o"}}]')
CONTENTS = '{"contents": [{"role": "user", "parts": [{"text": "2 + 2"}]}, {"role": "model", "parts": [{"text": "4"}]}]}'


def test_several_formats_are_named_once_with_the_first_line_of_each(write: Callable[..., Path]) -> None:
    report = check(write("", CHAT, CHAT, PROMPT, CONTENTS, PROMPT))
    (problem,) = (each for each in report.problems if each.kind == "several-formats")
    assert problem.line == 0
    assert problem.reason == "chat from line 2; prompt/completion from line 4; GenerateContent from line 5"
    assert report.problem_counts["several-formats"] == 1
    assert report.problem_counts["mixed-formats"] == 3
    assert report.format == "chat"


@pytest.mark.parametrize("content", [b"", b"\n", b" \n\n"])
def test_a_file_without_examples_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_bytes(content)
    report = check(path)
    assert not report.ok
    assert report.problem_counts["no-examples"] == 1
    assert str(report.errors[0]) == f"{path}: no examples; expected one example a line; write the examples"


def test_few_examples_are_a_warning(write: Callable[..., Path]) -> None:
    assert "few-examples" in check(write(*[PROMPT] * 99)).problem_counts
    assert "few-examples" not in check(write(*[PROMPT] * 100)).problem_counts


def test_a_model_takes_only_its_formats(write: Callable[..., Path]) -> None:
    report = check(write(CHAT), rules=[data_rules(GEMINI)])
    assert not report.ok
    assert report.problem_counts["format-not-allowed"] == 1
    assert f"chat, which {GEMINI} does not take; expected GenerateContent; tunestack data convert " in str(
        report.errors[0]
    )
    assert check(write(CONTENTS), rules=[data_rules(GEMINI), data_rules(GEMMA)]).ok


def test_texts_beside_images_would_be_dropped_without_a_word(write: Callable[..., Path]) -> None:
    mixed = write(*[CHAT] * 3, IMAGE, "")
    report = check(mixed, rules=[data_rules(LLAMA_4)])
    (problem,) = (each for each in report.errors if each.kind == "text-dropped")
    assert f"3 of 4 examples have no image: {LLAMA_4} drops all of them" in problem.reason
    assert "text-dropped" not in check(mixed).problem_counts, "no model named, no rule of its own"
    for right in (write(*[CHAT] * 3), write(*[IMAGE] * 3)):
        assert "text-dropped" not in check(right, rules=[data_rules(LLAMA_4)]).problem_counts


@pytest.mark.parametrize(
    ("limits", "lines", "kind"),
    [
        ({"max_bytes": len(CONTENTS) * 2 + 2}, [CONTENTS] * 2, None),
        ({"max_bytes": len(CONTENTS) * 2 + 1}, [CONTENTS] * 2, "file-too-large"),
        ({"max_text_examples": 2}, [CHAT] * 2, None),
        ({"max_text_examples": 2}, [CHAT] * 3, "too-many-examples"),
        ({"max_text_examples": 2, "max_multimodal_examples": 3}, [IMAGE, CHAT, CHAT], None),
        ({"max_text_examples": 9, "max_multimodal_examples": 2}, [IMAGE, CHAT, CHAT], "too-many-examples"),
    ],
)
def test_a_model_takes_only_so_much(
    write: Callable[..., Path], limits: dict[str, Any], lines: list[str], kind: str | None
) -> None:
    found = check(write(*lines), rules=[replace(data_rules(GEMINI), **limits)]).problem_counts
    assert found.keys() & {"file-too-large", "too-many-examples"} == ({kind} if kind else set())


def test_addresses_beyond_the_bound_are_only_counted(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MAX_LINKS", 2)
    report = check(write(*(IMAGE.replace("//b/o", f"//b/{number % 4}") for number in range(8))))
    assert list(report.links) == ["gs://b/0", "gs://b/1"]
    assert report.links.left_out == 4
    assert report.images.linked == 8
    assert report.problem_counts["links-not-kept"] == 1


def test_links_of_a_later_piece_follow_those_of_the_first() -> None:
    first, later = Links(), Links()
    first.add("gs://b/1", 1, 10, "$.a")
    later.add("gs://b/1", 1, 5, "$.a")
    later.add("gs://b/2", 2, 25, "$.b", "image/png")
    first.update(later, lines=3, offset=100)
    assert [(uri, place.line, place.offset, place.path, place.mime_type) for uri, place in first.items()] == [
        ("gs://b/1", 1, 10, "$.a", ""),
        ("gs://b/2", 5, 125, "$.b", "image/png"),
    ]


def test_a_pair_without_validation(write: Callable[..., Path]) -> None:
    training, validation = check_pair(write(PROMPT), None)
    assert training.ok
    assert validation is None


def test_a_small_validation_file_of_other_examples_passes(write: Callable[..., Path]) -> None:
    training = write(*[PROMPT.replace("4", str(number)) for number in range(100, 140)])
    _, validation = check_pair(training, write(PROMPT, name="validation.jsonl"))
    assert validation is not None
    assert validation.problem_counts == {}


@pytest.mark.parametrize(("rows", "ok"), [(100, True), (101, False)])
def test_a_validation_file_has_at_most_a_quarter_of_the_bytes(write: Callable[..., Path], rows: int, ok: bool) -> None:
    training = write(*[PROMPT] * 400)
    _, validation = check_pair(training, write(*[PROMPT] * rows, name="validation.jsonl"))
    assert validation is not None
    assert ("validation-too-large" not in validation.problem_counts) == ok
    assert validation.ok == ok


def test_a_validation_file_has_at_most_5000_rows(write: Callable[..., Path]) -> None:
    training = write(*[PROMPT.replace("2", "2" * 40)] * 15_000)
    for rows, ok in ((5000, True), (5001, False)):
        _, validation = check_pair(training, write(*[PROMPT] * rows, name="validation.jsonl"))
        assert validation is not None
        assert ("validation-too-many" not in validation.problem_counts) == ok


def test_what_two_models_demand_is_told_once(write: Callable[..., Path]) -> None:
    rules = [data_rules(GEMMA), data_rules(LLAMA_4)]
    _, validation = check_pair(write(*[PROMPT] * 4), write(*[PROMPT] * 2, name="validation.jsonl"), rules=rules)
    assert validation is not None
    assert validation.problem_counts["validation-too-large"] == 1


@pytest.mark.parametrize(
    ("trained", "validated", "ok", "why"),
    [
        (10, 20, True, "a share counts only beyond so many examples"),
        (100, 30, True, "30 % of them"),
        (100, 31, False, "more than 30 % of them"),
        (1000, 61, False, "more than the absolute limit"),
    ],
)
def test_a_gemini_validation_file_has_at_most_a_share_of_the_examples(
    write: Callable[..., Path], trained: int, validated: int, ok: bool, why: str
) -> None:
    rules = replace(data_rules(GEMINI), validation_percent_beyond=20, validation_examples=60)
    training, other = write(*[CONTENTS] * trained), write(*[CONTENTS] * validated, name="validation.jsonl")
    _, validation = check_pair(training, other, rules=[rules])
    assert validation is not None
    assert "validation-too-large" not in validation.problem_counts, "Gemini has no rule about bytes"
    assert ("validation-too-many" not in validation.problem_counts) == ok, why


def test_examples_given_twice_are_a_warning(write: Callable[..., Path]) -> None:
    report = check(write(PROMPT, CHAT.replace("messages", "x"), PROMPT, "", "", PROMPT))
    repeated = [problem for problem in report.warnings if problem.kind == "duplicate"]
    assert [(problem.line, problem.reason) for problem in repeated] == [
        (3, "the same as line 1"),
        (6, "the same as line 1"),
    ]
    lengths = [len(PROMPT), len(CHAT) - len("messages") + 1, len(PROMPT), 0, 0]
    assert repeated[1].offset == sum(length + 1 for length in lengths)


def test_examples_in_both_files_are_a_warning(write: Callable[..., Path]) -> None:
    training = write(*[PROMPT.replace("4", str(number)) for number in range(100, 200)])
    other, taught = PROMPT.replace("4", "none"), PROMPT.replace("4", "150")
    _, validation = check_pair(training, write(other, taught, "", name="validation.jsonl"))
    assert validation is not None
    found = [problem for problem in validation.problems if problem.kind == "in-both-files"]
    assert [(problem.line, problem.offset) for problem in found] == [(2, len(other) + 1)]
    assert f"stands in {training} as well, line 51" in str(found[0])

"""A split is within the rules, loses nothing, leaks nothing, and stays as it is when examples come."""

from __future__ import annotations

import json
from array import array
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunestack.catalogue.data_rules import OPEN_RULES, DataRules, data_rules
from tunestack.data import Format, check
from tunestack.data.preparation import PreparationError, Split, convert, split
from tunestack.data.preparation.assignment import TEST, TRAINING, VALIDATION, TooFewError, assign

if TYPE_CHECKING:
    from pathlib import Path

    from tests.data.conftest import Write

GEMINI = data_rules("gemini-2.5-flash")


def line(prompt: str, completion: str = "b") -> str:
    return json.dumps({"prompt": prompt, "completion": completion})


def parts(source: Path, **options: Any) -> tuple[Split, list[str], list[str], list[str]]:
    paths = [source.with_name(name) for name in ("training", "validation", "test")]
    if "test_percent" not in options:
        del paths[2]
    done = split(source, *paths, overwrite=True, **options)
    contents = [path.read_text().splitlines() for path in paths]
    return done, contents[0], contents[1], contents[2] if len(paths) > 2 else []


LINES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 2), st.sampled_from([1, 5, 200])).map(
        lambda drawn: line(f"p{drawn[0]}", f"{drawn[1]}" * drawn[2])
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=LINES,
    seed=st.integers(0, 2**64 - 1),
    validation=st.sampled_from([1, 10, 25, 60]),
    test=st.sampled_from([None, 10, 30]),
    rules=st.sampled_from([(), (OPEN_RULES, replace(OPEN_RULES, validation_examples=3))]),
)
def test_any_file_is_split_within_the_rules(
    tmp_path: Path, lines: list[str], seed: int, validation: float, test: int | None, rules: tuple[DataRules, ...]
) -> None:
    source = tmp_path / "train.jsonl"
    source.write_text("\n".join(lines))
    options: dict[str, Any] = {"seed": seed, "validation_percent": validation, "rules": rules}
    if test:
        options["test_percent"] = test
    most = 3 if rules else 5000
    prompts = [json.loads(each)["prompt"] for each in lines]
    groups = [[each for each, of in zip(lines, prompts, strict=True) if of == prompt] for prompt in set(prompts)]
    try:
        done, training, validating, tested = parts(source, **options)
    except PreparationError:  # which is right only where no input is small enough
        assert test or not any(4 * size(group) <= size(lines) - size(group) and len(group) <= most for group in groups)
        return
    assert sorted([*training, *validating, *tested]) == sorted(lines)
    for part in (training, validating, tested):
        assert is_in_order(part, lines)
    inputs = [{json.loads(each)["prompt"] for each in part} for part in (training, validating, tested)]
    assert not inputs[0] & inputs[1] | inputs[0] & inputs[2] | inputs[1] & inputs[2]
    assert training
    assert validating
    assert 4 * size(validating) <= size(training)
    assert len(validating) <= most
    assert bool(tested) == bool(test)
    assert (done.training.examples, done.training.bytes) == (len(training), size(training))
    assert (done.validation.examples, done.validation.bytes) == (len(validating), size(validating))
    assert (done.test is None) == (test is None)
    assert parts(source, **options) == (done, training, validating, tested)


def is_in_order(part: list[str], lines: list[str]) -> bool:
    """Whether the part's lines stand in the order of all the lines."""
    rest = iter(lines)
    return all(each in rest for each in part)


def size(lines: list[str]) -> int:
    return sum(len(each) + 1 for each in lines)


def test_the_shares_are_kept_and_the_check_is_content(write: Write, tmp_path: Path) -> None:
    source = write(*(line(f"p{number}", "x" * (number % 90) + "y") for number in range(3000)))
    done, training, _, _ = parts(source, validation_percent=10, test_percent=20, seed=7)
    assert done.moved == 0
    assert done.validation.examples == pytest.approx(300, rel=0.2)
    assert done.test
    assert done.test.examples == pytest.approx(600, rel=0.2)
    report = check(done.validation.path, against=check(done.training.path))
    assert not report.problems
    assert str(done).startswith(f"{done.training.path}: {len(training):,} examples, {done.training.bytes:,} bytes; ")
    assert done.to_json()["validation"]["examples"] == done.validation.examples
    other, _, _, _ = parts(source, validation_percent=10, test_percent=20, seed=8)
    assert other.validation.bytes != done.validation.bytes


def test_no_example_wanders_when_others_come(write: Write) -> None:
    lines = [line(f"p{number}") for number in range(400)]
    _, training, validating, tested = parts(write(*lines[:300]), test_percent=10)
    more = write(*lines[300:350], *reversed(lines[:300]), *lines[350:])
    _, training_then, validating_then, tested_then = parts(more, test_percent=10)
    assert set(training) <= set(training_then)
    assert set(validating) <= set(validating_then)
    assert set(tested) <= set(tested_then)
    _, training, validating_then, tested_then = parts(more, validation_percent=15, test_percent=10)
    assert set(validating) <= set(validating_then)  # a larger share takes from training only
    assert set(tested) <= set(tested_then)


@pytest.mark.parametrize("to", ["chat", "generate-content"])
def test_a_split_is_the_same_in_every_format(write: Write, tmp_path: Path, to: Format) -> None:
    _assert_same_split(write(*(line(f"p{number}", f"c{number}") for number in range(200))), to)


def test_a_split_of_images_is_the_same_in_every_format(write: Write) -> None:
    example = (
        '{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"gs://b/%d.png"}},'
        '{"type":"text","text":"What is it?"}]},{"role":"assistant","content":"A lamp."}]}'
    )
    _assert_same_split(write(*(example % number for number in range(100))), "generate-content")


def _assert_same_split(source: Path, to: Format) -> None:
    done, _, validating, _ = parts(source)
    other, back = source.with_name("other.jsonl"), source.with_name("back.jsonl")
    convert(source, other, to=to)
    converted, _, _, _ = parts(other)
    convert(converted.validation.path, back, to=done.format)
    assert [json.loads(each) for each in back.read_text().splitlines()] == [json.loads(each) for each in validating]


def test_the_last_line_gets_its_newline(write: Write, tmp_path: Path) -> None:
    source = tmp_path / "train.jsonl"
    source.write_text("\n".join(line(f"p{number}") for number in range(30)))
    done, _, _, _ = parts(source)
    for part in (done.training, done.validation):
        assert part.path.read_bytes().endswith(b"}\n")


def test_what_only_gemini_takes_is_split_too(write: Write) -> None:
    example = {
        "tools": [{"functionDeclarations": [{"name": "look"}]}],
        "contents": [
            {"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"x": 1}}}]},
        ],
    }
    lines = [json.dumps({**example, "systemInstruction": {"parts": [{"text": f"{n // 2}"}]}}) for n in range(40)]
    _, training, validating, _ = parts(write(*lines), rules=[GEMINI])
    assert sorted([*training, *validating]) == sorted(lines)
    systems = [
        {json.loads(each)["systemInstruction"]["parts"][0]["text"] for each in part} for part in (training, validating)
    ]
    assert not systems[0] & systems[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"validation_percent": 0}, "0 % for validation; write a number above 0 and below 100"),
        ({"validation_percent": 100}, "100 % for validation"),
        ({"validation_percent": float("nan")}, "nan % for validation"),
        ({"validation_percent": 60, "test_percent": 40}, "nothing is left for training"),
        ({"validation_percent": Decimal(60), "test_percent": 40.0}, "nothing is left for training"),
        ({"seed": -1}, "the seed -1; write a whole number from 0 to 18446744073709551615"),
    ],
)
def test_options_that_cannot_be_are_refused(write: Write, options: dict[str, Any], said: str) -> None:
    with pytest.raises(PreparationError) as refused:
        parts(write(*(line(f"p{number}") for number in range(30))), **options)
    assert said in str(refused.value)


def test_a_table_is_converted_first(write: Write) -> None:
    with pytest.raises(PreparationError, match=r"rows\.csv: a table \(csv\); convert it first: tunestack data convert"):
        parts(write("prompt,completion", "a,b", name="rows.csv"))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line("a")] * 50, "train.jsonl: 50 examples with 1 different input: too few to split"),
        ([line("a"), line("b"), line("c"), line("d")], "4 examples with 4 different inputs: too few"),
        ([line("a"), "{"], r"train\.jsonl:2: .*the line ends too early"),
        ([], "no examples"),
    ],
)
def test_what_cannot_be_split_is_refused(write: Write, lines: list[str], said: str) -> None:
    with pytest.raises(PreparationError, match=said):
        parts(write(*lines))


NO_RULES = replace(
    OPEN_RULES, validation_percent_of_bytes=None, validation_examples=None, validation_percent_of_examples=None
)


@given(
    groups=st.lists(
        st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 5), st.integers(10, 10**6)), min_size=1, max_size=50
    ),
    validation=st.floats(0.001, 0.9),
    test=st.sampled_from([0.0, 0.05]),
    rules=st.builds(
        replace,
        st.just(NO_RULES),
        validation_percent_of_bytes=st.sampled_from([None, 1, 25]),
        validation_examples=st.sampled_from([None, 2, 20]),
        validation_percent_of_examples=st.sampled_from([None, 30]),
        validation_percent_beyond=st.sampled_from([None, 4]),
    ),
)
def test_any_assignment_is_within_any_rules(
    groups: list[tuple[int, int, int]], validation: float, test: float, rules: DataRules
) -> None:
    keys = array("Q", [key for key, times, _ in groups for _ in range(times)])
    sizes = array("Q", [size for _, times, size in groups for _ in range(times)])
    try:
        sides, moved = assign(keys, sizes, validation=validation, test=test, rules=[rules])
    except TooFewError:
        return
    examples = [sides.count(side) for side in (TRAINING, VALIDATION, TEST)]
    totals = [sum(size for size, of in zip(sizes, sides, strict=True) if of == side) for side in (TRAINING, VALIDATION)]
    assert examples[TRAINING]
    assert examples[VALIDATION]
    assert bool(examples[TEST]) == bool(test)
    if rules.validation_percent_of_bytes:
        assert totals[1] * 100 <= totals[0] * rules.validation_percent_of_bytes
    if rules.validation_examples:
        assert examples[VALIDATION] <= rules.validation_examples
    if rules.validation_percent_of_examples and examples[VALIDATION] > (rules.validation_percent_beyond or 0):
        assert examples[VALIDATION] * 100 <= examples[TRAINING] * rules.validation_percent_of_examples
    for key in set(keys):
        assert len({side for side, of in zip(sides, keys, strict=True) if of == key}) == 1
    meant = sum(key < int(validation * 2**64) for key in keys)
    assert moved <= meant

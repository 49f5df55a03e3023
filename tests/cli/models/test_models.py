"""The catalogue's models as the command shows them: every one, filtered as the checks judge, one in full."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.cli.conftest import Command
from tunestack.catalogue import (
    GeminiModel,
    Method,
    OpenModel,
    distillation,
    gemini_models,
    open_models,
    problems,
    regions,
)
from tunestack.cli.models import command as models_command

OPEN = {model.name for model in open_models()}
GEMINI = {model.name for model in gemini_models()}
TEACHERS = set(distillation().teachers)
STUDENTS = set(distillation().students)
IMAGES = {model.name for model in open_models() if "image" in model.modalities}
PEFT = {model.name for model in open_models() if "PEFT_ADAPTER" in model.modes}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), OPEN | GEMINI | TEACHERS),
        (("--method", "supervised"), OPEN),
        (("--method", "distillation"), STUDENTS | TEACHERS),
        (("--method", "gemini"), GEMINI),
        (("--method", "continuous"), {model.name for model in gemini_models() if model.continuous is not False}),
        (("--mode", "peft_adapter"), PEFT),
        (("--modality", "image"), IMAGES | GEMINI),
        (("--modality", "image", "--method", "supervised"), IMAGES),
        (("--region", "global"), OPEN),
        (("--region", "europe-west1"), {model.name for model in gemini_models() if not model.regions}),
        (("--adapter", "16"), PEFT | {model.name for model in gemini_models() if 16 in (*model.adapter_sizes, 16)}),
        (("--adapter", "32"), PEFT),
        (("--adapter", "3"), set()),
        (("--servable-on", "g2-standard-4", "--mode", "PEFT_ADAPTER", "--adapter", "16"), {
            name for name in PEFT if not problems(base_model=name, machine_type="g2-standard-4")
        }),
    ],
)  # fmt: skip
def test_which_models_are_shown(command: Command, options: tuple[str, ...], found: set[str]) -> None:
    answer = command("models", "--json", *options)
    assert answer.status == 0
    assert {model["name"] for model in answer.json} == found


def test_a_model_that_is_too_large_or_not_served_is_not_servable(command: Command) -> None:
    shown = {model["name"] for model in command("models", "--servable-on", "g2-standard-12", "--json").json}
    assert "google/gemma3@gemma-3-4b-it" in shown
    assert "google/gemma3@gemma-3-27b-it" not in shown, "it does not fit"
    unserved = {model.name for model in open_models() if model.servable is False}
    assert unserved
    assert not shown & unserved, "custom-weights serving does not take it"
    unknown = {model.name for model in open_models() if model.servable is None and (model.parameters or 0) < 5e9}
    assert unknown <= shown, "unknown is no reason to leave it out"
    assert not shown & GEMINI, "they bring their own endpoints"


def test_the_table_says_how_old_prices_are_and_what_is_not_known(command: Command) -> None:
    answer = command("models", "--region", "us-east5")
    assert "0.47*" in next(line for line in answer.lines if "gemma-3-1b-it" in line)
    assert any(
        line.startswith("* price of 2026-08-21, ") and "tunestack prices refresh" in line for line in answer.lines
    )
    assert answer.lines[-1].startswith("no page says where these are tuned: ")
    assert command("models", "--method", "continuous").lines[-1] == (
        "no page says whether these can be tuned further: gemini-3.5-flash, gemini-3.5-flash-lite"
    )
    assert command("models", "--method", "gemini", "--region", "global").out == (
        "no model of the catalogue can do all of that\n"
    )


@pytest.mark.parametrize("name", sorted(OPEN | GEMINI | TEACHERS))
def test_each_model_in_full(command: Command, name: str) -> None:
    answer = command("models", name)
    assert answer.status == 0
    assert answer.lines[0].startswith("model")
    assert name in answer.lines[0]
    assert any(line.startswith("[1] ") for line in answer.lines), "where it is known from"
    assert "None" not in answer.out


def test_an_open_model_in_full(command: Command) -> None:
    answer = command("models", "qwen/qwen3@qwen3-14b")
    assert f"tuned in         {', '.join(row.name for row in regions())}" in answer.lines
    assert any("not taken by custom-weights serving" in line for line in answer.lines)
    assert not any("USD an hour" in line for line in answer.lines)
    shown = command("models", "qwen/qwen3@qwen3-32b", "--json").json
    assert shown["terms"]["FULL"]["learningRate"] == 2.5e-05
    assert shown["machines"][0] == "g2-standard-48", "the cheapest that holds it"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("qwen3-14b",), "nearest: qwen/qwen3@qwen3-14b"),
        (("gemini-2.5-flsh",), "nearest: gemini-2.5-flash"),
        (("deepseek-ai/deepseek-r2-maas",), "is not among the teachers: deepseek-ai/deepseek-r1-0528-maas"),
        (("--servable-on", "g2-standard-13"), "; nearest: g2-standard-"),
        (("--method", "guesswork"), "is not one of 'supervised'"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(command: Command, asked: tuple[str, ...], told: str) -> None:
    answer = command("models", *asked)
    assert (answer.status, answer.out) == (2, "")
    assert told in answer.err


def test_a_place_that_no_page_names_is_told_with_the_nearest(command: Command) -> None:
    assert (
        'no page names "us-cental1" as a place to tune in; nearest: us-central1'
        in command("models", "--region", "us-cental1").err
    )
    assert command("models", "--region", "us-central1").err == ""


def test_the_choices_are_those_of_the_catalogue() -> None:
    assert get_args(models_command.Method) == get_args(Method)
    models: list[OpenModel | GeminiModel] = [*open_models(), *gemini_models()]
    assert set(get_args(models_command.Modality)) == {each for model in models for each in model.modalities}

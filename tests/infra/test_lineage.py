"""Models that go on from others: what they are tuned from at first, in which order, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings
from tests.infra.configurations import GOOD, MODEL, problems_of, settings_of

GEMMA = "google/gemma3@gemma-3-1b-it"
PRE_TUNED = "projects/p/locations/us-central1/models/7@2"
OPEN = {"dataset": "tickets", "mode": "FULL", "epochs": 1}
GEMINI = {"dataset": "tickets", "epochs": 1}
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"


def _settings(**models: Any) -> Settings:
    return settings_of({**GOOD, "models": models, "serving": {}})


def test_a_model_has_the_base_model_of_what_it_continues() -> None:
    settings = _settings(
        third={**OPEN, "continueFrom": {"model": "second"}},
        second={**OPEN, "continueFrom": {"model": "first", "checkpoint": "checkpoint-3"}},
        first=MODEL,
        elsewhere={**OPEN, "baseModel": "qwen/qwen3@qwen3-4b", "continueFrom": {"model": "first", "stack": "dev"}},
    )
    assert settings.models_in_order == ["first", "elsewhere", "second", "third"], "each after what it continues"
    assert settings.base_model("third") == GEMMA
    assert settings.base_models("tickets") == [GEMMA, "qwen/qwen3@qwen3-4b"]
    assert list(settings.continued_elsewhere) == ["elsewhere"]


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (MODEL, "supervised"),
        ({**MODEL, "customBaseModel": "gs://b/f"}, "supervised"),
        ({**OPEN, "continueFrom": {"model": "open"}}, "supervised"),
        ({**MODEL, "teacherModel": "deepseek-ai/deepseek-v3.2-maas"}, "distillation"),
        ({**GEMINI, "baseModel": "gemini-2.5-flash-lite"}, "gemini"),
        ({**GEMINI, "continueFrom": {"model": "gemini"}}, "continuous"),
        ({**GEMINI, "baseModel": "gemini-2.5-pro", "continueFrom": {"model": "x", "stack": "dev"}}, "continuous"),
        ({**GEMINI, "preTunedModel": PRE_TUNED}, "continuous"),
        ({**GEMINI, "continueFrom": {"model": "unnamed"}}, "continuous"),
    ],
)
def test_the_method_follows_from_the_keys(model: dict[str, Any], method: str) -> None:
    settings = _settings(
        it=model,
        open=MODEL,
        gemini={**GEMINI, "baseModel": "gemini-2.5-pro"},
        unnamed={**GEMINI, "preTunedModel": PRE_TUNED},
    )
    assert settings.method("it") == method
    assert settings.is_gemini("it") is (method in ("gemini", "continuous"))


def test_a_gemini_model_has_the_key_of_what_it_continues() -> None:
    gemini = {**GEMINI, "baseModel": "gemini-2.5-pro", "kmsKeyName": KEY}
    further = {**GEMINI, "continueFrom": {"model": "gemini"}}
    models = {"gemini": gemini, "further": further, "same": {**further, "kmsKeyName": KEY}}
    open_models = {"open": {**MODEL, "kmsKeyName": KEY}, "next": {**OPEN, "continueFrom": {"model": "open"}}}
    settings = _settings(**models, **open_models)
    keys = {name: settings.kms_key_name(name) for name in settings.models}
    assert keys == {"gemini": KEY, "further": KEY, "same": KEY, "open": KEY, "next": None}


def test_prompts_are_enough_where_every_learner_has_a_teacher() -> None:
    student = {**MODEL, "dataset": "prompts", "teacherModel": "deepseek-ai/deepseek-v3.2-maas"}
    more = {"datasets": {"prompts": {"training": "p.jsonl"}, "unused": {"training": "u.jsonl"}}, "serving": {}}
    settings = settings_of({**GOOD, **more, "models": {"student": student, "other": student}})
    assert settings.is_answered_by_a_teacher("prompts")
    assert not settings.is_answered_by_a_teacher("unused")
    mixed = settings_of({**GOOD, **more, "models": {"student": student, "other": {**MODEL, "dataset": "prompts"}}})
    assert not mixed.is_answered_by_a_teacher("prompts")


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "a model that there is not",
        {**OPEN, "continueFrom": {"model": "frist"}},
        'it.continueFrom.model: there is no model "frist"; did you mean first?',
    ),
    (
        "itself",
        {**MODEL, "continueFrom": {"model": "it"}},
        "it.continueFrom.model: leads back to it itself: it from it",
    ),
    (
        "two starting points",
        {**MODEL, "continueFrom": {"model": "first"}, "customBaseModel": "gs://b/f"},
        "it: starts from one of customBaseModel, preTunedModel and continueFrom, not customBaseModel and continueFrom",
    ),
    (
        "another base model than what it continues",
        {**OPEN, "baseModel": "qwen/qwen3@qwen3-4b", "continueFrom": {"model": "first"}},
        f"it.baseModel: first was tuned from {GEMMA}; write that, or leave it out",
    ),
    (
        "a model that nobody waits for",
        {**OPEN, "continueFrom": {"model": "hasty"}},
        (
            "it.continueFrom.model: hasty has wait: false, so its checkpoint is not there when this job starts; "
            "let it wait"
        ),
    ),
    (
        "a base model that only another file names",
        {**OPEN, "continueFrom": {"model": "first", "stack": "dev"}},
        "it.baseModel: is missing; what another stack's model was tuned from is not known here",
    ),
    (
        "a stack's address",
        {**MODEL, "continueFrom": {"model": "first", "stack": "https://x/y/z"}},
        (
            "it.continueFrom.stack: must be the name of a stack, such as dev or organization/tunestack/dev, not the "
            'text "https://x/y/z"'
        ),
    ),
    (
        "another key than what it continues",
        {**GEMINI, "continueFrom": {"model": "gemini"}, "kmsKeyName": KEY},
        "it.kmsKeyName: has to be that of gemini, which has none; leave it out",
    ),
    (
        "a tuned model's id alone",
        {**GEMINI, "preTunedModel": "7"},
        (
            "it.preTunedModel: must be the name of a tuned model, projects/…/locations/…/models/ID, with @ and a "
            'version or an alias if need be, not the text "7"'
        ),
    ),
]


@pytest.mark.parametrize(("model", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(model: dict[str, Any], message: str) -> None:
    others = {"first": MODEL, "hasty": {**MODEL, "wait": False}, "gemini": {**GEMINI, "baseModel": "gemini-2.5-pro"}}
    found = problems_of(models={**others, "it": model}, serving={})
    assert found == (f"stacks/Pulumi.local.yaml: config.tunestack:models.{message}",)


def test_a_circle_is_told_for_each_model_in_it() -> None:
    found = problems_of(
        models={
            "a": {**MODEL, "continueFrom": {"model": "b"}},
            "b": {**MODEL, "continueFrom": {"model": "a"}},
            "beside": {**OPEN, "continueFrom": {"model": "a"}},
        },
        serving={},
    )
    assert [problem.partition("tunestack:models.")[2] for problem in found] == [
        "a.continueFrom.model: leads back to a itself: a from b from a",
        "b.continueFrom.model: leads back to b itself: b from a from b",
    ]

"""What the catalogue refuses, as the program tells it: all of it at once, each under its key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.configurations import ENDPOINT, GOOD, MODEL, problems_of, settings_of

TEACHER = "deepseek-ai/deepseek-v3.2-maas"
OPEN = {"dataset": "tickets", "mode": "FULL", "epochs": 1}
GEMINI = {"dataset": "tickets", "baseModel": "gemini-2.5-flash-lite", "epochs": 1}
KEY = "projects/p/locations/{}/keyRings/r/cryptoKeys/k"


def _found(**changed: Any) -> list[str]:
    """Returns the problems without the file's name and namespace."""
    return [problem.partition("config.tunestack:")[2] for problem in problems_of(**changed)]


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("a mode that the model has not", {**MODEL, "mode": "PEFT_ADAPTER"}, "mode", "it is in FULL"),
    ("no mode", {key: value for key, value in MODEL.items() if key != "mode"}, "mode", "is missing"),
    ("a mode of Gemini's", {**GEMINI, "mode": "FULL"}, "mode", "leave it out"),
    (
        "a model that there is not",
        {**MODEL, "baseModel": "google/gemma3@gemma-3-2b-it"},
        "baseModel",
        "nearest: google/gemma3@",
    ),
    ("a teacher", {**MODEL, "teacherModel": "deepseek-ai/deepseek-v3-maas"}, "teacherModel", TEACHER),
    (
        "a student",
        {**OPEN, "baseModel": "meta/llama3_1@llama-3.1-8b", "teacherModel": TEACHER},
        "baseModel",
        "not among the students",
    ),
    ("a folder for Gemini", {**GEMINI, "customBaseModel": "gs://b/f"}, "customBaseModel", "preTunedModel"),
    ("a rate for Gemini", {**GEMINI, "learningRate": 0.01}, "learningRate", "learningRateMultiplier"),
    (
        "a multiplier for an open model",
        {**MODEL, "learningRateMultiplier": 2},
        "learningRateMultiplier",
        "learningRate",
    ),
    ("a name for a folder", {**MODEL, "displayName": "Tickets"}, "displayName", "leave it out"),
    ("a name that is too long", {**GEMINI, "displayName": "x" * 129}, "displayName", "128"),
    ("an open model's checkpoints", {**MODEL, "lastCheckpointOnly": True}, "lastCheckpointOnly", "leave it out"),
    ("a key elsewhere", {**MODEL, "kmsKeyName": KEY.format("europe-west4")}, "kmsKeyName", "is in europe-west4"),
    (
        "a distillation that goes on from something",
        {**OPEN, "continueFrom": {"model": "full"}, "teacherModel": TEACHER},
        "continueFrom.model",
        "distillation",
    ),
]


@pytest.mark.parametrize(("model", "key", "part"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_model_is_refused_under_its_key(model: dict[str, Any], key: str, part: str) -> None:
    (problem,) = _found(models={"full": MODEL, "it": model})
    place, _, reason = problem.partition(": ")
    assert place == f"models.it.{key}"
    assert part in reason


def test_everything_of_all_models_and_endpoints_is_told_at_once() -> None:
    found = _found(
        location="europe-west4",
        models={
            "full": {**MODEL, "mode": "PEFT_ADAPTER", "adapterSize": 3},
            "further": {"dataset": "tickets", "mode": "FULL", "epochs": 1, "continueFrom": {"model": "far"}},
            "far": {**MODEL, "baseModel": "meta/nothing@llama-9"},
            "gemini": {**GEMINI, "batchSize": 8},
            "misshapen": {**MODEL, "epochs": "3"},
        },
        serving={
            "one": {**ENDPOINT, "acceleratorCount": 2},
            "two": {**ENDPOINT, "model": "gemini"},
            "three": {
                "checkpoint": "gs://b/f",
                "baseModel": "google/gemma3@gemma-3-27b-it",
                "machineType": "g2-standard-12",
                "acceleratorType": "NVIDIA_L4",
            },
        },
    )
    assert [problem.partition(": ")[0] for problem in found] == [
        "models.misshapen.epochs",
        "models.full.mode",
        "models.full.adapterSize",
        "models.far.baseModel",
        "models.gemini.batchSize",
        "serving.one.acceleratorCount",
        "serving.two.model",
        "serving.three.machineType",
    ], "an inherited base model is told once, where it stands"
    assert (
        "gemini is tuned from gemini-2.5-flash-lite, and a tuned Gemini model brings its own endpoints, one for each "
        "checkpoint: take this entry out, and use the stack's output models.gemini.endpoint"
    ) in found[6]


def test_a_tuned_gemini_model_that_no_stack_made_is_not_served_either() -> None:
    models = {"full": {"dataset": "tickets", "epochs": 1, "preTunedModel": "projects/p/locations/us-central1/models/7"}}
    (problem,) = _found(models=models)
    assert problem.startswith("serving.support.model: full is tuned from another, and a tuned Gemini model brings")


def test_a_location_is_told_for_each_model_that_is_not_tuned_there() -> None:
    (problem,) = _found(models={"full": MODEL, "it": GEMINI}, location="global", serving={}, buckets={"location": "US"})
    assert problem.startswith("models.it.baseModel: gemini-2.5-flash-lite is not tuned in global")


@pytest.mark.parametrize("strict", [True, False])
def test_what_the_catalogue_does_not_know_passes_where_it_may(strict: bool) -> None:
    models = {"full": {**MODEL, "baseModel": "google/gemma9@gemma-9-1b", "strict": strict}}
    if strict:
        assert [problem.partition(": ")[0] for problem in _found(models=models, serving={})] == [
            "models.full.baseModel"
        ]
    else:
        assert settings_of({**GOOD, "models": models, "serving": {}}).base_model("full") == "google/gemma9@gemma-9-1b"


def test_what_is_secret_is_not_shown() -> None:
    key = KEY.format("nowhere").replace("keyRings", "rings")
    models = {"full": {**MODEL, "kmsKeyName": key}}
    (problem,) = problems_of(secrets=frozenset({"tunestack:models"}), models=models, serving={})
    assert key not in problem
    assert '"[secret]" is not the name of a key' in problem


NEWER = {**GEMINI, "baseModel": "gemini-3.1-flash-lite"}
NOWHERE = 'location: there is no region "'


@pytest.mark.parametrize(
    ("changed", "found", "why"),
    [
        (
            {"models": {"full": NEWER}, "serving": {}},
            ['models.full.baseModel: gemini-3.1-flash-lite is not tuned in "europe-west1"; nearest: europe-west4'],
            "of this one it does",
        ),
        (
            {"models": {"full": GEMINI}, "serving": {}, "location": "mars"},
            ['models.full.baseModel: "mars" is not a region'],
            "nor can it be one",
        ),
        ({"models": {"full": GEMINI, "it": MODEL}, "serving": {}}, [f'{NOWHERE}europe-west1"'], "an open model"),
        ({"models": {"full": MODEL}}, [f'{NOWHERE}europe-west1"'], "an open model that is served"),
    ],
)
def test_gemini_models_have_regions_of_their_own(changed: dict[str, Any], found: list[str], why: str) -> None:
    taken = settings_of({**GOOD, "location": "europe-west1", "models": {"full": GEMINI}, "serving": {}})
    assert taken.location == "europe-west1", "where this one is tuned, its page does not say"
    told = _found(**{"location": "europe-west1", **changed})
    assert len(told) == len(found), (told, why)
    assert all(problem.startswith(begin) for problem, begin in zip(told, found, strict=True)), (told, why)

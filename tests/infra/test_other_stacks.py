"""What is taken from other stacks: read before anything is declared, and whatever is amiss told at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

import tunestack
from infra.connection import Connection
from infra.foundation import Foundation, read_foundation
from infra.models_there import ModelThere, model_there
from infra.promotion import read_promoted
from infra.stack_outputs import Outputs, StackOutputs, UnreadableStackError
from tests.infra.configurations import ENDPOINT, settings_of

JOB = "projects/1/locations/us-central1/tuningJobs/77"
MODEL = {
    "dataset": "tickets",
    "method": "supervised",
    "baseModel": "google/gemma3@gemma-3-1b-it",
    "mode": "FULL",
    "epochs": 3.0,
    "job": JOB,
    "state": "JOB_STATE_SUCCEEDED",
    "finalCheckpointUri": "gs://prod-output/final",
    "billedTokens": 97299.0,
    "billedCostUsd": 0.045,
}
RUNNING = {**MODEL, "finalCheckpointUri": "", "state": "JOB_STATE_RUNNING"}
GEMINI = {**MODEL, "method": "gemini", "tunedModel": "projects/1/models/2@1", "endpoint": "projects/1/endpoints/3"}
PROD: dict[str, Any] = {
    "project": "my-project",
    "projectNumber": "1",
    "agents": {"platform": "serviceAccount:serves@x.example", "tuning": "serviceAccount:tunes@x.example"},
    "datasets": {"tickets": {"contentHash": "abc", "examples": 600.0, "trainingUri": "gs://data/train.jsonl"}},
    "models": {"support": MODEL},
}
REGION = {
    "project": "my-project",
    "location": "europe-west4",
    "foundation": "prod",
    "serving": {"chat": {**ENDPOINT, "model": "support"}},
}


class Known(StackOutputs):
    """Stacks whose outputs are given."""

    def __init__(self, **stacks: dict[str, Any]) -> None:
        super().__init__()
        self._stacks = stacks

    def read(self, stack: str) -> Outputs:
        if stack not in self._stacks:
            raise UnreadableStackError(f"stack {stack} is not up")
        return Outputs(stack, self._stacks[stack])


def _foundation(stacks: StackOutputs, **changed: Any) -> tuple[Foundation | None, list[str]]:
    problems: list[str] = []
    return read_foundation(settings_of({**REGION, **changed}), stacks, problems), problems


@pytest.mark.parametrize(
    ("stacks", "changed", "told"),
    [
        ({}, {}, ["foundation: stack prod is not up"]),
        (
            {"prod": {**PROD, "foundation": "world"}},
            {},
            ["foundation: prod is itself a region, of world; write world"],
        ),
        (
            {"prod": {**PROD, "projectNumber": None}},
            {},
            ["foundation: prod was applied by an earlier release; run pulumi up --stack prod first"],
        ),
        (
            {"prod": {**PROD, "apiEndpoint": "http://127.0.0.1:1"}},
            {"project": "my-other-project"},
            [
                (
                    "project: has to be my-project, that of prod: a region has its APIs and agents from there. Of "
                    "another project only a checkpoint can be taken: promote it"
                ),
                "emulator: prod is on the emulator, and so are its regions",
            ],
        ),
        (
            {"prod": PROD},
            {"serving": {"chat": {**ENDPOINT, "model": "suport"}}},
            ['serving.chat.model: of stack prod: there is no model "suport"; did you mean support?'],
        ),
        (
            {"prod": {**PROD, "models": {}}},
            {},
            ['serving.chat.model: of stack prod: there is no model "support"; none is configured'],
        ),
        (
            {"prod": {**PROD, "models": {"support": GEMINI}}},
            {},
            [
                (
                    "serving.chat.model: support of stack prod is a tuned Gemini model, which brings its own endpoints "
                    "and cannot leave its project: call projects/1/endpoints/3, or tune it here too"
                )
            ],
        ),
    ],
)
def test_a_foundation_that_does_not_go_with_the_region(
    stacks: dict[str, Any], changed: dict[str, Any], told: list[str]
) -> None:
    assert _foundation(Known(**stacks), **changed) == (None, told)


def test_a_run_is_told_of_the_stack_that_ran_it() -> None:
    there = ModelThere("dev", "support", MODEL)
    assert "tunedIn" not in there.origin
    assert there.promoted_from == {"stack": "dev", "model": "support", "run": "77"}
    ways = (("prod", "prod"), ("eu", "prod and eu"), ("eu-west", "prod, eu and eu-west"))
    for stack, via in ways:
        taken = {**MODEL, "promotedFrom": there.promoted_from}
        there = model_there(Outputs(stack, {**PROD, "models": {"support": taken}}), "support")
        told = {key: there.origin[key] for key in ("stack", "tunedIn", "via", "run")}
        assert told == {"stack": stack, "tunedIn": "dev", "via": via, "run": "77"}


def test_what_a_region_takes() -> None:
    foundation, problems = _foundation(Known(prod=PROD))
    assert problems == []
    assert foundation
    assert foundation.platform_agent == "serviceAccount:serves@x.example"
    assert list(foundation.models) == ["support"]
    assert foundation.models["support"].origin == {
        "stack": "prod",
        "model": "support",
        "run": "77",
        "job": JOB,
        "baseModel": "google/gemma3@gemma-3-1b-it",
        "mode": "FULL",
        "epochs": "3",
        "contentHash": "abc",
        "trainingUri": "gs://data/train.jsonl",
        "examples": "600",
        "billedTokens": "97299",
        "billedCostUsd": "0.045",
    }


def test_a_model_that_is_not_finished_is_waited_for_by_a_region() -> None:
    foundation, _ = _foundation(Known(prod={**PROD, "models": {"support": RUNNING}}))
    assert foundation
    assert foundation.models["support"].uri == ""


async def test_what_is_secret_there_stays_secret() -> None:
    assert isinstance(ModelThere("prod", "support", MODEL, is_secret=True).uri, pulumi.Output)
    there = model_there(Outputs("prod", PROD, frozenset({"datasets"})), "support")
    assert there.origin["contentHash"] == "abc"
    assert "trainingUri" not in there.origin


def _promoted(stacks: StackOutputs, run: str | None = None) -> tuple[dict[str, ModelThere], list[str]]:
    promote = {"from": "dev", "model": "support", **({"run": run} if run else {})}
    settings = settings_of(
        {"project": "my-project", "location": "us-central1", "models": {"chat": {"promote": promote}}}
    )
    problems: list[str] = []
    connection = Connection(cast("Any", None), cast("Any", None))
    return read_promoted(settings, stacks, connection, problems), problems


@pytest.mark.parametrize(
    ("stacks", "told"),
    [
        ({}, "models.chat.promote.from: stack dev is not up"),
        (
            {"dev": {**PROD, "models": {"suport": MODEL}}},
            'models.chat.promote.model: of stack dev: there is no model "support"; did you mean suport?',
        ),
        (
            {"dev": {**PROD, "models": {"support": RUNNING}}},
            (
                "models.chat.promote.model: support of stack dev is not tuned yet: its job is in JOB_STATE_RUNNING; "
                "run pulumi up --stack dev once it has ended, or name an earlier run: run: JOB-ID"
            ),
        ),
    ],
)
def test_a_model_that_cannot_be_promoted(stacks: dict[str, Any], told: str) -> None:
    assert _promoted(Known(**stacks)) == ({}, [told])


def _run(**changed: Any) -> Any:
    known = {"job": f"{JOB}8", "state": "JOB_STATE_SUCCEEDED", "checkpoint_uri": "gs://dev-output/earlier"}
    told = {"error": "", "base_model": MODEL["baseModel"], "mode": "FULL", "epochs": 1, "tuned_model": ""}
    data = {
        "training_uri": "gs://dev/secret.jsonl",
        "validation_uri": "",
        "content_hash": "def",
        "spec_hash": "",
        "created": "",
        "ended": "",
    }
    return tunestack.TuningRun(**cast("Any", {**known, **told, **data, "is_of_same_model": True, **changed}))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"is_of_same_model": False}, "778 is no run of support of stack dev: another model was tuned by it"),
        (
            {"state": "JOB_STATE_FAILED"},
            "778 is in JOB_STATE_FAILED, and no run to go back to; take one that succeeded",
        ),
        ({"checkpoint_uri": ""}, "the final checkpoint of 778 is gone; take another run"),
    ],
)
def test_a_run_that_there_is_no_way_back_to(monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], told: str) -> None:
    monkeypatch.setattr(tunestack, "get_run", lambda *_, **__: _run(**found), raising=False)
    assert _promoted(Known(dev=PROD), "778") == ({}, [f"models.chat.promote.run: {told}"])


def test_an_earlier_run_is_looked_up_where_the_present_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def get_run(name: str, *, like: str, opts: Any) -> Any:
        asked.append((name, like))
        return _run()

    monkeypatch.setattr(tunestack, "get_run", get_run, raising=False)
    # While the model is being tuned again, an earlier run of it is there all the same.
    there = {**RUNNING, "promotedFrom": {"stack": "lab", "model": "support", "run": "77"}}
    found, problems = _promoted(Known(dev={**PROD, "models": {"support": there}}), "778")
    assert problems == []
    assert asked == [(f"{JOB}8", JOB)]
    assert found["chat"].uri == "gs://dev-output/earlier"
    assert found["chat"].origin["contentHash"] == "def"
    assert found["chat"].origin["tunedIn"] == "lab"
    assert "examples" not in found["chat"].origin, "those of the present run are others"
    assert found["chat"].origin["trainingUri"] == "gs://dev/secret.jsonl"


def test_an_earlier_run_tells_no_address_that_its_stack_keeps_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunestack, "get_run", lambda *_, **__: _run(), raising=False)
    found, _ = _promoted(Known(dev={**PROD, "datasets": {}}), "778")
    assert "trainingUri" not in found["chat"].origin


def test_the_present_run_named_aloud_is_the_present_run() -> None:
    """So that it stays when the other stack tunes again."""
    found, _ = _promoted(Known(dev=PROD), "77")
    assert found == _promoted(Known(dev=PROD))[0]


def test_a_run_elsewhere_with_the_present_ones_id_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    there = JOB.replace("us-central1", "europe-west4")
    assert there != JOB
    monkeypatch.setattr(tunestack, "get_run", lambda name, **_: _run(job=name), raising=False)
    found, _ = _promoted(Known(dev=PROD), there)
    assert found["chat"].job == there


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            Exception('invoke of x failed: invocation of x returned an error: unknown stack "dev"'),
            "there is no stack dev in this backend; mend the name, or bring it up first: tunestack up dev",
        ),
        (
            Exception("invoke of x failed: invocation of x returned an error: secrets manager: incorrect\npassphrase"),
            "stack dev cannot be read: secrets manager: incorrect passphrase",
        ),
        ({"outputs": {}}, "stack dev is not up; run pulumi up --stack dev first"),
    ],
)
def test_a_stack_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, answer: Any, told: str) -> None:
    """The engine's words as v3.259 has them."""

    def invoke(*_: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(value=answer)

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    with pytest.raises(UnreadableStackError) as caught:
        StackOutputs().read("dev")
    assert str(caught.value) == told

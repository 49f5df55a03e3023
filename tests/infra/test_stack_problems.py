"""What a region may not have, and what may not stand beside a promotion: each with its place and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from infra.setting_problems import InvalidSettingsError
from tests.infra.configurations import ENDPOINT, GOOD, MODEL, problems_of, settings_of

PLACE = "stacks/Pulumi.local.yaml: config.tunestack:"
REGION: dict[str, Any] = {
    **{key: GOOD[key] for key in ("project", "serving")},
    "location": "europe-west4",
    "foundation": "prod",
}
NOTHING = {"datasets": ..., "models": ...}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "a region tunes nothing",
        {**NOTHING, "foundation": "prod", "datasets": {"tickets": {"training": "train.jsonl"}}},
        "datasets: belongs to the foundation, prod: a region tunes nothing; write it there",
    ),
    (
        "nor may it ask for what only tuning needs",
        {
            **NOTHING,
            "foundation": "prod",
            "quota": {"concurrentTuningJobs": 2, "contactEmail": "ada@example.com"},
        },
        "quota.concurrentTuningJobs: belongs to the foundation, prod: a region tunes nothing; write it there",
    ),
    (
        "a stack is not a region of itself",
        {**NOTHING, "foundation": "local"},
        "foundation: is this stack itself; a foundation has no such key",
    ),
    (
        "what becomes a part of names is no secret",
        {**NOTHING, "foundation": "no name"},
        'foundation: must be the name of a stack, such as dev or organization/tunestack/dev, not the text "no name"',
    ),
    (
        "what is taken as it is has no epochs",
        {"models": {"full": {"promote": {"from": "dev", "model": "full"}, "epochs": 3}}},
        (
            "models.full.epochs: belongs to a model that is tuned here, and with promote full is taken as it is; leave "
            "it out, or take promote out"
        ),
    ),
    (
        "a model that lacks what is needed to take it is told so as one that is promoted",
        {"models": {"full": {"promote": {"model": "full"}}}},
        "models.full.promote.from: is missing",
    ),
    (
        "the id of a run as a number, of which the engine has lost the last digits",
        {"models": {"full": {"promote": {"from": "dev", "model": "full", "run": 9903912281781416000}}}},
        "models.full.promote.run: must be text, or some of its digits are lost: write it between quotes",
    ),
    (
        "a typing error below promote",
        {"models": {"full": {"promote": {"from": "dev", "model": "full", "runs": "1"}}}},
        "models.full.promote.runs: unknown key; did you mean run?",
    ),
    (
        "promote itself mistyped is a key of a model",
        {"models": {"full": {**MODEL, "promot": {"from": "dev", "model": "full"}}}},
        "models.full.promot: unknown key; did you mean promote?",
    ),
    (
        "a run is a job",
        {"models": {"full": {"promote": {"from": "dev", "model": "full", "run": "yesterday"}}}},
        (
            "models.full.promote.run: must be the name of a tuning job, projects/…/locations/…/tuningJobs/ID, or its "
            'ID, not the text "yesterday"'
        ),
    ),
    (
        "a model of this stack needs no promotion",
        {"models": {"full": {"promote": {"from": "local", "model": "other"}}}},
        "models.full.promote.from: is this stack itself; serve its model by its name",
    ),
    (
        "what was tuned elsewhere is gone on from there",
        {
            "models": {
                "taken": {"promote": {"from": "dev", "model": "full"}},
                "full": {**MODEL, "continueFrom": {"model": "taken"}},
            }
        },
        "models.full.continueFrom.model: taken is not tuned here; name where it is: continueFrom: {stack: …, model: …}",
    ),
    (
        "a reader is a member",
        {"readers": ["deployer@example.com"]},
        (
            "readers[0]: must be a member such as serviceAccount:deployer@my-project-123.iam.gserviceaccount.com, "
            'user:…, group:… or principal://iam.googleapis.com/…, not the text "deployer@example.com"'
        ),
    ),
    (
        "nobody shares checkpoints with everybody",
        {"readers": ["allUsers"]},
        (
            "readers[0]: must be a member such as serviceAccount:deployer@my-project-123.iam.gserviceaccount.com, "
            'user:…, group:… or principal://iam.googleapis.com/…, not the text "allUsers"'
        ),
    ),
]


@pytest.mark.parametrize(("reason", "changed", "told"), REFUSED, ids=[reason for reason, _, _ in REFUSED])
def test_what_is_refused(reason: str, changed: dict[str, Any], told: str) -> None:
    assert f"{PLACE}{told}" in problems_of(**changed), reason


def test_everything_that_a_region_may_not_have_is_told_at_once() -> None:
    told = problems_of(
        foundation="prod",
        serviceAccount="a@b.iam.gserviceaccount.com",
        submitters=["user:ada@example.com"],
        buckets={"data": "mine", "intermediateCheckpointDays": 3},
    )
    keys = [problem.removeprefix(PLACE).partition(":")[0] for problem in told]
    assert keys == [
        "datasets",
        "models",
        "serviceAccount",
        "submitters",
        "buckets.data",
        "buckets.intermediateCheckpointDays",
    ]


def test_a_region_serves_models_that_its_own_file_does_not_have() -> None:
    settings = settings_of(REGION)
    assert settings.serving["support"].model == "full"
    assert not settings.models


@pytest.mark.parametrize("location", ["europe-west4", "us-east4", "europe-west12", "northamerica-northeast1"])
def test_what_tunes_nothing_may_lie_in_any_region(location: str) -> None:
    assert settings_of({**REGION, "location": location}).location == location
    promoted = {"models": {"full": {"promote": {"from": "dev", "model": "full"}}}, "location": location}
    assert settings_of({**GOOD, **promoted, "datasets": {}}).location == location


@pytest.mark.parametrize("location", ["us-east", "us-east4-a", "mars", "us-centrall", "us-centra1"])
def test_what_is_no_region_is_none_to_serve_in(location: str) -> None:
    with pytest.raises(InvalidSettingsError, match=f'location: there is no region "{location}"'):
        settings_of({**REGION, "location": location})


def test_a_stack_may_tune_one_model_and_promote_another() -> None:
    models = {"full": MODEL, "taken": {"promote": {"from": "dev", "model": "support", "run": "123"}}}
    settings = settings_of({**GOOD, "models": models, "serving": {"support": {**ENDPOINT, "model": "taken"}}})
    assert list(settings.tuned) == ["full"]
    assert settings.promoted["taken"].run == "123"
    assert settings.base_model("taken") is None, "that is the other stack's to tell"
    assert settings.learners("tickets") == ["full"]


@pytest.mark.parametrize(
    "member",
    [
        "group:deployers@example.com",
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/attribute.repository/a/b",
    ],
)
def test_who_may_be_a_reader(member: str) -> None:
    assert settings_of({**GOOD, "readers": [member]}).readers == [member]

"""Every refusal of a configuration, with its place in the YAML and its words."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.existing import account_project
from infra.reading import read_settings
from infra.setting_problems import InvalidSettingsError
from infra.settings import Settings
from tests.infra.configurations import ENDPOINT, GOOD, MODEL, engine_config, problems_of


def _without(section: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in section.items() if name != key}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("a key that is nearly right", {"modls": {}}, "modls: unknown key; did you mean models?"),
    (
        "a nested key that is nearly right",
        {"models": {"full": {**MODEL, "epoch": 3}}},
        "models.full.epoch: unknown key; did you mean epochs?",
    ),
    (
        "the program's spelling instead of the file's",
        {"models": {"full": {**MODEL, "batch_size": 8}}},
        "models.full.batch_size: unknown key; did you mean batchSize?",
    ),
    (
        "a key that is like no other",
        {"quota": {"concurrentTuningJobs": 2, "contactEmail": "a@b.c", "xyz": 1}},
        "quota.xyz: unknown key; known keys: concurrentTuningJobs, servingAccelerators, contactEmail",
    ),
    (
        "a number as text",
        {"models": {"full": {**MODEL, "epochs": "3"}}},
        'models.full.epochs: must be a whole number, not the text "3"',
    ),
    (
        "a fraction",
        {"models": {"full": {**MODEL, "epochs": 2.5}}},
        "models.full.epochs: must be a whole number, not the number 2.5",
    ),
    (
        "true is no number",
        {"models": {"full": {**MODEL, "epochs": True}}},
        "models.full.epochs: must be a whole number, not true",
    ),
    (
        "none at all",
        {"models": {"full": {**MODEL, "epochs": 0}}},
        "models.full.epochs: must be at least 1, not the number 0",
    ),
    (
        "a rate of nothing",
        {"models": {"full": {**MODEL, "learningRate": 0}}},
        "models.full.learningRate: must be more than 0, not the number 0",
    ),
    (
        "a mode that there is not",
        {"models": {"full": {**MODEL, "mode": "PEFT"}}},
        'models.full.mode: must be FULL or PEFT_ADAPTER, not the text "PEFT"',
    ),
    ("a section that is text", {"buckets": "big"}, 'buckets: must be a mapping, not the text "big"'),
    (
        "a section that is empty",
        {"datasets": "", "models": ..., "serving": ...},
        "datasets: must be a mapping, not an empty text",
    ),
    ("a list that is text", {"submitters": "ada"}, 'submitters: must be a list, not the text "ada"'),
    (
        "an entry of a list",
        {"submitters": ["ada@example.com"]},
        (
            "submitters[0]: must be a member such as user:ada@example.com, group:… or serviceAccount:…, "
            'not the text "ada@example.com"'
        ),
    ),
    ("a switch that is a word", {"emulator": "yes"}, 'emulator: must be true or false, not the text "yes"'),
    ("a missing project", {"project": ...}, "project: is missing"),
    ("a missing location", {"location": ...}, "location: is missing"),
    (
        "a project that nobody filled in",
        {"project": "YOUR-PROJECT"},
        (
            "project: must be the id of a Google Cloud project: 6 to 30 lower-case letters, digits and hyphens, "
            'such as my-project-123, not the text "YOUR-PROJECT"'
        ),
    ),
    (
        "a missing value inside",
        {"models": {"full": {key: value for key, value in MODEL.items() if key != "baseModel"}}},
        "models.full.baseModel: is missing",
    ),
    (
        "a region that is nearly right",
        {"location": "us-centrall"},
        'location: there is no region "us-centrall"; did you mean us-central1?',
    ),
    (
        "a region without tuning",
        {"location": "mars"},
        (
            'location: there is no region "mars"; there are us-central1, europe-west4, us-west1, us-east5, '
            "asia-southeast1, asia-southeast2, global"
        ),
    ),
    (
        "nothing is served in global",
        {"location": "global", "buckets": {"location": "US"}},
        "serving: nothing can be served in global; serve in a stack of its own, in a region",
    ),
    (
        "buckets of a global stack",
        {"location": "global", "serving": {}},
        "buckets.location: is missing; with location global it is a multi-region: US or EU",
    ),
    (
        "a dataset that there is not",
        {"models": {"full": {**MODEL, "dataset": "ticket"}}},
        'models.full.dataset: there is no dataset "ticket"; did you mean tickets?',
    ),
    (
        "a dataset where there is none",
        {"datasets": {}},
        'models.full.dataset: there is no dataset "tickets"; none is configured',
    ),
    (
        "a model that there is not",
        {"serving": {"support": {**ENDPOINT, "model": "other"}}},
        'serving.support.model: there is no model "other"; there are full',
    ),
    (
        "a name that cannot be part of a label",
        {"datasets": {"tickets": {"training": "t"}, "My Data": {"training": "t"}}},
        (
            "datasets.My Data: must be a name of at most 40 lower-case letters, digits and hyphens that begins with a "
            'letter, such as tickets-full, not the text "My Data"'
        ),
    ),
    (
        "a label's key",
        {"labels": {"Team": "a"}},
        (
            "labels.Team: must be a label's key: lower-case letters, digits, _ and -, beginning with a letter, "
            'not the text "Team"'
        ),
    ),
    (
        "a label's value",
        {"labels": {"team": "A B"}},
        'labels.team: must be a label\'s value: at most 63 lower-case letters, digits, _ and -, not the text "A B"',
    ),
    (
        "a folder that is not in Cloud Storage",
        {"models": {"full": {**MODEL, "customBaseModel": "/data/x"}}},
        (
            "models.full.customBaseModel: must be a folder in Cloud Storage, such as gs://bucket/folder, "
            'not the text "/data/x"'
        ),
    ),
    (
        "an address",
        {"quota": {"concurrentTuningJobs": 2, "contactEmail": "ada"}},
        'quota.contactEmail: must be an e-mail address, not the text "ada"',
    ),
    (
        "an empty path",
        {"datasets": {"tickets": {"training": ""}}},
        "datasets.tickets.training: must be text that is not empty, not an empty text",
    ),
    (
        "a port",
        {"serving": {"support": {**ENDPOINT, "container": {"imageUri": "i", "port": 70000}}}},
        "serving.support.container.port: must be at most 65535, not the number 70000",
    ),
    (
        "a key of a nested section",
        {"serving": {"support": {**ENDPOINT, "rollout": {"maxSurge": 1}}}},
        "serving.support.rollout.maxSurge: unknown key; did you mean maxSurgeReplicas?",
    ),
    (
        "an accelerator that is nearly right",
        {"quota": {"servingAccelerators": {"NVIDIA_L40": 2}, "contactEmail": "a@b.c"}},
        (
            'quota.servingAccelerators.NVIDIA_L40: there is no accelerator with a known quota "NVIDIA_L40"; did you '
            "mean NVIDIA_L4?"
        ),
    ),
    (
        "no accelerators at all",
        {"quota": {"servingAccelerators": {"NVIDIA_L4": 0}, "contactEmail": "a@b.c"}},
        "quota.servingAccelerators.NVIDIA_L4: must be at least 1, not the number 0",
    ),
    (
        "accelerators where nothing is served",
        {
            "location": "global",
            "buckets": {"location": "US"},
            "serving": {},
            "quota": {"servingAccelerators": {"NVIDIA_L4": 2}, "contactEmail": "a@b.c"},
        },
        "quota.servingAccelerators.NVIDIA_L4: nothing can be served in global",
    ),
    (
        "a bucket's address instead of its name",
        {"buckets": {"data": "gs://mine"}},
        ('buckets.data: must be the name of a bucket without gs://, such as my-bucket, not the text "gs://mine"'),
    ),
    (
        "an account that is a person",
        {"serviceAccount": "ada@example.com"},
        (
            "serviceAccount: must be a service account's e-mail address, such as "
            'tuning@my-project-123.iam.gserviceaccount.com, not the text "ada@example.com"'
        ),
    ),
    (
        "one bucket of a global stack",
        {"location": "global", "serving": {}, "buckets": {"data": "mine"}},
        "buckets.location: is missing; with location global it is a multi-region: US or EU",
    ),
    (
        "nothing to serve",
        {"serving": {"support": _without(ENDPOINT, "model")}},
        "serving.support: needs one of model, checkpoint and tuningJob, and has none",
    ),
    (
        "two things to serve",
        {"serving": {"support": {**ENDPOINT, "checkpoint": "gs://b/final"}}},
        "serving.support: needs one of model, checkpoint and tuningJob, not model and checkpoint",
    ),
    (
        "what follows from the model",
        {"serving": {"support": {**ENDPOINT, "baseModel": "google/gemma3@gemma-3-1b-it"}}},
        "serving.support.baseModel: follows from the model; leave it out",
    ),
    (
        "an endpoint's display name",
        {"serving": {"support": {**ENDPOINT, "endpoint": "support"}}},
        (
            "serving.support.endpoint: must be the name of an endpoint, projects/…/locations/…/endpoints/ID, or its "
            'ID, not the text "support"'
        ),
    ),
    (
        "an endpoint elsewhere",
        {"serving": {"support": {**ENDPOINT, "endpoint": "projects/p/locations/europe-west4/endpoints/1"}}},
        "serving.support.endpoint: is in europe-west4, and the stack in us-central1",
    ),
    (
        "an endpoint of another project",
        {"serving": {"support": {**ENDPOINT, "endpoint": "projects/other-one/locations/us-central1/endpoints/1"}}},
        "serving.support.endpoint: is in project other-one, and the stack in tunestack-test",
    ),
    (
        "an endpoint for two",
        {"serving": {"a": {**ENDPOINT, "endpoint": "7"}, "b": {**ENDPOINT, "endpoint": "7"}}},
        "serving.b.endpoint: is the endpoint of a; each serves one model",
    ),
    (
        "a job elsewhere",
        {
            "serving": {
                "support": {
                    **_without(ENDPOINT, "model"),
                    "tuningJob": "projects/p/locations/europe-west4/tuningJobs/1",
                }
            }
        },
        (
            "serving.support.tuningJob: is in europe-west4, and the stack in us-central1; serve its checkpoint: gs://… "
            "instead"
        ),
    ),
]


@pytest.mark.parametrize(("changed", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(changed: dict[str, Any], message: str) -> None:
    assert problems_of(**changed) == (f"stacks/Pulumi.local.yaml: config.tunestack:{message}",)


def test_all_problems_are_told_at_once() -> None:
    found = problems_of(
        location="us-centrall",
        nonsense=1,
        models={"full": {**MODEL, "epochs": "3", "dataset": "ticket"}, "half": {**MODEL, "mode": "HALF"}},
    )
    assert [problem.split(": ")[1] for problem in found] == [
        "config.tunestack:models.full.epochs",
        "config.tunestack:models.half.mode",
        "config.tunestack:nonsense",
        "config.tunestack:models.full.dataset",
        "config.tunestack:location",
    ]


def test_a_secret_is_not_shown() -> None:
    config = engine_config({**GOOD, "quota": {"concurrentTuningJobs": 2, "contactEmail": "hunter2"}})
    with pytest.raises(InvalidSettingsError) as caught:
        read_settings(config, "local", frozenset({"tunestack:quota"}))
    assert "hunter2" not in str(caught.value)
    assert "contactEmail: must be an e-mail address, not the secret that is given" in str(caught.value)


def test_what_becomes_part_of_names_cannot_be_a_secret() -> None:
    secrets = frozenset({"tunestack:project", "tunestack:labels", "tunestack:submitters"})
    with pytest.raises(InvalidSettingsError) as caught:
        read_settings(engine_config(GOOD), "local", secrets)
    reason = "cannot be a secret, since it becomes part of names; set it without --secret"
    assert [problem.partition("config.")[2] for problem in caught.value.problems] == [
        f"tunestack:project: {reason}",
        f"tunestack:submitters: {reason}",
    ]


def test_existing_things_of_a_stack() -> None:
    keys = {
        "location": "global",
        "serving": ...,
        "buckets": {"data": "a-bucket", "output": "b-bucket"},
        "serviceAccount": "12-compute@developer.gserviceaccount.com",
    }
    settings = read_settings(engine_config({**GOOD, **keys}), "local")
    assert settings.buckets.existing == {"data": "a-bucket", "output": "b-bucket"}
    assert account_project(settings.service_account or "", settings.project) == "tunestack-test"
    assert account_project("a@other.iam.gserviceaccount.com", settings.project) == "other"
    name = "projects/tunestack-test/locations/global/endpoints/7"
    assert settings.endpoint_name("7") == settings.endpoint_name("projects/99/locations/global/endpoints/7") == name


async def test_only_what_is_below_a_key_with_a_secret_is_guarded() -> None:
    settings = read_settings(engine_config(GOOD), "local", frozenset({"tunestack:quota"}))
    assert isinstance(settings.guarded("quota", "x"), pulumi.Output)
    assert settings.guarded("quota", None) is None
    assert settings.guarded("labels", "x") == "x"


def test_keys_of_other_namespaces_are_none_of_its_business() -> None:
    config = {**engine_config(GOOD), "gcp:project": "other", "pulumi:tags": "{}"}
    assert read_settings(config, "local").project == "tunestack-test"


def test_defaults() -> None:
    settings = read_settings(engine_config({"project": "tunestack-test", "location": "us-central1"}), "local")
    assert settings == Settings(project="tunestack-test", location="us-central1")
    assert not settings.emulator
    assert not settings.buckets.force_destroy, "data is never deleted unless a stack says so"
    assert settings.quota is None, "nothing is asked for unless a stack says so"


def test_numbers_that_look_like_text_stay_text() -> None:
    """A project id or a location of digits must not become a number on the way."""
    with pytest.raises(InvalidSettingsError, match="such as my-project-123, not the text"):
        read_settings(engine_config({**GOOD, "project": "123456"}), "local")

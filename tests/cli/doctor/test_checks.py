"""What the doctor says of a project that is well, and of one in which something was broken on purpose."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.services import APIS
from tests.cli.doctor.conftest import ACCOUNT, BUCKET, ENDPOINT, JOBS, L4, PROJECT, USER, Cloud
from tunestack.cli.doctor import command
from tunestack.cli.doctor.access import look_at_account
from tunestack.cli.doctor.finding import Status, worst
from tunestack.cli.doctor.project import NEEDED_APIS
from tunestack.cli.doctor.region import look_at_region
from tunestack.cli.doctor.subject import Subject
from tunestack.connection import Connection


def test_what_is_looked_at_is_what_the_program_enables() -> None:
    assert set(NEEDED_APIS) == set(APIS)


def test_a_project_that_is_well(start_cloud: Callable[..., Cloud]) -> None:
    findings = start_cloud().findings()
    assert [each.says for each in findings if each.status is not Status.OK] == []
    assert "1 granted at once for 1 open model of this stack" in [each.says for each in findings], "Gemini counts apart"


def test_a_model_of_another_stack_is_not_the_one_of_the_same_name_here() -> None:
    models = {
        "tickets": {"baseModel": "gemini-2.5-flash"},
        "further": {"baseModel": "google/gemma3@gemma-3-1b-it", "continueFrom": {"model": "tickets", "stack": "dev"}},
        "tone": {"continueFrom": {"model": "tickets"}},
    }
    assert Subject(Connection("p", "us-central1"), "prod", configuration={"models": models}).open_models == 1


def test_a_model_that_is_promoted_is_not_tuned() -> None:
    models = {"support": {"promote": {"from": "dev", "model": "support"}}}
    subject = Subject(Connection("p", "us-central1"), "prod", configuration={"models": models})
    assert subject.open_models == 0
    assert not subject.takes_any_region, "its copy lies in a bucket of the location"


@pytest.mark.parametrize(
    ("configuration", "status"),
    [
        ({"foundation": "prod"}, Status.OK),
        ({"models": {"support": {"promote": {"from": "dev", "model": "support"}}}}, Status.OK),
        ({"models": {"support": {"baseModel": "google/gemma3@gemma-3-1b-it"}}}, Status.PROBLEM),
    ],
)
def test_a_stack_that_tunes_nothing_may_lie_in_any_region(configuration: dict[str, Any], status: Status) -> None:
    subject = Subject(Connection("p", "us-east4"), "prod-east", {}, configuration)
    assert [told.status for told in look_at_region(subject)] == [status]


def test_a_region_has_no_account_for_jobs() -> None:
    region = Subject(Connection("p", "europe-west4"), "prod-eu", {"project": "p"}, {"foundation": "prod"})
    assert [(told.status, told.says) for told in look_at_account(region)] == [(Status.OK, "none: jobs run in prod")]


def test_a_stack_before_its_first_up(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud(ready=False)
    cloud.wants(outputs={})
    findings = cloud.findings()
    assert worst(findings) is Status.WARNING, "all of that, the first up makes"
    (apis,) = (each for each in findings if each.check == "APIs")
    assert "aiplatform (tuning, models and endpoints)" in apis.says
    assert "storage" not in apis.says, "is enabled in every project"
    cloud.wants(stack="", configuration={})
    assert {each.check for each in cloud.trouble() if each.status is Status.PROBLEM} == {"APIs", "agents"}, (
        "without a stack nobody is known who would make them"
    )


# What is broken; the line that says so; what it advises; what else cannot be well then.
BROKEN: tuple[tuple[Callable[[Cloud], object], tuple[str, str], str, str, set[str]], ...] = (
    (
        Cloud.disable,
        ("APIs", "problem"),
        f"not enabled in {PROJECT}: aiplatform (tuning, models and endpoints)",
        ":batchEnable",
        {"tuning service"},
    ),
    (
        lambda cloud: cloud.take("roles/aiplatform.serviceAgent"),
        ("agents", "problem"),
        "@gcp-sa-aiplatform.iam.gserviceaccount.com is missing, or has lost roles/aiplatform.serviceAgent",
        ":generateServiceIdentity",
        set(),
    ),
    (
        Cloud.await_agent,
        ("agents", "warning"),
        "it comes into being with the project's first tuning job",
        "",
        {"bindings"},
    ),
    (
        lambda cloud: cloud.bind(*cloud.members[:2]),
        ("bindings", "problem"),
        f"{ACCOUNT} has no {USER} on gs://{BUCKET} any more: jobs and endpoints cannot use it",
        "pulumi up --refresh --stack dev",
        set(),
    ),
    (
        lambda cloud: cloud.call("DELETE", f"/storage/v1/b/{BUCKET}"),
        ("bindings", "problem"),
        f"there is no bucket gs://{BUCKET} any more",
        "pulumi up --refresh --stack dev",
        set(),
    ),
    (
        lambda cloud: cloud.account("disable"),
        ("jobs' account", "problem"),
        f"{ACCOUNT} is disabled: no job starts as it",
        f"{ACCOUNT}:enable",
        set(),
    ),
    (
        lambda cloud: cloud.take("roles/aiplatform.user"),
        ("jobs' account", "problem"),
        f"{ACCOUNT} has no roles/aiplatform.user in {PROJECT} any more: no job can start as it",
        "pulumi up --refresh --stack dev",
        set(),
    ),
    (
        lambda cloud: cloud.account("delete"),
        ("jobs' account", "problem"),
        f"there is no account {ACCOUNT}",
        "pulumi up --refresh --stack dev",
        {"bindings"},
    ),
    (
        lambda cloud: cloud.wants(connection=Connection(PROJECT, "us-centrall1", cloud.emulator.url)),
        ("region", "problem"),
        'there is no region "us-centrall1" that tunes open models; did you mean us-central1?',
        "pulumi config set --path tunestack:location us-central1 --stack dev",
        {"quota, serving"},
    ),
    (
        lambda cloud: cloud.wants(connection=Connection(PROJECT, "global", cloud.emulator.url)),
        ("region", "problem"),
        "nothing can be served in global, and the stack has support",
        "serve in a stack of its own",
        {"quota, serving"},
    ),
    (
        lambda cloud: cloud.wants(configuration={"serving": {"support": {**ENDPOINT, "minReplicas": 3}}}),
        ("quota, serving", "problem"),
        "NVIDIA_L4 in us-central1: 2 granted, and the stack's endpoints take 3: deploying fails",
        "YOU@example.com --stack dev && pulumi config set --path tunestack:quota.servingAccelerators.NVIDIA_L4 3",
        set(),
    ),
    (
        lambda cloud: cloud.wants(configuration={"serving": {"support": {**ENDPOINT, "minReplicas": 2}}}),
        ("quota, serving", "warning"),
        "a roll needs one more for a while, or interrupts",
        "servingAccelerators.NVIDIA_L4 3",
        set(),
    ),
    (
        lambda cloud: cloud.wants(configuration={"serving": {"support": {"machines": ["a2-highgpu-1g"] * 2}}}),
        ("quota, serving", "problem"),
        "endpoint support: the quota in us-central1 suffices for none of a2-highgpu-1g, a2-highgpu-1g",
        "tunestack capacity --stack dev",
        set(),
    ),
    (
        lambda cloud: cloud.wants(
            configuration={"models": {name: {"baseModel": "qwen/qwen3@qwen3-4b"} for name in "abc"}}
        ),
        ("quota, tuning", "warning"),
        "1 granted at once, and the stack tunes 3 open models: they queue, and all finish",
        "tunestack:quota.concurrentTuningJobs 3",
        set(),
    ),
    (
        lambda cloud: cloud.fault(
            f"/crm/v1/projects/{PROJECT}", status=403, message="The caller does not have permission"
        ),
        ("project", "problem"),
        f"{PROJECT} does not exist, or whoever runs this may not see it: The caller does not have permission",
        "gcloud projects list",
        {"agents"},
    ),
    (
        lambda cloud: cloud.fault(".*/tuningJobs", status=403, message="Permission denied on tuningJobs.list"),
        ("tuning service", "problem"),
        "refuses to list tuning jobs in us-central1: Permission denied on tuningJobs.list (HTTP 403)",
        "",
        set(),
    ),
    (
        lambda cloud: cloud.fault(".*/billingInfo", status=500, message="Oh."),
        ("billing", "warning"),
        "not looked at: Oh. (HTTP 500)",
        "",
        set(),
    ),
)


@pytest.mark.parametrize(("harm", "line", "says", "advises", "besides"), BROKEN, ids=[row[2][:40] for row in BROKEN])
def test_what_was_broken(
    start_cloud: Callable[..., Cloud],
    harm: Callable[[Cloud], object],
    line: tuple[str, str],
    says: str,
    advises: str,
    besides: set[str],
) -> None:
    cloud = start_cloud()
    assert cloud.trouble() == [], "or what is broken below is not what is seen"
    harm(cloud)
    trouble = cloud.trouble()
    (found,) = (each for each in trouble if each.check == line[0])
    assert (found.check, found.status.value) == line
    assert says in found.says
    assert advises in " ".join(found.advice)
    assert {each.check for each in trouble} - {line[0]} == besides


@pytest.mark.parametrize(
    ("settings", "line", "says", "besides"),
    [
        (
            {"unbilledProjects": [PROJECT]},
            ("billing", "problem"),
            f"{PROJECT} has no open billing account",
            {"tuning service"},
        ),
        ({"quotas": {JOBS: {"default": 0}}}, ("quota, tuning", "problem"), "may tune no open model", set()),
        ({"quotas": {L4: {"default": 0}}}, ("quota, serving", "problem"), "0 granted, and the stack's", set()),
        (
            {"deniedPermissions": ["aiplatform.tuningJobs.create"]},
            ("permissions", "problem"),
            f"whoever runs this lacks aiplatform.tuningJobs.create in {PROJECT}",
            set(),
        ),
        (
            {"deniedPermissions": ["storage.buckets.create"]},
            ("permissions", "warning"),
            "lacks storage.buckets.create",
            set(),
        ),
    ],
)
def test_what_is_wrong_with_the_project(
    start_cloud: Callable[..., Cloud], settings: dict[str, Any], line: tuple[str, str], says: str, besides: set[str]
) -> None:
    trouble = start_cloud(**settings).trouble()
    (found,) = (each for each in trouble if each.check == line[0])
    assert (found.check, found.status.value) == line
    assert says in found.says
    assert found.advice
    assert {each.check for each in trouble} - {line[0]} == besides


@pytest.mark.parametrize(
    ("models", "serving", "status"),
    [
        ({"a": {"baseModel": "gemini-2.5-pro"}, "b": {"continueFrom": {"model": "a"}}}, {}, Status.OK),
        ({"a": {"baseModel": "gemini-2.5-pro"}, "b": {"baseModel": "qwen/qwen3@qwen3-4b"}}, {}, Status.PROBLEM),
        ({"a": {"baseModel": "gemini-2.5-pro"}}, {"support": ENDPOINT}, Status.PROBLEM),
        ({}, {}, Status.PROBLEM),
    ],
    ids=["Gemini alone", "an open model, too", "something to serve", "nothing"],
)
def test_gemini_models_are_tuned_in_more_regions(
    models: dict[str, Any], serving: dict[str, Any], status: Status
) -> None:
    subject = Subject(Connection(PROJECT, "europe-west1"), "dev", configuration={"models": models, "serving": serving})
    assert [finding.status for finding in look_at_region(subject)] == [status]


def test_the_advice_mends_what_is_broken(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud()
    cloud.disable()
    cloud.account("disable")
    for finding in cloud.trouble():
        for advice in finding.advice:
            words = shlex.split(advice)
            assert words[0] == "curl"
            body = words[words.index("-d") + 1] if "-d" in words else "{}"
            cloud.call("POST", words[-1], json.loads(body))
    assert cloud.trouble() == []


def test_one_that_hangs_costs_only_its_own_line(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud()
    assert cloud.trouble() == []  # from here on nothing has to be imported
    cloud.fault(".*/billingInfo", hold="before")
    trouble = [each for each in cloud.findings(seconds=4) if each.status is not Status.OK]
    assert [(each.check, each.says) for each in trouble] == [("billing", "no answer within 4 s")]
    (held,) = cloud.call("GET", "/emulator/faults/held")["held"]
    assert held["path"].endswith("/billingInfo"), "nobody has waited for it"
    cloud.call("POST", "/emulator/faults/release")


def test_the_page_has_a_row_for_each_check(start_cloud: Callable[..., Cloud]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text("utf-8")
    here = {"engine", "plugins", "clients", "stack", "locks", "credentials"}
    looked_at = {check.name for check in command.remote_checks(start_cloud(ready=False).subject)}
    assert [name for name in here | looked_at if f"| {name} |" not in page] == []


def test_one_of_several_machines_is_enough(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud()
    cloud.wants(configuration={"serving": {"support": {"machines": ["a2-highgpu-1g", "g2-standard-12"]}}})
    says = [finding.says for finding in cloud.findings() if finding.check == "quota, serving"]
    assert says == ["endpoint support: the quota in us-central1 suffices for g2-standard-12"]

"""Jobs as the command shows them: which are meant, and what is told of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import PROJECT, PULUMI_PROJECT, Command
from tests.cli.jobs.conftest import GEMMA, HERE, NOW, owner
from tunestack.cli.jobs.described import cost, row
from tunestack.cli.jobs.selection import resource
from tunestack.cli.place import Place
from tunestack.connection import Connection
from tunestack.tuning.job import Job
from tunestack.tuning.ownership import Owner


@pytest.mark.parametrize(
    ("options", "found", "why"),
    [
        ((), ["llama", "running", "old"], "newest first, of the stack alone"),
        (("--all",), ["by hand", "other", "llama", "running", "old"], "everybody's"),
        (("--state", "succeeded"), ["old"], "a state"),
        (("--state", "tuning"), ["running"], "a sub-state"),
        (("--state", "active"), ["llama", "running"], "all that have not ended"),
        (("--all", "--state", "failed", "--state", "cancelled"), ["by hand", "other"], "one or the other"),
        (("--all", "--state", "post-processing"), [], "none is"),
        (("--model", "llama"), ["llama"], "a part of the base model's name"),
        (("--label", "environment=test"), ["running", "old"], "a label"),
        (("--label", "environment=test", "--state", "ended"), ["old"], "both"),
        (("--limit", "2"), ["llama", "running"], "no more than asked for"),
    ],
)
def test_which_jobs_are_listed(
    command: Command, filled: Any, stack: None, options: tuple[str, ...], found: list[str], why: str
) -> None:
    names = {number: name for name, number in filled[1].items()}
    answer = command("jobs", "list", "--stack", "dev", "--json", *options)
    assert (answer.status, [names[job["id"]] for job in answer.json]) == (0, found), why
    assert ("there are more" in answer.err) is ("--limit" in options)


def test_the_table_has_what_people_need(command: Command, filled: Any, stack: None) -> None:
    lines = command("jobs", "list", "--stack", "dev").lines
    told = {cells[0]: cells for line in lines[2:] if (cells := re.split(r"\s{2,}", line))}
    assert told[filled[1]["running"]][1:6] == [
        "tickets",
        "supervised",
        "gemma-3-1b-it",
        "running, tuning",
        "epoch 1/3, step 40/100",
    ]
    assert told[filled[1]["running"]][-2:] == ["2 d 3 h", "29,640"]
    assert told[filled[1]["old"]][-2:] == ["1 d 2 h", "29,640"], "from start to end"
    nothing = command("jobs", "list", "--stack", "dev", "--state", "paused")
    assert nothing.out == f"no jobs of stack dev in {PROJECT}, us-central1 that are asked for\n"


def test_without_a_stack(command: Command, filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", filled[0].emulator.url)
    assert len(command("jobs", "list", *HERE, "--json").json) == 5
    name = f"projects/{PROJECT}/locations/us-central1/tuningJobs/{filled[1]['other']}"
    shown = command("jobs", "show", name)
    assert "Out of luck." in shown.out, "a full name says where"
    answer = command("jobs", "list")
    assert (answer.status, answer.out) == (2, "")
    assert "name the stack with --stack" in answer.err


@pytest.mark.parametrize(
    ("job", "status", "told"),
    [
        ("123", 1, f"there is no job 123 in {PROJECT}, us-central1"),
        ("sales", 1, "stack dev has no job of a model sales; it has jobs of: answers, tickets"),
        ("projects/p/locations/l/tuningJobs/1 projects/p/locations/m/tuningJobs/1", 2, "lie in several locations"),
    ],
)
def test_no_job_that_could_be_meant(
    command: Command, filled: Any, stack: None, job: str, status: int, told: str
) -> None:
    answer = command("jobs", "watch", "--stack", "dev", *job.split())
    assert (answer.status, answer.out) == (status, "")
    assert told in answer.err


def test_a_job_in_full(command: Command, filled: Any, stack: None) -> None:
    cloud, numbers = filled
    answer = command("jobs", "show", "tickets", "--stack", "dev")
    told = {name: text for line in answer.lines if (name := line[:12].strip()) and (text := line[12:].strip())}
    assert told["job"].endswith(numbers["running"]), "the newest of the model"
    assert (
        told
        | {
            "name": "tickets",
            "method": "supervised tuning",
            "base model": GEMMA,
            "data": "gs://demo-data/train.jsonl",
            "state": "running, tuning",
            "progress": "epoch 1/3, step 40/100",
            "tokens": "29,640",
            "labels": "environment=test",
            "stack": "dev",
        }
        == told
    )
    assert "epochs: 3" in answer.out
    folder = f"{PULUMI_PROJECT}/dev/tickets/{'0' * 16}/postprocess/node-0/checkpoints"
    for name in ("checkpoint-50", "final"):
        for file in ("config.json", "model-00001-of-00001.safetensors"):
            cloud.emulator.application.state.services.storage.write("demo-data", f"{folder}/{name}/{file}", b"{}")
    shown = command("jobs", "show", numbers["old"], "--stack", "dev", "--json").json
    assert [each["name"] for each in shown["folders"]] == ["checkpoint-50", "final"]
    assert (shown["resource"], shown["durationSeconds"], shown["costUsd"]) == ("tickets", 26 * 3600, None)
    assert shown["inputs"]["epochs"] == 3


def gemini(**more: Any) -> Job:
    return Job("projects/1/locations/l/tuningJobs/7", "JOB_STATE_SUCCEEDED", method="gemini", **more)


@pytest.mark.parametrize(
    ("job", "endpoint", "told", "why"),
    [
        (
            Job("j/1", "JOB_STATE_SUCCEEDED", base_model=GEMMA, mode="FULL", billed_tokens=10**7),
            "",
            "about 4.70 USD",
            "",
        ),
        (Job("j/1", "", base_model=GEMMA, mode="FULL", billed_tokens=10**7), "http://e", "", "an emulator's tokens"),
        (Job("j/1", "", base_model=GEMMA, mode="FULL"), "", "", "not counted yet"),
        (
            Job("j/1", "JOB_STATE_CANCELLED", base_model=GEMMA, mode="FULL", billed_tokens=10**7),
            "",
            "at most 4.70 USD",
            "what was billed until then is not told",
        ),
        (Job("j/1", "", base_model="who/knows@1", mode="FULL", billed_tokens=10**7), "", "", "not in the catalogue"),
        (gemini(base_model="gemini-2.5-pro", billed_tokens=10**6), "", "about 25.00 USD", "Gemini knows no modes"),
        (gemini(base_model="gemini-3.5-flash", billed_tokens=10**6), "", "", "nobody published a price"),
        (
            Job("j/1", "", method="distillation", base_model=GEMMA, mode="FULL", billed_tokens=10**7),
            "",
            "at least 4.70 USD",
            "the teacher's calls come on top",
        ),
    ],
)
def test_what_a_job_costs(job: Job, endpoint: str, told: str, why: str) -> None:
    place = Place(Connection(PROJECT, "us-central1", endpoint))
    assert cost(place, job) == told, why
    assert row(place, job, NOW)[-1] == told


URN = f"urn:pulumi:dev::{PULUMI_PROJECT}::my:Tuning$tunestack:index:TuningJob::sorter"


@pytest.mark.parametrize(
    ("outputs", "job", "name", "why"),
    [
        ({}, gemini(labels=Owner(URN).labels("")), "sorter", "its stack is not through yet, and keeps it already"),
        (
            {"models": {"gem": {"job": "projects/x/l/tuningJobs/7"}}},
            gemini(),
            "gem",
            "imported: by hand, and ours",
        ),
        ({}, gemini(labels=owner("tickets", "prod"), display_name="Sorter"), "Sorter", "of another stack"),
        ({}, gemini(display_name="Sorter"), "", "by hand"),
        ({}, Job("j/1", "", labels=owner("a/b"), output_uri="gs://b/shop/dev/a%2Fb/0"), "a/b", "by its folder"),
    ],
)
def test_the_name_of_a_jobs_resource(
    engine: Callable[..., None], outputs: dict[str, Any], job: Job, name: str, why: str
) -> None:
    engine(urns=[URN, URN.replace("TuningJob", "TunedModel")])
    assert resource(Place(Connection(PROJECT, "us-central1"), "dev", outputs), job) == name, why

"""Jobs as the command shows them: which are meant, what is told of them, watched to their end, cancelled."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.conftest import PROJECT, PULUMI_PROJECT, Answer, Command
from tests.running_emulator import NO_DELAYS, Emulator
from tunestack.cli import place as places
from tunestack.cli.jobs import watch
from tunestack.cli.jobs.described import cost, row
from tunestack.cli.jobs.selection import resource
from tunestack.cli.place import Place
from tunestack.connection import Connection
from tunestack.tuning.job import Job
from tunestack.tuning.ownership import Owner

JOBS = f"/v1beta1/projects/{PROJECT}/locations/us-central1/tuningJobs"
GEMMA, LLAMA = "google/gemma3@gemma-3-1b-it", "meta/llama3_1@llama-3.1-8b-instruct"
HERE = ("--project", PROJECT, "--location", "us-central1")
NOW = datetime.now(UTC)
STATISTICS = {"totalBillableTokenCount": "9880", "tuningStepCount": "100"}
OUT_OF_LUCK = {"code": 13, "message": "Out of luck."}


def owner(name: str, stack: str = "dev") -> dict[str, str]:
    """The labels of a job of a stack's model."""
    return Owner(f"urn:pulumi:{stack}::{PULUMI_PROJECT}::tunestack:index:TuningJob::{name}").labels("0" * 16)


class Cloud:
    """A project whose jobs are where the test puts them."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        enable = f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:enable"
        assert emulator.http.post(enable, json={}).is_success
        assert emulator.http.post(f"/storage/v1/b?project={PROJECT}", json={"name": "demo-data"}).is_success
        emulator.application.state.services.storage.write("demo-data", "train.jsonl", b"{}")

    def submit(self, name: str, labels: dict[str, str] | None = None, model: str = GEMMA, **fields: Any) -> str:
        """Submits a job, sets fields of it, and returns its number."""
        mode = "TUNING_MODE_PEFT_ADAPTER" if model == LLAMA else "TUNING_MODE_FULL"
        spec = {"trainingDatasetUri": "gs://demo-data/train.jsonl", "hyperParameters": {"epochCount": 3}}
        folder = f"gs://demo-data/{PULUMI_PROJECT}/dev/{name}/{'0' * 16}"
        asked = {
            "baseModel": model,
            "supervisedTuningSpec": {**spec, "tuningMode": mode},
            "outputUri": folder,
            "tunedModelDisplayName": name,
            "labels": labels or {},
        }
        made = self.emulator.http.post(JOBS, json=asked)
        assert made.is_success, made.text
        self.set(made.json()["name"], **fields)
        return str(made.json()["name"].rpartition("/")[2])

    def set(self, name: str, **fields: Any) -> None:
        """Changes a job, named by its end, where the emulator keeps it."""
        documents = self.emulator.application.state.services.documents
        (key,) = [job["name"] for job in self.jobs() if job["name"].endswith(name)]
        document = documents.get("tuningJobs", key)
        document["job"].update(fields)
        documents.put("tuningJobs", key, document)

    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.emulator.http.get(JOBS).json().get("tuningJobs", [])
        return found

    def fault(self, **rule: Any) -> None:
        assert self.emulator.http.post("/emulator/faults", json=rule).is_success

    def state(self, number: str) -> str:
        (state,) = [job["state"] for job in self.jobs() if job["name"].endswith(number)]
        return str(state)


def running(step: int = 40) -> dict[str, Any]:
    """What the service says of a job on its way."""
    return {
        "state": "JOB_STATE_RUNNING",
        "tuningJobState": "TUNING_JOB_STATE_TUNING",
        "startTime": (NOW - timedelta(days=2, hours=3.5)).isoformat(),
        "tuningJobMetadata": {"completedEpochCount": "1", "completedStepCount": str(step)},
        "tuningDataStats": {"supervisedTuningDataStats": {"totalBillableTokenCount": "9880", "tuningStepCount": "100"}},
    }


def ended(state: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """What it says of one that has ended."""
    return {
        **running(100),
        "state": f"JOB_STATE_{state}",
        "endTime": (NOW - timedelta(days=1, hours=1.5)).isoformat(),
        "tuningJobMetadata": {"completedEpochCount": "3", "completedStepCount": "100"},
        **more,
    }


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes the clients of each command, which the end of its process does otherwise."""
    made: list[Connection] = []
    connect = places._connection

    def remember(*arguments: str) -> Connection:
        made.append(connect(*arguments))
        return made[-1]

    monkeypatch.setattr(places, "_connection", remember)
    yield
    for connection in made:
        for client in {"genai", "storage"} & vars(connection).keys():
            getattr(connection, client).close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, dict[str, str]]]:
    """A project with jobs of two stacks and one of nobody's, which no test changes; and their numbers by name."""
    settings = {"delays": NO_DELAYS, "vertex": {"tuningPending": 600.0}}
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), settings)
    cloud = Cloud(emulator)
    numbers = {
        "old": cloud.submit("tickets", {**owner("tickets"), "environment": "test"}, **ended()),
        "running": cloud.submit("tickets", {**owner("tickets"), "environment": "test"}, **running()),
        "llama": cloud.submit("answers", owner("answers"), LLAMA),
        "other": cloud.submit("tickets", owner("tickets", "prod"), **ended("FAILED", error=OUT_OF_LUCK)),
        "by hand": cloud.submit("by-hand", **ended("CANCELLED")),
    }
    yield cloud, numbers
    emulator.http.close()
    emulator.stop()


@pytest.fixture
def own_cloud(start_emulator: Callable[..., Emulator]) -> Cloud:
    """A project of the test's own."""
    return Cloud(start_emulator({"vertex": {"tuningPending": 600.0}}))


@pytest.fixture
def stack(filled: tuple[Cloud, dict[str, str]], engine: Callable[..., None]) -> None:
    """The stack `dev` of the filled project."""
    outputs = {"project": PROJECT, "location": "us-central1", "apiEndpoint": filled[0].emulator.url}
    engine(outputs)


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


def watched(
    monkeypatch: pytest.MonkeyPatch, steps: list[Callable[[], None]], pauses: list[float] | None = None
) -> None:
    """Has something happen in each pause of a watch."""
    coming = iter(steps)

    def sleep(seconds: float) -> None:
        if pauses is not None:
            pauses.append(seconds)
        next(coming)()

    monkeypatch.setattr(watch, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))


def test_a_watch_ends_with_its_jobs(command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    first, second = own_cloud.submit("one", **running()), own_cloud.submit("two")
    own_cloud.submit("three", **ended("FAILED"))
    pauses: list[float] = []
    rounds = [
        lambda: own_cloud.set(first, **running(41)),
        lambda: own_cloud.set(second, **running()),
        lambda: own_cloud.set(first, **ended()),
        lambda: own_cloud.set(second, **ended()),
    ]
    watched(monkeypatch, rounds, pauses)
    since = own_cloud.emulator.requests()[-1]["index"] + 1
    answer = command("jobs", "watch", *HERE)
    assert answer.status == 0
    told = [re.sub(r"(submitted|ran for) .*|\d+ d .*", "…", line) for line in answer.lines]
    assert told == [
        f"one  job {first} running, tuning, epoch 1 of 3 done, step 40 of 100, …",
        f"two  job {second} queued, waiting for quota, …",
        f"two  job {second} running, tuning, epoch 1 of 3 done, step 40 of 100, …",
        f"one  job {first} succeeded, epoch 3 of 3 done, step 100 of 100, …",
        f"two  job {second} succeeded, epoch 3 of 3 done, step 100 of 100, …",
    ], "nothing is said twice, and a step alone is not news every second"
    assert pauses == [1.0] * 4
    asked = [
        call["path"] for call in own_cloud.emulator.requests(since) if call["path"].endswith(("/tuningJobs", second))
    ]
    lists = [path for path in asked if path.endswith("/tuningJobs")]
    assert len(asked) - len(lists) == 1, "the last one alone is got"
    assert len(lists) == 1 + 3 + 4, "one list to begin with, one a round for both; and the test's own"


@pytest.mark.parametrize(
    ("state", "status"), [("SUCCEEDED", 0), ("PARTIALLY_SUCCEEDED", 0), ("FAILED", 1), ("CANCELLED", 1), ("EXPIRED", 1)]
)
def test_a_watch_says_whether_all_succeeded(
    command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, state: str, status: int
) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    good, job = own_cloud.submit("good", **ended()), own_cloud.submit("job", **running())
    watched(monkeypatch, [lambda: own_cloud.set(job, **ended(state, error={"code": 3, "message": "So it went."}))])
    answer = command("jobs", "watch", good, job, *HERE, "--json", "--interval", "5")
    assert answer.status == status
    lines = [json.loads(line) for line in answer.lines]
    assert [(line["id"], line["state"]) for line in lines] == [
        (good, "JOB_STATE_SUCCEEDED"),
        (job, "JOB_STATE_RUNNING"),
        (job, f"JOB_STATE_{state}"),
    ]
    assert lines[-1]["error"] == "So it went."


def test_a_watch_of_nothing_and_of_a_job_that_vanishes(
    command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    answer = command("jobs", "watch", *HERE)
    assert (answer.status, answer.out) == (0, "no job is active\n")
    job = own_cloud.submit("job", **running())
    rule = {"method": "GET", "path": f".*/{job}", "status": 404, "times": None}

    watched(monkeypatch, [lambda: own_cloud.fault(**rule)])
    answer = command("jobs", "watch", *HERE)
    assert answer.status == 1
    assert "the service has no such job any more" in answer.lines[-1]


def test_a_watch_outlasts_an_outage(command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    monkeypatch.setattr("tunestack.retries.RETRY_SECONDS", 0)
    job = own_cloud.submit("job", **running())
    rule = {"method": "GET", "path": f".*/{job}", "status": 503, "message": "Back soon.", "times": 2}
    rounds = [lambda: own_cloud.fault(**rule), lambda: None, lambda: own_cloud.set(job, **ended())]
    watched(monkeypatch, rounds)
    answer = command("jobs", "watch", *HERE)
    assert answer.status == 0
    assert answer.err.count("note: still watching: the service answered: Back soon.") == 1, "once for each trouble"
    assert "succeeded" in answer.lines[-1]
    monkeypatch.setattr(watch, "OUTAGE_SECONDS", -1)
    job = own_cloud.submit("job", **running())
    watched(monkeypatch, [lambda: own_cloud.fault(**{**rule, "path": f".*/{job}"})])
    answer = command("jobs", "watch", job, *HERE)
    assert answer.status == 1
    assert answer.err.startswith("error: the service answered: Back soon.")


def test_a_terminal_is_drawn_anew_in_place(own_cloud: Cloud, tmp_path: Path) -> None:
    job = own_cloud.submit("job", **running())
    ours, theirs = pty.openpty()
    watching = subprocess.Popen(
        [Path(sys.executable).with_name("tunestack"), "jobs", "watch", job, *HERE, "--interval", "0.1"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=os.environ | {"TUNESTACK_EMULATOR_URL": own_cloud.emulator.url, "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(theirs)
    shown = b""
    while shown.count(b"step 40") < 2:
        shown += os.read(ours, 4096)
    own_cloud.set(job, **ended())
    while b"succeeded" not in shown:
        shown += os.read(ours, 4096)
    assert watching.communicate(timeout=20)[1] == b""
    os.close(ours)
    assert watching.returncode == 0
    assert b"\x1b[2K" in shown, "a line is taken away before it is written again"


def cancel(command: Command, *arguments: str, **how: Any) -> Answer:
    return command("jobs", "cancel", *HERE, *arguments, **how)


def test_a_cancel_asks_first(command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    job = own_cloud.submit("tickets", owner("tickets"), **running())
    answer = cancel(command, job)
    assert answer.status == 1
    assert "nobody can be asked whether to cancel this job: add --yes" in answer.err
    assert answer.lines[0].startswith(f"job {job} running, tuning, epoch 1 of 3 done, step 40 of 100, 2 d 3 h elapsed")
    assert [line.strip() for line in answer.lines[1:]] == [
        f"tickets, supervised, {GEMMA}",
        "29,640 tokens if it ran to its end, of which 40 % are done",
        "the next pulumi up of its stack will say that it was cancelled, and start nothing by itself",
    ]
    assert cancel(command, job, stdin=b"n\n", terminal=True).status == 1
    assert own_cloud.state(job) == "JOB_STATE_RUNNING", "nothing was done"
    answer = cancel(command, job, stdin=b"y\n", terminal=True)
    assert answer.status == 0
    assert answer.lines[-1].endswith(f"job {job} is being cancelled")
    assert own_cloud.state(job) in {"JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"}
    assert cancel(command, job).status == 0, "it is on its way already"


def test_what_has_ended_is_not_cancelled(command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    over, job = own_cloud.submit("over", **ended()), own_cloud.submit("job", **running())
    answer = cancel(command, over, job, "--yes")
    assert answer.status == 1, "not all that was asked for is done"
    assert answer.lines == [
        f"job {over} succeeded 1 d 1 h ago: there is nothing to cancel",
        f"job {job} is being cancelled",
    ]
    assert own_cloud.state(over) == "JOB_STATE_SUCCEEDED"
    refusal = {"method": "POST", "path": ".*:cancel", "status": 400, "message": "Not now.", "times": 1}
    another = own_cloud.submit("another", **running())
    own_cloud.fault(**refusal)
    answer = cancel(command, another, "--yes")
    assert answer.status == 1
    assert answer.out.startswith(f"job {another} was not cancelled: ")

"""Many waits of one provider, the real process over its socket, seen from the emulator's log of requests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tests.provider.lifecycles.conftest import JOBS, PROJECT, Cloud
from tunestack.provider import job_watch
from tunestack.provider.job_watch import JobWatch
from tunestack.provider.lifecycle import InterruptedWaitError
from tunestack.provider.properties import plain_map
from tunestack.tuning import jobs

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")

POLL = 0.3
WAITS = 5


async def submit(cloud: Cloud, count: int = WAITS) -> list[dict[str, Any]]:
    """Returns the inputs of the tuned models of as many jobs."""
    made = [
        await cloud.resource("TuningJob", f"tickets-{number}").create({**cloud.inputs, "epochs": number + 1})
        for number in range(count)
    ]
    known = [plain_map(each.properties) for each in made]
    return [{"job": each["job"], "artifactsUri": each["artifactsUri"]} for each in known]


def hide(cloud: Cloud, name: str) -> None:
    """Keeps a job out of all lists, as the service does with one that was submitted a moment ago."""
    documents = cloud.emulator.application.state.services.documents
    documents.put("tuningJobs", name, {**documents.get("tuningJobs", name), "order": 2**63 - 1})


async def end_before_a_list(cloud: Cloud, inputs: dict[str, Any]) -> None:
    """Lets a job succeed before a list is made that is asked for already, and has the next one stand still."""
    cloud.fault(method="GET", path=JOBS, hold="before")
    async with asyncio.timeout(60):
        while not cloud.emulator.held():  # noqa: ASYNC110 - asked by another process
            await asyncio.sleep(0.02)
    for file in ("config.json", "model-00001-of-00001.safetensors"):
        cloud.write(f"{inputs['artifactsUri']}/postprocess/node-0/checkpoints/final/{file}")
    cloud.set_job(inputs["job"], state="JOB_STATE_SUCCEEDED")
    cloud.fault(method="GET", path=JOBS, hold="before")
    cloud.emulator.release()


class Calls:
    """The calls for jobs since some moment, as the emulator has them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.restart()

    def restart(self) -> None:
        self._since = len(self._cloud.emulator.requests())

    def asked(self) -> list[str]:
        """Returns `list`, or the name of the job that was got."""
        calls = self._cloud.emulator.requests(self._since)
        paths = [call["path"] for call in calls if call["method"] == "GET" and "/tuningJobs" in call["path"]]
        return ["list" if path == JOBS else path.removeprefix("/v1beta1/") for path in paths]

    async def rounds(self, count: int) -> list[str]:
        """Returns what was asked in the time of so many list calls from now on."""
        self.restart()
        async with asyncio.timeout(60):
            while (asked := self.asked()).count("list") < count:  # noqa: ASYNC110 - asked by another process
                await asyncio.sleep(0.02)
        return asked


class Process:
    """The provider as the engine starts it; its messages go to a file."""

    def __init__(self, folder: Path) -> None:
        self.said = folder / "said"
        with self.said.open("w") as said:
            start = [sys.executable, "-c", "from tunestack.provider import main; main()"]
            self.popen = subprocess.Popen(start, stdout=subprocess.PIPE, stderr=said, text=True)
        assert self.popen.stdout is not None
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{int(self.popen.stdout.readline())}")
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def wait_for(self, inputs: dict[str, Any]) -> asyncio.Task[Any]:
        """Creates a tuned model, which waits."""
        urn = f"urn:pulumi:test::tunestack::tunestack:index:TunedModel::{inputs['job'].rpartition('/')[2]}"
        request = provider_pb2.CreateRequest(urn=urn, properties=struct(inputs))

        async def call() -> Any:
            return await self.stub.Create(request)

        return asyncio.create_task(call())

    async def stop(self) -> None:
        await self._channel.close(None)
        self.popen.kill()
        self.popen.communicate()


def struct(values: dict[str, Any]) -> Struct:
    made = Struct()
    made.update(values)
    return made


@pytest.fixture
async def provider(cloud: Cloud, tmp_path: Path) -> AsyncIterator[Process]:
    process = Process(tmp_path)
    settings = {
        "project": PROJECT,
        "location": "us-central1",
        "apiEndpoint": cloud.emulator.url,
        "pollSeconds": POLL,
    }
    await process.stub.Configure(provider_pb2.ConfigureRequest(args=struct(settings), acceptSecrets=True))
    yield process
    await process.stop()


async def test_five_waits_cost_one_list_call_a_round(cloud: Cloud, provider: Process) -> None:
    inputs = await submit(cloud)
    names = [each["job"] for each in inputs]
    calls = Calls(cloud)
    waits = [provider.wait_for(each) for each in inputs]
    assert len(await calls.rounds(2)) <= 2 + WAITS  # who comes first has no company yet, nor has who comes late
    began = time.monotonic()
    asked = await calls.rounds(10)
    assert set(asked) == {"list"}
    # A call each would be five a round. Twice as many as rounds leaves a second for an answer that comes late.
    assert len(asked) <= 2 * (time.monotonic() - began) / POLL, "one call a round"

    # A list lacks what was submitted a moment ago: that job is got by itself, and all others still come of the list.
    hide(cloud, names[0])
    await calls.rounds(1)
    asked = await calls.rounds(3)
    assert set(asked) == {"list", names[0]}
    assert asked.count(names[0]) <= asked.count("list") + 1  # that of the round before may come after its list was seen

    # The end of one is seen in the round after it, listed or not, while the others wait on: there is no other round.
    for ended in (0, 3):
        await end_before_a_list(cloud, inputs[ended])
        async with asyncio.timeout(60):
            answer = await waits[ended]
        assert answer.properties["state"] == "JOB_STATE_SUCCEEDED"
        cloud.emulator.http.delete("/emulator/faults")
        cloud.emulator.release()
    assert [wait.done() for wait in waits] == [True, False, False, True, False]

    # A user's interrupt ends all others at once, and says of each that nothing is lost.
    await provider.stub.Cancel(Empty())
    errors = await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 60)
    told = [error.details() for error in errors if isinstance(error, grpc.aio.AioRpcError)]
    assert told == [
        f"interrupted while waiting; job {name.rpartition('/')[2]} goes on, and the next pulumi up waits on"
        for name in (names[1], names[2], names[4])
    ]
    going_on = {job["name"]: job["state"] for job in cloud.jobs() if job["state"] != "JOB_STATE_SUCCEEDED"}
    assert set(going_on) == {names[1], names[2], names[4]}
    assert set(going_on.values()) <= {"JOB_STATE_QUEUED", "JOB_STATE_PENDING"}
    lines = provider.said.read_text()
    assert f"job {names[1].rpartition('/')[2]} queued, waiting for quota, submitted" in lines
    assert "Traceback" not in lines


class TestWatch:
    """What decides which calls are made, by itself."""

    async def test_one_wait_gets_its_job(self, cloud: Cloud) -> None:
        (name,), watch, calls = await watched(cloud, 1)
        for _ in range(3):
            await watch.look(name, "", 0.01)
        assert calls.asked() == [name] * 3

    async def test_waits_that_begin_together_share_their_first_look(self, cloud: Cloud) -> None:
        names, watch, calls = await watched(cloud, 3)
        found = await asyncio.gather(*(watch.look(name, "") for name in names))
        assert [job.name for job in found] == names
        assert calls.asked() == ["list"]

    async def test_a_list_is_asked_for_the_jobs_of_the_stack_alone(self, cloud: Cloud) -> None:
        names, watch, _ = await watched(cloud, 2)
        since = len(cloud.emulator.requests())
        for _ in range(2):
            await asyncio.gather(*(watch.look(name, "") for name in names))
        first, second = (call for call in cloud.emulator.requests(since) if call["path"] == JOBS)
        assert "tunestack-stack" not in str(first)  # whose they are is not known yet
        assert "tunestack-stack" in str(second)

    async def test_a_job_that_is_gone_fails_its_own_wait_alone(self, cloud: Cloud) -> None:
        names, watch, _ = await watched(cloud, 2)
        looks = [watch.look(name, "") for name in (*names, f"{names[0]}0")]
        *found, lost = await asyncio.gather(*looks, return_exceptions=True)
        assert [job.name for job in found if isinstance(job, jobs.Job)] == names
        assert isinstance(lost, jobs.JobNotFoundError)

    async def test_a_get_that_does_not_come_back_holds_up_nobody_else(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names, watch, _ = await watched(cloud, 3)
        hide(cloud, names[0])
        monkeypatch.setattr(job_watch, "SLOW_SECONDS", 0.1)
        answered = threading.Event()
        monkeypatch.setattr(jobs, "get", lambda *_: answered.wait(120))
        late, *looks = [asyncio.ensure_future(watch.look(name, "")) for name in names]
        async with asyncio.timeout(60):
            assert [(await look).name for look in looks] == names[1:]
            # And so does the next round.
            again = await asyncio.gather(*(watch.look(name, "", 0.1) for name in names[1:]))
        assert [job.name for job in again] == names[1:]
        assert not late.done()
        cloud.run.interrupt()
        with pytest.raises(InterruptedWaitError):
            await late
        answered.set()

    async def test_where_listing_is_not_allowed_each_is_got(self, cloud: Cloud) -> None:
        names, watch, calls = await watched(cloud, 2)
        cloud.fault(method="GET", path=JOBS, status=403, message="Permission denied", times=None)
        for _ in range(2):
            found = await asyncio.gather(*(watch.look(name, "") for name in names))
            assert [job.name for job in found] == names
        assert calls.asked().count("list") == 1
        assert sorted(calls.asked())[1:] == sorted(names * 2)

    async def test_a_project_by_its_number_and_by_its_id_is_one(self, cloud: Cloud) -> None:
        names, watch, calls = await watched(cloud, 2)
        other = f"projects/1234567/{names[0].split('/', 2)[2]}"
        found = await asyncio.gather(watch.look(other, ""), watch.look(names[1], ""))
        assert [job.name for job in found] == names
        assert calls.asked() == ["list"]

    async def test_a_list_is_read_no_further_than_getting_each_would_cost(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names, watch, _ = await watched(cloud, 2)
        read = 0

        def endless(*_: Any) -> Any:
            nonlocal read
            while True:
                read += 1
                yield jobs.Job("projects/p/locations/l/tuningJobs/other", "JOB_STATE_RUNNING")

        monkeypatch.setattr(jobs, "list_jobs", endless)
        found = await asyncio.gather(*(watch.look(name, "") for name in names))
        assert [job.name for job in found] == names
        assert read == 200

    async def test_an_interrupt_ends_a_wait_whose_answer_does_not_come(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (name,), watch, _ = await watched(cloud, 1)
        asked, answered = threading.Event(), threading.Event()

        def get(*_: Any) -> None:
            asked.set()
            answered.wait(120)

        monkeypatch.setattr(jobs, "get", get)
        look = asyncio.ensure_future(watch.look(name, "it goes on"))
        await asyncio.to_thread(asked.wait, 60)
        cloud.run.interrupt()
        async with asyncio.timeout(60):
            with pytest.raises(InterruptedWaitError, match="it goes on"):
                await look
        answered.set()


async def watched(cloud: Cloud, count: int) -> tuple[list[str], JobWatch, Calls]:
    """Returns the names of some jobs, a watch, and its calls from now on."""
    names = [each["job"] for each in await submit(cloud, count)]
    return names, JobWatch(cloud.run), Calls(cloud)

"""What a killed engine leaves in the local stack."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootstrap import stale_locks
from bootstrap.local_stack import LocalStack
from tests.bootstrap.conftest import PulumiProject, write
from tunestack.cli.locks import Lock


def test_a_lock_that_stays_is_told(tmp_path: Path) -> None:
    """The engine will refuse to run, but that may not be what was asked for."""
    folder = tmp_path / "state/.pulumi/locks/organization/tunestack/local"
    folder.mkdir(parents=True)
    (folder / "1f0c.json").write_bytes(Lock.own().content())
    (told,) = stale_locks.clear(LocalStack(tmp_path, tmp_path))
    assert told.startswith(f"the stack is locked by pulumi process {os.getpid()} of ")


def test_other_stacks_of_the_checkout_are_looked_at_too(tmp_path: Path) -> None:
    write(tmp_path / "state/.pulumi/stacks/tunestack/local-prod.json", "{}")
    lock = write(tmp_path / "state/.pulumi/locks/organization/tunestack/local-prod/1f0c.json", "")
    lock.write_bytes(Lock.own().content())
    (told,) = stale_locks.clear(LocalStack(tmp_path, tmp_path))
    assert told.startswith("local-prod: the stack is locked by pulumi process ")


def test_nothing_to_clear(tmp_path: Path) -> None:
    assert stale_locks.clear(LocalStack(tmp_path, tmp_path)) == []


PROGRAM = """
import pulumi

class Slow(pulumi.CustomResource):
    def __init__(self, name):
        super().__init__("slow:index:Slow", name, {})

Slow("first")
"""

PROVIDER = """
import os, pathlib, sys, time
from concurrent.futures import ThreadPoolExecutor
import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2 as messages
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer, add_ResourceProviderServicer_to_server

class Slow(ResourceProviderServicer):
    def CheckConfig(self, request, context):
        return messages.CheckResponse(inputs=request.news)
    def DiffConfig(self, request, context):
        return messages.DiffResponse()
    def Configure(self, request, context):
        return messages.ConfigureResponse(acceptSecrets=True)
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    def Check(self, request, context):
        return messages.CheckResponse(inputs=request.news)
    def Create(self, request, context):
        pathlib.Path(os.environ["STARTED"]).touch()
        while not os.path.exists(os.environ["GO_ON"]):
            time.sleep(0.05)
        return messages.CreateResponse(id="one")
    def Diff(self, request, context):
        return messages.DiffResponse(changes=messages.DiffResponse.DIFF_NONE)

server = grpc.server(ThreadPoolExecutor())
add_ResourceProviderServicer_to_server(Slow(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
parent = os.getppid()
while os.getppid() == parent:
    time.sleep(0.1)
os._exit(0)
"""


@pytest.fixture
def creating(
    pulumi_project: Callable[[str], PulumiProject], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Creating]:
    """Starts an `up` and waits until it is in the middle of a creation, which ends once there is a file `go on`."""

    def start() -> tuple[PulumiProject, subprocess.Popen[str]]:
        started = tmp_path / "started"
        project = pulumi_project(PROGRAM)
        settings = project.folder / "Pulumi.yaml"
        settings.write_text(settings.read_text() + "plugins: {providers: [{name: slow, path: plugin}]}\n")
        program = project.write("plugin/slow.py", PROVIDER)
        launcher = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(program))} "$@"\n'
        project.write("plugin/pulumi-resource-slow", launcher, executable=True)
        project.environment |= {"STARTED": str(started), "GO_ON": str(tmp_path / "go on")}
        monkeypatch.setattr(os, "environ", project.environment)
        up = project.start("up", "--yes", "--skip-preview")
        deadline = time.monotonic() + 60
        while not started.exists():
            assert time.monotonic() < deadline
            assert up.poll() is None, up.communicate()[0]
            time.sleep(0.05)
        return project, up

    yield start
    (tmp_path / "go on").touch()


Creating = Callable[[], tuple[PulumiProject, "subprocess.Popen[str]"]]


@pytest.mark.engine
def test_after_a_killed_engine_the_next_run_goes_through(creating: Creating, tmp_path: Path) -> None:
    project, up = creating()
    up.kill()
    up.communicate()
    (tmp_path / "go on").touch()
    refused = project.pulumi("up", "--yes", "--skip-preview")
    assert "locked by 1 lock" in refused.stdout, "else this test proves nothing"

    stack = LocalStack(project.folder, tmp_path / "pulumi")
    removed, forgotten = stale_locks.clear(stack)
    assert removed.startswith(f"removed the lock of pulumi process {up.pid} of ")
    assert forgotten.startswith("forgot a creation that was cut off: urn:")
    assert forgotten.endswith("slow:index:Slow::first")
    done = project.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout
    assert "pending" not in done.stdout
    assert "+ 1 created" in done.stdout
    assert stale_locks.clear(stack) == []


@pytest.mark.engine
def test_a_running_engine_keeps_its_lock_and_its_creation(creating: Creating, tmp_path: Path) -> None:
    project, up = creating()
    (told,) = stale_locks.clear(LocalStack(project.folder, tmp_path / "pulumi"))
    assert told.startswith(f"the stack is locked by pulumi process {up.pid} of ")
    (tmp_path / "go on").touch()
    output, _ = up.communicate(timeout=120)
    assert up.returncode == 0, output

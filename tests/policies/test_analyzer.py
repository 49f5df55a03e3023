"""The pack's process, asked as the engine asks it: over a socket, with the port that it prints."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import grpc
import psutil
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2 as wire
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from tunestack.policies.guardrails import POLICIES

START = [sys.executable, "-c", "from tunestack.policies.pack import main; main()", "127.0.0.1:1"]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"


@pytest.fixture(scope="module")
def pack() -> Iterator[AnalyzerStub]:
    with subprocess.Popen(START, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            yield AnalyzerStub(channel)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def _stack(pack: AnalyzerStub, policies: Any, **more: Any) -> None:
    config = {"tunestack:policies": json.dumps(policies)}
    pack.ConfigureStack(wire.AnalyzerStackConfigureRequest(stack="prod", config=config, **more))


def _binding(name: str, member: str) -> wire.AnalyzeRequest:
    request = wire.AnalyzeRequest(urn=f"urn:pulumi:prod::foreign::{MEMBER}::{name}", type=MEMBER, name=name)
    request.properties.update({"member": member})
    return request


def test_what_the_stack_says_is_where_the_engine_starts_from(pack: AnalyzerStub) -> None:
    _stack(pack, {"regions": {"allowed": ["us-*"]}, "models": {"enforcementLevel": "advisory"}})
    info = pack.GetAnalyzerInfo(Empty())
    assert (info.name, info.supportsConfig) == ("tunestack", True)
    assert [policy.name for policy in info.policies] == [policy.name for policy in POLICIES]
    assert MessageToDict(info.initialConfig["regions"].properties) == {"allowed": ["us-*"]}
    levels = {policy.name: policy.enforcementLevel for policy in info.policies}
    assert (levels["regions"], levels["models"]) == (wire.MANDATORY, wire.ADVISORY)


def test_what_the_engine_makes_of_it_is_what_holds(pack: AnalyzerStub) -> None:
    _stack(pack, {"public-access": {"enforcementLevel": "advisory"}})
    level = wire.PolicyConfig(enforcementLevel=wire.MANDATORY)
    pack.Configure(wire.ConfigureAnalyzerRequest(policyConfig={"all": level, "public-access": level}))
    (told,) = pack.Analyze(_binding("reader", "allUsers")).diagnostics
    assert (told.policyName, told.enforcementLevel) == ("public-access", wire.MANDATORY)
    assert told.severity == wire.POLICY_SEVERITY_CRITICAL
    pack.Configure(
        wire.ConfigureAnalyzerRequest(policyConfig={"public-access": wire.PolicyConfig(enforcementLevel=wire.DISABLED)})
    )
    assert not pack.Analyze(_binding("reader", "allUsers")).diagnostics


def test_what_is_not_known_is_told_once_for_the_whole_stack(pack: AnalyzerStub) -> None:
    _stack(pack, {})
    for number in range(7):
        assert not pack.Analyze(_binding(f"m{number}", UNKNOWN)).diagnostics
    (told,) = pack.AnalyzeStack(wire.AnalyzeStackRequest()).diagnostics
    assert told.enforcementLevel == wire.ADVISORY
    assert told.severity == wire.POLICY_SEVERITY_LOW  # every new stack has some
    assert told.message.startswith("nothing to do now: what is not known yet is looked at when the change is applied")
    assert "member of m0, member of m1, member of m2, member of m3, member of m4 and 2 more" in told.message
    assert not pack.AnalyzeStack(wire.AnalyzeStackRequest()).diagnostics


@pytest.mark.parametrize(
    ("policies", "more", "says"),
    [
        ({"regions": {"alowed": []}}, {}, "Pulumi.prod.yaml: config.tunestack:policies.regions.alowed: unknown key"),
        ("x", {}, "Pulumi.prod.yaml: config.tunestack:policies: must be a mapping of policies"),
        ({}, {"config_secret_keys": ["tunestack:policies"]}, "cannot be a secret, since messages quote it"),
    ],
)
def test_what_cannot_be_used_is_refused(pack: AnalyzerStub, policies: Any, more: dict[str, Any], says: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        _stack(pack, policies, **more)
    assert says in str(caught.value)
    _stack(pack, {})


def test_nothing_is_changed_behind_anybodys_back(pack: AnalyzerStub) -> None:
    remediate = wire.PolicyConfig(enforcementLevel=wire.REMEDIATE)
    with pytest.raises(grpc.RpcError) as caught:
        pack.Configure(wire.ConfigureAnalyzerRequest(policyConfig={"models": remediate}))
    assert "models.enforcementLevel: must be advisory, mandatory or disabled" in str(caught.value)


def test_a_pack_ends_with_the_engine_that_started_it() -> None:
    """An engine that is killed cannot stop it."""
    engine = (
        "import os, subprocess, sys; pack = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE); "
        "assert int(pack.stdout.readline()); print(pack.pid, flush=True); os._exit(9)"
    )
    killed = subprocess.run([sys.executable, "-c", engine, *START], check=False, stdout=subprocess.PIPE, text=True)
    assert killed.returncode == 9
    orphan = int(killed.stdout)
    deadline = time.monotonic() + 60
    while psutil.pid_exists(orphan) and psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "it goes on without an engine"
        time.sleep(0.05)

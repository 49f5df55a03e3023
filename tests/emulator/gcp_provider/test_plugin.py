"""The plugin as a whole: what it refuses, its functions, its patience, its process."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from tests.emulator.gcp_provider.conftest import PROJECT

SERVICE = "gcp:projects/service:Service"


async def test_without_an_emulator_it_refuses_to_work(plugin: Any) -> None:
    args = Struct()
    args.update({"project": "someones-real-project"})
    reply = await plugin.stub.CheckConfig(
        provider_pb2.CheckRequest(urn="urn:pulumi:dev::p::pulumi:providers:gcp::google-cloud", news=args)
    )
    (failure,) = reply.failures
    assert failure.property == "storageCustomEndpoint"
    assert "is the stand-in of local stacks and works on an emulator alone" in failure.reason
    assert "pulumi plugin install resource gcp" in failure.reason


async def test_a_resource_that_it_does_not_have(plugin: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match=r"has no gcp:compute/network:Network; install the real plugin with"):
        await plugin.check("gcp:compute/network:Network", {})


async def test_a_function_that_it_does_not_have(plugin: Any) -> None:
    with pytest.raises(
        grpc.aio.AioRpcError, match=r"has no function gcp:compute/getNetwork:getNetwork; install the real"
    ):
        await plugin.invoke("gcp:compute/getNetwork:getNetwork")


async def test_get_project(plugin: Any) -> None:
    await plugin.enable("cloudresourcemanager")
    found = await plugin.invoke("gcp:organizations/getProject:getProject", projectId=plugin.project)
    theirs = (await plugin.google.get(f"/crm/v1/projects/{plugin.project}")).json()
    assert found["number"] == theirs["projectNumber"]
    assert (found["id"], found["projectId"]) == (f"projects/{plugin.project}", plugin.project)


async def test_get_quota_infos(plugin: Any) -> None:
    await plugin.enable("cloudquotas")
    found = await plugin.invoke(
        "gcp:cloudquota/getSQuotaInfos:getSQuotaInfos",
        parent=f"projects/{plugin.project}",
        service="aiplatform.googleapis.com",
    )
    name = "Global concurrent managed OSS model fine-tuning jobs per project"
    (info,) = (info for info in found["quotaInfos"] if info["quotaDisplayName"] == name)
    assert info["dimensionsInfos"][0]["details"] == [{"value": "1"}]
    assert info["isFixed"] is False


PASSES = [
    ("an overloaded service", {"method": "GET", "status": 503}),
    ("too many requests", {"method": "POST", "status": 429}),
    ("a connection that breaks before the service acts", {"method": "GET", "drop": "before"}),
    ("a connection that breaks after it has acted", {"method": "GET", "drop": "after"}),
]


@pytest.mark.parametrize(("reason", "fault"), PASSES, ids=[reason for reason, _ in PASSES])
async def test_what_passes_is_waited_for(plugin: Any, reason: str, fault: dict[str, Any]) -> None:
    path = f"/su/v1/projects/{plugin.project}/services.*"
    await plugin.google.post("/emulator/faults", json={"path": path, "times": 2, **fault})
    assert (await plugin.create(SERVICE, {"service": "iam.googleapis.com"}))[
        0
    ] == f"{plugin.project}/iam.googleapis.com"
    assert (await plugin.google.get("/emulator/faults")).json() == {"faults": []}, "the faults have been met"


CREATES = {
    "bucket": ("gcp:storage/bucket:Bucket", {"name": "made-once", "location": "us-central1"}, "/storage/v1/b"),
    "account": ("gcp:serviceaccount/account:Account", {"accountId": "made-once"}, "/iam/v1/.*/serviceAccounts"),
    "endpoint": (
        "gcp:vertex/aiEndpoint:AiEndpoint",
        {"name": "42", "displayName": "made once", "location": "us-central1"},
        "/vertex/v1beta1/.*/endpoints",
    ),
    "quota preference": (
        "gcp:cloudquota/sQuotaPreference:SQuotaPreference",
        {
            "parent": f"projects/{PROJECT}",
            "name": "made-once",
            "service": "aiplatform.googleapis.com",
            "quotaId": "GlobalConcurrentManagedOssModelTuningJobs",
            "quotaConfig": {"preferredValue": 2},
        },
        "/quotas/v1/.*/quotaPreferences",
    ),
}
"""What is created under a name of one's own: type, inputs, path of the collection."""


@pytest.mark.parametrize("kind", CREATES)
async def test_a_create_whose_answer_is_lost_is_not_made_twice(plugin: Any, kind: str) -> None:
    token, inputs, path = CREATES[kind]
    await plugin.enable("aiplatform")
    await plugin.google.post("/emulator/faults", json={"path": path, "method": "POST", "drop": "after"})
    made, state = await plugin.create(token, inputs)
    assert made
    assert (await plugin.read(token, made, state, inputs))[0] == made


@pytest.mark.parametrize("kind", CREATES)
async def test_what_was_there_before_is_not_taken_for_ones_own(plugin: Any, kind: str) -> None:
    token, inputs, path = CREATES[kind]
    await plugin.enable("aiplatform")
    await plugin.create(token, inputs)
    # The first answer is lost, the second says that it exists: it does, but not by this create.
    await plugin.google.post("/emulator/faults", json={"path": path, "method": "POST", "drop": "before"})
    with pytest.raises(grpc.aio.AioRpcError, match=r"error 409"):
        await plugin.create(token, inputs)


async def test_a_refusal_is_told_in_the_services_words(plugin: Any) -> None:
    await plugin.enable("iam")
    account = {"accountId": "tuning-twice"}
    await plugin.create("gcp:serviceaccount/account:Account", account)
    with pytest.raises(grpc.aio.AioRpcError, match=r"error 409: Service account tuning-twice already exists"):
        await plugin.create("gcp:serviceaccount/account:Account", account)
    found, _ = await plugin.create("gcp:serviceaccount/account:Account", {**account, "createIgnoreAlreadyExists": True})
    assert found.endswith(f"/tuning-twice@{plugin.project}.iam.gserviceaccount.com")


async def test_version_is_the_sdks(plugin: Any) -> None:
    """The engine looks for the plugin of the version that the program's SDK names."""
    import importlib.metadata

    info = await plugin.stub.GetPluginInfo(Empty())
    assert info.version == importlib.metadata.version("pulumi-gcp")


def test_the_process_starts_without_googles_libraries() -> None:
    """They take a second to import, and nothing here needs them."""
    program = (
        "import sys, emulator.gcp_provider.__main__, emulator.gcp_provider.functions, emulator.gcp_provider.bucket\n"
        "print([name for name in sys.modules if name.startswith(('google.cloud.', 'google.genai', 'pulumi_gcp'))])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_the_process_tells_its_port_and_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "emulator.gcp_provider"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.terminate()
        assert process.wait(timeout=60) == 0

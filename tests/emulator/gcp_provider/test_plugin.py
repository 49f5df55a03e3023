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


async def test_a_post_that_may_have_acted_is_not_repeated(plugin: Any) -> None:
    await plugin.enable("iam")
    path = f"/iam/v1/projects/{plugin.project}/serviceAccounts"
    await plugin.google.post("/emulator/faults", json={"path": path, "method": "POST", "drop": "after"})
    before = (await plugin.google.get("/emulator/requests")).json()["next"]
    with pytest.raises(grpc.aio.AioRpcError, match=r"POST .*/serviceAccounts"):
        await plugin.create("gcp:serviceaccount/account:Account", {"accountId": "tuning-once"})
    log = (await plugin.google.get("/emulator/requests", params={"since": before})).json()["requests"]
    assert [entry["method"] for entry in log if entry["path"] == path] == ["POST"]


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
        assert process.wait(timeout=10) == 0

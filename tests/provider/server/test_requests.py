"""What reaches a lifecycle, and what of its answer reaches the engine."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from tunestack.provider.lifecycle import (
    Change,
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    InvalidArgumentsError,
    PropertyChange,
    ReadResult,
    UpdateResult,
)
from tunestack.provider.properties import plain_map, wrap_map

URN = "urn:pulumi:local::tunestack::tunestack:index:TuningJob::tickets"


def struct(**values: Any) -> Struct:
    made = Struct()
    made.update(values)
    return made


@pytest.mark.parametrize(
    ("urn", "resource_type", "reason"),
    [
        (URN, "tunestack:index:TuningJob", "a resource of the stack"),
        ("urn:pulumi:s::p::my:x:Tuning$tunestack:index:Dataset::d", "tunestack:index:Dataset", "one under a component"),
        ("urn:pulumi:s::p::a:b:C$d:e:F$tunestack:index:Dataset::d", "tunestack:index:Dataset", "one further down"),
        ("urn:pulumi:s::p::tunestack:index:Dataset::a::b$c", "tunestack:index:Dataset", "a name is any text"),
    ],
)
@pytest.mark.parametrize("call", ["Check", "Diff", "Create", "Read", "Update", "Delete"])
async def test_type_of_a_resource(plugin: Any, call: str, urn: str, resource_type: str, reason: str) -> None:
    plugin.answers.update(
        check=CheckResult({}),
        diff=DiffResult(),
        create=CreateResult("7", {}),
        read=ReadResult("7", {}, {}),
        update=UpdateResult({}),
    )
    # The engine's own field for the type has the parents in it too.
    request = getattr(provider_pb2, f"{call}Request")(urn=urn, type=urn.split("::")[2], name="d")
    await getattr(plugin.stub, call)(request)
    assert plugin.provider.types == [resource_type], reason
    assert plugin.request(call.lower()).urn == urn


async def test_diff_gets_old_inputs(plugin: Any) -> None:
    """The SDK leaves them out, so that a computed output looks like a deleted input."""
    plugin.answers["diff"] = DiffResult()
    await plugin.stub.Diff(
        provider_pb2.DiffRequest(
            urn=URN,
            id="jobs/7",
            olds=struct(epochs=3, state="done"),
            old_inputs=struct(epochs=3),
            news=struct(epochs=4),
            ignoreChanges=["labels"],
        )
    )
    request = plugin.request("diff")
    assert (request.resource_id, request.ignore_changes) == ("jobs/7", ("labels",))
    assert plain_map(request.state) == {"epochs": 3, "state": "done"}
    assert plain_map(request.old_inputs) == {"epochs": 3}
    assert plain_map(request.new) == {"epochs": 4}


async def test_update_gets_old_inputs_and_timeout(plugin: Any) -> None:
    plugin.answers["update"] = UpdateResult(wrap_map({"version": 2}))
    reply = await plugin.stub.Update(
        provider_pb2.UpdateRequest(
            urn=URN,
            id="7",
            olds=struct(version=1),
            old_inputs=struct(machine="a"),
            news=struct(machine="b"),
            timeout=90,
            ignoreChanges=["labels"],
            preview=True,
        )
    )
    request = plugin.request("update")
    assert (request.resource_id, request.timeout, request.preview) == ("7", 90.0, True)
    assert request.ignore_changes == ("labels",)
    assert plain_map(request.state) == {"version": 1}
    assert plain_map(request.old_inputs) == {"machine": "a"}
    assert plain_map(request.new) == {"machine": "b"}
    assert reply.properties == struct(version=2), "ints are answered, which the SDK's property values refuse"


async def test_create_gets_timeout_and_preview(plugin: Any) -> None:
    plugin.answers["create"] = CreateResult("7", {})
    for preview in (True, False):
        await plugin.stub.Create(
            provider_pb2.CreateRequest(urn=URN, properties=struct(epochs=3), timeout=1800, preview=preview)
        )
        request = plugin.request("create")
        assert (request.timeout, request.preview) == (1800.0, preview)
        assert plain_map(request.inputs) == {"epochs": 3}


async def test_delete_gets_state_old_inputs_and_timeout(plugin: Any) -> None:
    reply = await plugin.stub.Delete(
        provider_pb2.DeleteRequest(
            urn=URN, id="7", properties=struct(state="running"), old_inputs=struct(epochs=3), timeout=60
        )
    )
    request = plugin.request("delete")
    assert reply == Empty()
    assert (request.resource_id, request.timeout) == ("7", 60.0)
    assert plain_map(request.state) == {"state": "running"}
    assert plain_map(request.old_inputs) == {"epochs": 3}


async def test_read_for_import_answers_inputs(plugin: Any) -> None:
    plugin.answers["read"] = ReadResult("jobs/7", wrap_map({"state": "done"}), wrap_map({"epochs": 3}))
    reply = await plugin.stub.Read(provider_pb2.ReadRequest(urn=URN, id="jobs/7"))
    request = plugin.request("read")
    assert (request.resource_id, request.state, request.inputs) == ("jobs/7", {}, {})
    assert (reply.id, reply.properties, reply.inputs) == ("jobs/7", struct(state="done"), struct(epochs=3))


async def test_check_of_a_new_resource_has_no_old_inputs(plugin: Any) -> None:
    """The engine sends an empty struct for none."""
    plugin.answers["check"] = CheckResult(wrap_map({"epochs": 3}))
    reply = await plugin.stub.Check(
        provider_pb2.CheckRequest(urn=URN, olds=struct(), news=struct(a="b"), randomSeed=b"seed")
    )
    request = plugin.request("check")
    assert (request.old, request.random_seed) == (None, b"seed")
    assert (reply.inputs, list(reply.failures)) == (struct(epochs=3), [])
    await plugin.stub.Check(provider_pb2.CheckRequest(urn=URN, olds=struct(epochs=2), news=struct()))
    assert plain_map(plugin.request("check").old) == {"epochs": 2}


@pytest.mark.parametrize(
    ("failure", "told", "reason"),
    [
        (CheckFailure("epochs", "is 0"), ("epochs", "is 0"), "a top-level name is printed well"),
        (CheckFailure("", "no dataset"), ("", "no dataset"), "a failure may be about the whole"),
        (
            CheckFailure("labels.team", "is empty"),
            ("labels", "labels.team: is empty"),
            "the engine prints `value {<nil>}` for a nested name",
        ),
        (CheckFailure("hosts[2]", "is taken"), ("hosts", "hosts[2]: is taken"), "the same in a list"),
    ],
)
@pytest.mark.parametrize("call", ["Check", "CheckConfig"])
async def test_check_failures(
    plugin: Any, call: str, failure: CheckFailure, told: tuple[str, str], reason: str
) -> None:
    plugin.answers.update(dict.fromkeys(("check", "check_config"), CheckResult({}, [failure])))
    reply = await getattr(plugin.stub, call)(provider_pb2.CheckRequest(urn=URN))
    assert [(refused.property, refused.reason) for refused in reply.failures] == [told], reason


Kind = provider_pb2.PropertyDiff


@pytest.mark.parametrize(
    ("change", "kind", "input_diff"),
    [
        (PropertyChange(Change.ADD), Kind.ADD, True),
        (PropertyChange(Change.ADD, replaces=True), Kind.ADD_REPLACE, True),
        (PropertyChange(Change.DELETE), Kind.DELETE, True),
        (PropertyChange(Change.DELETE, replaces=True), Kind.DELETE_REPLACE, True),
        (PropertyChange(Change.UPDATE), Kind.UPDATE, True),
        (PropertyChange(Change.UPDATE, replaces=True), Kind.UPDATE_REPLACE, True),
        (PropertyChange(Change.UPDATE, output=True), Kind.UPDATE, False),
        (PropertyChange(Change.UPDATE, output=True, replaces=True), Kind.UPDATE_REPLACE, False),
    ],
)
@pytest.mark.parametrize("call", ["Diff", "DiffConfig"])
async def test_one_change(plugin: Any, call: str, change: PropertyChange, kind: Any, input_diff: bool) -> None:
    """In DiffConfig the SDK raises on any detailed diff."""
    plugin.answers.update(dict.fromkeys(("diff", "diff_config"), DiffResult({"epochs": change})))
    reply = await getattr(plugin.stub, call)(provider_pb2.DiffRequest(urn=URN))
    assert reply.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert reply.hasDetailedDiff
    assert dict(reply.detailedDiff) == {"epochs": Kind(kind=kind, inputDiff=input_diff)}
    assert list(reply.diffs) == ["epochs"]
    assert list(reply.replaces) == (["epochs"] if change.replaces else []), "`--json` has its reasons from here"


async def test_no_change(plugin: Any) -> None:
    plugin.answers["diff"] = DiffResult(stables=["name"])
    reply = await plugin.stub.Diff(provider_pb2.DiffRequest(urn=URN))
    assert reply.changes == provider_pb2.DiffResponse.DIFF_NONE, "DIFF_UNKNOWN would make the engine compare by itself"
    assert reply.hasDetailedDiff
    assert (list(reply.stables), list(reply.diffs), list(reply.replaces)) == (["name"], [], [])


async def test_nested_changes_are_named_once_by_their_property(plugin: Any) -> None:
    changes = {
        "labels.team": PropertyChange(Change.ADD),
        "labels.cost": PropertyChange(Change.DELETE, replaces=True),
        "hosts[0]": PropertyChange(),
    }
    plugin.answers["diff"] = DiffResult(changes, delete_before_replace=True)
    reply = await plugin.stub.Diff(provider_pb2.DiffRequest(urn=URN))
    assert (list(reply.diffs), list(reply.replaces)) == (["labels", "hosts"], ["labels"])
    assert set(reply.detailedDiff) == set(changes)
    assert reply.deleteBeforeReplace


async def test_invoke(plugin: Any) -> None:
    plugin.answers["invoke"] = lambda call: wrap_map({"token": call[0], "number": 7, **call[1]})
    reply = await plugin.stub.Invoke(provider_pb2.InvokeRequest(tok="gcp:x:y", args=struct(project="p")))
    assert getattr(reply, "return") == struct(token="gcp:x:y", number=7, project="p")
    assert list(reply.failures) == []


async def test_invoke_with_wrong_arguments(plugin: Any) -> None:
    plugin.answers["invoke"] = InvalidArgumentsError([CheckFailure("project", "no project p")])
    reply = await plugin.stub.Invoke(provider_pb2.InvokeRequest(tok="gcp:x:y"))
    assert [(refused.property, refused.reason) for refused in reply.failures] == [("project", "no project p")]


async def test_plugin_tells_version_and_schema(plugin: Any) -> None:
    assert (await plugin.stub.GetPluginInfo(Empty())).version == "1.2.3"
    assert (await plugin.stub.GetSchema(provider_pb2.GetSchemaRequest())).schema == '{"name": "scripted"}'

"""What the user reads when an operation fails. The SDK's server answers UNKNOWN with a traceback in the message."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from google.genai.errors import APIError
from google.protobuf.empty_pb2 import Empty
from google.rpc import status_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2

from tunestack.provider.lifecycle import (
    CheckFailure,
    CheckResult,
    CreateResult,
    InitFailedError,
    InterruptedWaitError,
    InvalidArgumentsError,
    ResourceError,
)
from tunestack.provider.properties import UNKNOWN, plain_map, wrap_map
from tunestack.provider.property_wire import marshal, unmarshal

URN = "urn:pulumi:local::tunestack::tunestack:index:TuningJob::tickets"

DEFECT = (
    "This is a defect of the provider, not of your program; the traceback is on the provider's standard error, "
    "which `--debug` shows"
)


async def refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    error: grpc.aio.AioRpcError = caught.value
    return error


@pytest.mark.parametrize(
    ("raised", "code", "message", "reason"),
    [
        (
            ResourceError("us-east9 has no tuning; use us-central1"),
            grpc.StatusCode.FAILED_PRECONDITION,
            "us-east9 has no tuning; use us-central1",
            "the message is the lifecycle's own, and nothing was left behind",
        ),
        (
            ResourceError("epochs 3 → 4 needs a budget"),
            grpc.StatusCode.FAILED_PRECONDITION,
            "epochs 3 → 4 needs a budget",
            "a message is any text",
        ),
        (
            ResourceError("line one\nline two"),
            grpc.StatusCode.FAILED_PRECONDITION,
            "line one\nline two",
            "a message may have lines",
        ),
        (
            InterruptedWaitError(),
            grpc.StatusCode.CANCELLED,
            "interrupted while waiting; what runs remotely goes on, and the next `pulumi up` waits for it again",
            "a stopped wait is no failure of the remote job",
        ),
        (
            InterruptedWaitError("job 7 goes on"),
            grpc.StatusCode.CANCELLED,
            "job 7 goes on",
            "a lifecycle may say more",
        ),
        (
            InvalidArgumentsError([CheckFailure("name", "is missing")]),
            grpc.StatusCode.INVALID_ARGUMENT,
            "name: is missing",
            "outside a function call there is no place for failures but the message",
        ),
        (
            APIError(400, {"error": {"message": "Invalid filter"}}),
            grpc.StatusCode.FAILED_PRECONDITION,
            "the service answered: Invalid filter (HTTP 400)",
            "the service's refusal is no defect of the provider",
        ),
        (
            KeyError("endpoint"),
            grpc.StatusCode.UNKNOWN,
            f"Create of tunestack:index:TuningJob 'tickets' failed with KeyError: 'endpoint'. {DEFECT}",
            "a defect names the resource, the call and the place of the traceback",
        ),
        (
            RuntimeError("first line\nsecond line"),
            grpc.StatusCode.UNKNOWN,
            f"Create of tunestack:index:TuningJob 'tickets' failed with RuntimeError: first line. {DEFECT}",
            "a defect is one line",
        ),
    ],
)
async def test_exception_becomes_status(
    plugin: Any, raised: Exception, code: grpc.StatusCode, message: str, reason: str
) -> None:
    plugin.answers["create"] = raised
    error = await refused(plugin.stub.Create(provider_pb2.CreateRequest(urn=URN)))
    assert (error.code(), error.details()) == (code, message), reason


async def test_traceback_is_for_standard_error(plugin: Any, capsys: pytest.CaptureFixture[str]) -> None:
    plugin.answers["read"] = ZeroDivisionError("division by zero")
    error = await refused(plugin.stub.Read(provider_pb2.ReadRequest(urn=URN, id="7")))
    assert "Traceback" not in (error.details() or "")
    printed = capsys.readouterr().err
    assert "Traceback" in printed
    assert "ZeroDivisionError: division by zero" in printed


async def test_expected_errors_print_no_traceback(plugin: Any, capsys: pytest.CaptureFixture[str]) -> None:
    plugin.answers["delete"] = ResourceError("the endpoint still serves it")
    await refused(plugin.stub.Delete(provider_pb2.DeleteRequest(urn=URN, id="7")))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("call", "request_message", "named", "reason"),
    [
        ("Invoke", provider_pb2.InvokeRequest(tok="gcp:x:y"), "Invoke gcp:x:y failed", "a function has a token"),
        ("Configure", provider_pb2.ConfigureRequest(), "Configure failed", "the plugin as a whole has no name"),
        (
            "Check",
            provider_pb2.CheckRequest(urn="urn:pulumi:s::p::a:b:C$tunestack:index:Dataset::odd::name"),
            "Check of tunestack:index:Dataset 'odd::name' failed",
            "a name may have colons; the component above is noise",
        ),
        (
            "Check",
            provider_pb2.CheckRequest(urn="urn:odd"),
            "Check urn:odd failed",
            "even a malformed urn gets an answer",
        ),
    ],
)
async def test_defect_names_its_subject(plugin: Any, call: str, request_message: Any, named: str, reason: str) -> None:
    plugin.answers.update(dict.fromkeys(("invoke", "configure", "check"), ValueError("x")))
    error = await refused(getattr(plugin.stub, call)(request_message))
    assert (error.details() or "").startswith(named), reason


async def test_unknown_resource_type_is_the_providers_to_refuse(plugin: Any) -> None:
    def no_such(resource_type: str) -> Any:
        msg = f"no resource {resource_type}"
        raise ResourceError(msg)

    plugin.provider.lifecycle = no_such
    error = await refused(plugin.stub.Check(provider_pb2.CheckRequest(urn=URN)))
    assert error.details() == "no resource tunestack:index:TuningJob"


@pytest.mark.parametrize(
    "secret", ["hunter2-token", "a\ttab and 'quotes'", "-----BEGIN KEY-----\nQUJDREVG\n-----END KEY-----"]
)
@pytest.mark.parametrize("kind", [ResourceError, ValueError, InterruptedWaitError])
async def test_secrets_of_the_request_are_not_told(
    plugin: Any, kind: type[Exception], secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin.answers["create"] = kind(f"cannot use {secret} nor {secret!r} nor {secret.splitlines()[-1]}")
    properties = marshal({"token": wrap_map({"t": secret})["t"].with_secret(True)}, unknowns=False)
    error = await refused(plugin.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=properties)))
    told = (error.details() or "") + capsys.readouterr().err
    assert "[secret]" in told
    assert not any(line in told or repr(line)[1:-1] in told for line in secret.splitlines())


async def test_secrets_are_not_told_in_check_failures(plugin: Any) -> None:
    plugin.answers["check"] = CheckResult({}, [CheckFailure("token", "hunter2 is too short")])
    properties = marshal({"token": PropertyValue("hunter2", is_secret=True)}, unknowns=False)
    reply = await plugin.stub.Check(provider_pb2.CheckRequest(urn=URN, news=properties))
    assert [refused.reason for refused in reply.failures] == ["[secret] is too short"]


def init_failed(error: grpc.aio.AioRpcError) -> Any:
    trailers: Any = error.trailing_metadata()
    status = status_pb2.Status.FromString(dict(trailers)["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert (status.code, status.message) == (error.code().value[0], error.details())
    return detail


@pytest.mark.parametrize(
    ("call", "request_message"),
    [
        ("Create", provider_pb2.CreateRequest(urn=URN, properties=marshal(wrap_map({"epochs": 3}), unknowns=False))),
        ("Update", provider_pb2.UpdateRequest(urn=URN, news=marshal(wrap_map({"epochs": 3}), unknowns=False))),
        ("Read", provider_pb2.ReadRequest(urn=URN, inputs=marshal(wrap_map({"epochs": 3}), unknowns=False))),
    ],
)
async def test_partial_state_is_kept(plugin: Any, call: str, request_message: Any) -> None:
    failed = InitFailedError("jobs/7", wrap_map({"state": "FAILED"}), ["no capacity in us-central1", "try again later"])
    plugin.answers[call.lower()] = failed
    error = await refused(getattr(plugin.stub, call)(request_message))
    assert (error.code(), error.details()) == (
        grpc.StatusCode.UNKNOWN,
        "no capacity in us-central1; try again later",
    )
    detail = init_failed(error)
    assert detail.id == "jobs/7"
    assert list(detail.reasons) == ["no capacity in us-central1", "try again later"]
    assert plain_map(unmarshal(detail.properties)) == {"state": "FAILED"}
    assert plain_map(unmarshal(detail.inputs)) == {"epochs": 3}, "the checked inputs, or the next run would replace it"


async def test_partial_state_may_name_its_inputs(plugin: Any) -> None:
    plugin.answers["read"] = InitFailedError("jobs/7", {}, ["gone"], inputs=wrap_map({"epochs": 4}))
    error = await refused(plugin.stub.Read(provider_pb2.ReadRequest(urn=URN, id="jobs/7")))
    assert plain_map(unmarshal(init_failed(error).inputs)) == {"epochs": 4}


async def test_partial_state_drops_unknowns(plugin: Any) -> None:
    """One unknown would make the engine refuse all of it, and lose the id of a job that costs money."""
    plugin.answers["create"] = InitFailedError("jobs/7", wrap_map({"state": UNKNOWN, "name": "n"}), ["failed"])
    error = await refused(plugin.stub.Create(provider_pb2.CreateRequest(urn=URN)))
    assert plain_map(unmarshal(init_failed(error).properties)) == {"name": "n"}


async def test_partial_state_keeps_secrets(plugin: Any) -> None:
    """It goes into the state and onto the screen as any other answer does."""
    plugin.answers["create"] = InitFailedError("jobs/7", wrap_map({"token": "hunter2"}), ["hunter2 is refused"])
    properties = marshal({"token": PropertyValue("hunter2", is_secret=True)}, unknowns=False)
    error = await refused(plugin.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=properties)))
    detail = init_failed(error)
    assert (detail.properties, detail.inputs) == (properties, properties)
    assert (list(detail.reasons), error.details()) == (["[secret] is refused"], "[secret] is refused")


async def test_partial_state_may_be_large(plugin: Any) -> None:
    """The details travel as gRPC metadata, which has limits of its own."""
    checkpoints = [f"gs://bucket/checkpoint-{index}" for index in range(5000)]
    plugin.answers["create"] = InitFailedError("jobs/7", wrap_map({"checkpoints": checkpoints}), ["failed"])
    error = await refused(plugin.stub.Create(provider_pb2.CreateRequest(urn=URN)))
    assert plain_map(unmarshal(init_failed(error).properties)) == {"checkpoints": checkpoints}


async def test_cancel_is_never_an_error(plugin: Any) -> None:
    """It comes at every normal end, where the engine reports a failed Cancel as a crash of the provider."""
    plugin.answers["cancel"] = RuntimeError("nothing to cancel")
    assert await plugin.stub.Cancel(Empty()) == Empty()


async def test_cancel_reaches_a_waiting_resource(plugin: Any) -> None:
    waits, stopped = asyncio.Event(), asyncio.Event()

    async def wait(_: Any) -> CreateResult:
        waits.set()
        await stopped.wait()
        raise InterruptedWaitError("job 7 goes on")

    plugin.answers.update(create=wait, cancel=lambda _: stopped.set())
    waiting = asyncio.ensure_future(refused(plugin.stub.Create(provider_pb2.CreateRequest(urn=URN))))
    await waits.wait()
    await plugin.stub.Cancel(Empty())
    assert (await waiting).code() is grpc.StatusCode.CANCELLED


@pytest.mark.parametrize(
    ("call", "request_message"),
    [
        ("Construct", provider_pb2.ConstructRequest()),
        ("Call", provider_pb2.CallRequest()),
        ("Parameterize", provider_pb2.ParameterizeRequest()),
        ("GetMapping", provider_pb2.GetMappingRequest()),
        ("GetMappings", provider_pb2.GetMappingsRequest()),
    ],
)
async def test_calls_for_other_kinds_of_providers_are_unimplemented(
    plugin: Any, call: str, request_message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine falls back on UNIMPLEMENTED; the SDK's server prints a traceback with it."""
    error = await refused(getattr(plugin.stub, call)(request_message))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert caplog.records == []

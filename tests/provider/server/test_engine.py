"""The way to the engine: who it is, what it is told of the provider, and messages to the user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, plugin_pb2, provider_pb2
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from tunestack.provider.engine_log import EngineLog
from tunestack.provider.lifecycle import Severity
from tunestack.provider.properties import plain_map
from tunestack.provider.secret_mask import SecretMask

URN = "urn:pulumi:local::tunestack::tunestack:index:TuningJob::tickets"

StartEngine = Callable[[], Awaitable[Any]]


async def configured(plugin: Any) -> Any:
    """The engine as the provider got it."""
    await plugin.stub.Configure(provider_pb2.ConfigureRequest())
    return plugin.provider.engine


async def test_handshake_and_configure_say_the_same(plugin: Any) -> None:
    """The protocol requires it; the SDK does not implement the handshake."""
    handshake = await plugin.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=plugin.engine.address))
    configure = await plugin.stub.Configure(provider_pb2.ConfigureRequest())
    assert handshake.accept_secrets is configure.acceptSecrets is True
    assert handshake.accept_resources is configure.acceptResources is False
    assert handshake.accept_outputs is configure.acceptOutputs is False
    assert handshake.supports_autonaming_configuration is configure.supports_autonaming_configuration is False
    assert configure.supportsPreview is True, "required with a handshake"


async def test_configure_gets_inputs(plugin: Any) -> None:
    args = Struct()
    args.update({"project": "p", "retries": 3})
    await plugin.stub.Configure(provider_pb2.ConfigureRequest(args=args))
    assert plain_map(plugin.request("configure")) == {"project": "p", "retries": 3}


@pytest.mark.parametrize(
    ("severity", "sent"),
    [
        (Severity.DEBUG, engine_pb2.DEBUG),
        (Severity.INFO, engine_pb2.INFO),
        (Severity.WARNING, engine_pb2.WARNING),
        (Severity.ERROR, engine_pb2.ERROR),
    ],
)
async def test_message(plugin: Any, severity: Severity, sent: int) -> None:
    engine = await configured(plugin)
    await engine.log(severity, "epochs 3 → 4", URN)
    assert plugin.engine.messages == [engine_pb2.LogRequest(severity=sent, message="epochs 3 → 4", urn=URN)]  # type: ignore[arg-type]


async def test_message_may_be_ephemeral_and_about_nothing(plugin: Any) -> None:
    engine = await configured(plugin)
    await engine.log(Severity.INFO, "step 7 of 9", ephemeral=True)
    (message,) = plugin.engine.messages
    assert (message.ephemeral, message.urn) == (True, "")


async def test_messages_keep_their_order(plugin: Any) -> None:
    engine = await configured(plugin)
    for number in range(20):
        await engine.log(Severity.INFO, str(number))
    assert [message.message for message in plugin.engine.messages] == [str(number) for number in range(20)]


async def test_messages_are_masked(plugin: Any) -> None:
    """The engine masks secrets in the state and in diffs, never in messages."""
    engine = await configured(plugin)
    properties = Struct()
    properties.update({"t": {_special_sig_key: _special_secret_sig, "value": "hunter2-token"}, "public": "visible"})
    plugin.answers["delete"] = None
    await plugin.stub.Delete(provider_pb2.DeleteRequest(urn=URN, id="7", properties=properties))
    await engine.log(Severity.INFO, "using hunter2-token and visible")
    assert plugin.engine.messages[-1].message == "using [secret] and visible"


@pytest.mark.parametrize("how", ["handshake", "attach"])
async def test_messages_follow_the_engine(plugin: Any, how: str, start_engine: StartEngine) -> None:
    """A provider that was started by hand learns the address only now, and a new one with each run."""
    other = await start_engine()
    engine = await configured(plugin)
    await engine.log(Severity.INFO, "before")
    if how == "handshake":
        await plugin.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=other.address))
    else:
        await plugin.stub.Attach(plugin_pb2.PluginAttach(address=other.address))
    await engine.log(Severity.INFO, "after")
    assert [message.message for message in plugin.engine.messages] == ["before"]
    assert [message.message for message in other.messages] == ["after"]


@pytest.mark.parametrize("address", ["", "127.0.0.1:1"])
async def test_a_message_that_cannot_be_shown_fails_nothing(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    await EngineLog(address, SecretMask()).log(Severity.WARNING, "quota is 2")
    assert "quota is 2" in capsys.readouterr().err


async def test_no_proxy_between_provider_and_engine(monkeypatch: pytest.MonkeyPatch, start_engine: StartEngine) -> None:
    for name in ("http_proxy", "grpc_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    engine = await start_engine()
    await EngineLog(engine.address, SecretMask()).log(Severity.INFO, "hello")
    assert [message.message for message in engine.messages] == ["hello"]

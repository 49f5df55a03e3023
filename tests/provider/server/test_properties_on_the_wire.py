"""Values between engine and lifecycle: unknowns, ints, secrets. The SDK marshals neither unknowns nor ints."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi import FileAsset
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN as PLACEHOLDER
from pulumi.runtime.rpc import _special_output_value_sig, _special_secret_sig, _special_sig_key

from tunestack.provider.lifecycle import CheckResult, CreateResult, ReadResult, UpdateResult
from tunestack.provider.properties import UNKNOWN, plain_map, wrap_map
from tunestack.provider.property_wire import marshal, unmarshal

URN = "urn:pulumi:local::tunestack::tunestack:index:TuningJob::tickets"


def struct(values: dict[str, Any]) -> Struct:
    made = Struct()
    made.update(values)
    return made


def secret(value: Any) -> dict[str, Any]:
    return {_special_sig_key: _special_secret_sig, "value": value}


@pytest.mark.parametrize(
    ("wire", "seen", "reason"),
    [
        (PLACEHOLDER, UNKNOWN, "an unknown string, and what the SDKs send for anything"),
        ("1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", UNKNOWN, "an unknown bool"),
        ("3eeb2bf0-c639-47a8-9e75-3b44932eb421", UNKNOWN, "an unknown number"),
        ("6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", UNKNOWN, "an unknown array"),
        ("dd056dcd-154b-4c76-9bd3-c8f88648b5ff", UNKNOWN, "an unknown object"),
        ({"a": [PLACEHOLDER, 1]}, {"a": [UNKNOWN, 1]}, "unknowns are found at any depth"),
        (secret(PLACEHOLDER), UNKNOWN, "a secret may be unknown"),
        ({_special_sig_key: _special_output_value_sig}, UNKNOWN, "an output without a value is unknown"),
        (
            {_special_sig_key: _special_output_value_sig, "value": 1},
            1,
            "an output needs neither dependencies nor secret",
        ),
        (secret({"a": secret(1)}), {"a": 1}, "secrets nest"),
        (3, 3, "a whole number is an int"),
        (3.5, 3.5, "another is a float"),
        (True, True, "a bool is not a number"),
        (None, None, "null is None"),
        ("04da6b54", "04da6b54", "an ordinary string stays"),
    ],
)
async def test_what_a_lifecycle_sees_and_sends_back(plugin: Any, wire: Any, seen: Any, reason: str) -> None:
    plugin.answers["check"] = lambda request: CheckResult(request.new)
    reply = await plugin.stub.Check(provider_pb2.CheckRequest(urn=URN, news=struct({"value": wire})))
    assert plain_map(plugin.request("check").new) == {"value": seen}, reason
    again = await plugin.stub.Check(provider_pb2.CheckRequest(urn=URN, news=reply.inputs))
    assert again.inputs == reply.inputs
    assert plain_map(plugin.request("check").new) == {"value": seen}, reason


async def test_what_an_unknown_looks_like(plugin: Any) -> None:
    plugin.answers["create"] = CreateResult("", wrap_map({"epochs": 3, "job": UNKNOWN, "list": [UNKNOWN]}))
    reply = await plugin.stub.Create(provider_pb2.CreateRequest(urn=URN, preview=True))
    assert reply.id == "", "a preview does not know the id"
    assert reply.properties == struct({"epochs": 3, "job": PLACEHOLDER, "list": [PLACEHOLDER]})


async def test_unknowns_of_an_update_preview_are_sent(plugin: Any) -> None:
    """Or the resources behind it show no change."""
    plugin.answers["update"] = UpdateResult(wrap_map({"checkpoint": UNKNOWN}))
    reply = await plugin.stub.Update(provider_pb2.UpdateRequest(urn=URN, preview=True))
    assert reply.properties == struct({"checkpoint": PLACEHOLDER})


@pytest.mark.parametrize("call", ["Create", "Update", "Read"])
async def test_unknowns_outside_a_preview_are_left_out(plugin: Any, call: str) -> None:
    """The engine refuses the whole answer because of one: the id of a job that is running would be lost."""
    properties = wrap_map({"name": "n", "job": UNKNOWN, "list": [1, UNKNOWN]})
    plugin.answers.update(
        create=CreateResult("jobs/7", properties),
        update=UpdateResult(properties),
        read=ReadResult("jobs/7", properties, {}),
    )
    reply = await getattr(plugin.stub, call)(getattr(provider_pb2, f"{call}Request")(urn=URN))
    assert reply.properties == struct({"name": "n", "list": [1, None]})


TOKEN = "hunter2-token"


@pytest.mark.parametrize(
    ("given", "answered", "expected", "reason"),
    [
        ({"t": secret(TOKEN)}, {"t": TOKEN}, {"t": secret(TOKEN)}, "an unwrapped secret is wrapped again"),
        ({"t": secret(TOKEN)}, {"o": f"a/{TOKEN}"}, {"o": secret(f"a/{TOKEN}")}, "what quotes a secret is one"),
        ({"t": secret(TOKEN), "o": TOKEN}, {"o": TOKEN}, {"o": TOKEN}, "but not what the program says in the clear"),
        (
            {"m": {"t": secret(TOKEN), "u": 1}},
            {"m": {"t": TOKEN, "u": 1}},
            {"m": {"t": secret(TOKEN), "u": 1}},
            "maps are followed, so that the rest stays readable",
        ),
        (
            {"l": ["a", secret(TOKEN)]},
            {"l": [TOKEN, "a"]},
            {"l": secret([TOKEN, "a"])},
            "a list may come back in another order",
        ),
        (
            {"l": ["a", secret(TOKEN)]},
            {"l": ["a", PropertyValue(TOKEN, is_secret=True)]},
            {"l": ["a", secret(TOKEN)]},
            "a list that kept its marks stays as it is",
        ),
        (
            {"m": secret({"t": TOKEN})},
            {"m": {"t": TOKEN}},
            {"m": secret({"t": TOKEN})},
            "a secret map is secret as a whole",
        ),
        ({"m": {"t": secret(TOKEN)}}, {"m": TOKEN}, {"m": secret(TOKEN)}, "another shape may hold it anywhere"),
        ({"t": TOKEN}, {"t": TOKEN}, {"t": TOKEN}, "what was not secret does not become so"),
    ],
)
@pytest.mark.parametrize("call", ["Check", "Create", "Update", "Read"])
async def test_secrets_are_echoed(
    plugin: Any, call: str, given: dict[str, Any], answered: dict[str, Any], expected: dict[str, Any], reason: str
) -> None:
    """The engine leaves it to a provider that accepts secrets; an unwrapped one would be readable in the state."""
    properties = wrap_map(answered)
    plugin.answers.update(
        check=CheckResult(properties),
        create=CreateResult("7", properties),
        update=UpdateResult(properties),
        read=ReadResult("7", properties, properties),
    )
    wire = struct(given)
    replies = {
        "Check": lambda: plugin.stub.Check(provider_pb2.CheckRequest(urn=URN, news=wire)),
        "Create": lambda: plugin.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=wire)),
        "Update": lambda: plugin.stub.Update(provider_pb2.UpdateRequest(urn=URN, news=wire)),
        "Read": lambda: plugin.stub.Read(provider_pb2.ReadRequest(urn=URN, id="7", properties=wire, inputs=wire)),
    }
    reply = await replies[call]()
    if call != "Check":
        assert reply.properties == struct(expected), reason
    if call in ("Check", "Read"):
        assert reply.inputs == struct(expected), reason


async def test_lifecycle_sees_what_is_secret(plugin: Any) -> None:
    plugin.answers["create"] = CreateResult("7", {})
    request = provider_pb2.CreateRequest(urn=URN, properties=struct({"l": [secret(TOKEN)], "p": "x"}))
    await plugin.stub.Create(request)
    inputs = plugin.request("create").inputs
    assert inputs["l"].contains_secret()
    assert not inputs["p"].contains_secret()


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (secret(TOKEN), "marked as a secret"),
        ({_special_sig_key: _special_output_value_sig, "value": TOKEN, "secret": True}, "a secret output"),
        ({_special_sig_key: _special_output_value_sig, "value": secret(TOKEN)}, "an output of a secret"),
    ],
)
def test_every_way_to_be_secret(wire: Any, reason: str) -> None:
    assert unmarshal(struct({"t": wire}))["t"] == PropertyValue(TOKEN, is_secret=True), reason


async def test_large_messages_pass(plugin: Any) -> None:
    """A dataset's checks carry more than the four megabytes of gRPC's default."""
    text = "x" * (8 << 20)
    plugin.answers["check"] = CheckResult({})
    await plugin.stub.Check(provider_pb2.CheckRequest(urn=URN, news=struct({"text": text})))
    assert plain_map(plugin.request("check").new) == {"text": text}


def test_assets_are_the_sdks() -> None:
    wire = marshal({"a": PropertyValue(FileAsset("train.jsonl"))}, unknowns=False)
    asset = unmarshal(wire)["a"].value
    assert isinstance(asset, FileAsset)
    assert asset.path == "train.jsonl"

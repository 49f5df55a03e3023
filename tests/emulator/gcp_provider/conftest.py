"""The stand-in, served over a socket and configured for a running emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import grpc.aio
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from emulator.gcp_provider.provider import GcpProvider
from tunestack.provider import server

_ENDPOINTS = {
    "storageCustomEndpoint": "storage/v1/",
    "serviceUsageCustomEndpoint": "su/v1/",
    "resourceManagerCustomEndpoint": "crm/v1/",
    "iamBetaCustomEndpoint": "iam/v1/",
    "cloudQuotasCustomEndpoint": "quotas/v1/",
    "cloudBillingCustomEndpoint": "billing/v1/",
    "vertexAiCustomEndpoint": "vertex/v1beta1/",
}
PROJECT = "stand-in-project"


@pytest.fixture
def delays() -> dict[str, float]:
    """What the emulator takes its time for; tests override it."""
    return {}


@dataclass
class Plugin:
    """A client of the served provider: plain Python in and out, as the engine would ask."""

    stub: Any
    project: str
    google: httpx.AsyncClient

    @staticmethod
    def urn(token: str) -> str:
        return f"urn:pulumi:local::tunestack::{token}::thing"

    async def check(self, token: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        reply = await self.stub.Check(provider_pb2.CheckRequest(urn=self.urn(token), news=_struct(inputs)))
        return _plain(reply.inputs), {failure.property: failure.reason for failure in reply.failures}

    async def create(self, token: str, inputs: dict[str, Any], *, preview: bool = False) -> tuple[str, dict[str, Any]]:
        checked, failures = await self.check(token, inputs)
        assert failures == {}
        reply = await self.stub.Create(
            provider_pb2.CreateRequest(urn=self.urn(token), properties=_struct(checked), preview=preview)
        )
        return reply.id, _plain(reply.properties)

    async def read(
        self, token: str, resource_id: str, state: dict[str, Any], inputs: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        reply = await self.stub.Read(
            provider_pb2.ReadRequest(
                urn=self.urn(token), id=resource_id, properties=_struct(state), inputs=_struct(inputs)
            )
        )
        return reply.id, _plain(reply.properties), _plain(reply.inputs)

    async def diff(
        self, token: str, resource_id: str, state: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
    ) -> provider_pb2.DiffResponse:
        checked, failures = await self.check(token, new)
        assert failures == {}
        reply: provider_pb2.DiffResponse = await self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=self.urn(token),
                id=resource_id,
                olds=_struct(state),
                old_inputs=_struct(old),
                news=_struct(checked),
            )
        )
        return reply

    async def update(
        self,
        token: str,
        resource_id: str,
        state: dict[str, Any],
        old: dict[str, Any],
        new: dict[str, Any],
        *,
        preview: bool = False,
    ) -> dict[str, Any]:
        checked, failures = await self.check(token, new)
        assert failures == {}
        reply = await self.stub.Update(
            provider_pb2.UpdateRequest(
                urn=self.urn(token),
                id=resource_id,
                olds=_struct(state),
                old_inputs=_struct(old),
                news=_struct(checked),
                preview=preview,
            )
        )
        return _plain(reply.properties)

    async def delete(self, token: str, resource_id: str, state: dict[str, Any]) -> None:
        await self.stub.Delete(
            provider_pb2.DeleteRequest(urn=self.urn(token), id=resource_id, properties=_struct(state))
        )

    async def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        reply = await self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=_struct(arguments)))
        return _plain(reply.__getattribute__("return"))

    async def enable(self, *apis: str) -> None:
        """Enables APIs past the provider."""
        for api in apis:
            await self.google.post(f"/su/v1/projects/{self.project}/services/{api}.googleapis.com:enable", json={})


@pytest.fixture
async def plugin(start_emulator: Callable[..., Any], delays: dict[str, float]) -> AsyncIterator[Plugin]:
    none = dict.fromkeys(("apiEnabled", "agentCreated", "tuningAgentCreated", "iamGranted", "quotaGranted"), 0.0)
    url = start_emulator({"delays": {**none, **delays}}).url
    provider = GcpProvider()
    running, port, _ = await server.start(provider, "")
    inputs = {"project": PROJECT, **{name: f"{url}/{path}" for name, path in _ENDPOINTS.items()}}
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        httpx.AsyncClient(base_url=url) as google,
    ):
        stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
        await stub.Configure(provider_pb2.ConfigureRequest(args=_struct(inputs)))
        yield Plugin(stub, PROJECT, google)
    await running.stop(None)
    # A process of its own would just end.
    await provider._configured()._client.aclose()


def _struct(values: dict[str, Any]) -> Struct:
    made = Struct()
    made.update(values)
    return made


def _plain(struct: Struct) -> dict[str, Any]:
    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: whole(entry) for name, entry in value.items()}
        if isinstance(value, list):
            return [whole(entry) for entry in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return dict(whole(MessageToDict(struct)))

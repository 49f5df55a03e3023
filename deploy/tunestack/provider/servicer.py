"""The engine's calls, answered by a provider and its lifecycles."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from tunestack.provider.failures import Operation, failure
from tunestack.provider.lifecycle import (
    Change,
    CheckRequest,
    CheckResult,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    InvalidArgumentsError,
    Lifecycle,
    Provider,
    ReadRequest,
    UpdateRequest,
)
from tunestack.provider.property_wire import marshal, unmarshal
from tunestack.provider.secret_mask import keep_secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import grpc.aio
    from google.protobuf.message import Message
    from pulumi.provider.experimental.property_value import PropertyValue

    from tunestack.provider.engine_log import EngineLog
    from tunestack.provider.lifecycle import CheckFailure
    from tunestack.provider.secret_mask import SecretMask

_SERVICE = provider_pb2.DESCRIPTOR.services_by_name["ResourceProvider"]

_KINDS = {
    (Change.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Change.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Change.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Change.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Change.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Change.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class Servicer:
    """The calls of `pulumirpc.ResourceProvider` that a provider of custom resources needs.

    A call `CheckConfig` is the method `check_config`. What has no method here is answered UNIMPLEMENTED by gRPC itself,
    as the engine expects of components, parameterization and mappings.

    Args:
        provider: the plugin.
        engine: where messages go.
        mask: learns the secrets of every request and keeps them out of messages.
    """

    def __init__(self, provider: Provider, engine: EngineLog, mask: SecretMask) -> None:
        self._provider = provider
        self._engine = engine
        self._mask = mask
        self.spoken_to = False
        self.cancelled = False

    def handlers(self) -> grpc.GenericRpcHandler[Any, Any]:
        """Returns what a gRPC server needs to serve these calls."""
        calls = {}
        for method in _SERVICE.methods:
            answer = getattr(self, re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower(), None)
            if answer is not None:
                calls[method.name] = grpc.unary_unary_rpc_method_handler(
                    self._guarded(method.name, answer),
                    request_deserializer=GetMessageClass(method.input_type).FromString,
                    response_serializer=GetMessageClass(method.output_type).SerializeToString,
                )
        return grpc.method_handlers_generic_handler(_SERVICE.full_name, calls)

    def _guarded(
        self, method: str, answer: Callable[[Any], Awaitable[Message]]
    ) -> Callable[[Any, grpc.aio.ServicerContext[Any, Any]], Awaitable[Message]]:
        async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Message:
            self.spoken_to = True
            try:
                return await answer(request)
            except Exception as error:
                told = failure(error, self._operation(method, request), self._mask)
                await context.abort(told.code, told.message, told.metadata)

        return call

    def _operation(self, method: str, request: Any) -> Operation:
        inputs = {"Create": "properties", "Read": "inputs", "Update": "news"}.get(method)
        return Operation(
            method,
            getattr(request, "urn", "") or getattr(request, "tok", ""),
            getattr(request, inputs) if inputs else Struct(),
            getattr(request, "preview", False),
        )

    def _properties(self, struct: Struct) -> dict[str, PropertyValue]:
        properties = unmarshal(struct)
        self._mask.learn(properties)
        return properties

    def _lifecycle(self, urn: str) -> Lifecycle:
        # Under a component the type in a URN, and in the request's own field, is `Parent$child`.
        return self._provider.lifecycle(urn.split("::")[2].rpartition("$")[2])

    async def handshake(self, request: provider_pb2.ProviderHandshakeRequest) -> provider_pb2.ProviderHandshakeResponse:
        """Learns where the engine is; says that resources arrive as their ids and outputs as plain values."""
        await self._engine.connect(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    async def attach(self, request: plugin_pb2.PluginAttach) -> Empty:
        """Learns where the engine is that a running provider is attached to."""
        await self._engine.connect(request.address)
        return Empty()

    async def get_plugin_info(self, _: Empty) -> plugin_pb2.PluginInfo:
        """Tells the version."""
        return plugin_pb2.PluginInfo(version=self._provider.version)

    async def get_schema(self, _: provider_pb2.GetSchemaRequest) -> provider_pb2.GetSchemaResponse:
        """Tells the schema."""
        return provider_pb2.GetSchemaResponse(schema=await self._provider.schema())

    async def check_config(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validates the provider's inputs."""
        return await self._check(self._provider.check_config, request)

    async def diff_config(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Compares the provider's inputs."""
        return await self._diff(self._provider.diff_config, request)

    async def configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Configures the provider; what it says of itself is the same as in the handshake."""
        await self._provider.configure(self._properties(request.args), self._engine)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        """Calls a function."""
        try:
            result = await self._provider.invoke(request.tok, self._properties(request.args))
        except InvalidArgumentsError as error:
            return provider_pb2.InvokeResponse(failures=self._failures(error.failures))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(marshal(result, unknowns=True))  # `return` is a keyword
        return response

    async def cancel(self, _: Empty) -> Empty:
        """Ends waits. It comes at every normal end too, where a failure would be reported as a crash."""
        self.cancelled = True
        await self.end_waits()
        return Empty()

    async def end_waits(self) -> None:
        """Tells the provider that the run ends, whatever it says to that."""
        try:
            await self._provider.cancel()
        except Exception as error:
            print(self._mask.hide(f"cancel failed: {error!r}"), file=sys.stderr)

    async def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validates a resource's inputs."""
        return await self._check(self._lifecycle(request.urn).check, request)

    async def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Compares a resource's inputs and state with what is wanted."""
        return await self._diff(self._lifecycle(request.urn).diff, request)

    async def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Creates a resource."""
        inputs = self._properties(request.properties)
        result = await self._lifecycle(request.urn).create(
            CreateRequest(request.urn, inputs, request.timeout, request.preview)
        )
        properties = marshal(keep_secret(result.properties, inputs), unknowns=request.preview)
        return provider_pb2.CreateResponse(id=result.resource_id, properties=properties)

    async def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """Reads a resource for refresh or import."""
        state, inputs = self._properties(request.properties), self._properties(request.inputs)
        result = await self._lifecycle(request.urn).read(ReadRequest(request.urn, request.id, state, inputs))
        return provider_pb2.ReadResponse(
            id=result.resource_id,
            properties=marshal(keep_secret(result.properties, {**state, **inputs}), unknowns=False),
            inputs=marshal(keep_secret(result.inputs, inputs), unknowns=False),
        )

    async def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Updates a resource in place."""
        new = self._properties(request.news)
        result = await self._lifecycle(request.urn).update(
            UpdateRequest(
                request.urn,
                request.id,
                self._properties(request.olds),
                self._properties(request.old_inputs),
                new,
                request.timeout,
                request.preview,
                tuple(request.ignoreChanges),
            )
        )
        properties = marshal(keep_secret(result.properties, new), unknowns=request.preview)
        return provider_pb2.UpdateResponse(properties=properties)

    async def delete(self, request: provider_pb2.DeleteRequest) -> Empty:
        """Deletes a resource."""
        await self._lifecycle(request.urn).delete(
            DeleteRequest(
                request.urn,
                request.id,
                self._properties(request.properties),
                self._properties(request.old_inputs),
                request.timeout,
            )
        )
        return Empty()

    async def _check(
        self, check: Callable[[CheckRequest], Awaitable[CheckResult]], request: provider_pb2.CheckRequest
    ) -> provider_pb2.CheckResponse:
        new = self._properties(request.news)
        # The engine sends an empty struct, not none, for a resource that does not exist yet.
        old = self._properties(request.olds) or None
        result = await check(CheckRequest(request.urn, old, new, request.randomSeed))
        inputs = marshal(keep_secret(result.inputs, new), unknowns=True)
        return provider_pb2.CheckResponse(inputs=inputs, failures=self._failures(result.failures))

    async def _diff(
        self, diff: Callable[[DiffRequest], Awaitable[DiffResult]], request: provider_pb2.DiffRequest
    ) -> provider_pb2.DiffResponse:
        result = await diff(
            DiffRequest(
                request.urn,
                request.id,
                self._properties(request.olds),
                self._properties(request.old_inputs),
                self._properties(request.news),
                tuple(request.ignoreChanges),
            )
        )
        changes = result.changes
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
            # Names, where the detailed diff has paths: `labels`, once, for what changes inside it.
            diffs=dict.fromkeys(_top_level(path) for path in changes),
            replaces=dict.fromkeys(_top_level(path) for path, change in changes.items() if change.replaces),
            stables=result.stables,
            deleteBeforeReplace=result.delete_before_replace,
            hasDetailedDiff=True,
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.replaces], inputDiff=not change.output)
                for path, change in changes.items()
            },
        )

    def _failures(self, failures: Sequence[CheckFailure]) -> list[provider_pb2.CheckFailure]:
        # The engine garbles a nested name, so the path goes into the text.
        return [
            provider_pb2.CheckFailure(
                property=_top_level(refused.property),
                reason=self._mask.hide(
                    refused.reason
                    if refused.property == _top_level(refused.property)
                    else f"{refused.property}: {refused.reason}"
                ),
            )
            for refused in failures
        ]


def _top_level(path: str) -> str:
    """The property that a path leads into: `labels` for `labels.team`."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]

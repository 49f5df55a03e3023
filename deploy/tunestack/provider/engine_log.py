"""Messages to the user, through the engine's Log call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

import grpc.aio
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from tunestack.provider.lifecycle import Severity

if TYPE_CHECKING:
    from tunestack.provider.secret_mask import SecretMask

_TIMEOUT = 10.0
"""Seconds for one message; a slow display must not hold up a resource."""

_OPTIONS = (*_GRPC_CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0))
"""The engine is on this machine, whatever proxy the environment names."""

_SEVERITIES = {
    Severity.DEBUG: engine_pb2.DEBUG,
    Severity.INFO: engine_pb2.INFO,
    Severity.WARNING: engine_pb2.WARNING,
    Severity.ERROR: engine_pb2.ERROR,
}


class EngineLog:
    """The engine at its present address. A message that does not arrive is never a reason to fail.

    Args:
        address: where the engine serves, host and port; empty when not known yet.
        mask: what must not be shown.
    """

    def __init__(self, address: str, mask: SecretMask) -> None:
        self._mask = mask
        self._address = address
        self._channel: grpc.aio.Channel | None = None

    async def connect(self, address: str) -> None:
        """Sends to another engine from now on, as Handshake and Attach say."""
        if not address or address == self._address:
            return
        self._address = address
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close(grace=None)

    async def log(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Shows one line beside the resource; an ephemeral one is replaced by the next on a terminal."""
        request = engine_pb2.LogRequest(
            severity=_SEVERITIES[severity], message=self._mask.hide(message), urn=urn, ephemeral=ephemeral
        )
        if not self._address:
            print(request.message, file=sys.stderr)
            return
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._address, options=_OPTIONS)
        engine = cast("engine_pb2_grpc.EngineAsyncStub", engine_pb2_grpc.EngineStub(self._channel))
        try:
            await engine.Log(request, timeout=_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            print(f"not shown ({error.code().name}): {request.message}", file=sys.stderr)

"""The process of the policy pack: `pulumi preview --policy-pack …/pulumi-analyzer-tunestack`, or infra/policies/."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

_PARENT_CHECK_SECONDS = 2.0
"""How soon an orphaned pack ends; an engine that is killed with -9 cannot stop its plugins."""

_MAX_MESSAGE_BYTES = 400 * 1024 * 1024
"""The limit that Pulumi's SDKs set on both sides; gRPC's own is 4 MiB, and a stack comes in one message."""


def main() -> None:
    """Serves until terminated or orphaned; prints the port, as the engine expects."""
    import grpc
    from pulumi.runtime.proto.analyzer_pb2_grpc import add_AnalyzerServicer_to_server

    from tunestack.policies.analyzer import Analyzer

    parent, ended = os.getppid(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server = grpc.server(
        ThreadPoolExecutor(max_workers=4), options=[("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)]
    )
    add_AnalyzerServicer_to_server(Analyzer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not ended.wait(_PARENT_CHECK_SECONDS) and os.getppid() == parent:
        pass
    server.stop(grace=None).wait()

"""The process that runs one Pulumi program: `python program.py ENGINE_ADDRESS SHOWN`, with the RunRequest on stdin.

SHOWN is the exit code for an error that was logged to the engine, so that the host adds none of its own.

It is started by its path, in the program's environment, which need not have this project installed. Standard input
rather than an environment variable carries the request: it holds decrypted secrets.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import grpc
import pulumi
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto.language_pb2 import RunRequest


def main() -> int:
    """Runs the program of the request and reports what stops it."""
    # The engine interrupts the whole process group when it closes; a traceback of that would tell nobody anything.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Importing a provider's SDK makes so many objects that looking for garbage among them takes a tenth of the time.
    gc.set_threshold(50_000)
    shown = int(sys.argv[2])
    request = RunRequest.FromString(sys.stdin.buffer.read())
    folder = request.info.program_directory
    program = os.path.normpath(Path(folder, request.info.entry_point))
    reset_options(
        project=request.project,
        stack=request.stack,
        root_directory=request.info.root_directory,
        parallel=request.parallel,
        engine_address=sys.argv[1],
        monitor_address=request.monitor_address,
        preview=request.dryRun,
        organization=request.organization or "organization",
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    os.chdir(request.pwd or folder)
    sys.argv = [program, *request.args]
    sys.path[0] = folder
    # A resource that fails is reported by the engine; asyncio would report its awaiting tasks once more.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        with asyncio.Runner() as runner:
            # Registrations block a thread each; four for every operation the engine may run at once, as Pulumi does.
            runner.get_loop().set_default_executor(ThreadPoolExecutor(4 * max(request.parallel, 1)))
            runner.run(run_in_stack(lambda: _run(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return shown
    except grpc.RpcError as error:
        # The engine is shutting down and says why itself.
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            return 0
        pulumi.log.error(f"RPC error: {error.details()}")
        return shown
    except Exception as error:
        frames = traceback.format_exception(type(error), error, _without_host(error.__traceback__))
        pulumi.log.error("Program failed with an unhandled exception:\n" + "".join(frames))
        return shown
    return 0


def _run(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


def _without_host(trace: TracebackType | None) -> TracebackType | None:
    """Cuts the frames of this host, the SDK's runner and runpy off the top, so that the program's own come first."""
    own = {run.__code__.co_filename for run in (main, runpy.run_path, run_in_stack)}
    inside, rest = False, trace
    while rest is not None:
        file = rest.tb_frame.f_code.co_filename
        hosts = file in own or file.startswith("<frozen ") or Path(file).parent == Path(asyncio.__file__).parent
        inside = inside or rest.tb_frame.f_code is _run.__code__
        if inside and not hosts:
            return rest
        rest = rest.tb_next
    return None if inside else trace


if __name__ == "__main__":
    sys.exit(main())

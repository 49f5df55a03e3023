"""The language host's gRPC server: what Pulumi's engine 3.259 asks while it previews, updates, destroys or imports.

Left out, with the engine's own fallback or message for UNIMPLEMENTED: templates, option prompts, conversion, generation
and packing, which belong to `pulumi new`, `pulumi convert` and SDK authors.
"""
# The names, arguments and meanings of the methods are those of Pulumi's LanguageRuntime service.
# ruff: noqa: N802, D102, ARG002

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Final

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeServicer, add_LanguageRuntimeServicer_to_server

from bootstrap.language_host.environment import Environment, EnvironmentMissingError

SDK_VERSION: Final = importlib.metadata.version("pulumi")

PROGRAM: Final = Path(__file__).with_name("program.py")

SHOWN_TO_USER: Final = 32
"""What a program ends with after it has logged its error to the engine; the number of Pulumi's own host."""

MAX_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""The limit that Pulumi's SDKs set on both sides; gRPC's own is 4 MiB."""

PARENT_CHECK_SECONDS: Final = 2.0
"""How soon an orphaned host ends; a CLI that is killed with -9 cannot stop its plugins."""


class LanguageHost(LanguageRuntimeServicer):
    """Answers the engine about Python programs, and runs them in processes of their own.

    Args:
        engine_address: where the programs report their log messages.
    """

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=SDK_VERSION)

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        environment = _environment(request.info, context)
        version = subprocess.run([environment.python, "-V"], check=True, capture_output=True, text=True).stdout
        return language_pb2.AboutResponse(
            executable=str(environment.python),
            version=version.removeprefix("Python ").strip(),
            metadata={"host": "tunestack", "sdk": SDK_VERSION},
        )

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        plugins = _environment(request.info, context).required_plugins()
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(name=name, kind="resource", version=version, server=server)
                for name, version, server in plugins
            ]
        )

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        environment = _environment(request.info, context)
        found = environment.distributions() if request.transitiveDependencies else environment.direct_dependencies()
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=each.name, version=each.version) for each in found]
        )

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        environment = _environment(request.info, context)
        line = f"{environment.folder} is used as it is: this language host installs nothing\n"
        yield language_pb2.InstallDependenciesResponse(stdout=line.encode())

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        if request.attach_debugger:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "this language host cannot attach a debugger")
        python = _environment(request.info, context).python
        command = [str(python), "-u", str(PROGRAM), self._engine_address, str(SHOWN_TO_USER)]
        with self._ends_with(context, subprocess.Popen(command, stdin=subprocess.PIPE)) as process:
            process.communicate(request.SerializeToString())
        if process.returncode == SHOWN_TO_USER:
            return language_pb2.RunResponse(bail=True)
        if process.returncode:
            return language_pb2.RunResponse(error=f"the program {_ending(process.returncode)}")
        return language_pb2.RunResponse()

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        python, folder = str(_environment(request.info, context).python), request.info.program_directory
        if request.kind == "analyzer":
            command = [python, "-u", "-m", "pulumi.policy", *request.args, folder]
        else:
            command = [python, "-u", folder, *request.args]
        variables = dict(entry.split("=", 1) for entry in request.env)
        output: SimpleQueue[language_pb2.RunPluginResponse | None] = SimpleQueue()
        started = subprocess.Popen(
            command, cwd=request.pwd, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        with self._ends_with(context, started) as process:
            for stream, response in (
                (process.stdout, lambda data: language_pb2.RunPluginResponse(stdout=data)),
                (process.stderr, lambda data: language_pb2.RunPluginResponse(stderr=data)),
            ):
                threading.Thread(target=_forward, args=(stream, response, output), daemon=True).start()
            for _ in range(2):
                yield from iter(output.get, None)
        yield language_pb2.RunPluginResponse(exitcode=process.returncode)

    def GenerateProgram(
        self, request: language_pb2.GenerateProgramRequest, context: grpc.ServicerContext
    ) -> language_pb2.GenerateProgramResponse:
        lines = [
            "# The import is done. This language host writes no program, so declare it in the program yourself;",
            "# what was found is below, in the engine's own notation, names as they are in the engine.",
            *(f"# {line}".rstrip() for text in request.source.values() for line in text.splitlines()),
        ]
        return language_pb2.GenerateProgramResponse(source={"__main__.py": "\n".join([*lines, ""]).encode()})

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        self.stop()
        return Empty()

    def stop(self) -> None:
        """Ends the programs and plugins that still run, and those that are being started."""
        self._stopped = True
        for process in list(self._children):
            with suppress(ProcessLookupError):
                process.terminate()

    @contextmanager
    def _ends_with(
        self, context: grpc.ServicerContext, process: subprocess.Popen[bytes]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Ends a process with the call that started it: the engine stops a plugin by dropping the call."""
        self._children.add(process)
        if not context.add_callback(process.terminate) or self._stopped:
            process.terminate()
        with process:
            yield process
        self._children.discard(process)


def _environment(info: language_pb2.ProgramInfo, context: grpc.ServicerContext) -> Environment:
    try:
        return Environment(info.root_directory, info.options)
    except EnvironmentMissingError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        raise


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"ended with exit code {returncode}"


def _forward(
    stream: IO[bytes],
    response: Callable[[bytes], language_pb2.RunPluginResponse],
    output: SimpleQueue[language_pb2.RunPluginResponse | None],
) -> None:
    for line in stream:
        output.put(response(line))
    output.put(None)


def serve(engine_address: str) -> None:
    """Serves until interrupted, terminated or orphaned; prints the port, as the engine expects."""
    parent, ended = os.getppid(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    host = LanguageHost(engine_address)
    server = grpc.server(
        # A program and each policy pack occupy a thread while they run.
        ThreadPoolExecutor(max_workers=64),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ],
    )
    add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not ended.wait(PARENT_CHECK_SECONDS) and os.getppid() == parent:
        pass
    host.stop()
    server.stop(grace=1).wait()

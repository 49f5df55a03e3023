"""The language host over a real socket, without an engine."""

from __future__ import annotations

import importlib.metadata
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import language_pb2
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeStub


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bootstrap.language_host", "--logtostderr", "127.0.0.1:1"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield started
    started.terminate()
    _, complaints = started.communicate(timeout=120)
    assert complaints == ""


@pytest.fixture
def port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


@pytest.fixture
def host(port: int) -> Iterator[LanguageRuntimeStub]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield LanguageRuntimeStub(channel)


def info(root: Path, **options: str) -> language_pb2.ProgramInfo:
    struct = Struct()
    struct.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(root), program_directory=str(root), entry_point=".", options=struct
    )


def test_required_packages_are_those_of_the_environment(host: LanguageRuntimeStub, tmp_path: Path) -> None:
    request = language_pb2.GetRequiredPackagesRequest(info=info(tmp_path))
    packages = {package.name: package for package in host.GetRequiredPackages(request).packages}
    assert packages["gcp"].version == importlib.metadata.version("pulumi-gcp")
    assert packages["gcp"].kind == "resource"


def test_required_packages_of_another_environment(host: LanguageRuntimeStub, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    [site_packages] = (tmp_path / "env").glob("lib/python*/site-packages")
    (site_packages / "pulumi_random").mkdir()
    plugin = '{"resource": true, "name": "random", "version": "4.16.0", "server": "example.test"}'
    (site_packages / "pulumi_random" / "pulumi-plugin.json").write_text(plugin)
    (site_packages / "pulumi_component").mkdir()
    (site_packages / "pulumi_component" / "pulumi-plugin.json").write_text('{"resource": false, "name": "component"}')
    request = language_pb2.GetRequiredPackagesRequest(info=info(tmp_path, virtualenv="env"))
    [package] = host.GetRequiredPackages(request).packages
    assert (package.name, package.version, package.server) == ("random", "4.16.0", "example.test")


@pytest.mark.parametrize(
    ("method", "request_type"),
    [
        ("About", language_pb2.AboutRequest),
        ("GetRequiredPackages", language_pb2.GetRequiredPackagesRequest),
        ("GetProgramDependencies", language_pb2.GetProgramDependenciesRequest),
        ("Run", language_pb2.RunRequest),
    ],
)
def test_a_missing_environment_is_named(
    host: LanguageRuntimeStub, tmp_path: Path, method: str, request_type: type[language_pb2.AboutRequest]
) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        getattr(host, method)(request_type(info=info(tmp_path, virtualenv=".venv")))
    assert raised.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert str(tmp_path / ".venv") in str(raised.value.details())


def test_transitive_dependencies_are_more_than_the_direct_ones(host: LanguageRuntimeStub, tmp_path: Path) -> None:
    direct, all_of_them = (
        {
            dependency.name: dependency.version
            for dependency in host.GetProgramDependencies(
                language_pb2.GetProgramDependenciesRequest(info=info(tmp_path), transitiveDependencies=transitive)
            ).dependencies
        }
        for transitive in (False, True)
    )
    assert direct.items() < all_of_them.items()
    assert all_of_them["pulumi"] == importlib.metadata.version("pulumi")
    assert "grpcio" not in direct


def test_a_plugin_streams_its_output_and_exit_code(host: LanguageRuntimeStub, tmp_path: Path) -> None:
    program = "import os, sys\nprint(sys.argv[1], os.environ['COLOUR'])\nprint('bad', file=sys.stderr)\nsys.exit(4)\n"
    (tmp_path / "__main__.py").write_text(program)
    request = language_pb2.RunPluginRequest(
        pwd=str(tmp_path), info=info(tmp_path), kind="resource", args=["address"], env=["COLOUR=a=b"]
    )
    answers = list(host.RunPlugin(request))
    assert b"".join(answer.stdout for answer in answers) == b"address a=b\n"
    assert b"".join(answer.stderr for answer in answers) == b"bad\n"
    assert answers[-1].exitcode == 4


def test_a_plugin_ends_with_its_call(port: int, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import os, time\nprint(os.getpid())\ntime.sleep(600)\n")
    request = language_pb2.RunPluginRequest(pwd=str(tmp_path), info=info(tmp_path), kind="resource")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answers = iter(LanguageRuntimeStub(channel).RunPlugin(request))
        plugin = psutil.Process(int(next(answers).stdout))
    plugin.wait(60)


def test_a_debugger_is_refused(host: LanguageRuntimeStub, tmp_path: Path) -> None:
    with pytest.raises(grpc.RpcError, match="debugger"):
        host.Run(language_pb2.RunRequest(info=info(tmp_path), attach_debugger=True))


def test_an_import_is_told_that_no_code_is_written(host: LanguageRuntimeStub) -> None:
    written = host.GenerateProgram(language_pb2.GenerateProgramRequest(source={"main.pp": "resource a {\n}\n"}))
    (text,) = (content.decode() for content in written.source.values())
    assert text.startswith("# The import is done. This language host writes no program")
    assert text.endswith("# resource a {\n# }\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_in_silence(
    process: subprocess.Popen[str], host: LanguageRuntimeStub, number: signal.Signals
) -> None:
    host.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:1"))
    process.send_signal(number)
    assert process.wait(60) == 0


def test_cancel_ends_a_running_program(
    process: subprocess.Popen[str], host: LanguageRuntimeStub, tmp_path: Path
) -> None:
    """The program waits for a monitor that is not there, as one does whose engine hangs."""
    run = host.Run.future(language_pb2.RunRequest(info=info(tmp_path), monitor_address="127.0.0.1:1"))
    deadline = time.monotonic() + 120
    while not psutil.Process(process.pid).children():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    host.Cancel(Empty())
    assert "SIGTERM" in run.result(timeout=60).error


def test_a_program_that_a_cancel_comes_before_ends_as_well(host: LanguageRuntimeStub, tmp_path: Path) -> None:
    """One that was just being started would go on without an engine."""
    host.Cancel(Empty())
    request = language_pb2.RunRequest(info=info(tmp_path), monitor_address="127.0.0.1:1")
    assert "SIGTERM" in host.Run(request, timeout=60).error

"""The language host as the real engine drives it."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.bootstrap.conftest import PulumiProject

pytestmark = pytest.mark.engine

Make = Callable[[str], PulumiProject]


def test_a_program_sees_its_arguments_and_gives_outputs(pulumi_project: Make) -> None:
    project = pulumi_project(
        """
import os, pulumi, nearby
config = pulumi.Config()
print("printed by the program")
pulumi.export("plain", config.require("plain"))
pulumi.export("secret", config.require_secret("secret"))
pulumi.export("where", [pulumi.get_project(), pulumi.get_stack(), os.path.basename(os.getcwd()), nearby.NAME])
"""
    )
    project.write("infra/nearby.py", "NAME = __name__\n")
    project.pulumi("config", "set", "plain", 'a "quoted" value')
    project.pulumi("config", "set", "--secret", "secret", "hidden")
    up = project.pulumi("up", "--yes", "--skip-preview")
    assert up.returncode == 0, up.stdout
    assert "printed by the program" in up.stdout
    assert "warning" not in up.stdout, "the engine must find its language host where it expects it"
    outputs = json.loads(project.pulumi("stack", "output", "--json").stdout)
    assert outputs == {
        "plain": 'a "quoted" value',
        "secret": "[secret]",
        "where": ["tunestack", "local", "infra", "nearby"],
    }
    assert "hidden" not in up.stdout


@pytest.mark.parametrize(
    ("program", "shown", "hidden"),
    [
        pytest.param(
            "def helper():\n    raise ValueError('no such region')\nhelper()\n",
            ["ValueError: no such region", "in helper", "infra/__main__.py"],
            ["runpy", "language_host", "asyncio", "KeyboardInterrupt"],
            id="an exception shows the program's own frames only",
        ),
        pytest.param(
            "import pulumi\nraise pulumi.RunError('stacks/Pulumi.local.yaml: location: no such region')\n",
            ["error: stacks/Pulumi.local.yaml: location: no such region"],
            ["Traceback", "unhandled"],
            id="a RunError is a message",
        ),
        pytest.param(
            "x = = 1\n",
            ["SyntaxError", "__main__.py", "line 1"],
            ["runpy", "importlib"],
            id="a syntax error names the line",
        ),
        pytest.param("import sys\nsys.exit(3)\n", ["exit code 3"], ["Traceback"], id="an exit code is told"),
        pytest.param(
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", ["SIGKILL"], ["Traceback"], id="so is a signal"
        ),
    ],
)
def test_a_program_that_fails(pulumi_project: Make, program: str, shown: list[str], hidden: list[str]) -> None:
    preview = pulumi_project(program).pulumi("preview")
    assert preview.returncode != 0
    for text in shown:
        assert text in preview.stdout
    for text in hidden:
        assert text not in preview.stdout


def test_an_interrupt_ends_the_program_without_a_traceback(pulumi_project: Make, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    project = pulumi_project(
        f"import os, pathlib, time\npathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\ntime.sleep(600)\n"
    )
    up = project.start("up", "--yes", "--skip-preview")
    program = _process(pid_file)
    os.kill(up.pid, signal.SIGINT)
    output, _ = up.communicate(timeout=120)
    assert "update canceled" in output
    assert "KeyboardInterrupt" not in output
    assert "Traceback" not in output
    program.wait(60)


def test_a_killed_engine_leaves_no_process(pulumi_project: Make, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    project = pulumi_project(
        f"import os, pathlib, time\npathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\ntime.sleep(600)\n"
    )
    up = project.start("preview")
    program = _process(pid_file)
    host = program.parent()
    assert host is not None
    up.kill()
    up.communicate()
    psutil.wait_procs([program, host], timeout=60)
    assert not program.is_running()
    assert not host.is_running()


def _process(pid_file: Path) -> psutil.Process:
    deadline = time.monotonic() + 120
    while not (pid_file.exists() and pid_file.read_text()):
        assert time.monotonic() < deadline, "the program was not started"
        time.sleep(0.05)
    return psutil.Process(int(pid_file.read_text()))


def test_about_names_interpreter_and_direct_dependencies(pulumi_project: Make) -> None:
    about = json.loads(pulumi_project("").pulumi("about", "--json").stdout)
    assert about["runtime"]["executable"] == sys.executable
    dependencies = {dependency["name"] for dependency in about["dependencies"]}
    assert "tunestack" in dependencies
    assert "pulumi" not in dependencies, "it comes with tunestack"


ANALYZER = """
import sys
from concurrent.futures import ThreadPoolExecutor
import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    def GetAnalyzerInfo(self, request, context):
        policy = analyzer_pb2.PolicyInfo(name="never", description="d", enforcementLevel=analyzer_pb2.MANDATORY)
        return analyzer_pb2.AnalyzerInfo(name="pack", version="1", supportsConfig=True, policies=[policy])
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    def Configure(self, request, context):
        return Empty()
    def Analyze(self, request, context):
        return analyzer_pb2.AnalyzeResponse(diagnostics=[analyzer_pb2.AnalyzeDiagnostic(
            policyName="never", policyPackName="pack", policyPackVersion="1", message="nothing is allowed here",
            enforcementLevel=analyzer_pb2.MANDATORY)])

server = grpc.server(ThreadPoolExecutor())
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""


def test_a_policy_pack_in_python_refuses(pulumi_project: Make) -> None:
    project = pulumi_project("")
    project.write("policy/PulumiPolicy.yaml", "runtime: python\nversion: 1.0.0\n")
    project.write("policy/__main__.py", ANALYZER)
    preview = project.pulumi("preview", "--policy-pack", "policy")
    assert preview.returncode == 1
    assert "nothing is allowed here" in preview.stdout
    assert "Traceback" not in preview.stdout

"""The folder of the local stack and the file to source."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bootstrap.engine import Engine
from bootstrap.local_stack import LocalStack, path_of_user
from tests.bootstrap.conftest import write


@pytest.fixture(params=["plain", "with 'quotes', $dollars and spaces"])
def stack(tmp_path: Path, request: pytest.FixtureRequest) -> LocalStack:
    checkout = tmp_path / request.param
    write(checkout / ".venv/bin/python", '#!/bin/sh\nprintf "%s|" "$@"', executable=True)
    return LocalStack(checkout, checkout / ".tunestack")


@pytest.fixture
def cli(tmp_path: Path) -> Path:
    return write(tmp_path / "cli/pulumi", "#!/bin/sh\nenv\n", executable=True)


def sourced(stack: LocalStack, command: str, **variables: str) -> str:
    shell = ["sh", "-euc", f". .tunestack/env && {command}".replace(" .tunestack", " ./.tunestack")]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **variables}
    done = subprocess.run(shell, check=True, capture_output=True, text=True, cwd=stack.checkout, env=environment)
    return done.stdout


@pytest.mark.parametrize("has_host", [True, False])
def test_the_env_file_makes_pulumi_work_by_hand(stack: LocalStack, cli: Path, has_host: bool) -> None:
    stack.prepare(Engine(cli, "v3.259.0", "", has_language_host=has_host))
    output = sourced(stack, "pulumi", PULUMI_CONFIG_PASSPHRASE="of another stack")
    shown = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    assert "PULUMI_CONFIG_PASSPHRASE" not in shown, "it would win over the file"
    assert Path(shown["PULUMI_HOME"]) == stack.home
    assert shown["PULUMI_BACKEND_URL"] == stack.state.as_uri()
    assert Path(shown["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text() == "local-stack-only"
    assert shown["PYTHONDONTWRITEBYTECODE"] == ""
    assert shown["PATH"].endswith(f"{stack.checkout}/.venv/bin:/usr/bin:/bin")


def test_sourcing_twice_in_a_shell_that_stops_at_errors(stack: LocalStack, cli: Path) -> None:
    stack.prepare(Engine(cli, "v3.259.0", "", has_language_host=True))
    assert "PULUMI_HOME=" in sourced(stack, ". ./.tunestack/env && pulumi")


def test_a_complete_engine_is_linked(stack: LocalStack, cli: Path) -> None:
    stack.prepare(Engine(cli, "v3.259.0", "", has_language_host=False))
    stack.prepare(Engine(cli, "v3.259.0", "", has_language_host=True))
    assert (stack.executables / "pulumi").readlink() == cli
    assert not (stack.executables / "pulumi-language-python").exists()


def test_an_engine_without_a_host_gets_ours_beside_it(stack: LocalStack, cli: Path) -> None:
    for has_host in (True, False):
        stack.prepare(Engine(cli, "v3.259.0", "", has_language_host=has_host))
    placed = stack.executables / "pulumi"
    assert not placed.is_symlink(), "the engine looks beside its resolved file"
    assert placed.read_text() == cli.read_text()
    printed = sourced(stack, "pulumi-language-python --flag 'an address'")
    assert printed == "-m|bootstrap.language_host|--flag|an address|"


def test_an_engine_on_another_file_system_is_copied(
    stack: LocalStack, cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    engine = Engine(cli, "v3.259.0", "", has_language_host=False)
    stack.prepare(engine)
    placed = stack.executables / "pulumi"
    assert not placed.samefile(cli)
    assert os.access(placed, os.X_OK)
    first = placed.stat().st_ino
    stack.prepare(engine)
    assert placed.stat().st_ino == first, "a copy of 115 MB is not made anew on each run"
    cli.unlink()
    write(cli, "#!/bin/sh\necho newer\n", executable=True)
    stack.prepare(engine)
    assert placed.read_text() == cli.read_text()


def test_an_engine_that_bootstrap_placed_is_not_the_users() -> None:
    assert path_of_user("/a/.tunestack/bin:/usr/bin:/b c/.tunestack/bin:/.tunestack") == "/usr/bin:/.tunestack"


@pytest.mark.engine
def test_creating_the_stack_edits_no_tracked_file(
    pulumi_cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The committed salt belongs to the constant passphrase."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of another stack")
    checkout = Path(__file__).parents[2]
    stack = LocalStack(tmp_path / "checkout", tmp_path / "checkout/.tunestack")
    settings = write(stack.checkout / "stacks/Pulumi.local.yaml", (checkout / "stacks/Pulumi.local.yaml").read_text())
    write(stack.checkout / "Pulumi.yaml", (checkout / "Pulumi.yaml").read_text())
    before = settings.read_bytes()
    stack.prepare(Engine(pulumi_cli / "pulumi", "v3.259.0", "", has_language_host=True))
    assert stack.create()
    assert not stack.create()
    stack.pulumi("config", "set", "--secret", "probe", "x", "--stack", "local")
    assert stack.pulumi("config", "get", "probe", "--stack", "local").strip() == "x"
    assert settings.read_bytes().split(b"encryptionsalt:")[1] == before.split(b"encryptionsalt:")[1]

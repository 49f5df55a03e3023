"""Fixtures of all rooms: a Pulumi engine, obtained as `make up` does, and a place for it apart from everything else."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import tunestack.provider  # noqa: F401 - before any SDK module: it settles whose google.rpc.Status is loaded
from bootstrap import engine, gcp_plugin
from bootstrap.cache import Cache
from bootstrap.local_stack import PASSPHRASE, LocalStack, path_of_user
from tunestack.connection import Connection
from tunestack.package_parts import import_in_parts

pytest_plugins = ["tests.running_emulator", "tests.key_server"]

CHECKOUT = Path(__file__).resolve().parent.parent

# Prices that the developer has refreshed are none of the tests'.
os.environ["TUNESTACK_PRICES"] = str(CHECKOUT / "tests" / "no" / "prices.json")

# A shell has what it starts in the background ignore Ctrl-C, and so would all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An engine ends before it has made much garbage; looking for it takes a quarter of a command's CPU, 0.04 to 0.1 s.
SHORT_LIVED = {"GOGC": "off", "GOMEMLIMIT": "600MiB"}

# A busy machine is no failure: time is measured by `make bench` alone. Nor is luck, which would befall a change that
# has nothing to do with it: `--hypothesis-profile=default` looks for other examples than those of every run.
hypothesis.settings.register_profile("unhurried", deadline=None, derandomize=True)
hypothesis.settings.load_profile("unhurried")

# Every worker imports all tests; 0.75 s each is for those that run what needs these as a whole.
import_in_parts("google.cloud.aiplatform_v1")
import_in_parts("google.cloud.aiplatform_v1beta1")


def pytest_collection_finish() -> None:
    """Takes what all tests import out of the garbage collector's sight: at the end pytest has it look five times."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has each worker begin with its share of what runs the engine, so that no such test is the last one running.

    At first each worker gets one stretch of the list, all of them as long; who is done steals from the others' ends.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    engine = [item for item in items if item.get_closest_marker("engine")]
    others = (item for item in items if not item.get_closest_marker("engine"))
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        share = engine[worker::workers]
        stretch = (len(items) - len(ordered)) // (workers - worker)
        ordered += [*share, *islice(others, max(stretch - len(share), 0))]
    items[:] = ordered


@pytest.fixture(autouse=True)
def clients_end_with_their_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes clients of google-genai, which close themselves only when they are collected, in the middle of any test.

    What is collected with its client may come before it: of an open socket Python then warns, and that test fails.
    """
    clients: list[Any] = []
    genai = vars(Connection)["genai"]
    make = genai.func

    def remembered(connection: Connection) -> Any:
        clients.append(client := make(connection))
        return client

    monkeypatch.setattr(genai, "func", remembered)
    yield
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def pulumi_cli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with `pulumi` and, where that brings none, the language host; builds the CLI if it must."""
    stack = LocalStack(CHECKOUT, tmp_path_factory.mktemp("engine"))
    stack.prepare(engine.obtain(Cache.of_user(), path_of_user(os.environ["PATH"])))
    return stack.executables


@pytest.fixture
def pulumi_environment(pulumi_cli: Path, tmp_path: Path, key_server: dict[str, str]) -> dict[str, str]:
    """The whole process environment for a `pulumi` with a PULUMI_HOME and a backend of this test alone.

    Its gcp plugin is the stand-in. Nothing is downloaded: a plugin that is missing is an error at once.
    """
    stack = LocalStack(CHECKOUT, tmp_path / "pulumi")
    for folder in (stack.home, stack.state):
        folder.mkdir(parents=True)
    gcp_plugin.place_stand_in(stack)
    path = os.pathsep.join((str(pulumi_cli), os.environ["PATH"]))
    (stack.folder / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    own = {**stack.variables(path), **key_server, **SHORT_LIVED, "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    return {**inherited, **own}

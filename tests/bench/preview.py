"""`pulumi preview` of the local stack; the peer is the same program without the tunestack resources."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bootstrap import engine, gcp_plugin
from bootstrap.cache import Cache
from bootstrap.local_stack import LocalStack
from tests.bench.emulator_process import running
from tests.bench.figure import Figure

CHECKOUT = Path(__file__).resolve().parent.parent.parent
RUNS = 7


@dataclass
class Project:
    """A project of its own, whose stack `local` was applied once."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> None:
        """Runs the CLI."""
        command = ["pulumi", *arguments, "--stack", "local", "--non-interactive", "--color", "never"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def preview(self) -> float:
        """Returns how long a preview takes, in seconds."""
        started = time.perf_counter()
        self.run("preview", "--expect-no-changes")
        return time.perf_counter() - started


def measure(folder: Path) -> list[Figure]:
    """Returns the preview's time, and the memory of our provider in it."""
    with running(folder / "emulator") as url:
        full = _applied(folder / "full", CHECKOUT / "infra", url)
        bare = _applied(folder / "bare", CHECKOUT / "tests" / "bench" / "without_tunestack", url)
        seconds = [(full.preview(), bare.preview()) for _ in range(RUNS)]
        megabytes = _provider_memory(full)
    ours, peers = (statistics.median(column) for column in zip(*seconds, strict=True))
    return [
        Figure("pulumi preview -s local", ours, "s", "without tunestack", peers, limit=1.3),
        Figure("provider's memory in a preview", megabytes, "MB", limit=100),
    ]


def _applied(folder: Path, program: Path, url: str) -> Project:
    stack = LocalStack(CHECKOUT, folder / "tunestack")
    stack.prepare(engine.obtain(Cache.of_user(), os.environ["PATH"]))
    gcp_plugin.place_stand_in(stack)
    shutil.copytree(program, folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(CHECKOUT / "stacks", folder / "stacks")
    shutil.copy(CHECKOUT / "Pulumi.yaml", folder / "Pulumi.yaml")
    for shared in ("examples", ".venv"):
        (folder / shared).symlink_to(CHECKOUT / shared)
    # A project of its own on the same emulator: buckets have one name in all of them.
    stack_file = folder / "stacks" / "Pulumi.local.yaml"
    stack_file.write_text(stack_file.read_text().replace("project: tunestack-local", f"project: bench-{folder.name}"))
    made = Project(folder, {**stack.environment(os.environ), "TUNESTACK_EMULATOR_URL": url})
    subprocess.run(
        ["pulumi", "stack", "init", "local"], cwd=folder, env=made.environment, check=True, capture_output=True
    )
    made.run("up", "--yes", "--skip-preview")
    return made


def _provider_memory(project: Project) -> float:
    """Returns the most memory that our provider has while a preview runs, in MB, looked at every 10 ms."""
    most = 0
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.01):
            for process in psutil.process_iter(["cmdline", "environ"]):
                line, environment = process.info["cmdline"] or (), process.info["environ"] or {}
                if environment.get("TUNESTACK_EMULATOR_URL") == project.environment["TUNESTACK_EMULATOR_URL"] and any(
                    part.endswith("pulumi-resource-tunestack") for part in line
                ):
                    try:
                        most = max(most, process.memory_info().rss)
                    except psutil.NoSuchProcess:
                        continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    project.preview()
    over.set()
    watcher.join()
    assert most, "the provider was never seen"
    return most / 1e6

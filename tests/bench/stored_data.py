"""`pulumi preview` of a stack with an unchanged 1 GB object as training data; the peer is the stack without it."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from bootstrap import engine, gcp_plugin
from bootstrap.cache import Cache
from bootstrap.local_stack import LocalStack
from tests.bench.emulator_process import running
from tests.bench.figure import Figure
from tests.bench.preview import CHECKOUT, Project
from tunestack.data.storage.bucket import put

GIGABYTES = float(os.environ.get("TUNESTACK_BENCH_GIGABYTES", "1"))
RUNS = 5
BUCKET, NAME = "bench-pipelines", "weekly/train.jsonl"

LINE = (
    '{{"messages": [{{"role": "user", "content": "Natalia sold clips to {0} of her friends in April, and then she sold '
    "half as many clips in May. How many clips did Natalia sell altogether in April and May? Her brother Weng earns "
    '${0} an hour for babysitting. Yesterday, he just did 50 minutes of babysitting. How much did he earn?"}}, '
    '{{"role": "assistant", "content": "Natalia sold {0}/2 clips in May. Natalia sold {0}+{0}/2 clips altogether in '
    'April and May. Weng earns {0}/60 per minute. Working 50 minutes, he earned 50 x {0}/60. #### {0}"}}]}}\n'
)
"""About as long as an example of GSM8K."""


def measure(folder: Path) -> list[Figure]:
    """Returns what the object costs a preview, in seconds and in bytes."""
    with running(folder / "emulator-with-data") as url:
        size = _stored(folder / "large.jsonl", url)
        bare = _project(folder / "without-data", url, {})
        full = _project(folder / "with-data", url, {"weekly": {"training": f"gs://{BUCKET}/{NAME}"}})
        first = time.perf_counter()
        full.run("preview")
        first = time.perf_counter() - first
        for project in (bare, full):
            project.run("up", "--yes", "--skip-preview")
        before = len(_downloads(url))
        assert before, "the first preview has read it"
        seconds = [(full.preview(), bare.preview()) for _ in range(RUNS)]
        downloads = len(_downloads(url)) - before
    ours, peers = (statistics.median(column) for column in zip(*seconds, strict=True))
    what = f"preview, unchanged object of {size / 1e9:.3g} GB"
    return [
        Figure(f"{what}: beside none", ours - peers, "s", limit=1.0),
        Figure(f"{what}: reads of its content", downloads, "", limit=0),
        Figure("first preview, which reads the object", first, "s"),
    ]


def _stored(file: Path, url: str) -> int:
    """Writes the object, no two lines alike, and returns its size."""
    with file.open("w", encoding="ascii", buffering=1 << 20) as lines:
        for number in range(round(GIGABYTES * 1e9) // len(LINE.format(1_000_000))):
            lines.write(LINE.format(1_000_000 + number))
    client = Client(
        project="bench",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": url},
    )
    client.create_bucket(BUCKET)
    put(file, f"gs://{BUCKET}/{NAME}", lambda: client)
    file.unlink()
    return int(client.bucket(BUCKET).get_blob(NAME).size)


def _project(folder: Path, url: str, datasets: dict[str, Any]) -> Project:
    stack = LocalStack(CHECKOUT, folder / "tunestack")
    stack.prepare(engine.obtain(Cache.of_user(), os.environ["PATH"]))
    gcp_plugin.place_stand_in(stack)
    shutil.copytree(CHECKOUT / "infra", folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "Pulumi.yaml", folder / "Pulumi.yaml")
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    (folder / "stacks").mkdir()
    config = {"project": f"bench-{folder.name}", "location": "us-central1", "emulator": True, "datasets": datasets}
    written = json.dumps({"config": {f"tunestack:{key}": value for key, value in config.items()}})
    (folder / "stacks" / "Pulumi.local.yaml").write_text(written)  # JSON is YAML
    environment = {**stack.environment(os.environ), "TUNESTACK_EMULATOR_URL": url}
    made = Project(folder, environment)
    command = ["pulumi", "stack", "init", "local"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return made


def _downloads(url: str) -> list[str]:
    """Returns the requests so far for the object's content."""
    with urllib.request.urlopen(f"{url}/emulator/requests?since=0") as answer:  # noqa: S310 - the emulator's own
        requests = json.load(answer)["requests"]
    return [each["path"] for each in requests if each["path"] == f"/download/storage/v1/b/{BUCKET}/o/{NAME}"]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        for figure in measure(Path(place)):
            print(*figure.row(), sep="  |  ")

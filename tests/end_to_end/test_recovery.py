"""A run that was killed while Google Cloud was making something: the next one goes on, with every kind of resource."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

CREATIONS = (
    ("POST", r"/storage/v1/b", 2),
    ("POST", r"/iam/v1/projects/[^/]*/serviceAccounts", 1),
    ("POST", r"/quotas/.*/quotaPreferences", 1),
    ("POST", r"/(vertex/)?v1beta1/.*/endpoints", 1),
)
"""Everything that the program makes under a name of its own choice: a second creation is refused. And how often."""

FOUND = {
    "tunestack-test-local-tuning-data",
    "tunestack-test-local-tuning-output",
    "projects/tunestack-test/serviceAccounts/tuning-local@tunestack-test.iam.gserviceaccount.com",
}


def kill(running: subprocess.Popen[str]) -> None:
    """Ends the engine and all it has started, as a machine that loses power does."""
    family = [*psutil.Process(running.pid).children(recursive=True), psutil.Process(running.pid)]
    for process in family:
        process.kill()
    running.communicate()
    psutil.wait_procs(family, timeout=60)


def up_until_held(stack: Any, count: int) -> subprocess.Popen[str]:
    """Starts an `up` and waits until so many of its requests stand still."""
    running: subprocess.Popen[str] = stack.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 90
    while len(stack.emulator.held()) < count:
        assert time.monotonic() < deadline, stack.emulator.held()
        assert running.poll() is None, running.communicate()[0]
        time.sleep(0.05)
    return running


def test_whatever_was_being_created_is_found_again(stack: Any) -> None:
    """The service has made it all, and has answered nothing."""
    stack.configure(quota={"concurrentTuningJobs": 2, "contactEmail": "ada@example.com"})
    stack.model(wait=False)
    for method, path, times in CREATIONS:
        rule = {"method": method, "path": path, "times": times, "hold": "after"}
        assert stack.emulator.http.post("/emulator/faults", json=rule).is_success
    running = up_until_held(stack, 5)
    kill(running)
    stack.emulator.http.delete("/emulator/faults")
    stack.emulator.release()
    assert "locked by 1 lock" in stack.up(fails=True), "else this test proves nothing"

    told = stack.tunestack("recover", "--stack", "local")
    assert f"removed the lock of pulumi process {running.pid} of " in told
    looked_for = set(re.findall(r"noted to look for (\S+), whose creation was cut off", told))
    assert looked_for >= FOUND
    assert [name for name in looked_for if name.startswith("projects/tunestack-test/locations/us-central1/endpoints/")]

    stack.up()
    state = json.loads(stack.pulumi("stack", "export"))["deployment"]
    assert "pending_operations" not in state
    assert not [each["urn"] for each in state["resources"] if each.get("refreshBeforeUpdate")]
    assert len(stack.jobs()) == 1
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert "Stack local is gone" in stack.tunestack("kept", "--stack", "local")


def test_a_plugin_that_dies_while_it_creates_leaves_nothing_in_the_way(stack: Any) -> None:
    """The engine then remembers nothing of what was being made, and makes it again under the same name."""
    stack.model(wait=False)
    for method, path, times in CREATIONS:
        if "quota" not in path:
            rule = {"method": method, "path": path, "times": times, "hold": "after"}
            assert stack.emulator.http.post("/emulator/faults", json=rule).is_success
    running = up_until_held(stack, 4)
    for process in psutil.Process(running.pid).children(recursive=True):
        if any(part.endswith(("emulator.gcp_provider", "pulumi-resource-gcp")) for part in process.cmdline()):
            process.kill()
    stack.emulator.http.delete("/emulator/faults")
    stack.emulator.release()
    printed, _ = running.communicate(timeout=120)
    assert running.returncode != 0
    printed += stack.up()
    assert printed.count("is made again: the answer to an earlier create was lost") >= 3, printed
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert "Stack local is gone" in stack.tunestack("kept", "--stack", "local")

"""Everything late at once, through the real engine: accounts, agents, APIs and grants that have not spread."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.conftest import CHECKOUT
from tests.running_emulator import Emulator

pytestmark = pytest.mark.engine

AGENT = "service-{number}@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"
ACCOUNT = "tuning-local@tunestack-test.iam.gserviceaccount.com"
DATA = "tunestack-test-local-tuning-data"
JOBS = "/v1beta1/projects/tunestack-test/locations/us-central1/tuningJobs"
DISABLED = (
    "Identity and Access Management (IAM) API has not been used in project tunestack-test before or it is disabled. "
    "Enable it by visiting https://console.developers.google.com/apis/api/iam.googleapis.com/overview?"
    "project=tunestack-test then retry."
)


def _agent(program: Any) -> str:
    return AGENT.format(number=program.emulator.http.get("/crm/v1/projects/tunestack-test").json()["projectNumber"])


def _fault(program: Any, method: str, path: str, status: int, message: str, times: int | None) -> None:
    fault = {"method": method, "path": path, "status": status, "message": message, "times": times}
    assert program.emulator.http.post("/emulator/faults", json=fault).is_success


@pytest.fixture
def emulator_settings() -> dict[str, Any]:
    """What is set about the emulator besides delays; tests override it."""
    return {}


@pytest.fixture
def start_emulator(
    start_emulator: Callable[..., Emulator], emulator_settings: dict[str, Any]
) -> Callable[..., Emulator]:
    return lambda settings: start_emulator({**settings, **emulator_settings})


class TestANewProject:
    """Longer than the stand-in waits by itself: it is the program that does."""

    @pytest.fixture
    def delays(self) -> dict[str, float]:
        return {"apiEnabled": 10, "accountKnown": 10}

    @pytest.fixture
    def emulator_settings(self) -> dict[str, Any]:
        return {"ownQuotaProject": True}

    def test_up_succeeds_at_the_first_try(self, program: Any) -> None:
        # What one server knows another may not: enabled for the look-up, and a moment later not for the account.
        _fault(program, "POST", "/iam/v1/projects/[^/]*/serviceAccounts", 403, DISABLED, 1)
        shown = program.pulumi("up", "--yes", "--skip-preview")
        for told in (
            "the project's number waits for cloudresourcemanager.googleapis.com in project tunestack-test",
            "tuning waits for iam.googleapis.com in project tunestack-test",
            f"tuning-account-uses-vertex waits for service account {ACCOUNT}, which",
            f"data-tuning-account waits for service account {ACCOUNT}, which",
            "act-as-user:ada@example.com waits for iam.serviceAccounts.getIamPolicy, which may have been granted",
        ):
            assert told in shown, told
        assert {binding["state"] for binding in program.outputs()["bindings"]} == {"BOUND"}


class TestAnAgentThatComesWithTheFirstJob:
    @pytest.fixture
    def emulator_settings(self) -> dict[str, Any]:
        return {"tuningAgentOnFirstUse": True}

    @pytest.fixture
    def vertex(self) -> dict[str, float]:
        return {"tuningPending": 600}

    def test_its_bindings_are_pending_until_then(self, program: Any) -> None:
        shown = program.pulumi("up", "--yes", "--skip-preview").partition("Diagnostics:")[2]
        assert shown.count(f"warning: pending: {_agent(program)} does not exist yet") == 2, "one a bucket"
        states = self._states(program)
        assert states == {"PENDING"}
        program.pulumi("preview", "--expect-no-changes")

        with program.emulator.storage_client("tunestack-test") as client:
            client.bucket(DATA).blob("train.jsonl").upload_from_string(b"{}\n")
        body = {
            "baseModel": "google/gemma3@gemma-3-1b-it",
            "supervisedTuningSpec": {"trainingDatasetUri": f"gs://{DATA}/train.jsonl"},
            "outputUri": f"gs://{DATA}/out",
        }
        assert program.emulator.http.post(JOBS, json=body).is_success
        assert "a tuning job has run since: lets service-" in program.pulumi("preview")
        program.pulumi("up", "--yes", "--skip-preview")
        assert self._states(program) == {"BOUND"}

        program.emulator.http.put(f"/storage/v1/b/{DATA}/iam", json={"bindings": []})
        program.pulumi("up", "--yes", "--skip-preview", "--refresh")
        assert _agent_is_bound(program)

    def _states(self, program: Any) -> set[str]:
        bindings = program.outputs()["bindings"]
        return {binding["state"] for binding in bindings if _agent(program) in binding["member"]}


def test_an_interrupt_ends_the_wait(program: Any) -> None:
    program.configure(submitters=None)
    _fault(program, "POST", "/crm/v1/.*:setIamPolicy", 404, f"Service account {ACCOUNT} does not exist.", None)
    running = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never"],
        cwd=program.folder,
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout is not None
    shown = ""
    while "at most 600 s" not in shown:
        line = running.stdout.readline()
        assert line, shown
        shown += line
    time.sleep(3)  # by now the pauses are long; all of them together are ten minutes
    running.send_signal(signal.SIGINT)
    shown += running.communicate(timeout=120)[0]
    assert running.returncode != 0


def test_a_stack_that_had_the_bindings_as_pulumi_gcps(program: Any) -> None:
    """The engine deletes the old resource, and with it the binding, after the new one has found it there."""
    (program.folder / "infra").unlink()
    infra = shutil.copytree(CHECKOUT / "infra", program.folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    program.environment["PYTHONPATH"] = str(program.folder)
    access = infra / "access.py"
    now = access.read_text()
    before = now.replace("= AgentAccess(", "= gcp.storage.BucketIAMMember(")
    access.write_text(before.replace("tuning_agent.state", "tuning_agent.id.apply(lambda _: BOUND)"))
    program.pulumi("up", "--yes", "--skip-preview")
    assert _agent_is_bound(program)

    access.write_text(now)
    program.pulumi("up", "--yes", "--skip-preview")
    assert not _agent_is_bound(program)
    shown = program.pulumi("up", "--yes", "--skip-preview")
    assert "~  tunestack:index:AgentAccess data-tuning-agent updated" in shown
    assert _agent_is_bound(program)


def _agent_is_bound(program: Any) -> bool:
    policy = program.emulator.http.get(f"/storage/v1/b/{DATA}/iam").json()
    return any(_agent(program) in member for binding in policy["bindings"] for member in binding["members"])

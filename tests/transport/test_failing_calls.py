"""One call in ten fails, in every way a call can: everything goes through at the first go, and nothing exists twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.end_to_end.conftest import MODELS, PROJECT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

WAYS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "message": "Quota exceeded for requests a minute."},
    "500": {"status": 500, "message": "Internal error encountered."},
    "503": {"status": 503, "message": "The service is currently unavailable."},
    "reset before": {"drop": "before"},
    "reset after": {"drop": "after"},
}
"""How a call fails, each as often as the others. Refused, broken before the service acted, and after it has."""


def disturb(stack: Any, share: float, seed: int, *, silent: bool) -> None:
    """Lets a share of all calls fail from now on."""
    each = 1 - (1 - share) ** (1 / len(WAYS))  # a rule sees what those before it let pass
    for number, way in enumerate(WAYS.values()):
        rule = {"path": "/.*", "share": each, "seed": 100 * seed + number, **way}
        assert stack.emulator.http.post("/emulator/faults", json=rule).is_success
    for number, moment in enumerate(("before", "after") if silent else ()):
        # These are told from a slow answer by a timeout alone, so there are few of them.
        rule = {"path": "/.*", "share": 0.01, "times": 2, "seed": 1000 * seed + number, "hold": moment}
        assert stack.emulator.http.post("/emulator/faults", json=rule).is_success


def undisturbed(stack: Any) -> None:
    assert stack.emulator.http.delete("/emulator/faults").is_success


def what_exists(stack: Any) -> dict[str, int]:
    """Counts what a stack makes, as the service has it."""

    def count(path: str, field: str) -> int:
        return len(stack.emulator.http.get(path).json().get(field, ()))

    endpoints = stack.emulator.http.get(f"{MODELS}/endpoints").json().get("endpoints", [])
    models = stack.emulator.http.get(f"{MODELS}/models").json().get("models", [])
    return {
        "jobs": len(stack.jobs()),
        "buckets": count(f"/storage/v1/b?project={PROJECT}", "items"),
        "service accounts": count(f"/iam/v1/projects/{PROJECT}/serviceAccounts", "accounts"),
        "endpoints": len(endpoints),
        "deployed models": sum(len(endpoint.get("deployedModels", ())) for endpoint in endpoints),
        "models": len(models),
        "model versions": sum(
            count(f"{MODELS}/models/{model['name'].rpartition('/')[2]}:listVersions", "models") for model in models
        ),
    }


def test_up_roll_destroy(
    stack: Any,
    chosen_plugin: str,
    seed: int,
    share: float,
    silent: bool,
    record_property: Callable[[str, object], None],
) -> None:
    disturb(stack, share, seed, silent=silent)

    stack.up()
    once = {
        "jobs": 1,
        "buckets": 2,
        "service accounts": 1,
        "endpoints": 1,
        "deployed models": 1,
        "models": 1,
        "model versions": 1,
    }
    undisturbed(stack)
    assert what_exists(stack) == once
    assert stack.predict("Hello, I cannot log in to the Team plan.")
    stack.pulumi("preview", "--expect-no-changes")

    disturb(stack, share, seed + 1, silent=silent)
    stack.model(epochs=2)
    stack.up()
    undisturbed(stack)
    assert what_exists(stack) == {**once, "jobs": 2, "model versions": 2}
    assert [job["state"] for job in stack.jobs()] == ["JOB_STATE_SUCCEEDED"] * 2

    disturb(stack, share, seed + 2, silent=silent)
    stack.tunestack("predict", "--stack", "local", "Hello")
    stack.tunestack("summary", "--untuned", "--stack", "local")
    undisturbed(stack)
    assert what_exists(stack) == {**once, "jobs": 2, "model versions": 2}

    disturb(stack, share, seed + 3, silent=silent)
    stack.pulumi("destroy", "--yes", "--skip-preview")
    undisturbed(stack)
    # A job's record stays for ever.
    assert what_exists(stack) == {**dict.fromkeys(once, 0), "jobs": 2}

    calls = Counter(call["status"] for call in stack.emulator.requests())
    failed = sum(calls[status] for status in (0, 429, 500, 503))
    record_property("calls", calls.total())
    record_property("failed", failed)
    assert failed / calls.total() > share / 3, "else nothing was tried"

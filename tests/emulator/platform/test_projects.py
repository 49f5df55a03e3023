from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running_emulator import Emulator


def test_a_project_is_there_from_its_first_use(emulator: Emulator) -> None:
    project = emulator.http.get("/crm/v1/projects/demo").json()
    assert project == {
        "projectNumber": project["projectNumber"],
        "projectId": "demo",
        "lifecycleState": "ACTIVE",
        "name": "demo",
        "createTime": project["createTime"],
    }
    assert len(project["projectNumber"]) == 12
    emulator.restart()
    assert emulator.http.get(f"/crm/v1/projects/{project['projectNumber']}").json() == project


def test_the_number_follows_from_the_id(start_emulator: Callable[..., Emulator]) -> None:
    numbers = {start_emulator().http.get("/crm/v1/projects/demo").json()["projectNumber"] for _ in range(2)}
    assert len(numbers) == 1


@pytest.mark.parametrize("project", ["123456789012", "Demo", "-demo", "demo-"])
def test_what_cannot_be_a_project(emulator: Emulator, project: str) -> None:
    answer = emulator.http.get(f"/crm/v1/projects/{project}")
    assert answer.status_code == 403
    assert "does not have permission" in answer.json()["error"]["message"]


@pytest.mark.parametrize("version", ["v1", "beta"])
def test_compute_knows_what_a_number_stands_for(emulator: Emulator, version: str) -> None:
    number = emulator.http.get("/crm/v1/projects/demo").json()["projectNumber"]
    project = emulator.http.get(f"/compute/{version}/projects/{number}?alt=json").json()
    assert (project["kind"], project["id"], project["name"]) == ("compute#project", number, "demo")
    assert project["selfLink"] == f"{emulator.url}/compute/{version}/projects/{number}"


def test_billing(start_emulator: Callable[..., Emulator]) -> None:
    emulator = start_emulator({"unbilledProjects": ["poor"]})
    assert emulator.http.get("/billing/v1/projects/demo/billingInfo").json() == {
        "name": "projects/demo/billingInfo",
        "projectId": "demo",
        "billingAccountName": "billingAccounts/000000-000000-000000",
        "billingEnabled": True,
    }
    assert emulator.http.get("/billing/v1/projects/poor/billingInfo").json()["billingEnabled"] is False

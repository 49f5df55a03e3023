"""A project as a stack leaves it, in which a test breaks something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.running_emulator import Emulator
from tunestack.cli.doctor import command, side_by_side
from tunestack.cli.doctor.finding import Finding, Status
from tunestack.cli.doctor.project import NEEDED_APIS
from tunestack.cli.doctor.subject import Subject
from tunestack.connection import Connection

PROJECT = "demo-project"
BUCKET = "demo-data"
ACCOUNT = f"tuning-dev@{PROJECT}.iam.gserviceaccount.com"
USER = "roles/storage.objectUser"
L4 = "CustomModelServingL4GPUsPerProjectPerRegion"
JOBS = "GlobalConcurrentManagedOssModelTuningJobs"
ENDPOINT = {"model": "tickets", "machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}


class Cloud:
    """A project as a stack leaves it, and the stack."""

    def __init__(self, emulator: Emulator, *, ready: bool = True) -> None:
        self.emulator = emulator
        self.number = self.call("GET", f"/crm/v1/projects/{PROJECT}")["projectNumber"]
        agents = [
            f"serviceAccount:service-{self.number}@gcp-sa-{name}.iam.gserviceaccount.com"
            for name in ("aiplatform", "vertex-moss-ft")
        ]
        self.members = [*agents, f"serviceAccount:{ACCOUNT}"]
        self.subject = Subject(
            Connection(PROJECT, "us-central1", emulator.url),
            "dev",
            {
                "project": PROJECT,
                "serviceAccount": ACCOUNT,
                "bindings": [
                    {"bucket": BUCKET, "member": member, "role": USER, "state": "BOUND"} for member in self.members
                ],
            },
            {
                "models": {
                    "tickets": {"baseModel": "google/gemma3@gemma-3-1b-it"},
                    "tone": {"baseModel": "gemini-2.5-flash"},
                    "tone-further": {"continueFrom": {"model": "tone"}},
                },
                "serving": {"support": ENDPOINT},
                "quota": {"contactEmail": "ada@example.com"},
            },
        )
        if ready:
            services = {"serviceIds": [f"{api}.googleapis.com" for api in NEEDED_APIS]}
            self.call("POST", f"/su/v1/projects/{PROJECT}/services:batchEnable", services)
            self.call("POST", f"/storage/v1/b?project={PROJECT}", {"name": BUCKET})
            self.call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": ACCOUNT.partition("@")[0]})
            self.bind(*self.members)
            self.grant("roles/aiplatform.user", self.members[2])

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        reply = self.emulator.http.request(method, path, json=body)
        assert reply.is_success, reply.text
        return dict(reply.json()) if reply.content else {}

    def bind(self, *members: str) -> None:
        """Gives these, and nobody else, the bucket's objects."""
        self.call("PUT", f"/storage/v1/b/{BUCKET}/iam", {"bindings": [{"role": USER, "members": list(members)}]})

    def grant(self, role: str, member: str) -> None:
        """Adds a member to the project's policy."""
        policy = self.call("POST", f"/crm/v1/projects/{PROJECT}:getIamPolicy", {})
        policy["bindings"] = [*policy.get("bindings", ()), {"role": role, "members": [member]}]
        self.call("POST", f"/crm/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy})

    def take(self, role: str) -> None:
        """Takes a role out of the project's policy."""
        policy = self.call("POST", f"/crm/v1/projects/{PROJECT}:getIamPolicy", {})
        policy["bindings"] = [binding for binding in policy["bindings"] if binding["role"] != role]
        self.call("POST", f"/crm/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy})

    def await_agent(self) -> None:
        """Takes the tuning agent back, as it is before a project's first job."""
        self.take("roles/aiplatform.tuningServiceAgent")
        self.bind(self.members[0], self.members[2])
        pending = {"bucket": BUCKET, "member": self.members[1], "role": USER, "state": "PENDING"}
        bound = [each for each in self.subject.outputs["bindings"] if each["member"] != self.members[1]]
        self.wants(outputs={**self.subject.outputs, "bindings": [*bound, pending]})

    def disable(self) -> None:
        """Disables the tuning service's API."""
        self.call("POST", f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:disable", {})

    def account(self, verb: str) -> None:
        address = f"/iam/v1/projects/{PROJECT}/serviceAccounts/{ACCOUNT}"
        self.call(*(("DELETE", address) if verb == "delete" else ("POST", f"{address}:{verb}")))

    def fault(self, path: str, **rule: Any) -> None:
        self.call("POST", "/emulator/faults", {"path": path, "times": None, **rule})

    def wants(self, **changes: Any) -> None:
        """Changes what is known of the stack."""
        self.subject = replace(self.subject, **changes)

    def findings(self, seconds: float = 60) -> list[Finding]:
        return list(side_by_side.findings(command.remote_checks(self.subject), seconds))

    def trouble(self) -> list[Finding]:
        """Returns what is not well."""
        return [each for each in self.findings() if each.status is not Status.OK]


@pytest.fixture
def start_cloud(start_emulator: Callable[..., Emulator]) -> Callable[..., Cloud]:
    def start(*, ready: bool = True, **settings: Any) -> Cloud:
        return Cloud(start_emulator(settings), ready=ready)

    return start

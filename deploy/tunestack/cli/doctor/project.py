"""Whether there is such a project, whether it is billed, and which APIs it has enabled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from tunestack.cli import calls
from tunestack.cli.calls import RefusedError
from tunestack.cli.doctor.finding import Finding, ok, problem, warning
from tunestack.cli.doctor.subject import Subject

PROJECT, BILLING, APIS = "project", "billing", "APIs"

NEEDED_APIS: Final = {
    "aiplatform": "tuning, models and endpoints",
    "storage": "data and checkpoints",
    "serviceusage": "enabling the others",
    "cloudresourcemanager": "the project's number and policy",
    "cloudbilling": "the project's number, for pulumi-gcp",
    "iam": "the account that jobs run as",
    "cloudquotas": "looking at quotas and asking for more",
}
"""What a stack enables, and for what; reference of the service, section Names."""

_OWN_PROGRAMS: Final = frozenset({"aiplatform", "storage"})
"""What tuning needs whoever enables it."""


def look_at_project(subject: Subject) -> Iterator[Finding]:
    """Yields whether the project is there, to whoever asks."""
    try:
        found = calls.get(subject.connection, calls.RESOURCE_MANAGER, f"projects/{subject.project}")
    except RefusedError as error:
        if error.reason == "SERVICE_DISABLED" or error.code not in (403, 404):
            raise
        says = f"{subject.project} does not exist, or whoever runs this may not see it: {error.message}"
        yield problem(PROJECT, says, "gcloud projects list", f"gcloud projects create {subject.project}")
        return
    state = found.get("lifecycleState", "ACTIVE")
    if state != "ACTIVE":
        says = f"{subject.project} is about to be deleted ({state})"
        yield problem(PROJECT, says, f"gcloud projects undelete {subject.project}")
        return
    yield ok(PROJECT, f"{subject.project}, number {found.get('projectNumber', 'unknown')}")


def look_at_billing(subject: Subject) -> Iterator[Finding]:
    """Yields whether the project has a billing account that is open."""
    info = calls.get(subject.connection, calls.BILLING, f"projects/{subject.project}/billingInfo")
    if info.get("billingEnabled"):
        yield ok(BILLING, f"{subject.project} is billed to {info.get('billingAccountName') or 'an account'}")
        return
    says = f"{subject.project} has no open billing account: the service refuses every call that could cost something"
    if subject.connection.api_endpoint:
        advice = [f"take {subject.project} out of unbilledProjects in the emulator's settings, and start it again"]
    else:
        link = f"gcloud billing projects link {subject.project} --billing-account ACCOUNT_ID"
        advice = ["gcloud billing accounts list", link]
    yield problem(BILLING, says, *advice)


def look_at_apis(subject: Subject) -> Iterator[Finding]:
    """Yields whether the APIs are enabled, and what will enable those that are not."""
    query = {"filter": "state:ENABLED", "pageSize": "200"}
    path = f"projects/{subject.project}/services"
    try:
        services = list(calls.entries(subject.connection, calls.SERVICE_USAGE, path, "services", **query))
    except RefusedError as error:
        if error.reason != "SERVICE_DISABLED":
            raise
        yield problem(APIS, "Service Usage is not enabled, without which none can be", _enable(subject, "serviceusage"))
        return
    enabled = {service["config"]["name"].partition(".")[0] for service in services}
    missing = [api for api in NEEDED_APIS if api not in enabled]
    if not missing:
        yield ok(APIS, f"all {len(NEEDED_APIS)} that a stack needs are enabled")
    # What was applied is taken for enabled; before that, the program does it.
    needed = [api for api in missing if _is_needed(subject, api)]
    later = [api for api in missing if api not in needed]
    if needed:
        yield problem(APIS, f"not enabled in {subject.project}: {_told(needed)}", _enable(subject, *needed))
    if later:
        who = "the first pulumi up enables them" if subject.stack else "a stack of this checkout would enable them"
        yield warning(APIS, f"not enabled in {subject.project}: {_told(later)}; {who}", _enable(subject, *later))


def _is_needed(subject: Subject, api: str) -> bool:
    if subject.stack:
        return subject.is_applied or api == "serviceusage"
    return api in _OWN_PROGRAMS


def _told(apis: Sequence[str]) -> str:
    return ", ".join(f"{api} ({NEEDED_APIS[api]})" for api in apis)


def _enable(subject: Subject, *apis: str) -> str:
    hosts = [f"{api}.googleapis.com" for api in apis]
    if subject.connection.api_endpoint:
        base = calls.address(subject.connection, calls.SERVICE_USAGE)
        body = json.dumps({"serviceIds": hosts})
        return f"curl -d '{body}' {base}/projects/{subject.project}/services:batchEnable"
    return f"gcloud services enable {' '.join(hosts)} --project {subject.project}"

"""Who may do what: the service agents, the account that jobs run as, the buckets' policies, whoever runs this."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tunestack.cli import calls
from tunestack.cli.calls import RefusedError
from tunestack.cli.doctor.finding import Finding, ok, problem, warning
from tunestack.cli.doctor.subject import Subject
from tunestack.cli.doctor.troubles import refused

AGENTS, BINDINGS, ACCOUNT, PERMISSIONS = "agents", "bindings", "jobs' account", "permissions"

PLATFORM_ROLE: Final = "roles/aiplatform.serviceAgent"
"""What the platform's agent is given when it comes into being: https://cloud.google.com/iam/docs/service-agents."""

_AGENTS: Final = ("aiplatform", "vertex-moss-ft")

ACCOUNT_ROLE: Final = "roles/aiplatform.user"

_PERMISSIONS: Final = {
    "aiplatform.tuningJobs.create": "roles/aiplatform.user",
    "aiplatform.models.upload": "roles/aiplatform.user",
    "aiplatform.endpoints.deploy": "roles/aiplatform.user",
    "storage.buckets.create": "roles/storage.admin",
    "storage.buckets.setIamPolicy": "roles/storage.admin",
    "serviceusage.services.enable": "roles/serviceusage.serviceUsageAdmin",
    "resourcemanager.projects.setIamPolicy": "roles/resourcemanager.projectIamAdmin",
    "iam.serviceAccounts.create": "roles/iam.serviceAccountAdmin",
    "cloudquotas.quotas.update": "roles/cloudquotas.admin",
}
"""What an `up` does, and a role that holds it: https://cloud.google.com/iam/docs/roles-permissions."""


def look_at_agents(subject: Subject) -> Iterator[Finding]:
    """Yields whether Google's own accounts are there that read data, write checkpoints and serve.

    Nobody can look an agent up. But the project's policy names it, once it has come into being.
    """
    found = calls.get(subject.connection, calls.RESOURCE_MANAGER, f"projects/{subject.project}")
    policy = _project_policy(subject)
    platform, tuning = (f"service-{found['projectNumber']}@gcp-sa-{name}.iam.gserviceaccount.com" for name in _AGENTS)
    if _has(policy, f"serviceAccount:{platform}", PLATFORM_ROLE):
        yield ok(AGENTS, f"{platform} has {PLATFORM_ROLE}")
    else:
        yield _no_platform_agent(subject, platform)
    member = f"serviceAccount:{tuning}"
    # Only an account that exists can have been bound to a bucket.
    is_bound = any((each["member"], each.get("state")) == (member, "BOUND") for each in _bindings(subject))
    if is_bound or any(member in binding.get("members", ()) for binding in policy):
        yield ok(AGENTS, f"{tuning} is there")
    else:
        says = f"{tuning} has no role in the project: it comes into being with the project's first tuning job"
        yield warning(AGENTS, f"{says}, and until then its access to the buckets is pending")


def _no_platform_agent(subject: Subject, agent: str) -> Finding:
    says = f"{agent} is missing, or has lost {PLATFORM_ROLE}"
    if subject.connection.api_endpoint:
        base = calls.address(subject.connection, calls.SERVICE_USAGE)
        make = (
            f"curl -X POST {base}/projects/{subject.project}/services/aiplatform.googleapis.com:generateServiceIdentity"
        )
    else:
        make = f"gcloud beta services identity create --service aiplatform.googleapis.com --project {subject.project}"
    if subject.stack and not subject.is_applied:
        return warning(AGENTS, f"{says}; the first pulumi up makes it", make)
    return problem(AGENTS, says, make, _grant(subject, f"serviceAccount:{agent}", PLATFORM_ROLE))


def look_at_bindings(subject: Subject) -> Iterator[Finding]:
    """Yields for each bucket of the stack whether all have their role there that the stack gave one."""
    wanted: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for binding in _bindings(subject):
        wanted[str(binding["bucket"])].append(binding)
    for bucket, bindings in wanted.items():
        yield from _bucket(subject, bucket, bindings)
    if not wanted and subject.is_applied:
        yield warning(BINDINGS, "not looked at: the stack's outputs name none, or hide them as secrets")
    elif not wanted:
        yield ok(BINDINGS, "none yet: the first pulumi up makes the buckets and binds the agents to them")


def _bucket(subject: Subject, bucket: str, bindings: list[Mapping[str, Any]]) -> Iterator[Finding]:
    try:
        policy = calls.get(subject.connection, calls.STORAGE, f"b/{bucket}/iam", optionsRequestedPolicyVersion="3")
    except RefusedError as error:
        if error.code == 404:
            yield problem(BINDINGS, f"there is no bucket gs://{bucket} any more", subject.refresh_command)
        else:
            yield refused(BINDINGS, error)
        return
    held = policy.get("bindings", ())
    missing = [each for each in bindings if not _has(held, each["member"], each["role"])]
    for each in missing:
        says = f"{each['member'].partition(':')[2]} has no {each['role']} on gs://{bucket}"
        if each.get("state") == "PENDING":
            yield warning(BINDINGS, f"{says}: pending; the pulumi up after the project's first tuning job gives it")
            continue
        who = f"--member {each['member']} --role {each['role']}"
        add = f"gcloud storage buckets add-iam-policy-binding gs://{bucket} {who}"
        also = () if subject.connection.api_endpoint else (add,)
        yield problem(BINDINGS, f"{says} any more: jobs and endpoints cannot use it", subject.refresh_command, *also)
    if not missing:
        roles = sorted({each["role"] for each in bindings})
        yield ok(BINDINGS, f"gs://{bucket}: all {len(bindings)} have {', '.join(roles)}")


def look_at_account(subject: Subject) -> Iterator[Finding]:
    """Yields whether the account that jobs run as is there and may use the service."""
    if foundation := subject.configuration.get("foundation"):
        yield ok(ACCOUNT, f"none: jobs run in {foundation}")
        return
    email = subject.outputs.get("serviceAccount") or subject.configuration.get("serviceAccount")
    if not isinstance(email, str) or "@" not in email:
        if subject.is_applied:
            yield warning(ACCOUNT, "not looked at: the stack's outputs name none, or hide it as a secret")
        else:
            yield ok(ACCOUNT, "the first pulumi up makes it" if subject.stack else "none is named")
        return
    try:
        account = calls.get(subject.connection, calls.IAM, f"projects/-/serviceAccounts/{email}")
    except RefusedError as error:
        if error.code != 404:
            raise
        mend = subject.refresh_command if subject.is_applied else "name another one in tunestack:serviceAccount"
        yield problem(ACCOUNT, f"there is no account {email}", mend)
        return
    if account.get("disabled"):
        enable = f"gcloud iam service-accounts enable {email}"
        if subject.connection.api_endpoint:
            enable = f"curl -X POST {calls.address(subject.connection, calls.IAM)}/{account['name']}:enable"
        yield problem(ACCOUNT, f"{email} is disabled: no job starts as it", enable)
    elif subject.is_applied and not _has(_project_policy(subject), f"serviceAccount:{email}", ACCOUNT_ROLE):
        says = f"{email} has no {ACCOUNT_ROLE} in {subject.project} any more: no job can start as it"
        yield problem(ACCOUNT, says, subject.refresh_command)
    else:
        yield ok(ACCOUNT, email)


def look_at_permissions(subject: Subject) -> Iterator[Finding]:
    """Yields what whoever runs this may not do that an `up` does."""
    body = {"permissions": list(_PERMISSIONS)}
    answer = calls.post(
        subject.connection, calls.RESOURCE_MANAGER, f"projects/{subject.project}:testIamPermissions", body
    )
    held = answer.get("permissions", ())
    lacking = [name for name in _PERMISSIONS if name not in held]
    if not lacking:
        yield ok(PERMISSIONS, f"whoever runs this has all {len(_PERMISSIONS)} that a first up takes")
        return
    # What a stack has made already, and what a program of one's own does without, is not made again.
    needed = [name for name in lacking if name.startswith("aiplatform.")]
    roles = dict.fromkeys(_PERMISSIONS[name] for name in lacking)
    says = f"whoever runs this lacks {', '.join(lacking)} in {subject.project}"
    advice = [_grant(subject, "user:YOU@example.com", role) for role in roles]
    first = bool(subject.stack) and not subject.is_applied
    yield problem(PERMISSIONS, says, *advice) if first or needed else warning(PERMISSIONS, says, *advice)


def _bindings(subject: Subject) -> list[Mapping[str, Any]]:
    """Returns who has which role on a bucket by the stack's own account; a secret bucket hides all of it."""
    return [each for each in subject.outputs.get("bindings") or () if isinstance(each, Mapping)]


def _project_policy(subject: Subject) -> list[Mapping[str, Any]]:
    body = {"options": {"requestedPolicyVersion": 3}}
    policy = calls.post(subject.connection, calls.RESOURCE_MANAGER, f"projects/{subject.project}:getIamPolicy", body)
    return list(policy.get("bindings", ()))


def _has(bindings: Any, member: str, role: str) -> bool:
    return any(each["role"] == role and member in each.get("members", ()) for each in bindings)


def _grant(subject: Subject, member: str, role: str) -> str:
    if subject.connection.api_endpoint:  # gcloud does not know where that is
        base = calls.address(subject.connection, calls.RESOURCE_MANAGER)
        return f"write {role} for {member} into the policy: POST {base}/projects/{subject.project}:setIamPolicy"
    return f"gcloud projects add-iam-policy-binding {subject.project} --member {member} --role {role}"

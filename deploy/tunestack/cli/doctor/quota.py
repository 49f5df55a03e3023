"""Whether the project's quotas carry what the stack wants: jobs at once, and accelerators to serve on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tunestack import catalogue
from tunestack.cli.calls import RefusedError
from tunestack.cli.doctor.finding import Finding, ok, problem, warning
from tunestack.cli.doctor.subject import Subject
from tunestack.quotas import QuotaServiceError, Standing, foresee, foresee_all
from tunestack.serving.candidates import candidates
from tunestack.wording import counted

if TYPE_CHECKING:
    from tunestack.serving.specification import Machine

TUNING, SERVING = "quota, tuning", "quota, serving"

_CONSOLE = "https://console.cloud.google.com/iam-admin/quotas"


def look_at_tuning(subject: Subject) -> Iterator[Finding]:
    """Yields how many open models the project may tune at once. Gemini jobs do not count against this quota."""
    quota = catalogue.tuning_quota()
    wanted = max(subject.open_models, 0 if subject.stack else 1)
    with _refusals(subject):
        standing = foresee(subject.connection, quota, subject.connection.location)
    if standing is None or standing.granted is None:
        says = f'the service does not list the quota "{quota}", so nobody knows how many jobs run at once'
        yield warning(TUNING, says, f"look for it at {_CONSOLE}?project={subject.project}")
        return
    told = _granted(standing)
    if standing.covers(wanted):
        for_what = f" for {counted(wanted, 'open model')} of this stack" if subject.stack else ""
        yield ok(TUNING, f"{told} at once{for_what}")
        return
    asked = subject.asked("concurrentTuningJobs")
    if standing.granted == 0:
        yield problem(
            TUNING, "the project may tune no open model", _more(subject, standing, "concurrentTuningJobs", 1, "")
        )
        return
    says = f"{told} at once, and the stack tunes {counted(wanted, 'open model')}: they queue, and all finish"
    if asked >= wanted:
        yield warning(TUNING, f"{says}; {asked} are asked for, and not granted yet")
        return
    yield warning(TUNING, says, _more(subject, standing, "concurrentTuningJobs", wanted, ""))


def look_at_serving(subject: Subject) -> Iterator[Finding]:
    """Yields for each accelerator that the stack serves on whether the project may use enough of them."""
    needs: dict[str, int] = defaultdict(int)
    choices = {name: candidates(endpoint) for name, endpoint in subject.serving.items()}
    known, named = catalogue.serving_quotas(), {each for machines in choices.values() for _, each, _ in machines}
    wanted_quotas = {each: quota for each, quota in known.items() if each in named}
    with _refusals(subject):
        standings = foresee_all(subject.connection, wanted_quotas, subject.connection.location)
    for name, machines in choices.items():
        replicas = int(subject.serving[name].get("minReplicas") or 1)
        if len(machines) > 1:
            yield _any_of(subject, name, machines, replicas, standings)
            continue
        for _, accelerator, each in machines:
            needs[accelerator] += replicas * each
    for accelerator, wanted in needs.items():
        if accelerator not in standings:
            yield warning(SERVING, f"{accelerator}: the catalogue knows no quota of it, so it was not looked at")
            continue
        yield _serving(subject, accelerator, wanted, standings[accelerator])
    if not subject.serving:
        yield ok(SERVING, "nothing is served by this stack" if subject.stack else "not looked at without a stack")


def _any_of(
    subject: Subject,
    endpoint: str,
    machines: Sequence[Machine],
    replicas: int,
    standings: Mapping[str, Standing | None],
) -> Finding:
    """Returns whether an endpoint that lists machines has quota for one of them."""
    region = subject.connection.location
    enough = [
        name
        for name, accelerator, each in machines
        if (standing := standings.get(accelerator)) and standing.covers(replicas * each)
    ]
    if enough:
        return ok(SERVING, f"endpoint {endpoint}: the quota in {region} suffices for {' and for '.join(enough)}")
    names = ", ".join(machine[0] for machine in machines)
    says = f"endpoint {endpoint}: the quota in {region} suffices for none of {names}, or is not known"
    return problem(SERVING, says, f"tunestack capacity --stack {subject.stack}")


def _serving(subject: Subject, accelerator: str, wanted: int, standing: Standing | None) -> Finding:
    region = subject.connection.location
    if standing is None or standing.granted is None:
        says = f"{accelerator}: the service tells no quota of it in {region}; it may not be offered there"
        return warning(SERVING, says, f"look for it at {_CONSOLE}?project={subject.project}")
    key = f"servingAccelerators.{accelerator}"
    told = f"{accelerator} in {region}: {_granted(standing)}, and the stack's endpoints take {wanted}"
    if not standing.covers(wanted):
        if subject.asked(key) >= wanted and not subject.is_applied:
            return warning(SERVING, f"{told}; pulumi up asks for {subject.asked(key)}")
        return problem(SERVING, f"{told}: deploying fails", _more(subject, standing, key, wanted, region))
    if not standing.covers(wanted + 1):
        says = f"{told}: a roll needs one more for a while, or interrupts"
        return warning(SERVING, says, _more(subject, standing, key, wanted + 1, region))
    return ok(SERVING, told)


@contextmanager
def _refusals(subject: Subject) -> Iterator[None]:
    """Has a refusal of this service told as those of all others."""
    try:
        yield
    except QuotaServiceError as error:
        reason = "SERVICE_DISABLED" if "has not been used in project" in str(error) else ""
        facts = {"service": "cloudquotas.googleapis.com"}
        raise RefusedError(error.code, str(error), reason, facts, subject.connection) from error


def _granted(standing: Standing) -> str:
    return f"{standing.granted} granted" if standing.granted is not None and standing.granted >= 0 else "no limit"


def _more(subject: Subject, standing: Standing, key: str, wanted: int, region: str) -> str:
    if standing.fixed:
        return "nothing can be asked for: the quota is fixed for this project"
    if subject.stack:
        contact = (
            [] if subject.configuration.get("quota") else [subject.set_command("quota.contactEmail", "YOU@example.com")]
        )
        asks = [*contact, subject.set_command(f"quota.{key}", wanted), f"pulumi up --stack {subject.stack}"]
        return " && ".join(asks)
    where = f" --dimensions region={region}" if region else ""
    return (
        f"gcloud beta quotas preferences create --project {subject.project} --service aiplatform.googleapis.com "
        f"--quota-id {standing.quota_id} --preferred-value {wanted}{where}"
    )

"""What is there of a stack on the service, beside what the engine keeps of it: plain requests that change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from tunestack.checkpoints.folder import File, Folder
from tunestack.cli import calls
from tunestack.cli.calls import RefusedError
from tunestack.cli.status.kept import Kept, Resource
from tunestack.cli.status.machines import Machines
from tunestack.connection import Connection
from tunestack.resource_types import BUCKET, COPY, DEPLOYMENT, ENDPOINT, JOB, MODEL
from tunestack.service_errors import explain
from tunestack.tuning import artifacts, states
from tunestack.tuning.tuned_models import is_same_model
from tunestack.wording import some

_THREADS = 8
"""Requests at a time; each waits for the service, and hardly computes."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Something that is not as the engine keeps it.

    Attributes:
        resource: kind and name.
        says: what is otherwise.
        advice: what to do about it.
    """

    resource: str
    says: str
    advice: str


@dataclass
class Seen:
    """What a look found.

    Attributes:
        drift: what is otherwise than the engine keeps it.
        unseen: why something could not be looked at, and what.
        job_states: of tuning jobs, by resource name.
        machines: what runs and is billed, by name of the deployment.
    """

    drift: list[Drift] = field(default_factory=list)
    unseen: dict[str, list[str]] = field(default_factory=dict)
    job_states: dict[str, str] = field(default_factory=dict)
    machines: dict[str, Machines] = field(default_factory=dict)

    def reasons(self) -> Iterator[str]:
        """Yields a line for each reason for which something could not be looked at."""
        for reason, titles in self.unseen.items():
            yield f"{some(titles, 2)}: {reason}"


class Look:
    """One look at everything that a stack has.

    Args:
        stack: its name.
        connection: to its project and location.
    """

    def __init__(self, stack: str, connection: Connection) -> None:
        self._connection = connection
        self._again = f"pulumi up --refresh --stack {stack}"
        self._seen = Seen()

    def at(self, found: Kept) -> Seen:
        """Looks at all, side by side; what could not be looked at is told, and stops nothing."""
        kinds: dict[str, Callable[[Resource], Iterator[Drift]]] = {
            JOB: self._job,
            MODEL: self._checkpoint,
            COPY: self._copy,
            DEPLOYMENT: self._deployment,
            ENDPOINT: self._endpoint,
            BUCKET: self._bucket,
        }
        wanted = list(found.of(*kinds))
        with ThreadPoolExecutor(_THREADS) as threads:
            for resource, found_there in zip(
                wanted, threads.map(lambda each: _looked(kinds[each.type], each), wanted), strict=True
            ):
                if isinstance(found_there, str):
                    self._seen.unseen.setdefault(found_there, []).append(resource.title)
                else:
                    self._seen.drift += found_there
        return self._seen

    def _job(self, job: Resource) -> Iterator[Drift]:
        name = job.text("job") or job.id
        answer = self._vertex(name)
        if answer is None:
            yield Drift(job.title, f"the service has no job {name} any more", f"tunestack jobs show {job.name}")
            return
        self._seen.job_states[name] = str(answer.get("state") or "")

    def _checkpoint(self, model: Resource) -> Iterator[Drift]:
        uri = model.text("finalCheckpointUri")
        if uri.startswith("gs://") and not any(self._files(uri, "items(name)", maxResults="1")):
            yield _gone(model, uri)

    def _copy(self, copy: Resource) -> Iterator[Drift]:
        uri = copy.text("uri")
        if not uri.startswith("gs://"):
            return
        items = self._files(uri, "items(name,size,crc32c),nextPageToken")
        prefix = f"{artifacts.split(uri)[1].rstrip('/')}/"
        files = [File(each["name"].removeprefix(prefix), int(each["size"]), each["crc32c"]) for each in items]
        whole = sorted((each for each in files if not each.name.endswith("/")), key=lambda each: each.name)
        found = Folder(uri, tuple(whole))
        if not found.files:
            yield _gone(copy, uri)
        elif found.content != copy.text("content"):
            yield Drift(copy.title, f"what lies at {uri} is not what was copied there: files differ", self._again)

    def _files(self, uri: str, fields: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yields what lies in a folder; nothing where its bucket is gone."""
        bucket, folder = artifacts.split(uri)
        asked = {"prefix": f"{folder.rstrip('/')}/", "fields": fields, **query}
        try:
            yield from calls.entries(self._connection, calls.STORAGE, f"b/{bucket}/o", "items", **asked)
        except RefusedError as error:
            if error.code != 404:
                raise

    def _deployment(self, deployment: Resource) -> Iterator[Drift]:
        endpoint, deployed_id = deployment.text("endpoint"), deployment.text("deployedModelId")
        answer = self._vertex(endpoint)
        if answer is None:
            yield Drift(deployment.title, f"its endpoint {endpoint} is gone", self._again)
            return
        present = {str(each.get("id")): each for each in answer.get("deployedModels") or ()}
        own = present.pop(deployed_id, None)
        for other in present.values():
            machines = Machines.of(other)
            if machines and is_same_model(str(other.get("model")), deployment.id):
                own = own or other
                says = f"version {other.get('modelVersionId')} is on {endpoint}, left by an interrupted run or by hand"
                yield Drift(deployment.title, f"{says}: {machines.told(_region(endpoint))}", self._again)
            elif machines:
                says = f"{endpoint} also has {other.get('displayName') or other['id']} deployed, by nobody's stack"
                remove = f"gcloud ai endpoints undeploy-model {endpoint} --deployed-model-id {other['id']}"
                yield Drift(deployment.title, f"{says}: {machines.told(_region(endpoint))}", remove)
        if own is None and not deployed_id:
            return  # it waits for its checkpoint
        if own is None:
            says = f"deployed model {deployed_id} is not on {endpoint} any more: it was undeployed, and nothing answers"
            yield Drift(deployment.title, says, self._again)
            return
        self._seen.machines[deployment.name] = machines = Machines.of(own) or Machines("", 0)
        traffic = int((answer.get("trafficSplit") or {}).get(own["id"], 0))
        if traffic != 100:
            yield Drift(deployment.title, f"deployed model {own['id']} gets {traffic} % of the traffic", self._again)
        replicas = int(deployment.inputs.get("minReplicas") or 1)
        if machines.replicas and machines.replicas != replicas:
            says = f"{machines.replicas} replicas run at least, and {replicas} are wanted"
            yield Drift(deployment.title, says, self._again)

    def _endpoint(self, endpoint: Resource) -> Iterator[Drift]:
        if self._vertex(endpoint.id) is None:
            yield Drift(endpoint.title, f"{endpoint.id} is gone", self._again)

    def _bucket(self, bucket: Resource) -> Iterator[Drift]:
        name = bucket.text("name") or bucket.id
        answer = calls.find(self._connection, calls.STORAGE, f"b/{name}")
        if answer is None:
            yield Drift(bucket.title, f"bucket {name} is gone, with all that was in it", self._again)
            return
        access = answer.get("iamConfiguration") or {}
        prevention = bucket.text("publicAccessPrevention")
        if prevention and access.get("publicAccessPrevention", prevention) != prevention:
            says = f"public access prevention of {name} is {access['publicAccessPrevention']}, and was {prevention}"
            yield Drift(bucket.title, says, self._again)

    def _vertex(self, name: str) -> dict[str, Any] | None:
        return calls.find(replace(self._connection, location=_region(name)), calls.VERTEX, name)


def _gone(made: Resource, uri: str) -> Drift:
    advice = "what serves goes on; a new deployment of it fails. Restore it from soft delete, or tune again"
    return Drift(made.title, f"its checkpoint is gone: no object is left at {uri}", advice)


def told(error: Exception) -> str:
    """Returns why something could not be looked at."""
    return str(error) if isinstance(error, RefusedError) else explain(error) or f"{type(error).__name__}: {error}"


def _looked(look: Callable[[Resource], Iterator[Drift]], resource: Resource) -> list[Drift] | str:
    """Returns what a look found, or why it could not be made."""
    try:
        return list(look(resource))
    except Exception as error:  # whatever it is: the others are to be looked at
        return told(error)


def _region(name: str) -> str:
    """Returns the region in a resource name, projects/PROJECT/locations/REGION/endpoints/ID."""
    return name.split("/")[3]


def state_of(seen: Seen | None, job: str, known: str) -> str:
    """Returns the state of a job as people say it: as it is now, else as the engine keeps it."""
    return states.phrase((seen.job_states.get(job) if seen else "") or known or "unknown")

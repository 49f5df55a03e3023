"""Tuning jobs as documents, and the calls on them: create, get, list, cancel. There is no patch and no delete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from emulator.clock import timestamp
from emulator.vertex import listing, tuning_requests
from emulator.vertex.calls import new_id
from emulator.vertex.refusals import failed_precondition, invalid_argument, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.services import Services
    from emulator.vertex.calls import Call
    from emulator.vertex.settings import VertexSettings
    from emulator.vertex.tuned_gemini import TunedGemini

_COLLECTION = "tuningJobs"
ENDED = {
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_PARTIALLY_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
}
# The list of sibling resources has these; that of tuning jobs documents labels and nothing else.
_FILTERS = {"state": "state", "baseModel": "baseModel", "tunedModelDisplayName": "tunedModelDisplayName"}

Job = dict[str, Any]


class TuningJobs:
    """The jobs of one emulator.

    A document has the job as the API shows it under `job`, the project's id, `order`, by which jobs queue, and the
    `losses` at either end of the training.
    """

    def __init__(self, services: Services, settings: VertexSettings, tuned_gemini: TunedGemini) -> None:
        self._services = services
        self._tuned_gemini = tuned_gemini
        self._listing_lag = int(settings.listing_lag * 1e9)
        self._documents = services.documents
        self.changed: Callable[[], None] = lambda: None
        """Called after a job was submitted or is to be cancelled."""

    def create(self, call: Call) -> Job:
        """Submits a job. It takes no request id: the same call again is a second job, as on the service."""
        self._services.service_usage.require_agents(call.place.project)
        job = tuning_requests.accept(call, self._services, self._tuned_gemini)
        if (account := job.get("serviceAccount")) and not self._services.accounts.known(account):
            # github.com/googleapis/python-aiplatform/issues/1073, where another kind of job is refused so.
            raise invalid_argument(
                f"You do not have permission to act as service_account: {account}. (or it may not exist)."
            )
        self._services.service_usage.use_tuning(call.place.project)
        name = f"{call.place.name}/tuningJobs/{new_id()}"
        moment = timestamp()
        job |= {
            "name": name,
            "state": "JOB_STATE_QUEUED",
            "tuningJobState": "TUNING_JOB_STATE_WAITING_FOR_QUOTA",
            "createTime": moment,
            "updateTime": moment,
        }
        self._documents.put(_COLLECTION, name, {"job": job, "project": call.place.project.id, "order": time.time_ns()})
        self.changed()
        return self.find(name)

    def get(self, call: Call) -> Job:
        """Returns a job."""
        return self.find(f"{call.place.name}/tuningJobs/{call.part('job')}")

    def list_page(self, call: Call) -> dict[str, Any]:
        """Returns the jobs that were submitted in a location."""
        documents = self._documents.list(_COLLECTION, f"{call.place.name}/tuningJobs/")
        latest = time.time_ns() - self._listing_lag
        listed = (document for _, document in documents if document["order"] <= latest)
        newest_first = sorted(listed, key=lambda document: -document["order"])
        return listing.answer(call, "tuningJobs", (document["job"] for document in newest_first), _FILTERS)

    def cancel(self, call: Call) -> dict[str, Any]:
        """Asks a job to end. "Success is not guaranteed"; one that has ended is refused."""

        def ask(job: Job) -> None:
            if job["state"] in ENDED:
                # "On successful cancellation, the TuningJob is not deleted; instead it becomes a job with [error]":
                # CancelTuningJob. What it answers for an ended job is not documented; the wording is the emulator's.
                raise failed_precondition(f"The job {job['name']} has ended in {job['state']} and cannot be cancelled.")
            job["state"] = "JOB_STATE_CANCELLING"

        self.update(f"{call.place.name}/tuningJobs/{call.part('job')}", ask)
        self.changed()
        return {}

    def experiment(self, call: Call) -> dict[str, Any]:
        """Returns the experiment of a job, which `vertexai.tuning` reads whenever it refreshes a job.

        The real one has runs with metrics; this one has the losses at either end of the training in its `metadata`.
        """
        job = self.find(f"{call.place.name}/tuningJobs/{call.part('job')}")
        if "experiment" not in job:
            raise not_found("Context", experiment_name(job))
        return {
            "name": job["experiment"],
            "displayName": job["experiment"].rsplit("/", 1)[-1],
            "createTime": job["startTime"],
            "updateTime": job["startTime"],
            "schemaTitle": "system.Experiment",
            "schemaVersion": "0.0.1",
            "metadata": {"experiment_deleted": False, **self._document(job["name"]).get("losses", {})},
        }

    def find(self, name: str) -> Job:
        """A job by its name.

        Raises:
            ServiceError: there is none.
        """
        return self._document(name)["job"]  # type: ignore[no-any-return]

    def update(self, name: str, change: Callable[[Job], None]) -> None:
        """Changes a job in one transaction."""
        with self._documents.transaction():
            document = self._document(name)
            change(document["job"])
            document["job"]["updateTime"] = timestamp()
            self._documents.put(_COLLECTION, name, document)

    def note_losses(self, name: str, losses: dict[str, float]) -> None:
        """Notes how the training of a job went, for its experiment."""
        with self._documents.transaction():
            self._documents.put(_COLLECTION, name, self._document(name) | {"losses": losses})

    def waiting(self) -> dict[str, list[Job]]:
        """The jobs that have not ended, by project id, in the order of their submission."""
        jobs: dict[str, list[Job]] = {}
        documents = [document for _, document in self._documents.list(_COLLECTION)]
        for document in sorted(documents, key=lambda document: document["order"]):
            if document["job"]["state"] not in ENDED:
                jobs.setdefault(document["project"], []).append(document["job"])
        return jobs

    def _document(self, name: str) -> dict[str, Any]:
        document = self._documents.get(_COLLECTION, name)
        if document is None:
            raise not_found("TuningJob", name)
        return document


def experiment_name(job: Job) -> str:
    """The name that the experiment of a job has once the job runs."""
    place, _, number = job["name"].rpartition("/tuningJobs/")
    return f"{place}/metadataStores/default/contexts/tuning-experiment-{number}"

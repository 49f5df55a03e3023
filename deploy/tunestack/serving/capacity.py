"""What a project can have in a region now: quota, what is in use of it, and machines that the service has.

Plain requests, each asked once: what does not answer is not known, and refuses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tunestack.catalogue import UnknownModelError, open_model, serving_quotas
from tunestack.quotas import Standing, foresee_all
from tunestack.retries import PREVIEW_SECONDS
from tunestack.service_errors import document, explain
from tunestack.serving.checkpoint_size import weight_bytes
from tunestack.serving.specification import Machine

if TYPE_CHECKING:
    from tunestack.connection import Connection

T = TypeVar("T")

RECOMMEND_SECONDS = 20.0
"""How long the service may think about a checkpoint: it reads its files and looks for machines in all of its zones."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What the service says of a checkpoint in a region.

    Attributes:
        available: what can be had now, with whether the project's quota suffices, None where it does not say.
        recommended: all that the checkpoint could be served on, had or not.
    """

    available: Mapping[Machine, bool | None]
    recommended: frozenset[Machine]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What is known of a region; None is not known.

    Attributes:
        region: such as `europe-west4`.
        standings: the project's quota by accelerator, None where the service does not list it.
        deployed: accelerators of each deployed model, by endpoint and deployed model's id.
        offers: for the checkpoint that was asked about.
        weight_bytes: size of its weights.
        unseen: what could not be looked at, and why.
    """

    region: str
    standings: Mapping[str, Standing | None] | None = None
    deployed: Mapping[tuple[str, str], tuple[str, int]] | None = None
    offers: Offers | None = None
    weight_bytes: int | None = None
    unseen: tuple[str, ...] = ()

    def granted(self, accelerator: str) -> int | None:
        """Returns what the project may use of an accelerator."""
        standing = (self.standings or {}).get(accelerator)
        return standing.granted if standing else None

    def in_use(self, accelerator: str, leaving: Collection[tuple[str, str]] = ()) -> int | None:
        """Returns what deployed models have of an accelerator, without those that make way."""
        if self.deployed is None:
            return None
        used: Counter[str] = Counter()
        for name, (kind, count) in self.deployed.items():
            used[kind] += count if name not in leaving else 0
        return used[accelerator]


def look(
    connection: Connection,
    checkpoint_uris: Collection[str],
    base_model: str | None = None,
    accelerators: Collection[str] | None = None,
    *,
    quota: bool = True,
) -> Capacity:
    """Looks at all that decides on a machine, at the same time.

    Args:
        connection: in the region.
        checkpoint_uris: what shall be served, and, for while it is not there, what is like it; the first that the
            service can read counts.
        base_model: what it was tuned from, whose size is that of the checkpoint at the least.
        accelerators: whose quota matters; all of them when left out.
        quota: False leaves the quota and what is in use of it out.
    """
    wanted = {name: row for name, row in serving_quotas().items() if accelerators is None or name in accelerators}
    region, looks = connection.location, _Looks(connection.location)
    with ThreadPoolExecutor(max_workers=4) as pool:
        standings = (
            pool.submit(looks.at, "the quota", partial(foresee_all, connection, wanted, region)) if quota else None
        )
        deployed = pool.submit(looks.at, "what is deployed", lambda: dict(_deployed(connection))) if quota else None
        offers = pool.submit(looks.first, "machines", partial(offers_for, connection), checkpoint_uris)
        size = pool.submit(looks.first, "the checkpoint", partial(_size, connection), checkpoint_uris)
        sizes = [known for known in (size.result(), _model_bytes(base_model)) if known]
        return Capacity(
            region,
            standings.result() if standings else None,
            deployed.result() if deployed else None,
            offers.result(),
            max(sizes, default=None),
            tuple(looks.unseen),
        )


def offers_for(connection: Connection, checkpoint_uri: str) -> Offers:
    """Returns on which machines a checkpoint can be served in the connection's region, now and at all.

    Raises:
        requests.RequestException: the service does not answer.
        google.api_core.exceptions.GoogleAPICallError: it refuses; mostly the checkpoint is not there.
    """
    checked = _recommend(connection, checkpoint_uri, checkMachineAvailability=True, checkUserQuota=True)
    available = {
        _machine(offer["spec"]): _QUOTA_STATES.get(offer.get("userQuotaState", ""))
        for offer in checked.get("recommendations", ())
        if offer.get("region") == connection.location
    }
    everywhere = _recommend(connection, checkpoint_uri)
    specs = [*everywhere.get("specs", ()), *(offer["spec"] for offer in everywhere.get("recommendations", ()))]
    return Offers(available, frozenset(map(_machine, specs)) | available.keys())


_QUOTA_STATES = {"QUOTA_STATE_USER_HAS_QUOTA": True, "QUOTA_STATE_NO_USER_QUOTA": False}


def _recommend(connection: Connection, uri: str, **checks: bool) -> dict[str, Any]:
    with connection.http() as session:
        address = f"{connection.service_address}/v1beta1/{connection.parent}:recommendSpec"
        return document(session.post(address, json={"gcsUri": uri, **checks}, timeout=RECOMMEND_SECONDS))


def _deployed(connection: Connection) -> Iterator[tuple[tuple[str, str], tuple[str, int]]]:
    """Yields what each deployed model of the region has of which accelerator, with the replicas that always run."""
    query: dict[str, str] = {}
    with connection.http() as session:
        while True:
            address = f"{connection.service_address}/v1beta1/{connection.parent}/endpoints"
            page = document(session.get(address, params=query, timeout=PREVIEW_SECONDS))
            for endpoint in page.get("endpoints", ()):
                for model in endpoint.get("deployedModels", ()):
                    resources = model.get("dedicatedResources", {})
                    machine = resources.get("machineSpec", {})
                    count = int(machine.get("acceleratorCount", 0)) * int(resources.get("minReplicaCount", 0))
                    name = endpoint["name"].rpartition("/")[2], model["id"]
                    yield name, (machine.get("acceleratorType", ""), count)
            if not (token := page.get("nextPageToken")):
                return
            query = {"pageToken": token}


def _machine(spec: Mapping[str, Any]) -> Machine:
    machine = spec["machineSpec"]
    return machine["machineType"], machine.get("acceleratorType", ""), int(machine.get("acceleratorCount", 0))


def _model_bytes(base_model: str | None) -> int | None:
    try:
        return open_model(base_model).weight_bytes if base_model else None
    except UnknownModelError:
        return None


def _size(connection: Connection, uri: str) -> int | None:
    return weight_bytes(connection, uri, PREVIEW_SECONDS) or None


@dataclass
class _Looks:
    """Looks that may fail: then nothing is known, and why is kept."""

    region: str
    unseen: list[str] = field(default_factory=list)

    def at(self, what: str, function: Callable[[], T]) -> T | None:
        """Returns what a look finds, None where the service does not answer or does not let whoever asks look."""
        found, why = _tried(function)
        if why:
            self.unseen.append(f"{self.region}: {what} could not be looked at: {why}")
        return found

    def first(self, what: str, function: Callable[[str], T | None], uris: Collection[str]) -> T | None:
        """Returns what is found for the first address of which something is."""
        reasons = []
        for uri in uris:
            found, why = _tried(partial(function, uri))
            if found is not None:
                return found
            reasons += [f"{uri}: {why}"] if why else []
        self.unseen += [f"{self.region}: {what} could not be looked at: {'; '.join(reasons)}"] if reasons else []
        return None


def _tried(function: Callable[[], T]) -> tuple[T | None, str]:
    try:
        return function(), ""
    except Exception as error:
        why = explain(error)
        if why is None and not isinstance(error, ValueError):  # an answer that is no JSON, as a proxy's may be
            raise
        return None, why or str(error)

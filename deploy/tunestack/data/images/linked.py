"""Linked images: whether each is there, of a kind and size that is taken, near enough, and readable by the agents.

What listings and policies say is looked at, so that it takes a few calls a bucket and not one an image. Nothing is
downloaded: of what an object truly holds, its content type is all that is known.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from tunestack.data.demands import IMAGE_TYPES, Demands
from tunestack.data.images.buckets import BUCKET_NAME, Fault, Surroundings, unseen
from tunestack.data.images.listing import Calls, look_up
from tunestack.data.report import Problem
from tunestack.service_errors import explain
from tunestack.wording import counted, either

if TYPE_CHECKING:
    from google.cloud.storage import Client

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.images.agents import Agents
    from tunestack.data.images.listing import StoredObject
    from tunestack.data.report import Report

MAX_CALLS = 2_000
"""Listings at most: about a minute. They look up 2,000,000 images that lie close together."""

MAX_BUCKETS = 50
"""Buckets that are looked at at most."""

_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})


@dataclass(slots=True)
class _Linked:
    """The images of a bucket: declared type by name, and what is wrong, by name."""

    declared: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    @property
    def first(self) -> str:
        return next(iter(self.declared))


def check_links(
    client: Client,
    report: Report,
    *,
    agents: Agents | None = None,
    location: str | None = None,
    data_bucket: str | None = None,
    rules: Sequence[DataRules] = (),
    problem_limit: int | None = 20,
) -> Report:
    """Looks at the images that a file links.

    Args:
        client: the storage client.
        report: on the file.
        agents: who has to read the images; None: not known, which is told.
        location: the job's, a region or `global`; None: that of the data's bucket, if one is given.
        data_bucket: where the file lies or will lie; images in the same bucket need no access of their own.
        rules: of the models that the file is for.
        problem_limit: how many problems of each kind are told in full; all are counted. None tells all.

    Returns:
        The report, with what was found added to its problems. Without linked images it is the same, and nobody is
        called.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: the service fails otherwise than by refusing, retries included.
    """
    buckets = _by_bucket(report)
    calls, demands = Calls(MAX_CALLS), Demands.of(rules)
    surroundings = Surroundings(client, agents, location, data_bucket)
    for bucket, linked in islice(buckets.items(), MAX_BUCKETS):
        if _look(client, bucket, linked, calls, demands):
            linked.faults.setdefault(linked.first, []).extend(surroundings.faults(bucket))
    for linked in islice(buckets.values(), MAX_BUCKETS, MAX_BUCKETS + 1):
        reason = f"images in {len(buckets):,} buckets, of which {MAX_BUCKETS} were looked at"
        linked.faults[linked.first] = [unseen(reason, f"images in at most {MAX_BUCKETS} buckets", "gather them")]
    return _with_problems(report, buckets, problem_limit)


def _by_bucket(report: Report) -> dict[str, _Linked]:
    buckets: dict[str, _Linked] = {}
    for address, place in report.links.items():
        bucket, _, name = address.removeprefix("gs://").partition("/")
        buckets.setdefault(bucket, _Linked()).declared[name] = place.mime_type
    return buckets


def _look(client: Client, bucket: str, linked: _Linked, calls: Calls, demands: Demands) -> bool:
    """Looks up the images of a bucket, and says whether there is such a bucket."""
    from google.api_core.exceptions import Forbidden, NotFound

    def judge(name: str, found: StoredObject | None) -> None:
        if faults := _faults(f"gs://{bucket}/{name}", linked.declared[name], found, demands):
            linked.faults[name] = faults

    names = linked.declared
    try:
        left = look_up(client, bucket, list(names), calls, judge) if BUCKET_NAME.fullmatch(bucket) else None
    except NotFound:
        left = None
    except Forbidden as error:
        reason = f"gs://{bucket}, with {counted(len(names), 'image')}, cannot be listed: {explain(error)}"
        remedy = "let whoever checks list it: roles/storage.objectViewer"
        linked.faults = {linked.first: [unseen(reason, "a bucket that can be listed", remedy)]}
        return True
    if left is None:
        missing = Fault("image-missing", f"there is no bucket {bucket!r}", "an image", "correct the address")
        linked.faults = {name: [missing] for name in names}
        return False
    if left:
        reason = f"{left:,} of {len(names):,} images in gs://{bucket} were not looked up: too many objects between them"
        expected = f"images that {MAX_CALLS:,} listings find"
        remedy = "keep the images in folders of their own"
        linked.faults.setdefault(linked.first, []).append(unseen(reason, expected, remedy))
    return True


def _faults(address: str, declared: str, found: StoredObject | None, demands: Demands) -> list[Fault]:
    """Says what is wrong with a stored image, of which an example declares the type."""
    if found is None:
        return [Fault("image-missing", f"no object {address!r}", "an image", "upload it, or correct the address")]
    faults = []
    if not found.bytes:
        faults.append(Fault("image-broken", f"{address!r} is empty", "an image", "upload it again"))
    limit = demands.max_image_bytes
    if found.bytes > limit:
        reason, expected = f"{address!r} has {counted(found.bytes, 'byte')}", f"at most {limit:,.0f} bytes"
        faults.append(Fault("image-too-large", reason, expected, "scale the image down"))
    stored = found.content_type.partition(";")[0].strip().lower().replace("image/jpg", "image/jpeg")
    if stored in _SAYS_NOTHING:
        reason = f"{address!r} is stored without a kind ({stored or 'no content type'})"
        remedy = f"gcloud storage objects update --content-type={declared or IMAGE_TYPES[0]} {address}"
        faults.append(Fault("image-type-unknown", reason, "the content type of an image", remedy))
    elif declared and stored != declared.lower():
        reason = f"declared as {declared!r}, and {address!r} is stored as {stored!r}"
        faults.append(Fault("image-type", reason, "the same type", "correct the one that is wrong"))
    elif stored not in demands.image_types and (not declared or declared.startswith("image/")):
        reason = f"{address!r} is stored as {stored!r}"
        faults.append(Fault("image-kind", reason, either(demands.image_types), "convert the image"))
    return faults


def _with_problems(report: Report, buckets: dict[str, _Linked], limit: int | None) -> Report:
    """Puts what was found in the order of the file."""
    counts = Counter(report.problem_counts)
    told: Counter[str] = Counter(problem.kind for problem in report.problems)
    problems = list(report.problems)
    for address, place in report.links.items():
        bucket, _, name = address.removeprefix("gs://").partition("/")
        for fault in buckets[bucket].faults.get(name, ()):
            counts[fault.kind] += 1
            if limit is None or told[fault.kind] < limit:
                told[fault.kind] += 1
                problems.append(Problem(report.name, place.line, place.offset, place.path, *fault))
    problems.sort(key=lambda problem: (problem.line, problem.offset))
    return replace(report, problems=tuple(problems), problem_counts=dict(counts))

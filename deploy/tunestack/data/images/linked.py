"""Linked images: whether each is there, of a kind and size that is taken, near enough, and readable by the agents.

What listings and policies say is looked at, so that it takes a few calls a bucket and not one an image. Nothing is
downloaded: of what an object truly holds, its content type is all that is known.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from tunestack.data.demands import IMAGE_TYPES, Demands
from tunestack.data.images.buckets import BUCKET_NAME, Fault, Surroundings, unseen
from tunestack.data.images.listing import Calls, look_up
from tunestack.data.report import Problem
from tunestack.service_errors import explain
from tunestack.wording import counted, either

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


_Faults = dict[str, list[Fault]]
"""What is wrong with images, by address."""


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
    faults: _Faults = {}
    for bucket, declared in islice(buckets.items(), MAX_BUCKETS):
        found, is_there = _look(client, bucket, declared, calls, demands)
        faults |= found
        if is_there:
            faults.setdefault(_first(bucket, declared), []).extend(surroundings.faults(bucket))
    for bucket, declared in islice(buckets.items(), MAX_BUCKETS, MAX_BUCKETS + 1):
        reason = f"images in {len(buckets):,} buckets, of which {MAX_BUCKETS} were looked at"
        expected = f"images in at most {MAX_BUCKETS} buckets"
        faults[_first(bucket, declared)] = [unseen(reason, expected, "gather them")]
    return _with_problems(report, faults, problem_limit)


def _by_bucket(report: Report) -> dict[str, dict[str, str]]:
    """Returns names and declared types of the images in each bucket."""
    buckets: dict[str, dict[str, str]] = {}
    for address, place in report.links.items():
        bucket, _, name = address.removeprefix("gs://").partition("/")
        buckets.setdefault(bucket, {})[name] = place.mime_type
    return buckets


def _first(bucket: str, names: Iterable[str]) -> str:
    """Returns the address of a bucket's first image, where what is wrong with the bucket is told."""
    return f"gs://{bucket}/{next(iter(names))}"


def _look(
    client: Client, bucket: str, declared: Mapping[str, str], calls: Calls, demands: Demands
) -> tuple[_Faults, bool]:
    """Looks up the images of a bucket; returns what is wrong with them, and whether there is such a bucket."""
    from google.api_core.exceptions import Forbidden, NotFound

    faults: _Faults = {}

    def judge(name: str, found: StoredObject | None) -> None:
        address = f"gs://{bucket}/{name}"
        if wrong := _faults_of(address, declared[name], found, demands):
            faults[address] = wrong

    first = _first(bucket, declared)
    try:
        left = look_up(client, bucket, list(declared), calls, judge) if BUCKET_NAME.fullmatch(bucket) else None
    except NotFound:
        left = None
    except Forbidden as error:
        reason = f"gs://{bucket}, with {counted(len(declared), 'image')}, cannot be listed: {explain(error)}"
        remedy = "let whoever checks list it: roles/storage.objectViewer"
        return {first: [unseen(reason, "a bucket that can be listed", remedy)]}, True
    if left is None:
        missing = Fault("image-missing", f"there is no bucket {bucket!r}", "an image", "correct the address")
        return {f"gs://{bucket}/{name}": [missing] for name in declared}, False
    if left:
        total = f"{left:,} of {len(declared):,} images in gs://{bucket}"
        reason = f"{total} were not looked up: too many objects between them"
        expected = f"images that {MAX_CALLS:,} listings find"
        remedy = "keep the images in folders of their own"
        faults.setdefault(first, []).append(unseen(reason, expected, remedy))
    return faults, True


def _faults_of(address: str, declared: str, found: StoredObject | None, demands: Demands) -> list[Fault]:
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


def _with_problems(report: Report, faults: _Faults, limit: int | None) -> Report:
    """Puts what was found in the order of the file."""
    counts = Counter(report.problem_counts)
    told: Counter[str] = Counter(problem.kind for problem in report.problems)
    problems = list(report.problems)
    for address, place in report.links.items():
        for fault in faults.get(address, ()):
            counts[fault.kind] += 1
            if limit is None or told[fault.kind] < limit:
                told[fault.kind] += 1
                problems.append(Problem(report.name, place.line, place.offset, place.path, *fault))
    problems.sort(key=lambda problem: (problem.line, problem.offset))
    return replace(report, problems=tuple(problems), problem_counts=dict(counts))

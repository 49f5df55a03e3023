"""Buckets that hold linked images: how near they are to the job, and whether its agents can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.service_errors import explain

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

    from tunestack.data.images.agents import Agents

OBJECT_USER = "roles/storage.objectUser"
"""What the tuning page asks for on both buckets, where images lie in another one than the training file."""

BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
"""Source: https://cloud.google.com/storage/docs/buckets#naming."""


class Fault(NamedTuple):
    """What is wrong, as the last four fields of a problem."""

    kind: str
    reason: str
    expected: str
    remedy: str


def unseen(reason: str, expected: str, remedy: str) -> Fault:
    """Says what could not be looked at."""
    return Fault("images-not-looked-at", reason, expected, remedy)


class Surroundings:
    """What a bucket of images is held against.

    Args:
        client: the storage client.
        agents: who has to read the images; None: not known.
        location: the job's, a region or `global`; None: that of the data's bucket.
        data_bucket: name of that bucket, which need not exist yet.
    """

    def __init__(self, client: Client, agents: Agents | None, location: str | None, data_bucket: str | None) -> None:
        self._client = client
        self._agents = agents
        self._location = location
        self._data_bucket = data_bucket
        self._described: dict[str, Bucket | str] = {}
        self._access_to_data_is_told = False

    def faults(self, bucket: str) -> Iterator[Fault]:
        """Yields what is wrong with a bucket of images."""
        if bucket == self._data_bucket:
            return  # where it lies and who reads it matters as much without images
        found = self._describe(bucket)
        if isinstance(found, str):
            yield unseen(
                f"the location of gs://{bucket} cannot be seen: {found}",
                "a bucket that can be looked at",
                "let whoever checks see it: roles/storage.bucketViewer",
            )
        else:
            yield from self._distance(found)
        yield from self._access(bucket, "where images lie")
        if self._data_bucket and self._agents and not self._access_to_data_is_told:
            self._access_to_data_is_told = True
            yield from self._access(self._data_bucket, "and the images of its file lie elsewhere")

    def _distance(self, bucket: Bucket) -> Iterator[Fault]:
        job, place = self._job_location, bucket.location.lower()
        if not job or (job == "global" and bucket.location_type != "region") or _near(bucket.location_type, place, job):
            return
        expected = "a multi-region bucket (US or EU)" if job == "global" else f"a bucket in or around {job}"
        reason = f"gs://{bucket.name} is in {place}, and the job in {job}"
        yield Fault("image-location", reason, expected, "copy the images into one, or every epoch reads them from afar")

    def _access(self, bucket: str, why: str) -> Iterator[Fault]:
        from google.api_core.exceptions import Forbidden, NotFound

        if not self._agents:
            reason = f"whether the service agents can read gs://{bucket} is not known: their project could not be seen"
            expected = f"{OBJECT_USER} for both agents of the job's project"
            yield Fault("image-access-unknown", reason, expected, "name the project, or let whoever checks see it")
            return
        try:
            policy = self._client.bucket(bucket).get_iam_policy(
                requested_policy_version=3, timeout=CALL_SECONDS, retry=repeatable
            )
        except NotFound:
            return  # the data's bucket, which is made, and opened to the agents, by the same program
        except Forbidden as error:
            reason = f"the policy of gs://{bucket} cannot be read: {explain(error)}"
            remedy = "let whoever checks read it: roles/storage.admin, or storage.buckets.getIamPolicy"
            yield Fault("image-access-unknown", reason, "a policy that can be read", remedy)
            return
        found = self._describe(bucket)
        owner = None if isinstance(found, str) else str(found.project_number)
        for email in self._agents.emails:
            verdict = self._agents.can_read(email, policy.bindings, owner)
            if verdict == "yes":
                continue
            remedy = (
                f"gcloud storage buckets add-iam-policy-binding gs://{bucket} --member=serviceAccount:{email} "
                f"--role={OBJECT_USER}; an agent appears with the project's first tuning job, and until then the "
                "images belong into the training file's bucket"
            )
            expected = f"{OBJECT_USER} for both agents on this bucket and on the training file's"
            if verdict == "no":
                reason = f"{email} cannot read gs://{bucket}, {why}"
                yield Fault("image-access", reason, expected, remedy)
            else:
                reason = (
                    f"nothing in the policy of gs://{bucket} lets {email} read it, {why}; a role on its project might"
                )
                yield Fault("image-access-unknown", reason, expected, remedy)

    @cached_property
    def _job_location(self) -> str | None:
        if self._location or not self._data_bucket:
            return self._location
        found = self._describe(self._data_bucket)
        return None if isinstance(found, str) else found.location.lower()

    def _describe(self, name: str) -> Bucket | str:
        """Returns the bucket, or why it cannot be seen."""
        from google.api_core.exceptions import Forbidden, NotFound

        if name not in self._described:
            try:
                self._described[name] = self._client.get_bucket(name, timeout=CALL_SECONDS, retry=repeatable)
            except (Forbidden, NotFound) as error:
                self._described[name] = explain(error) or str(error)
        return self._described[name]


def _near(location_type: str, place: str, job: str) -> bool:
    """A region is near itself, and near the larger places on its continent: exact enough to warn by."""
    return place == job if location_type == "region" and "-" in job else _continent(place) == _continent(job)


def _continent(place: str) -> str:
    """`us-central1`, `nam4` and `us` share one; so do `europe-west4`, `eur4` and `eu`, `asia1` and `asia`."""
    for continent, beginnings in (("us", ("us", "nam")), ("eu", ("eu",)), ("asia", ("asia",))):
        if place.startswith(beginnings):
            return continent
    return place

"""Whether what a stack names and did not make is there, and where the stack needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_gcp as gcp
import tenacity

from infra.connection import Connection
from infra.existing import account_project
from infra.naming import bucket_name
from infra.patience import looking_again
from infra.settings import Settings
from tunestack.late_identities import Kind, recognise

MULTI_REGIONS = frozenset({"US", "EU", "ASIA"})
"""Locations of several regions: https://cloud.google.com/storage/docs/locations#location-mr."""


def existing_problems(settings: Settings, connection: Connection) -> Iterator[str]:
    """Yields one text for each thing that is not there, or not where the stack needs it, beginning with the key."""
    return _Check(settings, connection).problems()


class _Check:
    """Finds what is wrong with the things that a stack names."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self._settings = settings
        self._gcp = pulumi.InvokeOptions(provider=connection.gcp)
        self._tunestack = pulumi.InvokeOptions(provider=connection.tunestack)

    def problems(self) -> Iterator[str]:
        """Yields one text each, beginning with the key."""
        settings = self._settings
        for purpose, name in settings.buckets.existing.items():
            yield from self._bucket(f"buckets.{purpose}", name, expires=purpose == "output")
        if email := settings.service_account:
            project = account_project(email, settings.project)
            yield from _missing(
                "serviceAccount",
                f'there is no service account "{email}"',
                lambda: gcp.serviceaccount.get_account(account_id=email, project=project, opts=self._gcp),
            )
        for name, wanted in settings.serving.items():
            if wanted.endpoint:
                yield from self._named(f"serving.{name}.endpoint", settings.endpoint_name(wanted.endpoint), "endpoint")
            if wanted.tuning_job:
                job = settings.job_name(wanted.tuning_job)
                yield from self._named(f"serving.{name}.tuningJob", job, "tuning job")
            if wanted.checkpoint:
                yield from self._checkpoint(f"serving.{name}.checkpoint", wanted.checkpoint)

    def _bucket(self, key: str, name: str, *, expires: bool) -> Iterator[str]:
        found: list[Any] = []
        yield from _missing(
            key,
            f'there is no bucket "{name}"',
            lambda: found.append(gcp.storage.get_bucket(name=name, opts=self._gcp)),
        )
        for present in found:
            yield from _place(key, name, present.location, self._settings.location)
            self._warn_of_loss(key.partition(".")[2], name)
            days = self._settings.buckets.intermediate_checkpoint_days
            rules = [
                condition.days_since_custom_time for rule in present.lifecycle_rules for condition in rule.conditions
            ]
            if expires and days and not any(rules):
                pulumi.log.warn(
                    f"bucket {name} has no lifecycle rule on daysSinceCustomTime, and its settings are not the stack's "
                    "to change: intermediate checkpoints are marked, but nothing deletes them"
                )

    def _warn_of_loss(self, purpose: str, name: str) -> None:
        """Warns where the stack may have made a bucket that it leaves for another, which the engine then deletes."""
        made = bucket_name(self._settings.project, pulumi.get_stack(), f"tuning-{purpose}")
        if not self._settings.buckets.force_destroy or made == name:
            return
        try:
            tenacity.Retrying(**looking_again())(lambda: gcp.storage.get_bucket(name=made, opts=self._gcp))
        except Exception:
            return  # it is not there, or not there for us
        pulumi.log.warn(
            f"bucket {made} is not used any more. If it is this stack's, it is deleted with everything in it, since "
            "buckets.forceDestroy is true: set that to false and run pulumi up before this change, or name the bucket "
            f"itself ({made}) in buckets.{purpose}, and the stack lets go of it"
        )

    def _checkpoint(self, key: str, uri: str) -> Iterator[str]:
        name, _, folder = uri.removeprefix("gs://").rstrip("/").partition("/")
        found: list[Any] = []
        yield from _missing(
            key,
            "there is no such bucket",
            lambda: found.append(
                gcp.storage.get_bucket_objects(bucket=name, prefix=f"{folder}/".lstrip("/"), opts=self._gcp)
            ),
        )
        for listed in found:
            names = [entry.name.removeprefix(f"{folder}/") for entry in listed.bucket_objects]
            if not any(name.endswith(".safetensors") and "/" not in name for name in names):
                yield f"{key}: there is no checkpoint in this folder: it holds no *.safetensors"

    def _named(self, key: str, name: str, kind: str) -> Iterator[str]:
        found: list[Any] = []

        def look() -> None:
            result = pulumi.runtime.invoke("tunestack:index:lookUp", {"name": name}, self._tunestack)
            found.append(result.value["found"])

        yield from _missing(key, "", look)
        if False in found:
            yield f"{key}: there is no {kind} {name}"


def _missing(key: str, missing: str, look: Callable[[], object]) -> Iterator[str]:
    """Yields what is wrong when a look-up fails, unless it cannot be made yet."""
    try:
        tenacity.Retrying(**looking_again())(look)
    except Exception as error:
        said = " ".join(str(error).split())
        late = recognise(said)
        if late is not None and late.kind is Kind.API:
            pulumi.log.debug(f"{key} cannot be looked up yet: {said}")
        elif missing and ("404" in said or "not found" in said.lower()):
            yield f"{key}: {missing}"
        else:
            yield f"{key}: cannot be looked up: {said}"


def _place(key: str, name: str, place: str, location: str) -> Iterator[str]:
    """Yields what is wrong with a bucket's location for jobs in the stack's."""
    place = place.upper()
    if place in MULTI_REGIONS or place == location.upper():
        return
    if "-" not in place:
        pulumi.log.warn(
            f"bucket {name} is in {place}, a pair of regions of which it is not known here whether jobs in {location} "
            "can use it"
        )
    elif location == "global":
        yield f'{key}: bucket "{name}" is in {place}; with location global it has to be in a multi-region: US or EU'
    else:
        yield f'{key}: bucket "{name}" is in {place}; jobs in {location} need one there, or in a multi-region: US or EU'

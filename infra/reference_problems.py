"""Names in a stack's configuration that lead nowhere, and entries that contradict one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.lineage import takes_any_region, tunes_nothing
from infra.setting_problems import entries, path, unknown
from tunestack import catalogue


def reference_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields one text for each name that leads nowhere; works on what has the right shape, so that all are told."""
    yield from _dangling(raw, "models", "dataset", "datasets")
    if not raw.get("foundation"):  # else they are the foundation's, which is not read yet
        yield from _dangling(raw, "serving", "model", "models")
    yield from _unclear_serving(raw)
    yield from _unknown_accelerators(raw)
    location = raw.get("location")
    if not isinstance(location, str) or not location:
        return
    region = catalogue.region(location)
    if region is None and takes_any_region(raw):
        pass  # what the catalogue knows of each model says whether it is tuned there
    elif region is None and tunes_nothing(raw) and catalogue.is_region_name(location):
        pass  # accelerators are in more regions than tuning is; quota and capacity say whether they are there
    elif region is None:
        known = [row.name for row in catalogue.regions()]
        yield f"{path(('location',))}: {unknown(location, 'region', known)}"
    elif raw.get("serving") and not region.serves:
        yield f"{path(('serving',))}: nothing can be served in {location}; serve in a stack of its own, in a region"
    buckets = raw.get("buckets")
    given = buckets if isinstance(buckets, Mapping) else {}
    if location == "global" and not given.get("location") and not (given.get("data") and given.get("output")):
        yield f"{path(('buckets', 'location'))}: is missing; with location global it is a multi-region: US or EU"


def _dangling(raw: Mapping[str, Any], section: str, key: str, target: str) -> Iterator[str]:
    targets = raw.get(target)
    known = list(targets) if isinstance(targets, Mapping) else []
    for name, entry in entries(raw, section).items():
        wanted = entry.get(key)
        if isinstance(wanted, str) and wanted and wanted not in known:
            yield f"{path((section, name, key))}: {unknown(wanted, key, known)}"


def _unclear_serving(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields what is wrong with entries that name nothing to serve, too much, or something that is elsewhere."""
    endpoints: dict[str, str] = {}
    for name, entry in entries(raw, "serving").items():
        given = [key for key in ("model", "checkpoint", "tuningJob") if entry.get(key) is not None]
        if len(given) != 1:
            found = f"not {' and '.join(given)}" if given else "and has none"
            yield f"{path(('serving', name))}: needs one of model, checkpoint and tuningJob, {found}"
        if "model" in given and entry.get("baseModel") is not None:
            yield f"{path(('serving', name, 'baseModel'))}: follows from the model; leave it out"
        yield from _unclear_machines(name, entry)
        for key in ("endpoint", "tuningJob"):
            if isinstance(value := entry.get(key), str):
                yield from _elsewhere(raw, ("serving", name, key), value)
        if isinstance(endpoint := entry.get("endpoint"), str):
            other = endpoints.setdefault(endpoint.rpartition("/")[2], name)
            if other != name:
                yield f"{path(('serving', name, 'endpoint'))}: is the endpoint of {other}; each serves one model"


def _unclear_machines(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    given = [key for key in ("machineType", "acceleratorType", "acceleratorCount") if entry.get(key) is not None]
    if entry.get("machines") is None:
        for key in ("machineType", "acceleratorType"):
            if key not in given:
                yield f"{path(('serving', name, key))}: is missing; name one machine, or list machines to choose from"
    elif given:
        yield f"{path(('serving', name, 'machines'))}: stands beside {' and '.join(given)}; write either, not both"
    elif entry["machines"] == []:
        yield f"{path(('serving', name, 'machines'))}: is empty; list at least one, such as g2-standard-12"


def _elsewhere(raw: Mapping[str, Any], location: Sequence[str], value: str) -> Iterator[str]:
    parts = value.split("/")
    if len(parts) != 6:
        return
    if parts[3] != raw.get("location"):
        way = "; serve its checkpoint: gs://… instead" if location[-1] == "tuningJob" else ""
        yield f"{path(location)}: is in {parts[3]}, and the stack in {raw.get('location')}{way}"
    elif not parts[1].isdigit() and parts[1] != raw.get("project"):
        yield f"{path(location)}: is in project {parts[1]}, and the stack in {raw.get('project')}"


def _unknown_accelerators(raw: Mapping[str, Any]) -> Iterator[str]:
    quota = raw.get("quota")
    asked = quota.get("servingAccelerators") if isinstance(quota, Mapping) else None
    known = list(catalogue.serving_quotas())
    for name in asked if isinstance(asked, Mapping) else ():
        if name not in known:
            reason = unknown(name, "accelerator with a known quota", known)
            yield f"{path(('quota', 'servingAccelerators', name))}: {reason}"
        elif raw.get("location") == "global":
            yield f"{path(('quota', 'servingAccelerators', name))}: nothing can be served in global"

"""What exists after a run, at the service and in the state, as lines that are equal for equal runs."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bootstrap.local_stack import PROJECT, STACK
from tests.campaign.lane import Lane

_PASSING: Final = frozenset({"operations", "service_usage_operations"})
"""Records of what was done, which no service lets anybody delete."""


def remote(lane: Lane) -> Counter[str]:
    """Everything that the service has, as one line each."""
    return lines(_documents(lane.data))


def lines(documents: Sequence[tuple[str, str, dict[str, Any]]]) -> Counter[str]:
    """What collection, key and content of documents say, without the ids that the service draws."""
    artifacts = {
        f"{name}@{number}": version.get("artifactUri", f"a tuned Gemini, version {number}")
        for collection, name, document in documents
        if collection == "models"
        for number, version in document["versions"].items()
    }
    return Counter(
        re.sub(r"\d{8,}", "N", line)
        for collection, key, document in documents
        for line in _lines(collection, key, document, artifacts)
    )


def _documents(data: Path) -> list[tuple[str, str, dict[str, Any]]]:
    connection = sqlite3.connect(f"file:{data / 'state.sqlite'}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT collection, key, document FROM documents").fetchall()
    finally:
        connection.close()
    return [(collection, key, json.loads(document)) for collection, key, document in rows]


def _lines(collection: str, key: str, document: dict[str, Any], artifacts: dict[str, str]) -> Iterator[str]:
    if collection in _PASSING or collection.startswith("noncurrent"):
        return
    if collection == "tuningJobs":
        job = document["job"]
        what = f"into {job['outputUri']}" if "outputUri" in job else _gemini(job)
        yield f"job {what}: {job['state']}"
    elif collection == "models":
        for number in document["versions"]:
            yield f"version of model {key}: {artifacts[f'{key}@{number}']}"
    elif collection == "endpoints":
        split = document.get("trafficSplit", {})
        yield f"endpoint {document['displayName']}"
        for deployed in document.get("deployedModels", ()):
            source = artifacts.get(f"{deployed['model']}@{deployed['modelVersionId']}", "a model that is gone")
            yield f"deployed on {document['displayName']}: {source}, {split.get(deployed['id'], 0)} % of the traffic"
    elif collection == "policies":
        for binding in document["policy"].get("bindings", ()):
            for member in binding["members"]:
                yield f"binding on {key}: {binding['role']} to {member}"
    elif collection == "uploads":
        if "result" not in document:
            yield f"unfinished upload to {document.get('bucket')}/{document.get('name')}"
    else:
        yield f"{collection} {key}"


def _gemini(job: dict[str, Any]) -> str:
    """What tells Gemini jobs apart, which have no folder: where they start, and how long they learn."""
    start = job["preTunedModel"]["tunedModelName"] if "preTunedModel" in job else job["baseModel"]
    return f"on {start}, {job['supervisedTuningSpec']['hyperParameters']['epochCount']} epochs"


def has_object(lane: Lane, name: str) -> bool:
    """Whether a bucket has an object whose whole name matches the regular expression."""
    return any(
        collection.startswith("objects/") and re.fullmatch(name, key) for collection, key, _ in _documents(lane.data)
    )


def _deployment(lane: Lane) -> dict[str, Any]:
    file = lane.stack.state / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"
    latest: dict[str, Any] = json.loads(file.read_bytes())["checkpoint"].get("latest") or {}
    return latest


def resources(lane: Lane) -> Counter[str]:
    """What the state has, as type and name."""
    urns = [resource["urn"] for resource in _deployment(lane).get("resources") or ()]
    return Counter(urn.split("::", 2)[2].rpartition("$")[2] for urn in urns)


def unclean(lane: Lane) -> list[str]:
    """What a state that nothing is wrong with does not have."""
    deployment = _deployment(lane)
    found = [
        f"the state has a pending operation: {operation['type']} {operation['resource']['urn']}"
        for operation in deployment.get("pending_operations") or ()
    ]
    for resource in deployment.get("resources") or ():
        found += [f"the state has {mark} at {resource['urn']}" for mark in _MARKS if resource.get(mark)]
    locks = lane.stack.state / ".pulumi" / "locks"
    return found + [f"a lock is left: {lock.name}" for lock in locks.rglob("*.json")]


_MARKS: Final = ("delete", "pendingReplacement", "initErrors", "taint")


def traffic_elsewhere(lane: Lane) -> list[str]:
    """Where an endpoint sends its traffic to something else than the state names."""
    found = []
    endpoints = {
        name.rpartition("/")[2]: endpoint
        for collection, name, endpoint in _documents(lane.data)
        if collection == "endpoints"
    }
    for resource in _deployment(lane).get("resources") or ():
        if resource["type"] == "tunestack:index:ModelDeployment":
            outputs = resource["outputs"]
            split = endpoints.get(outputs["endpoint"].rpartition("/")[2], {}).get("trafficSplit")
            if split != {outputs.get("deployedModelId"): 100}:
                found.append(f"the traffic is {split}, and the state names {outputs.get('deployedModelId')}")
    return found

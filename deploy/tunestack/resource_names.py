"""Resource names of the service, which it gives with a project's number and people write with its id."""

from __future__ import annotations


def without_project(name: str) -> str:
    """Returns what two names of one thing have in common: `locations/us-central1/endpoints/1`."""
    return name.split("/", 2)[-1]

"""Whose job is it: the labels that say so, written when a job is created, since nothing about it changes after.

A record of a job stays in the service for ever and has no name of one's choice, so labels are the only way to find
it again after a crash, and the only protection of a job that belongs to another stack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tunestack.tuning.specification import HASH_LENGTH

SPEC = "tunestack-spec"
OWNER = "tunestack-owner"
STACK = "tunestack-stack"
CLAIM = "tunestack-claim"
"""Token of one submission; see `intent`."""
DATA = "tunestack-data"
"""First digits of the data's hash, so that a job tells what it has learned when the files are gone."""

OURS = frozenset({SPEC, OWNER, STACK, CLAIM, DATA})
"""All labels that are not the user's own."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The resource that owns a remote thing.

    Attributes:
        urn: `urn:pulumi:STACK::PROJECT::TYPE::NAME`.
        earlier: digests of the urns that it had before it was renamed with an alias.
    """

    urn: str
    earlier: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[-1]

    @property
    def digests(self) -> frozenset[str]:
        """What stands in the labels of this resource's jobs, those from before a rename included."""
        return self.earlier | {digest(self.urn)}

    @property
    def stack(self) -> str:
        """Stack and Pulumi project, as they stand in the urn."""
        return "::".join(self.urn.split("::")[:2])

    def folder(self, parent: str) -> str:
        """Returns the folder of this resource's jobs: equal specs of two stacks do not meet below one parent.

        A name is one folder, whatever it holds: Pulumi takes slashes in it.
        """
        stack, project = self.urn.removeprefix("urn:pulumi:").split("::")[:2]
        return "/".join((parent.rstrip("/"), project, stack, quote(self.name, safe="")))

    def job_folder(self, parent: str, spec_hash: str) -> str:
        """Returns the folder of one job, which its checkpoints are below."""
        return f"{self.folder(parent)}/{spec_hash}"

    def labels(self, spec_hash: str) -> dict[str, str]:
        """Returns the labels of a job of this owner; values are hashes, since a label holds 63 characters."""
        return {SPEC: spec_hash, OWNER: digest(self.urn), STACK: digest(self.stack)}

    def owns(self, labels: Mapping[str, str]) -> bool:
        """Says whether these labels are of this very resource."""
        return labels.get(OWNER) in self.digests

    def shares_stack(self, labels: Mapping[str, str]) -> bool:
        """Says whether these labels are of some resource of the same stack."""
        return labels.get(STACK) == digest(self.stack)


def digest(text: str) -> str:
    """Returns 16 hex digits that stand for a text in labels and ids."""
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]

"""Names that have to be the same on every run: derived from project, stack and name, cut to what the services take."""

from __future__ import annotations

import hashlib
import re


def bucket_name(project: str, stack: str, purpose: str) -> str:
    """Returns a bucket's name; names are global to Cloud Storage, so it begins with the project's id.

    At most 63 characters: https://cloud.google.com/storage/docs/buckets#naming.
    """
    return _fitted(f"{project}-{stack}-{purpose}", 63)


def account_id(stack: str, purpose: str) -> str:
    """Returns a service account's id, 6 to 30 characters: https://cloud.google.com/iam/docs/service-accounts-create."""
    return _fitted(f"{purpose}-{stack}", 30)


def endpoint_id(project: str, stack: str, name: str, key: str | None = None) -> str:
    """Returns an endpoint's id: ten digits that do not begin with 0, which is all that the service takes.

    An endpoint keeps the key that it was made with, so that another key is another endpoint: with another id, both can
    be there at once while the one takes over from the other.
    """
    described = "/".join(part for part in (project, stack, name, key) if part)
    digest = hashlib.sha256(described.encode()).digest()
    return str(10**9 + int.from_bytes(digest[:8], "big") % (9 * 10**9))


def _fitted(name: str, limit: int) -> str:
    legal = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    if len(legal) <= limit and legal == name:
        return legal
    # What was changed may now be another stack's name: the hash keeps them apart.
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{legal[: limit - 9].rstrip('-')}-{digest}"

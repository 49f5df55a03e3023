"""Whether whoever runs this may take a checkpoint and put it where it belongs, and what to do where not.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tunestack.retries import CALL_SECONDS, repeatable

if TYPE_CHECKING:
    from google.cloud.storage import Client

READING = ("storage.objects.get", "storage.objects.list")
READER = "roles/storage.objectViewer"
"""The role that has what reading takes, and nothing else of weight:
https://cloud.google.com/storage/docs/access-control/iam-roles."""

WRITING = ("storage.objects.create", "storage.objects.get", "storage.objects.list")
WRITER = "roles/storage.objectUser"


def lacking(client: Client, bucket: str, permissions: tuple[str, ...]) -> list[str]:
    """Returns those of some permissions on a bucket that the caller does not have; asking takes none.

    Raises:
        google.api_core.exceptions.NotFound: there is no such bucket.
    """
    held = client.bucket(bucket).test_iam_permissions(list(permissions), timeout=CALL_SECONDS, retry=repeatable)
    return [permission for permission in permissions if permission not in held]


def unreadable(client: Client, bucket: str, stack: str, permissions: str, refusal: str = "") -> str:
    """Says that a checkpoint may not be taken, and both ways to allow it.

    Args:
        client: whose caller may not.
        bucket: in which the checkpoint lies.
        stack: whose bucket it is, or empty.
        permissions: what is lacking.
        refusal: the service's own words, or empty.
    """
    member = _member(client, refusal)
    named = member or "serviceAccount:…"
    return (
        f"{member or 'whoever runs this'} may not read the checkpoint: {permissions} on bucket {bucket}. "
        f"Either write tunestack:readers: [{named}] in the YAML of {stack or 'the stack that owns the bucket'} and run "
        f"pulumi up there, or run gcloud storage buckets add-iam-policy-binding gs://{bucket} --member={named} "
        f"--role={READER}; either takes some minutes to count"
    )


def unwritable(client: Client, bucket: str, permissions: str) -> str:
    """Says that a copy may not be made where it belongs, and what to do."""
    member = _member(client, "")
    return (
        f"{member or 'whoever runs this'} may not write the copy: {permissions} on bucket {bucket}. Run gcloud storage "
        f"buckets add-iam-policy-binding gs://{bucket} --member={member or 'serviceAccount:…'} --role={WRITER}; it "
        "takes some minutes to count"
    )


def _member(client: Client, refusal: str) -> str:
    """Returns the caller as IAM names it, from the service's words or from its credentials; empty where neither say."""
    told = re.search(r"(\S+@\S+) does not have", refusal)
    credentials = getattr(client, "_credentials", None)
    email = told[1] if told else getattr(credentials, "service_account_email", None) or ""
    if "@" not in email:  # credentials of a machine are called `default` until they are first used
        return ""
    kind = "serviceAccount" if email.endswith(".gserviceaccount.com") else "user"
    return f"{kind}:{email}"

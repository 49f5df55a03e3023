"""Training files that lie in a bucket become a dataset: the addresses are its id."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tunestack.data import UnreadableDataError
from tunestack.data.storage.objects import address_parts
from tunestack.data.verdicts.kept import checked
from tunestack.provider.dataset_content import Content
from tunestack.provider.dataset_files import FILES, locate
from tunestack.provider.dataset_problems import check_command, complaint
from tunestack.provider.lifecycle import ResourceError

if TYPE_CHECKING:
    from google.cloud.storage import Client


def addresses(resource_id: str) -> list[str]:
    """Returns the addresses that the id of an import names: of the training file, and of the validation file if any.

    Raises:
        ResourceError: they are none.
    """
    uris = re.split(r",\s*(?=gs://)", resource_id)
    try:
        for uri in uris:
            address_parts(uri)
    except UnreadableDataError:
        uris = []
    if not 1 <= len(uris) <= 2:
        raise ResourceError(
            f"{resource_id!r} names no dataset; write the address of the training file, gs://bucket/train.jsonl, or "
            "both addresses with a comma between them: gs://bucket/train.jsonl,gs://bucket/validation.jsonl"
        )
    return uris


def fetched(uris: Sequence[str], client: Callable[[], Client]) -> Content:
    """Reads and checks files that lie in a bucket, as they come.

    Raises:
        ResourceError: one is not there, or could not be trained on.
    """
    try:
        files = tuple(locate(role, uri, client) for role, uri in zip(FILES, uris, strict=False))
        training = checked(files[0].place)
        verdicts = (training, *(checked(file.place, against=training) for file in files[1:]))
    except UnreadableDataError as error:
        raise ResourceError(f"nothing can be imported: {error}") from error
    content = Content(files, verdicts)
    for report in content.reports:
        if not report.ok:
            raise ResourceError(f"{report.name} cannot be imported:\n{complaint(report, check_command(content))}")
    return content


def declared_at(training_uri: str) -> dict[str, str]:
    """Returns bucket and prefix of the resource that would have put its training file there.

    A file that was put there otherwise has no prefix of ours.
    """
    bucket, name = address_parts(training_uri)
    found = re.fullmatch(r"(?:(.*)/)?[0-9a-f]{16}/[^/]+", name)
    return {"bucket": bucket, **({"prefix": found[1] or ""} if found else {})}

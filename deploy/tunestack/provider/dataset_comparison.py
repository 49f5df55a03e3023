"""What changed between the data that is deployed and the data that would take its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tunestack.data import UnreadableDataError
from tunestack.data.signatures.comparison import compare
from tunestack.data.storage.objects import PinnedObject, address_parts, pin
from tunestack.data.verdicts.objects import ObjectPlace
from tunestack.provider.dataset_content import Content
from tunestack.provider.dataset_files import FILES, GENERATIONS

if TYPE_CHECKING:
    from google.cloud.storage import Client

    from tunestack.data.signatures.signature import Signature

_COUNTS = {"training": "examples", "validation": "validationExamples"}


def compared(state: Mapping[str, Any], content: Content, client: Callable[[], Client]) -> str | None:
    """Returns what changed since what the state knows; None where nothing was kept to compare with.

    Args:
        state: the dataset's outputs.
        content: what the program's files hold now.
        client: makes the storage client.
    """
    told = []
    now = {file.role: verdict for file, verdict in zip(content.files, content.verdicts, strict=True)}
    for role in FILES:
        was_there, after = bool(state.get(f"{role}Uri")), now.get(role)
        if not was_there or after is None:
            if was_there != (after is not None):
                told.append(f"{role} data {'removed' if was_there else 'added'}")
            continue
        before = _kept(state, role, client)
        if before is None and role == "training":
            return None
        if before is None or (difference := compare(before, after.signature())).same:
            continue
        earlier, later = state.get(_COUNTS[role]), after.report.examples
        counts = f" ({earlier:,} → {later:,})" if isinstance(earlier, int) and earlier != later else ""
        told.append(f"{role} data: {difference}{counts}")
    return "; ".join(told) or "the same examples, in another order or spelling"


def _kept(state: Mapping[str, Any], role: str, client: Callable[[], Client]) -> Signature | None:
    """Returns the signature that lies beside an object of the state, if it does."""
    uri, generation = str(state[f"{role}Uri"]), state.get(GENERATIONS[role])
    try:
        # What was uploaded is named by its content, and there is one generation of it.
        pinned = PinnedObject(*address_parts(uri), int(generation), 0, "") if generation else pin(uri, client)
        return ObjectPlace(pinned, client).signature()
    except UnreadableDataError:
        return None

"""What a preview says of a copied checkpoint: where it comes from, and what is left to copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tunestack.checkpoints import copying
from tunestack.provider.transfer_progress import shown_bytes
from tunestack.wording import counted

if TYPE_CHECKING:
    from tunestack.checkpoints.folder import Folder


def forecast(
    known: Mapping[str, Any], source: Folder | None, there: Folder | None, copies: Sequence[Folder] = ()
) -> str:
    """Returns the preview's line.

    Args:
        known: the inputs that are known.
        source: the checkpoint, where it could be looked at.
        there: what is in place already, where that is known.
        copies: earlier ones beside it.
    """
    origin = known.get("origin")
    lineage = _lineage(origin if isinstance(origin, Mapping) else {}, known.get("baseModel") or "")
    told = _copies(known, source, there, copies)
    return f"{lineage}; {told}" if lineage else told


def _copies(known: Mapping[str, Any], source: Folder | None, there: Folder | None, copies: Sequence[Folder]) -> str:
    if source is None:
        return f"copies {known.get('sourceUri') or 'a checkpoint that is not there yet'}"
    missing = copying.left(source, there) if there else list(source.files)
    if not missing:
        return f"copies nothing: all {counted(len(source.files), 'file')} of {source.uri} are in place"
    near = copying.at_hand(missing, copies)
    far = [file for file in missing if file.name not in near]
    in_place = len(source.files) - len(missing)
    aside = [
        f"{in_place:,} {'is' if in_place == 1 else 'are'} there already" if in_place else "",
        f"{len(near):,} of an earlier copy {'is' if len(near) == 1 else 'are'} the same" if near else "",
    ]
    told = "; ".join(each for each in aside if each)
    size = shown_bytes(sum(file.bytes for file in far))
    return f"copies {size} in {counted(len(far), 'file')} from {source.uri}" + (f" ({told})" if told else "")


def _lineage(origin: Mapping[str, Any], base_model: str) -> str:
    """Says which run a checkpoint comes from, so far as the program tells."""
    if not origin.get("run") and not origin.get("stack"):
        return ""
    run = f"run {origin['run']}" if origin.get("run") else "the checkpoint"
    where = f" of {origin['stack']}" if origin.get("stack") else ""
    if origin.get("tunedIn"):
        where = f" of {origin['tunedIn']}, by way of {origin.get('via') or origin['stack']}"
    model = f"{origin.get('baseModel') or base_model} {origin.get('mode') or ''}".strip()
    epochs, examples, tokens = (_number(origin.get(name)) for name in ("epochs", "examples", "billedTokens"))
    # A job from before its data was noted still tells where that lay.
    data = f"{origin['contentHash'][:8]}…" if origin.get("contentHash") else origin.get("trainingUri")
    parts = [
        model,
        f"{epochs} epoch{'' if epochs == '1' else 's'}" if epochs else "",
        f"data {data}{f' ({examples} examples)' if examples else ''}" if data else "",
        f"{tokens} tokens" if tokens else "",
        _money(origin["billedCostUsd"]) if origin.get("billedCostUsd") else "",
    ]
    told = ", ".join(part for part in parts if part)
    return f"takes {run}{where}" + (f": {told}" if told else "")


def _number(text: Any) -> str:
    """Returns a whole number with separators, whatever wrote it; another text as it is."""
    try:
        return f"{float(text):,.0f}"
    except (TypeError, ValueError):
        return str(text or "")


def _money(text: Any) -> str:
    from tunestack.catalogue.amounts import exactly

    try:
        return exactly(float(text))
    except ValueError:
        return str(text)

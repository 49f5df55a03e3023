"""The verdict that a preview has kept beside an object, so that unchanged data is not downloaded to be looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tunestack.cli.data import places
from tunestack.data.verdicts.kept import named, question_of
from tunestack.data.verdicts.objects import ObjectPlace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.report import Report
    from tunestack.data.storage.objects import PinnedObject


def kept_verdict(
    pinned: PinnedObject, rules: Sequence[DataRules], against: Report | None, *, with_signature: bool
) -> Report | None:
    """Returns the verdict of the same check on the same generation; None where none is kept. Nothing is written."""
    place = ObjectPlace(pinned, places.client)
    report = place.find(question_of(rules, against))
    if report is None:
        return None
    signature = place.signature() if with_signature else None
    if with_signature and signature is None:
        return None
    return replace(named(report, place.name), signature=signature)

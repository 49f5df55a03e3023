"""The rule for labels, the same for jobs, models and endpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulator.vertex.refusals import invalid_argument

if TYPE_CHECKING:
    from collections.abc import Mapping

# "Label keys and values can be no longer than 64 characters (Unicode codepoints), can only contain lowercase letters,
# numeric characters, underscores and dashes. International characters are allowed.": `labels` in tuning_job.proto,
# model.proto and endpoint.proto of google.cloud.aiplatform. That a resource has at most 64 and a key starts with a
# letter: https://cloud.google.com/resource-manager/docs/labels-overview#requirements (which says 63 characters).
_KEY = re.compile(r"[^\W\dA-Z_][\w-]{0,62}")
_VALUE = re.compile(r"[\w-]{0,63}")
_MOST = 64


def check(labels: Mapping[str, str]) -> None:
    """Refuses labels that the service would refuse.

    Raises:
        ServiceError: a key or value has another form, or there are too many.
    """
    if len(labels) > _MOST:
        raise invalid_argument(f"A resource can have at most {_MOST} labels; this one has {len(labels)}.")
    for key, value in labels.items():
        if not _KEY.fullmatch(key) or key != key.lower():
            raise invalid_argument(
                f"Invalid label key {key!r}: it starts with a lowercase letter and has at most 63 lowercase letters, "
                "digits, underscores and dashes."
            )
        if not _VALUE.fullmatch(value) or value != value.lower():
            raise invalid_argument(
                f"Invalid value {value!r} of label {key!r}: at most 63 lowercase letters, digits, underscores and "
                "dashes."
            )

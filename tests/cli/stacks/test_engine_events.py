"""What people are told of the engine's events."""

from __future__ import annotations

import pytest

from tunestack.cli.stacks.engine_events import messages

# As the engine of pulumi-gcp 9.35 had it.
REFUSED = "googleapi: Error 409: Your previous request to create the named bucket succeeded and you already own it."
URN = "urn:pulumi:prod::tunestack::gcp:storage/bucket:Bucket::output"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (f"  sdk-v2/provider2.go:571: sdk.helper_schema: {REFUSED}, conflict: provider=google-beta@9.35.0", []),
        (f"1 error occurred:\n\t* {REFUSED}\n\n", [REFUSED]),
        (f"deleting {URN}: 1 error occurred:\n\t* {REFUSED}\n\n", [f"deleting {URN}: {REFUSED}"]),
        ("2 errors occurred:\n\t* a\n\t* b\n\n", ["a\nb"]),
        ("<{%fg 1%}>update failed<{%reset%}>\n", ["update failed"]),
        ("  ", []),
    ],
)
def test_a_message_is_told_once_and_without_what_surrounds_it(told: str, says: list[str]) -> None:
    event = {"diagnosticEvent": {"urn": URN, "severity": "error", "message": told}}
    assert [message.text for message in messages([event, event])] == says

"""What an earlier create has left under a name of our choice: ours is taken back, that of others never."""

from __future__ import annotations

from typing import Any

import pytest

from infra.leftovers import LABEL, mark_of

BUCKET = "tunestack-test-local-tuning-data"


def make_bucket(program: Any, labels: dict[str, str], *objects: str) -> None:
    program.emulator.http.post("/su/v1/projects/tunestack-test/services/storage.googleapis.com:enable", json={})
    made = program.emulator.http.post(
        "/storage/v1/b?project=tunestack-test", json={"name": BUCKET, "labels": labels, "location": "US-CENTRAL1"}
    )
    assert made.is_success, made.text
    for name in objects:
        program.emulator.application.state.services.storage.write(BUCKET, name, b"content")


def bucket(program: Any) -> dict[str, Any]:
    found: dict[str, Any] = program.emulator.http.get(f"/storage/v1/b/{BUCKET}").json()
    return found


@pytest.mark.engine
def test_taken_back_or_left_alone(program: Any) -> None:
    mark = mark_of("tunestack", "local", "gcp:storage/bucket:Bucket", "data")
    advice = f"data: {BUCKET} exists, and was not made for this resource."
    make_bucket(program, {LABEL: "0123456789abcdef"})
    before = bucket(program)
    assert advice in program.pulumi("up", "--yes", "--skip-preview", fails=True)
    assert bucket(program) == before

    program.emulator.http.delete(f"/storage/v1/b/{BUCKET}")
    make_bucket(program, {LABEL: mark}, "somebody/has/used/it")
    assert "not empty" in program.pulumi("up", "--yes", "--skip-preview", fails=True)
    assert program.emulator.http.get(f"/storage/v1/b/{BUCKET}/o").json()["items"]

    program.emulator.http.delete(f"/storage/v1/b/{BUCKET}/o/somebody%2Fhas%2Fused%2Fit")
    before = bucket(program)
    printed = program.pulumi("up", "--yes", "--skip-preview")
    assert "data is made again: the answer to an earlier create was lost" in printed
    assert bucket(program)["timeCreated"] != before["timeCreated"]
    assert bucket(program)["labels"][LABEL] == mark
    program.pulumi("preview", "--expect-no-changes")


def test_marks_tell_resources_apart() -> None:
    ours = ["tunestack", "dev", "gcp:storage/bucket:Bucket", "data"]
    others = [[*ours[:at], "other", *ours[at + 1 :]] for at in range(4)]
    marks = {mark_of(*each) for each in (ours, *others)}
    assert len(marks) == 5

"""Rights on objects of whoever the caller is said to be."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client

from tests.running_emulator import Emulator

MEMBER = "user:ada@example.com"
READING = ["storage.objects.get", "storage.objects.list"]


def act_as(emulator: Emulator, member: str) -> None:
    assert emulator.http.put("/emulator/caller", json={"member": member}).is_success


def grant(emulator: Emulator, resource: str, role: str) -> None:
    if resource.startswith("projects/"):
        path, put = f"/crm/v1/{resource}:setIamPolicy", emulator.http.post
        body: dict[str, Any] = {"policy": {"bindings": [{"role": role, "members": [MEMBER]}]}}
    else:
        path, put = f"/storage/v1/b/{resource}/iam", emulator.http.put
        before = emulator.http.get(path).json()
        body = {"bindings": [*before["bindings"], {"role": role, "members": [MEMBER]}]}
    answer = put(path, json=body)
    assert answer.is_success, answer.text


@pytest.mark.parametrize(
    ("resource", "role", "reads"),
    [
        ("", "", False),  # nobody let them in
        ("demo-bucket", "roles/storage.objectViewer", True),
        ("demo-bucket", "roles/storage.objectCreator", False),
        ("projects/demo", "roles/storage.objectViewer", True),  # a bucket inherits from its project
        ("projects/demo", "roles/owner", True),  # by the bucket's own binding of the project's owners
        ("projects/demo", "roles/aiplatform.viewer", False),
        ("projects/elsewhere", "roles/owner", False),
    ],
)
def test_who_may_read(emulator: Emulator, client: Client, resource: str, role: str, reads: bool) -> None:
    bucket = Bucket(client, "demo-bucket")
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.create(location="us-central1")
    bucket.blob("a").upload_from_string("1")
    if role:
        grant(emulator, resource, role)
    act_as(emulator, MEMBER)
    assert (bucket.test_iam_permissions(READING) == READING) is reads
    if reads:
        assert [blob.name for blob in client.list_blobs("demo-bucket")] == ["a"]
        assert bucket.blob("a").download_as_bytes() == b"1"
    else:
        with pytest.raises(exceptions.Forbidden, match=r"ada@example\.com does not have storage\.objects\.get"):
            bucket.blob("a").reload()
        with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.list access to the Google Cloud Storage b"):
            list(client.list_blobs("demo-bucket"))


def test_a_copy_takes_reading_there_and_writing_here(emulator: Emulator, client: Client) -> None:
    home, away = client.create_bucket("demo-home"), client.create_bucket("demo-away")
    home.blob("a").upload_from_string("1")
    act_as(emulator, MEMBER)
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.get"):
        away.blob("a").rewrite(home.blob("a"))
    grant(emulator, "demo-home", "roles/storage.objectViewer")
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.create"):
        away.blob("a").rewrite(home.blob("a"))
    grant(emulator, "demo-away", "roles/storage.objectUser")
    assert away.blob("a").rewrite(home.blob("a")) == (None, 1, 1)
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.delete"):
        home.blob("a").delete()
    act_as(emulator, "")
    home.blob("a").delete()


def test_the_caller_outlives_a_restart(emulator: Emulator) -> None:
    act_as(emulator, MEMBER)
    emulator.restart()
    assert emulator.http.get("/emulator/caller").json() == {"member": MEMBER}
    assert emulator.http.put("/emulator/caller", json={"member": "ada"}).status_code == 400

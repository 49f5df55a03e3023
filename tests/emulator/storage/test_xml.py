"""Objects as the XML API gives them, which Cloud Storage's client for Go reads."""

from __future__ import annotations

from tests.running_emulator import Emulator


def test_reading(emulator: Emulator) -> None:
    bucket = emulator.storage_client().create_bucket("states")
    bucket.blob(".pulumi/meta.yaml").upload_from_string("version: 1")
    whole = emulator.http.get("/states/.pulumi%2Fmeta.yaml")
    assert (whole.content, whole.headers["X-Goog-Generation"]) == (
        b"version: 1",
        str(bucket.get_blob(".pulumi/meta.yaml").generation),
    )
    assert whole.headers["X-Goog-Hash"].startswith("crc32c=")
    part = emulator.http.get("/states/.pulumi%2Fmeta.yaml", headers={"Range": "bytes=0-6"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"version", "bytes 0-6/10")


def test_what_is_not_there(emulator: Emulator) -> None:
    emulator.storage_client().create_bucket("states")
    missing = emulator.http.get("/states/none")
    assert missing.status_code == 404
    assert "<Code>NoSuchKey</Code>" in missing.text
    unknown = emulator.http.get("/v7/projects")
    assert "The emulator does not serve GET /v7/projects" in unknown.text, "a path that no room has stays one"


def test_a_list_whose_parameters_are_named_and_empty(emulator: Emulator) -> None:
    """As the client for Go asks."""
    emulator.storage_client().create_bucket("states").blob("a/b").upload_from_string("")
    query = {"delimiter": "/", "matchGlob": "", "includeTrailingDelimiter": "false", "pageToken": "", "endOffset": ""}
    assert emulator.http.get("/storage/v1/b/states/o", params=query).json()["prefixes"] == ["a/"]

"""Linked images, looked up with the official client against a real server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tunestack.catalogue.data_rules import data_rules
from tunestack.connection import Connection
from tunestack.data.images import linked, listing
from tunestack.data.images.agents import agents_of_number, agents_of_project
from tunestack.data.images.linked import check_links
from tunestack.data.links import Links
from tunestack.data.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from google.cloud.storage import Bucket, Client

    from tests.running_emulator import Emulator


def linking(addresses: Iterable[str], mime_type: str = "", name: str = "train.jsonl") -> Report:
    """The report of a file that links images, one a line."""
    links = Links()
    for line, address in enumerate(addresses, 1):
        links.add(address, line, line * 100, "$.contents[0].parts[1].fileData.fileUri", mime_type)
    return Report(name, "generate-content", len(links), 0, 0, "", "", (), {"duplicate": 2}, links=links)


@pytest.fixture
def storage(emulator: Emulator) -> Client:
    """A client; the bucket `data` is there."""
    client = emulator.storage_client()
    client.create_bucket("data")
    return client


def put(
    storage: Client, *names: str, bucket: str = "data", content_type: str = "image/png", content: bytes = b"x"
) -> None:
    for name in names:
        storage.bucket(bucket).blob(name).upload_from_string(content, content_type)


def listings(server: Emulator) -> list[str]:
    """The queries of the requests so far that listed objects."""
    return [each["query"] for each in server.requests() if each["method"] == "GET" and each["path"].endswith("/o")]


def test_a_report_without_links_calls_nobody() -> None:
    report = linking(())
    assert check_links(None, report) == report


def test_images_that_are_there_are_found_by_one_listing(storage: Client, emulator: Emulator) -> None:
    put(storage, "images/a.png", "images/b.png", "images/sub/c.png", "elsewhere/d.png")
    report = linking([f"gs://data/images/{name}" for name in ("sub/c.png", "a.png", "b.png")])
    assert check_links(storage, report, data_bucket="data") == report
    assert len(listings(emulator)) == 1


STORED: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"content_type": "image/jpeg"}, "image/png", "image-type", "declared as 'image/png'"),
    ({"content_type": "image/gif"}, "", "image-kind", "stored as 'image/gif'"),
    ({"content_type": "text/html; charset=utf-8"}, "", "image-kind", "stored as 'text/html'"),
    ({"content_type": "application/octet-stream"}, "image/png", "image-type-unknown", "--content-type=image/png"),
    ({"content": b""}, "image/png", "image-broken", "is empty"),
    ({"content_type": "image/jpg"}, "image/jpeg", None, ""),
    ({"content_type": "image/webp"}, "", None, ""),
    ({}, "image/png", None, ""),
]


def test_what_a_listing_tells_of_an_image(storage: Client) -> None:
    for number, (stored, declared, kind, words) in enumerate(STORED):
        put(storage, f"{number}/a", **stored)
        report = check_links(storage, linking([f"gs://data/{number}/a"], declared), data_bucket="data")
        assert [problem.kind for problem in report.problems] == ([kind] if kind else []), stored
        assert all(words in str(problem) for problem in report.problems)


def test_gemini_takes_more_kinds_and_has_a_limit_of_size(storage: Client) -> None:
    put(storage, "a.heic", content_type="image/heic", content=b"x" * 100)
    report, rules = linking(["gs://data/a.heic"], "image/heic"), data_rules("gemini-2.5-flash")
    assert check_links(storage, report, data_bucket="data", rules=[rules]) == report
    assert check_links(storage, report, data_bucket="data").errors[0].kind == "image-kind"
    small = replace(rules, max_image_bytes=99)
    told = check_links(storage, report, data_bucket="data", rules=[rules, small]).problems
    assert [(each.kind, each.expected) for each in told] == [("image-too-large", "at most 99 bytes")]


def test_missing_images_are_counted_and_told_in_the_order_of_the_file(storage: Client) -> None:
    put(storage, "b.png")
    report = linking(["gs://data/c.png", "gs://data/b.png", "gs://none/x.png", "gs://data/a.png", "gs://No!/y"])
    found = check_links(storage, report, data_bucket="data", problem_limit=3)
    assert found.problem_counts == {"duplicate": 2, "image-missing": 4}
    assert [str(problem).split(";")[0] for problem in found.problems] == [
        "train.jsonl:1: $.contents[0].parts[1].fileData.fileUri: no object 'gs://data/c.png'",
        "train.jsonl:3: $.contents[0].parts[1].fileData.fileUri: there is no bucket 'none'",
        "train.jsonl:4: $.contents[0].parts[1].fileData.fileUri: no object 'gs://data/a.png'",
    ]
    assert not found.ok


@pytest.fixture
def crowded(storage: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A bucket of 200 objects, whose listings have pages of 10."""
    monkeypatch.setattr(listing, "PAGE", 10)
    put(storage, "000")
    folder = next(tmp_path.rglob("000")).parent
    for number in range(1, 200):
        (folder / f"{number:03}").write_bytes(b"x")
    return storage


def test_images_close_together_are_looked_up_by_the_page(crowded: Client, emulator: Emulator) -> None:
    report = check_links(crowded, linking(f"gs://data/{number:03}" for number in range(50, 90)), data_bucket="data")
    assert set(report.problem_counts) == {"duplicate", "image-type-unknown"}  # made by hand, without a content type
    # Eight threads have 5 to 10 names each, which is a page or two.
    assert len(listings(emulator)) <= 8


def test_a_folder_that_holds_far_more_is_not_listed_whole(crowded: Client, emulator: Emulator) -> None:
    wanted = [f"gs://data/{number}" for number in ("003", "004", "005x", "150", "151", "152", "199x")]
    report = check_links(crowded, linking(wanted), data_bucket="data")
    assert report.problem_counts["image-missing"] == 2
    assert len(listings(emulator)) == 3
    assert "startOffset=150" in listings(emulator)[1]


def test_no_more_listings_than_are_allowed(crowded: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked, "MAX_CALLS", 2)
    wanted = [f"gs://data/{number:03}" for number in range(0, 200, 20)]
    report = check_links(crowded, linking(wanted), data_bucket="data")
    assert report.problem_counts["images-not-looked-at"] == 1
    told = next(problem for problem in report.problems if problem.kind == "images-not-looked-at")
    assert told.reason.startswith("8 of 10 images in gs://data were not looked up")
    assert report.ok


def test_images_in_more_buckets_than_are_looked_at(storage: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked, "MAX_BUCKETS", 2)
    report = check_links(storage, linking(f"gs://bucket-{number}/a.png" for number in range(5)))
    assert report.problem_counts == {"duplicate": 2, "image-missing": 2, "images-not-looked-at": 1}


PLACES: list[tuple[str, str | None, str]] = [
    ("US-CENTRAL1", "us-central1", ""),
    ("US", "us-central1", ""),
    ("NAM4", "us-central1", ""),
    ("EU", "europe-west4", ""),
    ("ASIA1", "asia-southeast1", ""),
    ("US", "global", ""),
    ("US-EAST1", "us-central1", "is in us-east1, and the job in us-central1"),
    ("EU", "us-central1", "is in eu, and the job in us-central1"),
    ("US-CENTRAL1", "global", "is in us-central1, and the job in global"),
    ("EU", None, "is in eu, and the job in us"),
]


def test_images_far_from_the_job_are_warned_of(storage: Client) -> None:
    for number, (place, job, told) in enumerate(PLACES):
        bucket = f"pictures-{number}"
        storage.create_bucket(bucket, location=place)
        put(storage, "a.png", bucket=bucket)
        report = check_links(storage, linking([f"gs://{bucket}/a.png"]), location=job, data_bucket="data")
        assert report.ok
        assert report.problem_counts["image-access-unknown"] == 1  # nobody said whose agents
        far = [problem.reason for problem in report.problems if problem.kind == "image-location"]
        assert [told in reason for reason in far] == ([True] if told else []), (place, job)


def let_agents_be(server: Emulator) -> None:
    """As when a first tuning job has run."""
    services = server.application.state.services
    services.service_usage.generate_identity("demo", "aiplatform.googleapis.com")
    services.service_usage.use_tuning(services.projects.get("demo"))


def bind(bucket: Bucket, role: str, *members: str, condition: dict[str, str] | None = None) -> None:
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.version = 3
    policy.bindings = [
        *policy.bindings,
        {"role": role, "members": set(members), **({"condition": condition} if condition else {})},
    ]
    bucket.set_iam_policy(policy)


ON_SUNDAYS = {"title": "sundays", "expression": "request.time.getDayOfWeek() == 0"}


GRANTS: list[tuple[str, dict[str, str] | None, list[str] | None, str | None]] = [
    ("roles/storage.objectUser", None, None, None),
    ("roles/storage.objectViewer", None, None, None),
    ("roles/storage.legacyObjectReader", None, [], None),
    ("roles/storage.legacyBucketReader", None, [], "image-access"),
    ("roles/storage.objectUser", ON_SUNDAYS, [], "image-access-unknown"),
    ("roles/storage.objectCreator", None, None, "image-access-unknown"),
    ("roles/storage.objectCreator", None, [], "image-access"),
    ("roles/storage.objectCreator", None, ["roles/storage.objectAdmin"], None),
    ("roles/storage.objectCreator", None, ["roles/aiplatform.serviceAgent"], None),
    ("roles/storage.objectCreator", None, ["projects/demo/roles/images"], "image-access-unknown"),
]


def test_agents_have_to_read_a_bucket_apart(emulator: Emulator, storage: Client) -> None:
    put(storage, "b.png")
    let_agents_be(emulator)
    both = agents_of_number(str(storage.get_bucket("data").project_number)).emails
    bind(storage.bucket("data"), "roles/storage.objectUser", *(f"serviceAccount:{email}" for email in both))
    for number, (role, condition, project_roles, verdict) in enumerate(GRANTS):
        bucket = storage.create_bucket(f"pictures-{number}")
        put(storage, "a.png", bucket=bucket.name)
        agents = agents_of_number(str(bucket.project_number))
        members = [f"serviceAccount:{email}" for email in agents.emails]
        bind(bucket, role, *members, condition=condition)
        if project_roles is not None:
            agents = replace(agents, bindings=[{"role": each, "members": members} for each in project_roles])
        report = linking([f"gs://{bucket.name}/a.png", "gs://data/b.png"])
        found = check_links(storage, report, agents=agents, data_bucket="data")
        assert [problem.kind for problem in found.problems] == ([verdict] * 2 if verdict else []), (role, project_roles)
        for problem, email in zip(found.problems, agents.emails, strict=False):
            assert email in problem.reason
            assert f"--member=serviceAccount:{email} --role=roles/storage.objectUser" in problem.remedy


def test_agents_have_to_read_the_files_own_bucket_as_well_where_images_lie_apart(
    emulator: Emulator, storage: Client
) -> None:
    let_agents_be(emulator)
    agents = agents_of_number(str(storage.get_bucket("data").project_number))
    everyone = [f"serviceAccount:{email}" for email in agents.emails]
    report = linking(f"gs://pictures-{number}/a.png" for number in range(2))
    for number in range(2):
        bind(storage.create_bucket(f"pictures-{number}"), "roles/storage.objectUser", *everyone)
        put(storage, "a.png", bucket=f"pictures-{number}")
    assert check_links(storage, report, agents=agents, data_bucket="is-made-later") == report
    bind(storage.bucket("data"), "roles/storage.objectUser", everyone[0])
    (told,) = check_links(storage, report, agents=replace(agents, bindings=[]), data_bucket="data").problems
    assert (told.kind, told.line) == ("image-access", 1)
    assert told.reason == f"{agents.emails[1]} cannot read gs://data, and the images of its file lie elsewhere"


def test_agents_are_looked_up_with_what_the_project_lets_them(emulator: Emulator) -> None:
    let_agents_be(emulator)
    project = emulator.application.state.services.projects.get("demo")
    found = agents_of_project(Connection("demo", "us-central1", emulator.url))
    assert found is not None
    assert found.emails == agents_of_number(project.number).emails
    born = {binding["role"]: binding["members"] for binding in found.bindings or []}
    roles = ("roles/aiplatform.tuningServiceAgent", "roles/aiplatform.serviceAgent")
    assert born == {role: [f"serviceAccount:{email}"] for role, email in zip(roles, found.emails, strict=True)}
    assert found.can_read(found.emails[1], [], project.number) == "yes"
    assert found.can_read(found.emails[0], [], project.number) == "unknown"  # for all that is known of its own role
    binding = {"role": "roles/storage.admin", "members": [f"serviceAccount:{found.emails[1]}"]}
    emulator.application.state.services.iam.set("projects/demo", {"bindings": [binding]})
    found = agents_of_project(Connection("demo", "us-central1", emulator.url))
    assert found is not None
    assert found.can_read(found.emails[1], [], project.number) == "yes"
    assert found.can_read(found.emails[0], [], project.number) == "no"
    assert found.can_read(found.emails[1], [], "another project's") == "unknown"
    group = {"role": "roles/storage.objectViewer", "members": {"group:agents@example.com"}}
    assert found.can_read(found.emails[0], [group], project.number) == "unknown"
    public = {"role": "roles/storage.objectViewer", "members": {"allUsers"}}
    assert found.can_read(found.emails[0], [public], None) == "yes"


@pytest.mark.parametrize(
    ("method", "path", "kind", "words"),
    [
        ("GET", "/storage/v1/b/pictures/o", "images-not-looked-at", "with 1 image, cannot be listed"),
        ("GET", "/storage/v1/b/pictures", "images-not-looked-at", "the location of gs://pictures cannot be seen"),
        ("GET", "/storage/v1/b/pictures/iam", "image-access-unknown", "the policy of gs://pictures cannot be read"),
    ],
)
def test_what_the_caller_may_not_see_is_a_warning(
    emulator: Emulator, storage: Client, method: str, path: str, kind: str, words: str
) -> None:
    storage.create_bucket("pictures")
    put(storage, "a.png", bucket="pictures")
    emulator.http.post("/emulator/faults", json={"method": method, "path": path, "status": 403}).raise_for_status()
    report = check_links(storage, linking(["gs://pictures/a.png"]), agents=agents_of_number("7"), location="us")
    assert any(problem.kind == kind and words in problem.reason for problem in report.problems)
    assert report.ok

"""Data that pipelines write to Cloud Storage: pinned, never copied, read once, compared with what it replaces."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.provider.lifecycles.conftest import Cloud, Resource
from tunestack import user_cache
from tunestack.data.storage import bucket, objects, upload_session
from tunestack.provider import transfer_progress
from tunestack.provider.lifecycle import (
    CheckRequest,
    CreateRequest,
    DiffRequest,
    InterruptedWaitError,
    ResourceError,
    Severity,
    UpdateRequest,
)
from tunestack.provider.properties import plain_map, wrap_map
from tunestack.provider.transfer_progress import TransferProgress

LINES = [json.dumps({"prompt": f"question {number}", "completion": f"answer {number}"}) + "\n" for number in range(130)]
TRAINING, VALIDATION = "".join(LINES[:120]), "".join(LINES[120:])
URI = "gs://demo-data/weekly/train.jsonl"


def store(cloud: Cloud, uri: str, content: str | bytes) -> str:
    """Writes an object as a pipeline does; returns its generation."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    encoded = content.encode() if isinstance(content, str) else content
    written = cloud.emulator.application.state.services.storage.write(bucket, name, encoded)
    return str(written["generation"])


def beside(cloud: Cloud, uri: str = URI) -> dict[str, bytes]:
    """Returns what is kept beside an object, by the last part of its name."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    storage = cloud.emulator.application.state.services.storage
    return {
        each["name"].rpartition("/")[2]: storage.read(bucket, each["name"])
        for each in storage.list(bucket, f"{name}.tunestack/")
    }


def asked(cloud: Cloud, since: int) -> list[str]:
    """Returns the objects that were asked for or written, in order."""
    return [
        call["path"].rpartition("/o/")[2]
        for call in cloud.emulator.requests()[since:]
        if "/o/" in call["path"] or call["method"] == "POST"
    ]


def calls(cloud: Cloud) -> int:
    return len(cloud.emulator.requests())


async def check(dataset: Resource, **inputs: Any) -> Any:
    return await dataset.lifecycle.check(CheckRequest(dataset.urn, None, wrap_map({"training": URI, **inputs})))


async def up(cloud: Cloud, **inputs: Any) -> tuple[dict[str, Any], Any]:
    """Checks and makes a dataset in a run of its own; returns what was checked, and what was made."""
    cloud.new_run()
    dataset = cloud.resource("Dataset")
    checked = await check(dataset, **inputs)
    assert not checked.failures, checked.failures
    made = await dataset.lifecycle.create(CreateRequest(dataset.urn, checked.inputs, 0, False))
    return plain_map(checked.inputs), made


async def next_run(cloud: Cloud, before: dict[str, Any], made: Any, **inputs: Any) -> tuple[Resource, Any, Any]:
    """Returns the dataset, its inputs and its diff in another run."""
    cloud.new_run()
    dataset = cloud.resource("Dataset")
    checked = await check(dataset, **inputs)
    assert not checked.failures, checked.failures
    request = DiffRequest(dataset.urn, made.resource_id, made.properties, wrap_map(before), checked.inputs)
    return dataset, checked.inputs, await dataset.lifecycle.diff(request)


async def test_an_unchanged_object_is_read_once_by_everybody_together(cloud: Cloud) -> None:
    generation = store(cloud, URI, TRAINING)
    checked, made = await up(cloud)
    state = plain_map(made.properties)
    assert (state["trainingUri"], state["trainingGeneration"]) == (URI, generation)
    assert (state["examples"], state["textOnly"], state["images"], state["turns"]) == (120, 120, 0, 240)
    assert set(beside(cloud)) == {f"{generation}.json", f"{generation}.signature"}
    assert not [call for call in cloud.emulator.requests() if "datasets%2F" in call["path"]], "never copied"

    seen = calls(cloud)
    _, inputs, diff = await next_run(cloud, checked, made)
    assert not diff.changes
    assert plain_map(inputs) == checked
    beside_it = f"weekly/train.jsonl.tunestack/{generation}.json"
    assert asked(cloud, seen) == ["weekly/train.jsonl", beside_it], "what lies there, what was said of it, no content"


async def test_next_weeks_data_is_told_by_its_examples(cloud: Cloud) -> None:
    store(cloud, URI, TRAINING)
    checked, made = await up(cloud)
    changed = [*LINES[3:100], *(line.replace("answer", "reply") for line in LINES[100:120]), *LINES[120:]]
    generation = store(cloud, URI, "".join(changed))
    dataset, inputs, diff = await next_run(cloud, checked, made)
    assert {name: change.replaces for name, change in diff.changes.items()} == {"contentHash": True}
    told = "training data: +10 −3 examples, 20 changed (120 → 127)"
    preview = await dataset.lifecycle.create(CreateRequest(dataset.urn, inputs, 0, True))
    assert cloud.listener.told[-1] == told
    replaced = await dataset.lifecycle.create(CreateRequest(dataset.urn, inputs, 0, False))
    for made_now in (preview, replaced):
        state = plain_map(made_now.properties)
        assert (state["comparison"], state["trainingGeneration"]) == (told, generation)

    job = cloud.resource("TuningJob")
    before = {**cloud.inputs, "contentHash": checked["contentHash"]}
    after = {**cloud.inputs, "contentHash": plain_map(inputs)["contentHash"]}
    request = DiffRequest(job.urn, "job", wrap_map({}), wrap_map(before), wrap_map(after))
    assert set((await job.lifecycle.diff(request)).changes) == {"contentHash"}
    assert cloud.run.reasons[job.urn] == f"new {told}"


async def test_the_same_content_written_again_is_no_reason_to_train(cloud: Cloud) -> None:
    store(cloud, URI, TRAINING)
    checked, made = await up(cloud, baseModels=["google/gemma3@gemma-3-1b-it"])
    generation = store(cloud, URI, TRAINING)
    dataset, inputs, diff = await next_run(cloud, checked, made, baseModels=["google/gemma3@gemma-3-4b-it"])
    assert {name: change.replaces for name, change in diff.changes.items()} == {"trainingGeneration": False}
    for preview in (True, False):
        request = UpdateRequest(
            dataset.urn, made.resource_id, made.properties, wrap_map(checked), inputs, 0, preview=preview
        )
        state = plain_map((await dataset.lifecycle.update(request)).properties)
        assert (state["trainingGeneration"], state["contentHash"]) == (generation, checked["contentHash"])
    told = [line for line in cloud.listener.told if "the same content" in line]
    assert told == ["the same content lies elsewhere, or was written again; no job runs because of it"]


async def test_answers_are_another_question_of_the_same_content(cloud: Cloud) -> None:
    store(cloud, URI, TRAINING)
    checked, made = await up(cloud)
    dataset, inputs, diff = await next_run(cloud, checked, made, answers="optional")
    assert {name: change.replaces for name, change in diff.changes.items()} == {"answers": False}
    old = wrap_map(checked)
    request = UpdateRequest(dataset.urn, made.resource_id, made.properties, old, inputs, 0, preview=True)
    assert plain_map((await dataset.lifecycle.update(request)).properties)["answers"] == "optional"
    assert cloud.listener.told[-1] == "the same content is checked anew, answers optional; no job runs because of it"


async def test_prompts_alone_are_refused_unless_a_teacher_answers_them(cloud: Cloud) -> None:
    store(cloud, URI, '{"prompt": "What is it?"}\n')
    dataset = cloud.resource("Dataset")
    (failure,) = (await check(dataset, training=URI)).failures
    assert failure.reason.startswith(f'{URI}:1: $: no "completion"; ')
    assert not (await check(dataset, training=URI, answers="optional")).failures


async def test_a_file_and_an_object_of_the_same_content_take_each_others_place(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_text(TRAINING)
    local = {"training": "train.jsonl", "bucket": "demo-data"}
    checked, made = await up(cloud, **local)
    uploaded = plain_map(made.properties)["trainingUri"]
    assert plain_map(made.properties)["trainingGeneration"] == "", "named by its content already"

    generation = store(cloud, URI, TRAINING)
    dataset, inputs, diff = await next_run(cloud, checked, made)
    assert {name: change.replaces for name, change in diff.changes.items()} == {"trainingGeneration": False}
    request = UpdateRequest(dataset.urn, made.resource_id, made.properties, wrap_map(checked), inputs, 0, preview=False)
    pinned = await dataset.lifecycle.update(request)
    state = plain_map(pinned.properties)
    assert (state["trainingUri"], state["trainingGeneration"]) == (URI, generation)

    upload = cloud.connection.storage.bucket("demo-data").blob(uploaded.removeprefix("gs://demo-data/"))
    upload.delete()
    checked = await check(dataset, **local)
    back = DiffRequest(dataset.urn, made.resource_id, pinned.properties, inputs, checked.inputs)
    assert {name: change.replaces for name, change in (await dataset.lifecycle.diff(back)).changes.items()} == {
        "trainingGeneration": False
    }
    update = UpdateRequest(dataset.urn, made.resource_id, pinned.properties, inputs, checked.inputs, 0, preview=False)
    state = plain_map((await dataset.lifecycle.update(update)).properties)
    assert (state["trainingUri"], state["trainingGeneration"]) == (uploaded, "")
    assert upload.exists()


async def test_no_job_starts_on_other_data_than_was_checked(cloud: Cloud) -> None:
    generation = store(cloud, URI, TRAINING)
    checked, _ = await up(cloud)
    job = cloud.resource("TuningJob")
    pinned = {
        **cloud.inputs,
        "trainingUri": URI,
        "contentHash": checked["contentHash"],
        "trainingGeneration": generation,
    }
    store(cloud, URI, TRAINING + LINES[125])
    with pytest.raises(ResourceError) as caught:
        await job.create(pinned)
    assert str(caught.value).startswith(f"{URI} was written again since it was checked (generation {generation}, now ")
    assert not cloud.jobs()
    cloud.emulator.http.delete("/storage/v1/b/demo-data/o/weekly%2Ftrain.jsonl")
    with pytest.raises(ResourceError, match=r"there is no object .*; nothing was started"):
        await job.create(pinned)
    assert not cloud.submissions()

    dataset = cloud.resource("Dataset")
    request = CreateRequest(dataset.urn, wrap_map({**checked, "trainingGeneration": generation}), 0, False)
    store(cloud, URI, TRAINING + LINES[125])
    with pytest.raises(ResourceError, match="changed since it was checked; run the command again"):
        await dataset.lifecycle.create(request)


async def test_what_is_kept_counts_for_one_question_alone(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    generation = store(cloud, URI, TRAINING)
    checked, _ = await up(cloud)
    written = beside(cloud)[f"{generation}.json"]
    record = json.loads(written)

    async def is_read(**inputs: Any) -> bool:
        seen = calls(cloud)
        again, _ = await up(cloud, **inputs)
        assert again["contentHash"] == checked["contentHash"]
        return asked(cloud, seen).count("weekly/train.jsonl") > 2  # looked up by Check and before the create

    def spoilt(change: Callable[[dict[str, Any]], object]) -> bytes:
        copy = json.loads(written)
        change(copy)
        return json.dumps(copy).encode()

    def of_the_report(name: str, value: object) -> bytes:
        (question,) = record["reports"]
        return spoilt(lambda copy: copy["reports"][question].update({name: value}))

    assert not await is_read()
    for content in (
        b"",
        b"no verdict",
        b"[]",
        written[:-30],
        spoilt(lambda copy: copy.update(content="gs://demo-data/weekly/other.jsonl#1 1 AAAAAA==")),
        of_the_report("version", 0),
        of_the_report("examples", "many"),
        of_the_report("examples", -1),
        of_the_report("sha256", "no hash"),
        of_the_report("crc32c", "AAAAAA=="),
        of_the_report("problemCounts", {"empty": "many"}),
    ):
        store(cloud, f"{URI}.tunestack/{generation}.json", content)
        assert await is_read(), content
        assert not await is_read(), "and kept again"
    assert await is_read(baseModels=["google/gemma3@gemma-3-1b-it"]), "another question"
    assert not await is_read()
    assert not await is_read(baseModels=["google/gemma3@gemma-3-1b-it"]), "several stacks may ask theirs"
    monkeypatch.setattr("tunestack.data.verdicts.kept._code", lambda: b"another release")
    assert await is_read()


async def test_where_nothing_can_be_kept_a_warning_says_what_it_costs(cloud: Cloud) -> None:
    store(cloud, URI, TRAINING)
    denied = "ada@example.com does not have storage.objects.create access"
    cloud.fault(method="POST", path="/upload/.*", status=403, message=denied, times=None)
    _, made = await up(cloud)
    assert plain_map(made.properties)["examples"] == 120
    (warning,) = [told for severity, told in cloud.listener.lines if severity is Severity.WARNING]
    assert warning.startswith(f"every preview reads all of {URI} (")
    assert denied in warning


async def test_others_who_keep_theirs_at_the_same_time_lose_nothing(cloud: Cloud) -> None:
    generation = store(cloud, URI, TRAINING)
    # The signature goes first; then two others are faster.
    cloud.fault(method="POST", path="/upload/.*", skip=1, times=2, status=412, message="conditionNotMet")
    await up(cloud)
    assert set(beside(cloud)) == {f"{generation}.json", f"{generation}.signature"}
    assert not [told for severity, told in cloud.listener.lines if severity is Severity.WARNING]


async def test_a_broken_object_is_told_by_line_and_not_read_twice(cloud: Cloud) -> None:
    broken = ['{"prompt": "a", "completion": ""}\n'] * 14 + ['{"prompt": "a"}\n'] * 3
    store(cloud, URI, "".join([*LINES, *broken]))
    for reads in (True, False):
        seen = calls(cloud)
        cloud.new_run()
        (failure,) = (await check(cloud.resource("Dataset"))).failures
        assert failure.property == "training"
        first, *others, last = failure.reason.splitlines()
        assert first.startswith(f"{URI}:131: $.completion: ")
        assert len(others) == 9
        assert last == f"17 in all: 14 empty, 3 missing-key; tunestack data check {URI} --all shows each"
        assert (asked(cloud, seen).count("weekly/train.jsonl") > 1) is reads


async def test_an_object_that_is_replaced_while_it_is_read(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    store(cloud, URI, TRAINING)
    opened = objects.open_pinned

    def replaced_first(*arguments: Any) -> Any:
        store(cloud, URI, VALIDATION)
        return opened(*arguments)

    monkeypatch.setattr(objects, "open_pinned", replaced_first)
    (failure,) = (await check(cloud.resource("Dataset"))).failures
    assert failure.reason == f"{URI} was replaced or deleted while it was read; run again"
    assert not beside(cloud)


async def test_a_validation_object_is_held_against_its_training_object(cloud: Cloud) -> None:
    validation = "gs://demo-data/weekly/validation.jsonl"
    store(cloud, URI, TRAINING)
    store(cloud, validation, VALIDATION)
    checked, made = await up(cloud, validation=validation)
    state = plain_map(made.properties)
    assert (state["validationUri"], state["validationExamples"]) == (validation, 10)
    assert state["validationGeneration"] == checked["validationGeneration"]

    seen = calls(cloud)
    store(cloud, validation, VALIDATION + LINES[5])
    _, _, diff = await next_run(cloud, checked, made, validation=validation)
    assert set(diff.changes) == {"contentHash"}
    (warning,) = [told for severity, told in cloud.listener.lines if severity is Severity.WARNING]
    assert warning.startswith(f"{validation}:11: $: stands in {URI} as well, line 6; ")
    assert asked(cloud, seen).count("weekly/train.jsonl") == 1, "its signature is enough"
    assert "validation data: +1 example (10 → 11)" in cloud.run.reasons.values()

    store(cloud, URI, "".join(LINES[:20]))
    cloud.new_run()
    (failure,) = (await check(cloud.resource("Dataset"), validation=validation)).failures
    assert failure.property == "validation"
    assert "at most 25 % of the training file's bytes" in failure.reason


async def test_linked_images_are_looked_up_where_they_are_there(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def example(uri: str) -> str:
        image = {"type": "image_url", "image_url": {"url": uri}}
        turns = [{"role": "user", "content": [image]}, {"role": "assistant", "content": "a form"}]
        return json.dumps({"messages": turns}) + "\n"

    async def outcome(bucket: str) -> tuple[list[str], list[str]]:
        cloud.new_run()
        checked = await check(cloud.resource("Dataset"), training="train.jsonl", bucket=bucket)
        warnings = [told for severity, told in cloud.listener.lines if severity is Severity.WARNING]
        return [failure.reason for failure in checked.failures], warnings

    (tmp_path / "train.jsonl").write_text("".join(example(f"gs://later/{number}.jpg") for number in range(120)))
    failures, warnings = await outcome("later")
    assert not failures, "the same program may make the bucket"
    assert any("gs://later is not there yet; 120 images of train.jsonl in it" in told for told in warnings)
    cloud.emulator.http.post("/storage/v1/b", params={"project": "demo-project"}, json={"name": "later"})
    (failure,), _ = await outcome("later")
    assert failure.startswith("train.jsonl:1: $.messages[0].content[0].image_url.url: no object 'gs://later/0.jpg'")
    assert failure.endswith("120 in all: 120 image-missing; tunestack data check train.jsonl --images --all shows each")

    for number in range(120):
        store(cloud, f"gs://later/{number}.jpg", b"\xff\xd8")
    failures, warnings = await outcome("demo-data")
    assert not failures, "the same run may be what lets the agents in"
    assert any("gcp-sa-vertex-moss-ft.iam.gserviceaccount.com" in told for told in warnings)
    cloud.fault(method="GET", path="/storage/v1/b/later/o", status=400, message="listing is off today", times=None)
    failures, warnings = await outcome("demo-data")
    assert not failures
    assert any("were not looked up: the service answered: " in told for told in warnings)


async def test_a_changed_file_is_compared_with_what_was_uploaded(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    local = {"training": "train.jsonl", "bucket": "demo-data"}
    (tmp_path / "train.jsonl").write_text(TRAINING)
    checked, made = await up(cloud, **local)
    uri = plain_map(made.properties)["trainingUri"]
    (signature,) = beside(cloud, uri)
    assert signature.endswith(".signature")

    (tmp_path / "train.jsonl").write_text("".join(LINES))
    dataset, _, diff = await next_run(cloud, checked, made, **local)
    assert set(diff.changes) == {"contentHash"}
    assert cloud.run.reasons[dataset.urn] == "training data: +10 examples (120 → 130)"
    (tmp_path / "train.jsonl").write_text("".join(reversed(LINES[:120])))
    dataset, _, diff = await next_run(cloud, checked, made, **local)
    assert cloud.run.reasons[dataset.urn] == "the same examples, in another order or spelling"

    for spoil in (b"no signature", None):
        name = f"{uri.removeprefix('gs://demo-data/')}.tunestack/{signature}"
        if spoil:
            store(cloud, f"gs://demo-data/{name}", spoil)
        else:
            cloud.connection.storage.bucket("demo-data").blob(name).delete()
        dataset, inputs, _ = await next_run(cloud, checked, made, **local)
        assert cloud.run.reasons[dataset.urn] == "new training data instead of 120 examples"
        replaced = await dataset.lifecycle.create(CreateRequest(dataset.urn, inputs, 0, True))
        assert plain_map(replaced.properties)["comparison"] == ""
        assert cloud.listener.told[-1] == "new training data instead of 120 examples: 120 examples"


async def test_a_large_upload_is_seen_stopped_and_gone_on_with(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece = 256 * 1024
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNESTACK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(bucket, "RESUMABLE_BYTES", piece)
    monkeypatch.setattr(upload_session, "PIECE_BYTES", piece)
    monkeypatch.setattr(transfer_progress, "QUIET_SECONDS", 0)
    lines = (json.dumps({"prompt": "long " * 500, "completion": str(number)}) + "\n" for number in range(250))
    (tmp_path / "train.jsonl").write_text("".join(lines))
    local = {"training": "train.jsonl", "bucket": "demo-data"}
    dataset = cloud.resource("Dataset")
    request = CreateRequest(dataset.urn, (await check(dataset, **local)).inputs, 0, False)
    log, shown, tell = cloud.listener.log, threading.Event(), TransferProgress.__call__

    def told_before_the_next_piece(progress: TransferProgress, done: int) -> None:
        tell(progress, done)
        shown.wait(60)

    async def stopped_at_the_first_piece(severity: Severity, message: str, urn: str = "", **ephemeral: bool) -> None:
        if message.startswith("uploads"):
            cloud.run.interrupt()
            shown.set()
        await log(severity, message, urn, **ephemeral)

    monkeypatch.setattr(cloud.listener, "log", stopped_at_the_first_piece)
    monkeypatch.setattr(TransferProgress, "__call__", told_before_the_next_piece)
    with pytest.raises(InterruptedWaitError, match=r"^interrupted while it uploads train\.jsonl; the next"):
        await dataset.lifecycle.create(request)
    monkeypatch.setattr(cloud.listener, "log", log)
    _, made = await up(cloud, **local)
    assert plain_map(made.properties)["trainingUri"].startswith("gs://demo-data/datasets/")
    seen = [told for told in cloud.listener.told if told.startswith("uploads")]
    size = (tmp_path / "train.jsonl").stat().st_size
    assert seen[-1].startswith(f"uploads train.jsonl: {2 * piece:,} bytes of {size:,} bytes (")
    sent = [
        call for call in cloud.emulator.requests() if call["method"] == "PUT" and call["path"].startswith("/upload/")
    ]
    assert len(sent) <= 3 + 1, "three pieces, and the question where it was"


async def test_a_large_file_is_read_once(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunestack.data.verdicts import files as file_verdicts

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNESTACK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(file_verdicts, "WORTH_BYTES", 1)
    file = tmp_path / "train.jsonl"
    local = {"training": "train.jsonl", "bucket": "demo-data"}
    checks: list[Any] = []
    real = file_verdicts.FilePlace.check

    def counted(self: Any, *arguments: Any) -> Any:
        checks.append(self.path)
        return real(self, *arguments)

    monkeypatch.setattr(file_verdicts.FilePlace, "check", counted)

    async def reads() -> int:
        checks.clear()
        await up(cloud, **local)
        return len(checks)

    def written(content: str, *, young: bool = False) -> None:
        file.write_text(content)
        monkeypatch.setattr(file_verdicts, "YOUNG_SECONDS", 3600.0 if young else -3600.0)

    written(TRAINING, young=True)
    assert [await reads(), await reads()] == [1, 1], "what was just written may be written again unseen"
    written(TRAINING)
    assert [await reads(), await reads()] == [1, 0]
    written(TRAINING.replace("answer 0", "answer X"))
    assert [await reads(), await reads()] == [1, 0], "same size, other content"
    for kept in (tmp_path / "cache" / "checks").glob("*.json"):
        kept.write_bytes(kept.read_bytes()[:-9])
    assert [await reads(), await reads()] == [1, 0], "a damaged entry is none"
    monkeypatch.setattr(user_cache, "folder", lambda purpose: tmp_path / "gone" / purpose)
    assert [await reads(), await reads()] == [1, 1], "without a cache there is none"


async def test_what_an_earlier_release_has_made_is_completed_in_place(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_text(TRAINING)
    local = {"training": "train.jsonl", "bucket": "demo-data"}
    checked, made = await up(cloud, **local)
    added = {"images", "textOnly", "turns", "nonAscii", "comparison", "trainingGeneration", "validationGeneration"}
    state = {name: value for name, value in made.properties.items() if name not in added}
    cloud.new_run()
    dataset = cloud.resource("Dataset")
    inputs = (await check(dataset, **local, baseModels=["google/gemma3@gemma-3-1b-it"])).inputs
    diff = await dataset.lifecycle.diff(DiffRequest(dataset.urn, made.resource_id, state, wrap_map(checked), inputs))
    assert {name: change.replaces for name, change in diff.changes.items()} == {"textOnly": False}
    seen = calls(cloud)
    for preview in (True, False):
        request = UpdateRequest(dataset.urn, made.resource_id, state, wrap_map(checked), inputs, 0, preview=preview)
        updated = plain_map((await dataset.lifecycle.update(request)).properties)
        assert {**updated, "baseModels": None} == {**plain_map(made.properties), "baseModels": None}
    assert not asked(cloud, seen), "nothing is uploaded, nor looked for"
    assert cloud.listener.told == ["the same content is counted as releases before did not; no job runs because of it"]

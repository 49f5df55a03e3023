"""Files that lie in a bucket become a dataset, known by what they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.provider.lifecycles.conftest import Cloud
from tunestack.provider.lifecycle import CheckRequest, DiffRequest, ResourceError
from tunestack.provider.properties import plain_map, wrap_map

LINES = [json.dumps({"prompt": f"question {number}", "completion": f"answer {number}"}) + "\n" for number in range(40)]
TRAINING, VALIDATION = "".join(LINES[:36]), "".join(LINES[36:])


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.jsonl").write_text(TRAINING)
    (tmp_path / "held-out.jsonl").write_text(VALIDATION)
    return tmp_path


def store(cloud: Cloud, name: str, content: str) -> str:
    cloud.emulator.application.state.services.storage.write("demo-data", name, content.encode())
    return f"gs://demo-data/{name}"


@pytest.mark.parametrize("folder", ["datasets/0123456789abcdef", "by/hand"])
async def test_the_same_content_is_no_change_wherever_it_lies(cloud: Cloud, files: Path, folder: str) -> None:
    training, validation = store(cloud, f"{folder}/t.jsonl", TRAINING), store(cloud, f"{folder}/v.jsonl", VALIDATION)
    dataset = cloud.resource("Dataset")
    read = await dataset.read(f"{training},{validation}")
    state, inputs = plain_map(read.properties), plain_map(read.inputs)
    assert read.resource_id == training
    assert (state["trainingUri"], state["validationUri"]) == (training, validation)
    assert (state["examples"], state["validationExamples"]) == (36, 4)

    program = {"training": "mine.jsonl", "validation": "held-out.jsonl", "bucket": "demo-data"}
    assert (await dataset.diff(read, inputs, program)).changes == {}
    assert set((await dataset.diff(read, inputs, {**program, "bucket": "other"})).changes) == {"bucket"}
    (files / "mine.jsonl").write_text(TRAINING * 2)
    assert set((await dataset.diff(read, inputs, program)).changes) == {"contentHash"}
    again = await dataset.read(training, read.properties, inputs)
    assert again.resource_id == training, "and a refresh finds it"


async def test_what_an_import_has_found_can_be_declared_as_it_lies(cloud: Cloud) -> None:
    dataset = cloud.resource("Dataset")
    read = await dataset.read(store(cloud, "t.jsonl", TRAINING))
    program = wrap_map({"training": "gs://demo-data/t.jsonl", "bucket": "demo-data"})
    checked = await dataset.lifecycle.check(CheckRequest(dataset.urn, read.inputs, program))
    assert not checked.failures
    request = DiffRequest(dataset.urn, read.resource_id, read.properties, read.inputs, checked.inputs)
    assert (await dataset.lifecycle.diff(request)).changes == {}


@pytest.mark.parametrize(
    ("resource_id", "content", "reason"),
    [
        ("datasets/t.jsonl", "", "names no dataset; write the address of the training file"),
        ("gs://demo-data", "", "names no dataset"),
        ("gs://demo-data/t.jsonl,gs://demo-data/t.jsonl,gs://demo-data/t.jsonl", TRAINING, "names no dataset"),
        (
            "gs://demo-data/gone.jsonl",
            TRAINING,
            "nothing can be imported: there is no object gs://demo-data/gone.jsonl",
        ),
        ("gs://demo-data/t.jsonl", '{"prompt": 1}\n', r"gs://demo-data/t.jsonl:1: "),
    ],
)
async def test_refusals(cloud: Cloud, resource_id: str, content: str, reason: str) -> None:
    store(cloud, "t.jsonl", content)
    with pytest.raises(ResourceError, match=reason):
        await cloud.resource("Dataset").read(resource_id)


async def test_the_data_is_not_copied(cloud: Cloud, files: Path) -> None:
    read = await cloud.resource("Dataset").read(store(cloud, "t.jsonl", TRAINING))
    before: Any = plain_map(read.properties)
    assert before["trainingUri"] == "gs://demo-data/t.jsonl"
    names = [each["name"] for each in cloud.emulator.application.state.services.storage.list("demo-data")]
    assert [name for name in names if ".tunestack/" not in name] == ["t.jsonl", "train.jsonl"]

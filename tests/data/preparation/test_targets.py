"""A target appears whole or not at all, and nothing is written over unless that is wanted."""

from __future__ import annotations

import io
import json
import resource
from typing import TYPE_CHECKING, BinaryIO

import pyarrow
import pytest
from pyarrow import parquet

from tunestack.data import UnreadableDataError
from tunestack.data.preparation import PreparationError, convert, split
from tunestack.data.stream import Stream

if TYPE_CHECKING:
    from pathlib import Path

    from tests.data.conftest import Write

LINE = '{"prompt": "a", "completion": "b"}'


def test_what_is_there_stays_unless_it_may_be_replaced(write: Write, tmp_path: Path) -> None:
    source, target = write(LINE), tmp_path / "chat.jsonl"
    target.write_text("precious")
    with pytest.raises(PreparationError, match=r"chat\.jsonl: is there already; .* --force"):
        convert(source, target, to="chat")
    assert target.read_text() == "precious"
    convert(source, target, to="chat", overwrite=True)
    assert target.read_text().startswith('{"messages"')


@pytest.mark.parametrize("name", ["train.jsonl", "../{folder}/train.jsonl", "link.jsonl"])
def test_the_source_is_never_written_over(write: Write, tmp_path: Path, name: str) -> None:
    source = write(LINE)
    (tmp_path / "link.jsonl").symlink_to(source)
    with pytest.raises(PreparationError, match="is the source itself; write to another file"):
        convert(source, tmp_path / name.format(folder=tmp_path.name), to="chat", overwrite=True)
    assert source.read_text() == LINE + "\n"


def test_a_link_stays_one(write: Write, tmp_path: Path) -> None:
    target, link = tmp_path / "chat.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(target)
    convert(write(LINE), link, to="chat")
    assert link.is_symlink()
    assert target.exists()


def test_a_target_that_cannot_be_written_is_named(write: Write, tmp_path: Path) -> None:
    source = write(LINE)
    with pytest.raises(PreparationError, match=r"nowhere/chat\.jsonl: cannot be written: No such file or directory"):
        convert(source, tmp_path / "nowhere" / "chat.jsonl", to="chat")
    with pytest.raises(PreparationError, match="is a folder"):
        convert(source, tmp_path, to="chat", overwrite=True)
    with pytest.raises(PreparationError, match="is no file"):
        convert(source, "/dev/null", to="chat", overwrite=True)
    with pytest.raises(PreparationError, match="one file is named for two parts"):
        split(source, tmp_path / "a.jsonl", tmp_path / "a.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_a_target_without_room_is_named(write: Write, tmp_path: Path) -> None:
    source = write(*[LINE] * 3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(PreparationError, match=r"chat\.jsonl: cannot be written: File too large"):
            convert(source, tmp_path / "chat.jsonl", to="chat")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_a_source_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDataError, match=r"nothing\.csv cannot be read: No such file"):
        convert(tmp_path / "nothing.csv", tmp_path / "chat.jsonl", to="chat")
    with pytest.raises(UnreadableDataError, match="is a pipe or a device, but is read more than once; name a file"):
        convert("/dev/null", tmp_path / "chat.jsonl", to="chat")
    with pytest.raises(UnreadableDataError, match="cannot be read: Is a directory"):
        convert(tmp_path, tmp_path / "chat.jsonl", to="chat")
    with pytest.raises(UnreadableDataError, match=r"gs://b/o\.jsonl cannot be read: gone"):
        convert(Stream("gs://b/o.jsonl", Gone), tmp_path / "chat.jsonl", to="chat")


def test_an_interrupt_leaves_nothing_behind(write: Write, tmp_path: Path) -> None:
    source = write(*[LINE] * 3)

    def interrupt(_done: int) -> None:
        raise KeyboardInterrupt

    for work in (
        lambda: convert(source, tmp_path / "chat.jsonl", to="chat", progress=interrupt),
        lambda: split(source, tmp_path / "a.jsonl", tmp_path / "b.jsonl", progress=interrupt),
    ):
        with pytest.raises(KeyboardInterrupt):
            work()
        assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_a_stream_is_read_like_a_file(tmp_path: Path) -> None:
    data = b"".join(b'{"prompt": "a%d", "completion": "b"}\n' % number for number in range(200))
    stream = Stream("gs://b/train.jsonl", lambda: io.BytesIO(data), len(data))
    done: list[int] = []
    assert convert(stream, tmp_path / "chat.jsonl", to="chat", progress=done.append).written == 200
    assert done == sorted(done)
    assert done[-1] == len(data)
    done.clear()
    parts = split(stream, tmp_path / "a.jsonl", tmp_path / "b.jsonl", progress=done.append)
    assert parts.training.examples + parts.validation.examples == 200
    assert done == sorted(done)
    assert done[-1] == len(data)
    table = Stream("gs://b/rows.csv", lambda: io.BytesIO(b"prompt,completion\na,b\n"))
    assert convert(table, tmp_path / "c.jsonl", to="chat").origin == "csv"


@pytest.mark.parametrize("name", ["rows.csv", "rows.json", "rows.jsonl", "chat.jsonl", "rows.parquet"])
def test_rows_are_written_while_others_are_still_to_be_read(tmp_path: Path, name: str) -> None:
    source, target = tmp_path / name, tmp_path / "target.jsonl"
    rows = [{"prompt": f"{number} " + "x" * 1000, "completion": "y"} for number in range(6000)]
    if name == "rows.csv":
        source.write_text("prompt,completion\n" + "".join(f"{row['prompt']},y\n" for row in rows))
    elif name == "rows.json":
        source.write_text(json.dumps(rows))
    elif name == "rows.parquet":
        parquet.write_table(
            pyarrow.Table.from_pylist(rows), source, row_group_size=500, use_dictionary=False, compression="none"
        )
    else:
        more = {"id": 7} if name == "rows.jsonl" else {}  # with another key it is a table
        source.write_text("".join(json.dumps({**row, **more}) + "\n" for row in rows))
    written: list[tuple[int, int]] = []

    def look(done: int) -> None:
        written.append((done, sum(path.stat().st_size for path in tmp_path.glob(".target.jsonl.*"))))

    final = convert(source, target, to="prompt-completion", progress=look).bytes
    size = source.stat().st_size
    share = max(of_target for done, of_target in written if done < 0.9 * size) / final
    assert share > 0.2


@pytest.mark.parametrize("then", [[LINE], [LINE] * 30, [LINE.replace("b", "bb")] * 20, ["{"] * 20])
def test_a_source_that_changes_meanwhile_is_refused(tmp_path: Path, then: list[str]) -> None:
    lines = [LINE.replace('"a"', f'"a{number}"') for number in range(20)]
    for work, reads in (
        (lambda stream: convert(stream, tmp_path / "chat.jsonl", to="chat"), [lines, lines, ["{"] * 20]),
        (lambda stream: split(stream, tmp_path / "a.jsonl", tmp_path / "b.jsonl"), [lines, lines, lines, then]),
        (lambda stream: split(stream, tmp_path / "a.jsonl", tmp_path / "b.jsonl"), [lines, lines, ["[]"], lines]),
    ):
        contents = [io.BytesIO("\n".join(each).encode()) for each in reversed(reads)]
        with pytest.raises(PreparationError, match="gs://b/o: changed while it was read; run again"):
            work(Stream("gs://b/o", contents.pop))
        assert not [*tmp_path.iterdir()]


class Gone(io.RawIOBase, BinaryIO):
    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        raise OSError("gone")

"""Tables of every kind become training data, or are refused with the row and the column."""

from __future__ import annotations

import csv
import datetime
import decimal
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tunestack.data import check
from tunestack.data.preparation import PreparationError, Table, convert, json_table, parse_columns
from tunestack.data.stream import Stream

if TYPE_CHECKING:
    from tunestack.data.preparation import Columns

QUESTIONS = parse_columns(["prompt=q", "completion=a"])
GSM8K = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "gsm8k"


def texts(path: Path) -> list[tuple[str, ...]]:
    """The texts of a chat file, example by example."""
    examples = [json.loads(line)["messages"] for line in path.read_text("utf-8").split("\n")[:-1]]
    return [tuple(message["content"] for message in messages) for messages in examples]


def converted(path: Path, columns: Columns | None = QUESTIONS, **options: Any) -> list[tuple[str, ...]]:
    target = path.with_name("chat.jsonl")
    convert(path, target, to="chat", columns=columns, overwrite=True, **options)
    return texts(target)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"q,a\n1 + 1,2\n2 + 2,4\n", {}),
        (b"q;a\n1 + 1;2\n2 + 2;4", {}),
        (b"q|a\r\n1 + 1|2\r\n2 + 2|4\r\n", {}),
        (b"a\tother\tq\n2\tx,y\t1 + 1\n4\tx,y\t2 + 2\n", {}),
        (b"\xef\xbb\xbfq,a\n1 + 1,2\n\n2 + 2,4\n\n", {}),
        ("q,a\n1 + 1,2\n2 + 2,4\n".encode("utf-16"), {}),
        (b"q:a\n1 + 1:2\n2 + 2:4\n", {"delimiter": ":"}),
        (b"q\ta\n1 + 1\t2\n2 + 2\t4\n", {"delimiter": "tab"}),
        (b'"q","a"\n"1 + 1","2"\n"2 + 2","4"\n', {}),
        (b"q,a\n1 + 1,2\n2 + 2,4\n", {"encoding": "cp1252"}),
    ],
    ids=["comma", "semicolon", "bar", "tab", "bom", "utf-16", "colon", "named tab", "quoted", "encoding"],
)
def test_csv_is_read_as_it_comes(tmp_path: Path, content: bytes, options: dict[str, str]) -> None:
    source = tmp_path / "rows.csv"
    source.write_bytes(content)
    assert converted(source, table=Table(**options)) == [("1 + 1", "2"), ("2 + 2", "4")]  # type: ignore[arg-type]


def test_csv_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("x,1 + 1,2\nx,2 + 2,4\n")
    columns = parse_columns(["prompt=2", "completion=3"])
    assert converted(source, columns, table=Table(header=False)) == [("1 + 1", "2"), ("2 + 2", "4")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=2, max_size=2)),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_is_written_as_csv_comes_out_again(
    tmp_path: Path, rows: list[list[str]], delimiter: str, quoting: int, ending: str
) -> None:
    rows = [[f"p{cell}" for cell in row] for row in [*rows, ["", ""]]]
    if quoting == csv.QUOTE_MINIMAL and ending == "\n":  # Python then leaves a carriage return unquoted: a row's end
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    source = tmp_path / "rows.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=ending)  # type: ignore[arg-type]
        writer.writerows([["q", "a"], *rows])
    assert converted(source, table=Table(delimiter=delimiter)) == [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        ('q,a\n"1\n+ 1",\n', 'rows.csv:2: row 1, column "a"', "empty"),
        ("q,a\n1,2\n , 4\n", 'rows.csv:3: row 2, column "q"', "only whitespace"),
        ("q,a\n1,NaN\n", 'rows.csv:2: row 1, column "a"', '"NaN", a missing value'),
        ("q,a\n1,2,3\n", "rows.csv:2: row 1", "3 cells, where the first row has 2"),
        ('q,a\n1,2\n"3,4\n5,6\n', "rows.csv:3", "close the quote that opens here"),
        ('q,a\n1,"2"3\n', "rows.csv:2", "no CSV"),
        ("q,a,q\n1,2,3\n", "rows.csv:1", '2 columns are called "q"'),
        ("question,a\n1,2\n", "rows.csv: q", "no such column; there are"),
        ("qq,a\n1,2\n", "rows.csv: q", 'no such column; the nearest is "qq"'),
        ("q,a\n", "rows.csv", "holds no rows"),
        ("", "rows.csv", "holds no rows"),
        ("q,a\n1,\udcff\n", "rows.csv:", "byte 0xff is not utf-8"),
    ],
)
def test_a_broken_csv_is_refused_with_its_place(tmp_path: Path, content: str, place: str, said: str) -> None:
    source = tmp_path / "rows.csv"
    source.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(PreparationError) as refused:
        converted(source)
    assert str(refused.value).startswith(f"{tmp_path}/{place}")
    assert said in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"delimiter": ";;"}, 'the delimiter ";;"; write one character'),
        ({"delimiter": '"'}, "write one character"),
        ({"encoding": "latin-0"}, 'no encoding "latin-0"'),
        ({"encoding": "base64"}, 'no encoding "base64"'),
        ({"encoding": "utf-16"}, "rows.csv:1: the text is not utf-16, here or soon after; name the file's encoding"),
    ],
)
def test_options_that_fit_no_csv_are_refused(tmp_path: Path, options: dict[str, str], said: str) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("q,a\n1,2\n")
    with pytest.raises(PreparationError) as refused:
        converted(source, table=Table(**options))  # type: ignore[arg-type]
    assert said in str(refused.value)


def test_incomplete_rows_are_left_out_and_told(tmp_path: Path) -> None:
    source, target = tmp_path / "rows.csv", tmp_path / "chat.jsonl"
    source.write_text("q,a\n1,\n2,4\n,3\nnan,3\n")
    done = convert(source, target, to="chat", columns=QUESTIONS, skip_incomplete=True)
    assert (done.rows, done.written, done.skipped) == (4, 1, 3)
    assert [(skip.line, skip.row, skip.path) for skip in done.skips] == [
        (2, 1, 'column "a"'),
        (4, 3, 'column "q"'),
        (5, 4, 'column "q"'),
    ]
    assert str(done) == f"{target}: 1 example (chat) from {source} (csv), 3 incomplete rows left out"
    assert done.to_json()["skips"][0]["reason"] == "empty"
    source.write_text("q,a\n1,\n")
    with pytest.raises(PreparationError, match="row 1"):  # nothing at all is left
        convert(source, target, to="chat", columns=QUESTIONS, skip_incomplete=True, overwrite=True)


JSON_ROWS = [
    {"q": {"text": "1 + 1"}, "answers": {"text": ["2", "two"]}, "level": 1, "a.b": "dots"},
    {"q": {"text": "2 + 2"}, "answers": {"text": ["4"]}, "level": 2.5, "a.b": "dots"},
]


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("rows.json", json.dumps(JSON_ROWS), {}),
        ("rows.json", "\ufeff" + json.dumps(JSON_ROWS, indent=2), {}),
        ("rows.json", json.dumps({"version": [1], "data": {"rows": JSON_ROWS}}), {"records": "data.rows"}),
        ("rows.json", "\n".join(map(json.dumps, JSON_ROWS)), {}),
        ("rows.jsonl", "\n\n".join(map(json.dumps, JSON_ROWS)) + "\n", {}),
        ("rows", json.dumps(JSON_ROWS), {}),
        ("rows.txt", json.dumps(JSON_ROWS), {"kind": "json"}),
    ],
)
def test_json_is_read_with_nested_columns(tmp_path: Path, name: str, content: str, options: dict[str, Any]) -> None:
    source = tmp_path / name
    source.write_text(content, "utf-8")
    columns = parse_columns(["completion=answers.text.0"], ["prompt={q.text} ({level}, {a.b}, {none?})"])
    assert converted(source, columns, table=Table(**options)) == [
        ("1 + 1 (1, dots, )", "2"),
        ("2 + 2 (2.5, dots, )", "4"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.json", '[{"q": "1", "a": "2"}, {"q": "1", "a"', "rows.json: no JSON after row 1 ("),
        ("rows.json", '[{"q": "1", "a": "2"}, 3]', "rows.json: row 2: a row that is no object"),
        ("rows.json", '[{"q": "1", "a": NaN}]', 'rows.json: row 1, column "a": nan, which is no number'),
        ("rows.json", '[{"q": "1", "a": 1e999999999}]', 'column "a": a number of more than 4300 digits'),
        ("rows.json", '[{"q": "1", "a": %s}]' % ("9" * 5000), "no JSON after row 0 (a number of thousands of digits)"),
        ("rows.json", '[{"q": %s' % ("[" * 100_000), "no JSON after row 0 (nested too deeply)"),
        ("rows.json", '[{"q": "1", "a": "\\ud83d"}]', "row 1: half a character (a lone surrogate)"),
        ("rows.json", '[{"q": "1", "a": "2"} {"q": "1", "a": "2"}]', 'no JSON after row 1 ("{" in the place of ",")'),
        ("rows.json", '[{"q": "1", "a": "\udcff"}]', "no JSON after row 0 (byte 0xff is not UTF-8)"),
        ("rows.json", '{"data": [\n{"q": "1", "a": "2"}]}', "no array at the top; say where"),
        ("rows.json", "[]", "holds no rows"),
        ("rows.jsonl", '{"q": "1", "a": "2"}\n{"q": "1"', "rows.jsonl:2: no JSON"),
        ("rows.jsonl", '{"q": "1", "a": "2"}\n["q"]', "rows.jsonl:2: row 2: a row that is no object"),
        ("rows.jsonl", '{"q": "1", "b": "2"}', 'rows.jsonl:1: row 1, column "a": no such column; there are "q", "b"'),
        ("rows.jsonl", '{"q": ["1"], "a": "2"}', 'column "q": a list; name one of its elements, as in column.0'),
        ("rows.jsonl", '{"q": {"x": 1}, "a": "2"}', 'column "q": an object with x; name one of its keys'),
        ("rows.jsonl", '{"q": null, "a": "2"}', 'column "q": null; write the text'),
        ("rows.jsonl", '{"q": "\\u001b[31m", "a": ""}', 'column "a": empty'),
        ("rows.jsonl", "\n", "holds no rows"),
    ],
)
def test_broken_json_is_refused_with_its_place(tmp_path: Path, name: str, content: str, said: str) -> None:
    source = tmp_path / name
    source.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(PreparationError) as refused:
        converted(source)
    assert said in str(refused.value)
    assert str(refused.value).isprintable()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.lists(st.text(max_size=9)))),
    piece=st.integers(1, 30),
    indent=st.sampled_from([None, 1]),
    escaped=st.booleans(),
)
def test_an_array_is_read_in_pieces_of_any_size(
    monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], piece: int, indent: int | None, escaped: bool
) -> None:
    monkeypatch.setattr(json_table, "PIECE_BYTES", piece)
    data = json.dumps({"a": [1], "rows": rows, "rest": 1}, indent=indent, ensure_ascii=escaped).encode(
        "utf-8", "replace"
    )
    opened = json_table.open_json("rows.json", io.BufferedReader(io.BytesIO(data)), "rows")
    read = [row.values for row in opened.rows(())]
    assert read == json.loads(data)["rows"]


@pytest.mark.parametrize(
    ("start", "said"),
    [(b"\x1f\x8b\x08", "compressed by gzip; unpack it first"), (b"PK\x03\x04", "a ZIP archive or a spreadsheet")],
)
def test_what_is_packed_is_refused(tmp_path: Path, start: bytes, said: str) -> None:
    source = tmp_path / "rows.csv"
    source.write_bytes(start)
    with pytest.raises(PreparationError, match=said):
        converted(source)


def test_a_row_that_never_ends_is_refused_within_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 100_000
    for room in ("bounded_rows", "json_table"):
        monkeypatch.setattr("tunestack.data.preparation.json_table.PIECE_BYTES", 1000)
        monkeypatch.setattr(f"tunestack.data.preparation.{room}.MAX_ROW_BYTES", limit)
    for name, start in (("a.csv", 'q,a\n1,"'), ("b.json", '[{"q": "'), ("c.jsonl", '{"q": "')):
        source = tmp_path / name
        source.write_text(start + "x" * (limit + 200_000))
        with pytest.raises(PreparationError, match=r"more than|larger than"):
            converted(source)


def test_parquet_is_read_by_its_types(tmp_path: Path) -> None:
    source = tmp_path / "rows.parquet"
    day = datetime.date(2026, 2, 1)
    moment = datetime.datetime(2026, 2, 1, 12, 30, tzinfo=datetime.UTC)
    columns = {
        "q": ["1 + 1", "2 + 2"],
        "float": [0.1, 4.0],
        "bool": [True, False],
        "day": [day, day],
        "moment": [moment, moment],
        "exact": [decimal.Decimal("1.50"), decimal.Decimal("1E+3")],
        "nested": [{"a": ["x"]}, {"a": ["y"]}],
        "unused": [b"\xff", None],
    }
    parquet.write_table(pyarrow.table(columns), source)
    template = "{float} {bool} {day} {moment} {exact} {nested.a.0}"
    assert converted(source, parse_columns(["prompt=q"], [f"completion={template}"])) == [
        ("1 + 1", "0.1 true 2026-02-01 2026-02-01T12:30:00+00:00 1.50 x"),
        ("2 + 2", "4.0 false 2026-02-01 2026-02-01T12:30:00+00:00 1000.00 y"),
    ]
    for column, said in (("unused", 'row 1, column "unused": bytes'), ("flaot", "flaot: no such column; the nearest")):
        with pytest.raises(PreparationError, match=said):
            converted(source, parse_columns(["prompt=q", f"completion={column}"]))


def test_parquet_that_comes_as_a_stream_is_copied(tmp_path: Path) -> None:
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"prompt": ["a"], "completion": ["b"]}), file)

    class FromStartToEnd(io.BytesIO):
        def seekable(self) -> bool:
            return False

    done: list[int] = []
    stream = Stream("gs://b/rows.parquet", lambda: FromStartToEnd(file.getvalue()))
    convert(stream, tmp_path / "chat.jsonl", to="chat", progress=done.append)
    assert texts(tmp_path / "chat.jsonl") == [("a", "b")]
    assert done[-1] == len(file.getvalue())


def test_parquet_that_is_none_or_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "rows.parquet"
    source.write_bytes(b"PAR1" + b"x" * 100)
    with pytest.raises(PreparationError, match=r"rows\.parquet: no Parquet"):
        converted(source)
    parquet.write_table(pyarrow.table({"q": ["1 + 1"], "a": ["2"]}), source)
    data = bytearray(source.read_bytes())
    data[4:40] = bytes(36)
    source.write_bytes(data)
    with pytest.raises(PreparationError, match=r"rows\.parquet: cannot be read after row 0 \("):
        converted(source)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PreparationError, match=r"pyarrow, which is not installed; .*tunestack\[parquet\]"):
        converted(source)


def test_images_stand_before_the_first_text(tmp_path: Path, png: bytes) -> None:
    source, target = tmp_path / "rows.parquet", tmp_path / "chat.jsonl"
    rows = {"q": ["what?"], "a": ["a dot"], "i": [{"bytes": png, "path": None}], "l": [["gs://b/x.png"]], "n": [""]}
    parquet.write_table(pyarrow.table(rows), source)
    columns = parse_columns(["prompt=q", "completion=a", "image=i", "image=l", "image=n?"])
    convert(source, target, to="chat", columns=columns)
    user = json.loads(target.read_text())["messages"][0]["content"]
    assert user[0]["image_url"]["url"].startswith("data:image/png;base64,")
    assert user[1:] == [
        {"type": "image_url", "image_url": {"url": "gs://b/x.png"}},
        {"type": "text", "text": "what?"},
    ]
    report = check(target)
    assert not report.errors
    assert (report.images.inline, report.images.linked) == (1, 1)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"GIF89a", "GIF"),
        ("https://example.org/x.png", "is no image; give a gs:// address"),
        (None, "no image; write the text"),
        (7, "int is no image"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path: Path, value: Any, said: str) -> None:
    source = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.table({"q": ["what?"], "a": ["a dot"], "i": [value]}), source)
    with pytest.raises(PreparationError) as refused:
        converted(source, parse_columns(["prompt=q", "completion=a", "image=i"]))
    assert 'row 1, column "i"' in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.shared
@pytest.mark.skipif(not GSM8K.exists(), reason="the data set is not beside the checkout")
def test_gsm8k_converts_and_passes(tmp_path: Path) -> None:
    target = tmp_path / "chat.jsonl"
    columns = parse_columns(["prompt=question", "completion=answer"])
    done = convert(GSM8K / "train.jsonl", target, to="chat", columns=columns)
    assert (done.written, done.bytes) == (7473, target.stat().st_size)
    report = check(target)
    assert report.ok
    rows = [json.loads(line) for line in (GSM8K / "train.jsonl").read_text("utf-8").splitlines()]
    assert report.characters == sum(len(row["question"]) + len(row["answer"]) for row in rows)

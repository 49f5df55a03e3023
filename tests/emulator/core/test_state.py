from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from emulator.state import Documents

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return Documents(tmp_path / "state.sqlite")


def test_keeps_documents_by_collection_and_key(documents: Documents) -> None:
    documents.put("a", "k", {"n": 1, "text": "日本"})
    documents.put("b", "k", {"n": 2})
    assert documents.get("a", "k") == {"n": 1, "text": "日本"}
    assert documents.delete("a", "k") is True
    assert documents.delete("a", "k") is False
    assert documents.get("a", "k") is None
    assert documents.get("b", "k") == {"n": 2}


def test_lists_by_prefix_in_the_order_of_code_points(documents: Documents) -> None:
    for key in ("b/é", "b/z", "b/日本", "b", "c", "b/\U0001f600"):
        documents.put("x", key, {"key": key})
    assert [key for key, _ in documents.list("x", "b/")] == ["b/z", "b/é", "b/日本", "b/\U0001f600"]
    assert len(documents.list("x")) == 6


def test_a_transaction_that_raises_leaves_nothing(documents: Documents) -> None:
    def write() -> None:
        with documents.transaction():
            documents.put("x", "outer", {})
            with documents.transaction():
                documents.put("x", "inner", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert documents.list("x") == []
    documents.put("x", "after", {})
    assert [key for key, _ in documents.list("x")] == ["after"]


def test_threads_do_not_see_half_a_transaction(documents: Documents) -> None:
    documents.put("x", "n", {"value": 0})

    def count() -> None:
        for _ in range(50):
            with documents.transaction():
                document = documents.get("x", "n")
                assert document is not None
                documents.put("x", "n", {"value": document["value"] + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert documents.get("x", "n") == {"value": 200}


def test_another_connection_sees_what_was_written(documents: Documents, tmp_path: Path) -> None:
    documents.put("x", "k", {"n": 1})
    assert Documents(tmp_path / "state.sqlite").get("x", "k") == {"n": 1}

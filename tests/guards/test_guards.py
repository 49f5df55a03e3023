"""The table names what is there; `make guards` takes each guard away and sees its test fail."""

from __future__ import annotations

import re

import pytest

from tests.guards.guards import CHECKOUT, Guard, guards


@pytest.mark.parametrize("guard", guards(), ids=lambda guard: guard.scar)
def test_the_guard_and_its_test_are_there(guard: Guard) -> None:
    assert (CHECKOUT / guard.file).read_text("utf-8").count(guard.guard) == 1
    assert guard.without != guard.guard
    file, _, names = guard.test.partition("::")
    text = (CHECKOUT / file).read_text("utf-8")
    for name in names.partition("[")[0].split("::"):
        assert re.search(rf"^\s*(class|(async )?def) {name}\b", text, re.MULTILINE), name

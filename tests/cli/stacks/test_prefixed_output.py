"""What several engines print at the same time."""

from __future__ import annotations

import errno
import io

import pytest

from tunestack.cli.stacks.prefixed_output import PrefixedOutput


def test_each_line_stands_behind_its_stacks_name() -> None:
    stream = io.StringIO()
    output = PrefixedOutput(["prod", "prod-east"], stream)
    east, prod = output.of("prod-east"), output.of("prod")
    east("creating")
    prod("creating")
    east("")
    east("creating")
    east("creating")
    output.say("stopping")
    assert stream.getvalue().splitlines() == [
        "prod-east | creating",
        "prod      | creating",
        "prod-east | creating",
        "stopping",
    ], "without empty lines, and what is said twice in a row only once"


def test_one_alone_needs_no_name() -> None:
    stream = io.StringIO()
    PrefixedOutput(["prod"], stream).of("prod")("\x1b]0;title\x07 creating\t* in parts")
    assert stream.getvalue() == "\\x1b]0;title\\x07 creating * in parts\n"


class _Closed(io.StringIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, text: str) -> int:
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(errno.EIO, "Input/output error")])
def test_an_engine_goes_on_when_nobody_reads_any_more(error: OSError) -> None:
    """As behind `| head`, or when a terminal is closed: an exception here would close the engine's output, which ends
    it in the middle of a step.
    """
    PrefixedOutput(["prod"], _Closed(error)).of("prod")("creating")

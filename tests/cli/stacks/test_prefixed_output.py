"""What several engines print at the same time."""

from __future__ import annotations

import io

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
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_an_engine_goes_on_when_nobody_reads_any_more() -> None:
    """As behind `| head`: an exception here would close the engine's output, which ends it in the middle of a step."""
    PrefixedOutput(["prod"], _Closed()).of("prod")("creating")

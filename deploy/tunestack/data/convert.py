"""Turns JSON lines with a question and an answer each into chat examples.

    python -m tunestack.data.convert SOURCE TARGET --prompt question --completion answer

reads GSM8K and files like it; without the two options it reads prompt/completion.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Columns:
    """Which keys of a row hold what; `system` is a text of its own, the same for every example."""

    prompt: str = "prompt"
    completion: str = "completion"
    system: str | None = None


GSM8K = Columns(prompt="question", completion="answer")
"""The keys of GSM8K, grade-school mathematics, OpenAI 2021."""


class ConversionError(Exception):
    """A row that cannot be converted; the message names file, line and key."""


def convert(source: Path, target: Path, columns: Columns | None = None) -> int:
    """Writes a chat example for each row of a JSON lines file; reads and writes row by row.

    The target appears whole or not at all.

    Args:
        source: JSON lines, an object each. Keys that `columns` does not name are left out.
        target: where to write; replaced if it is there.
        columns: which keys to read; those of prompt/completion by default.

    Returns:
        How many examples were written.

    Raises:
        ConversionError: a row is no object, or lacks a text under one of the keys.
        OSError: a file cannot be read or written.
    """
    columns = columns or Columns()
    decoder = msgspec.json.Decoder(dict[str, Any])
    encoder = msgspec.json.Encoder()
    beginning = [{"role": "system", "content": columns.system}] if columns.system is not None else []
    unfinished = target.with_name(f"{target.name}.unfinished")
    rows = 0
    try:
        with source.open("rb") as read, unfinished.open("wb") as write:
            for rows, line in enumerate(read, 1):
                try:
                    row = decoder.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    message = f"{source}:{rows}: not a JSON object ({error}); mend or remove the line"
                    raise ConversionError(message) from error
                turns = [
                    {"role": role, "content": _text(row, key, f"{source}:{rows}")}
                    for role, key in (("user", columns.prompt), ("assistant", columns.completion))
                ]
                write.write(encoder.encode({"messages": [*beginning, *turns]}))
                write.write(b"\n")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows


def _text(row: dict[str, Any], key: str, place: str) -> str:
    text = row.get(key)
    if not isinstance(text, str):
        state = "is not a text" if key in row else "is missing"
        has = ", ".join(list(row)[:5])
        raise ConversionError(f'{place}: "{key}" {state}; the row has {has or "no keys"}: name the right one')
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Converts a file from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tunestack.data.convert", description="JSON lines to chat examples")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--prompt", default="prompt", metavar="KEY", help="key of the user's text")
    parser.add_argument("--completion", default="completion", metavar="KEY", help="key of the assistant's text")
    parser.add_argument("--system", metavar="TEXT", help="a system message for every example")
    options = parser.parse_args(arguments)
    columns = Columns(options.prompt, options.completion, options.system)
    try:
        rows = convert(options.source, options.target, columns)
    except (ConversionError, OSError) as error:
        parser.exit(1, f"{error}\n")
    print(f"{options.target}: {rows} examples")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

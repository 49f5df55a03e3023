"""Checks data files before anything is uploaded or paid for: every line, in one pass, within bounded memory."""

from __future__ import annotations

import os
import stat
from contextlib import closing
from math import inf
from typing import TYPE_CHECKING, cast

from tunestack.data.demands import Demands
from tunestack.data.lines import blocks as lines
from tunestack.data.lines.digests import DigestedFile
from tunestack.data.lines.inspection import Inspection
from tunestack.data.lines.tally import MAX_COMPARED
from tunestack.data.report import Images, Problem, Report, UnreadableDataError
from tunestack.data.signatures import duplicates
from tunestack.data.signatures.signature import Signature
from tunestack.data.stream import Stream
from tunestack.data.whole import judged

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import IO

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.lines.blocks import Readable
    from tunestack.data.lines.digests import Digests
    from tunestack.data.lines.tally import Tally

NUMPY_BYTES = 32 * 1024 * 1024
"""Size from which importing numpy is worth its time: see `bytewise`."""

PARALLEL_BYTES = 128 * 1024 * 1024
"""Size from which other processes help: one has started after 0.2 s, in which this one looks at as much."""

_PROGRESS_BYTES = 4 * 1024 * 1024


def check(
    file: Path | str | Stream,
    *,
    rules: Sequence[DataRules] = (),
    against: Report | None = None,
    problem_limit: int | None = 20,
    progress: Callable[[int], None] | None = None,
    processes: int | None = None,
    sizes: bool = False,
) -> Report:
    """Checks a training file, or a validation file beside its training file.

    Args:
        file: JSON lines of any format, as a path or a stream.
        rules: what the models demand that the file is meant for; those of any open model by default.
        against: the report on the training file, with its signature, where this is its validation file.
        problem_limit: how many problems of each kind are told in full, None for all of them; all are counted.
        progress: told how many bytes are done, now and then, by this thread.
        processes: how many look at a large file at a time; as many as there are processors by default. A stream is
            looked at by this one alone, which is faster than a network is.
        sizes: whether to count the examples by their characters.

    Raises:
        UnreadableDataError: the file is not there, cannot be read, or changed meanwhile.
    """
    limit = inf if problem_limit is None else problem_limit
    demands = Demands.of(rules)
    name = file.name if isinstance(file, Stream) else str(file)
    inspection = Inspection(name, demands, limit, sizes=sizes)
    tell_progress = progress or (lambda _: None)
    try:
        if isinstance(file, Stream):
            with closing(file.open()) as stream:
                digests = _look(stream, inspection, tell_progress, file.bytes)
        else:
            with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - a path may be a text
                size = _size(opened)
                workers = _processors() if processes is None else processes
                if size is not None and size >= PARALLEL_BYTES and workers > 1:
                    from tunestack.data.lines import parallel

                    digests = parallel.look(opened, inspection, tell_progress, size, workers)
                else:
                    digests = _look(opened, inspection, tell_progress, size)
    except OSError as error:
        remedy = "run again" if isinstance(file, Stream) else "write the path of a JSONL file"
        message = f"{name} cannot be read: {error.strerror or error}; {remedy}"
        raise UnreadableDataError(message) from error
    tell_progress(digests.bytes)
    return judged(
        _report(name, inspection, digests, limit, against),
        demands,
        first_lines=inspection.tally.first_lines,
        against=against,
    )


def check_pair(
    training: Path | str | Stream,
    validation: Path | str | Stream | None,
    *,
    rules: Sequence[DataRules] = (),
    problem_limit: int | None = 20,
    progress: Callable[[int], None] | None = None,
    processes: int | None = None,
) -> tuple[Report, Report | None]:
    """Checks a training and a validation file, and the two together.

    Args:
        training: see `check`.
        validation: see `check`; None when there is none.
        rules: see `check`.
        problem_limit: see `check`.
        progress: see `check`; of both files together.
        processes: see `check`.

    Returns:
        A report on each; what is wrong between the two stands in the validation file's.

    Raises:
        UnreadableDataError: a file is not there, cannot be read, or changed meanwhile.
    """
    report = check(training, rules=rules, problem_limit=problem_limit, progress=progress, processes=processes)
    if validation is None:
        return report, None
    further = (lambda done: progress(report.bytes + done)) if progress else None
    return report, check(
        validation, rules=rules, against=report, problem_limit=problem_limit, progress=further, processes=processes
    )


def _processors() -> int:
    """Returns how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _size(file: IO[bytes]) -> int | None:
    """Returns the bytes of a regular file; a pipe does not know."""
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _look(file: IO[bytes], inspection: Inspection, progress: Callable[[int], None], size: int | None) -> Digests:
    """Looks at all blocks in this process."""
    if size is None or size >= NUMPY_BYTES:
        import numpy  # noqa: F401 - `bytewise` uses it once it is imported
    told = 0
    with closing(DigestedFile(cast("Readable", file))) as digested:
        for block in lines.blocks(digested):
            inspection.block(block)
            done = block.offset + block.bytes
            if done - told >= _PROGRESS_BYTES:
                progress(done)
                told = done
        return digested.digests


def _report(name: str, inspection: Inspection, digests: Digests, limit: float, against: Report | None) -> Report:
    tally = inspection.tally
    problems = [*tally.problems, *_compared(name, tally, limit, against)]
    return Report(
        name=name,
        format=inspection.format,
        examples=tally.examples,
        bytes=digests.bytes,
        characters=tally.characters,
        sha256=digests.sha256,
        crc32c=digests.crc32c,
        problems=tuple(sorted(problems, key=lambda problem: (problem.line, problem.offset))),
        problem_counts=dict(tally.counts),
        longest=tally.longest,
        non_ascii=tally.non_ascii,
        turns=tally.turns,
        texts_only=tally.texts_only,
        images=Images(tally.inline, tally.linked, tally.inline_bytes),
        links=tally.links,
        signature=Signature(tally.hashes, tally.inputs) if tally.lines == len(tally.hashes) else None,
        sizes=tally.sizes,
    )


def _compared(name: str, tally: Tally, limit: float, against: Report | None) -> Iterator[Problem]:
    """Yields a problem for each example that stands twice, the first ones of each kind, and counts all."""
    found = [("duplicate", "the same as line", duplicates.repeated(tally.hashes))]
    if against is not None and against.signature is not None:
        shared = duplicates.shared(tally.hashes, against.signature.lines)
        found.append(("in-both-files", f"stands in {against.name} as well, line", shared))
    for kind, says, (again, first) in found:
        if len(again):
            tally.counts[kind] += len(again)
        told = min(len(again), limit)
        starts = _starts(tally.lengths, again[: int(told)])
        for line, before, start in zip(again, first, starts, strict=False):
            yield Problem(name, int(line), start, "$", kind, f"{says} {before}", *_REMEDIES[kind])
    if tally.lines > len(tally.hashes):
        reason = f"{tally.lines:,} lines, of which {len(tally.hashes):,} were compared with each other"
        tally.counts["lines-not-compared"] += 1
        yield Problem(name, 0, 0, "$", "lines-not-compared", reason, *_REMEDIES["lines-not-compared"])


_REMEDIES = {
    "duplicate": ("each example once", "remove one of them"),
    "in-both-files": ("examples that were not trained on", "remove it from one of them"),
    "lines-not-compared": (f"at most {MAX_COMPARED:,}", "check parts of the file to find duplicates among the rest"),
}


def _starts(lengths: array[int], lines_in_order: Sequence[int]) -> Iterator[int]:
    """Yields where lines start in the file."""
    before, offset = 1, 0
    for line in map(int, lines_in_order):
        offset += sum(lengths[before - 1 : line - 1]) + line - before
        before = line
        yield offset

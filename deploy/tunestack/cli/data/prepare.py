"""`tunestack data convert` and `split`: what they write is checked before it goes anywhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tunestack.cli import terminal
from tunestack.cli.data import places
from tunestack.cli.data.check import looked_at, told, verdict
from tunestack.cli.data.delivery import deliveries
from tunestack.cli.data.progress import Bar
from tunestack.cli.terminal import styled
from tunestack.data.preparation import Split
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.cli.data.delivery import Delivery
    from tunestack.data.preparation import Conversion
    from tunestack.data.stream import Stream

    Prepare = Callable[[Path | Stream, Sequence[Path], Callable[[int], None]], Conversion | Split]


def show(
    prepare: Prepare,
    source: str,
    targets: Sequence[str],
    rules: Sequence[DataRules] = (),
    *,
    overwrite: bool,
    as_json: bool,
) -> bool:
    """Prepares data, checks what was written, and says whether it can be used.

    Files are kept with their errors, to be looked at; nothing with errors goes into a bucket or to standard output.

    Args:
        prepare: does it: what to read, what to write and whom to tell how far it is.
        source: path or address of what to read.
        targets: paths or addresses of the training file, its validation file, and a file that the service never sees.
        rules: of the models that the data is meant for.
        overwrite: whether what is there already may be replaced.
        as_json: print it for machines.
    """
    read = places.source(source)
    with deliveries(targets, overwrite=overwrite) as made:
        with Bar(places.name(read), places.size(read)) as bar:
            prepared = prepare(read, [delivery.path for delivery in made], bar)
        reports = [looked_at(made[0].written(), rules)]
        reports += [looked_at(delivery.written(), rules, against=reports[0]) for delivery in made[1:2]]
        # How many examples are held out is not the service's business.
        reports += [looked_at(delivery.written()) for delivery in made[2:]]
        usable = all(report.ok for report in reports)
        # Standard output is for the data where it was asked for.
        stream = sys.stderr if places.STANDARD in targets else sys.stdout
        if as_json:
            checks = [report.to_json() for report in reports]
            terminal.print_json({"ok": usable, "prepared": _named(prepared.to_json(), made), "checks": checks}, stream)
        else:
            terminal.print_lines((styled(_named(line, made)) for line in _told(prepared)), stream)
            terminal.print_lines((line for report in reports[:2] for line in told(report)), stream)
            terminal.print_lines((verdict(report, rules) for report in reports[:2]), stream)
        if usable:
            for delivery in made:
                delivery.deliver(overwrite=overwrite)
    return usable


def _told(prepared: Conversion | Split) -> Iterator[str]:
    """Yields what was done, and what was done otherwise than asked."""
    yield str(prepared)
    if isinstance(prepared, Split):
        if prepared.moved:
            moved = counted(prepared.moved, "example")
            yield f"{moved} went to training, since the validation file would be too large with them"
        return
    yield from (f"left out: {skip}" for skip in prepared.skips)
    if prepared.skipped > len(prepared.skips):
        yield f"… and {prepared.skipped - len(prepared.skips):,} more left out"


def _named(value: Any, made: Sequence[Delivery]) -> Any:
    """Puts the addresses that the user gave in the place of the temporary files that were written for them."""
    if isinstance(value, dict):
        return {key: _named(each, made) for key, each in value.items()}
    if isinstance(value, str):
        for delivery in made:
            value = value.replace(str(delivery.path), delivery.name)
    return value

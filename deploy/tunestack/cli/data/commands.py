"""What `tunestack data` can be asked; each command imports what it needs when it is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tunestack.cli.options import AsJson, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunestack.data import preparation
    from tunestack.data.stream import Stream

    Progress = Callable[[int], None]

# As in tunestack.data.Format and tunestack.data.preparation.Table, which take longer to import than a list of commands
# should.
Format = Literal["prompt-completion", "chat", "generate-content"]
Answers = Literal["required", "optional"]
InputFormat = Literal["csv", "parquet", "json", "jsonl"]

EXIT_STATUS = (
    "Exit status: 0 fine; 1 the data has errors, or something failed that you can mend; 2 the command was not "
    "understood; 130 interrupted."
)

PROBLEMS_SHOWN = 20
"""How many problems of each kind are shown unless asked for more: a screen of each, and what a kept verdict has."""

EXAMPLES_SHOWN = 5
"""How many examples of each kind of change are shown unless asked for more."""

application = typer.Typer(
    help="Checks, counts, prices, compares and prepares training data, in files and in gs:// objects.",
    epilog=EXIT_STATUS,
    no_args_is_help=True,
)

File = Annotated[str, typer.Argument(metavar="FILE", help="A path, or the gs:// address of an object.")]
FileOrInput = Annotated[str, typer.Argument(metavar="FILE", help="A path, a gs:// address, or - for standard input.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]
Tokenizer = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The model's tokenizer.json, to count tokens exactly.")
]
TuningMode = Annotated[Mode | None, typer.Option("--mode", case_sensitive=False, help="How an open model is tuned.")]
Models = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME", help="A base model that it is meant for; repeatable.")
]

AnswersOf = Annotated[
    Answers, typer.Option("--answers", help="Optional where a teacher writes them: the data of a distillation.")
]


@application.command(epilog=EXIT_STATUS, short_help="Finds what the service would refuse or misread.")
def check(
    file: FileOrInput,
    validation: Annotated[str | None, typer.Option(metavar="FILE", help="Its validation file.")] = None,
    model: Models = None,
    mode: TuningMode = None,
    answers: AnswersOf = "required",
    limit: Annotated[int, typer.Option(min=0, help="Problems of each kind to show.")] = PROBLEMS_SHOWN,
    show_all: Annotated[bool, typer.Option("--all", help="Show every problem.")] = False,
    images: Annotated[
        bool, typer.Option("--images", help="Also look at linked images: that they exist, their kind, their size.")
    ] = False,
    project: Annotated[
        str, typer.Option(metavar="ID", help="With --images: the project whose service agents have to read them.")
    ] = "",
    location: Annotated[
        str | None, typer.Option(metavar="REGION", help="With --images: where the job will run.")
    ] = None,
    tokenizer: Tokenizer = None,
    as_json: AsJson = False,
) -> None:
    """Finds what the service would refuse or misread in a training file: where it stands, and how to mend it."""
    from tunestack.cli.data.check import show
    from tunestack.cli.data.models import rules_of

    look_at_links = None
    if images:
        from tunestack.cli.data.links import link_check

        look_at_links = link_check(file, project, location)
    elif project or location:
        raise typer.BadParameter(
            "--project and --location are about linked images: add --images to have them looked at"
        )
    rules = rules_of(model or (), mode, answers)
    shown = None if show_all else limit
    files = [file, *([validation] if validation is not None else ())]
    if not show(files, rules, limit=shown, as_json=as_json, look_at_links=look_at_links, tokenizer=tokenizer):
        raise typer.Exit(1)


@application.command(epilog=EXIT_STATUS, short_help="Makes training data of tables and of other formats.")
def convert(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="What to read: a path or a gs:// address.")],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="What to write: a path, a gs:// address, or - for standard output.")
    ],
    to: Annotated[Format, typer.Option(help="Format of the target.")] = "chat",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="PART=COLUMN", help="Which column of a table a part comes from; repeatable."),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(metavar="PART=TEXT", help="A text with {column}s that a part is made of; repeatable."),
    ] = None,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="A system message for every example.")] = None,
    role: Annotated[
        list[str] | None, typer.Option(metavar="NAME=ROLE", help="What a role in the source means; repeatable.")
    ] = None,
    input_format: Annotated[
        InputFormat | None, typer.Option(help="What the source is, where its name does not tell.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Between the fields of a CSV file; tab for a tab.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV file.")] = None,
    no_header: Annotated[bool, typer.Option("--no-header", help="The CSV file has no line with names.")] = False,
    records: Annotated[str | None, typer.Option(metavar="PATH", help="Where in a JSON file the rows are.")] = None,
    skip_incomplete: Annotated[
        bool, typer.Option("--skip-incomplete", help="Leave out rows that lack something, and say how many.")
    ] = False,
    drop_detail: Annotated[
        bool, typer.Option("--drop-detail", help="Leave out the detail of images, where the target's format has none.")
    ] = False,
    model: Models = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Makes training data of a table (CSV, Parquet, JSON), or of training data in another format, and checks it."""
    from tunestack.cli.data.models import rules_of
    from tunestack.cli.data.prepare import show
    from tunestack.data import preparation

    chosen = preparation.parse_columns(columns or (), template or (), system, role or ())
    table = preparation.Table(input_format, delimiter, encoding, not no_header, records)

    def prepare(read: Path | Stream, targets: Sequence[Path], progress: Progress) -> preparation.Conversion:
        return preparation.convert(
            read,
            targets[0],
            to=to,
            columns=chosen,
            table=table,
            skip_incomplete=skip_incomplete,
            drop_detail=drop_detail,
            overwrite=force,
            progress=progress,
        )

    if not show(prepare, source, [target], rules_of(model or (), None), overwrite=force, as_json=as_json):
        raise typer.Exit(1)


@application.command(epilog=EXIT_STATUS, short_help="Splits a file into training and validation.")
def split(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="What to read: a path or a gs:// address.")],
    training: Annotated[str, typer.Option(metavar="FILE", help="The training file to write.")],
    validation: Annotated[str, typer.Option(metavar="FILE", help="The validation file to write.")],
    test: Annotated[str | None, typer.Option(metavar="FILE", help="A file of held-out examples to write.")] = None,
    validation_percent: Annotated[float, typer.Option(min=0, max=100, help="Share of the validation file.")] = 10,
    test_percent: Annotated[float, typer.Option(min=0, max=100, help="Share of the held-out examples.")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed splits the same file the same way.")] = 0,
    model: Models = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Splits a file at random into training, validation and held-out examples, within the service's size rules."""
    from tunestack.cli.data.models import rules_of
    from tunestack.cli.data.prepare import show
    from tunestack.data import preparation

    rules = rules_of(model or (), None)

    def prepare(read: Path | Stream, targets: Sequence[Path], progress: Progress) -> preparation.Split:
        return preparation.split(
            read,
            *targets,
            validation_percent=validation_percent,
            test_percent=test_percent,
            seed=seed,
            rules=rules,
            overwrite=force,
            progress=progress,
        )

    targets = [training, validation, *([test] if test is not None else ())]
    if not show(prepare, source, targets, rules, overwrite=force, as_json=as_json):
        raise typer.Exit(1)


@application.command(epilog=EXIT_STATUS, short_help="Shows examples added, removed and changed.")
def diff(
    before: Annotated[str, typer.Argument(metavar="OLD", help="The earlier version: a path or a gs:// address.")],
    after: Annotated[str, typer.Argument(metavar="NEW", help="The later one.")],
    limit: Annotated[int, typer.Option(min=0, help="Examples of each kind to show.")] = EXAMPLES_SHOWN,
    as_json: AsJson = False,
) -> None:
    """Says which examples were added, removed and changed (same input, other answer) between two versions."""
    from tunestack.cli.data.difference import show

    show(before, after, limit=limit, as_json=as_json)


@application.command(epilog=EXIT_STATUS, short_help="Prices tuning, keeping and serving a model.")
def estimate(
    file: File,
    model: Annotated[str, typer.Option(metavar="NAME", help="The base model.")],
    mode: TuningMode = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training file.")] = 1,
    validation: Annotated[str | None, typer.Option(metavar="FILE", help="Its validation file.")] = None,
    tokenizer: Tokenizer = None,
    machine: Annotated[str | None, typer.Option(metavar="TYPE", help="The machine that serves the model.")] = None,
    hours: Annotated[int | None, typer.Option(min=0, help="Hours a month that it serves; all when left out.")] = None,
    location: Annotated[str | None, typer.Option(metavar="REGION", help="Where everything lies and runs.")] = None,
    teacher: Annotated[str | None, typer.Option(metavar="NAME", help="The model that teaches, to distil.")] = None,
    answer_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens of a teacher's answer.")] = None,
    as_json: AsJson = False,
) -> None:
    """Says what tuning a model on a file would cost, and keeping and serving it: item by item, with sources."""
    from tunestack.cli.data.estimate import show

    show(
        file,
        validation,
        model,
        mode,
        epochs,
        tokenizer=tokenizer,
        as_json=as_json,
        machine=machine,
        hours=hours,
        location=location,
        teacher=teacher,
        answer_tokens=answer_tokens,
    )


@application.command(epilog=EXIT_STATUS, short_help="Counts, and shows how sizes are spread.")
def stats(
    file: FileOrInput,
    model: Models = None,
    mode: TuningMode = None,
    answers: AnswersOf = "required",
    tokenizer: Tokenizer = None,
    as_json: AsJson = False,
) -> None:
    """Counts what a file holds, and says how it is spread over the examples."""
    from tunestack.cli.data.models import rules_of
    from tunestack.cli.data.stats import show

    show(file, rules_of(model or (), mode, answers), tokenizer=tokenizer, as_json=as_json)

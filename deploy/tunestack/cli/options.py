"""Options that several commands have; nothing else is imported here, since every start of the command pays for it."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

# As in tunestack.catalogue, which takes longer to import than a list of commands should.
Mode = Literal["FULL", "PEFT_ADAPTER"]

StackName = Annotated[str, typer.Option("--stack", "-s", help="The Pulumi stack.")]
AnyStack = Annotated[
    str, typer.Option("--stack", "-s", metavar="NAME", help="The Pulumi stack whose project and location are meant.")
]
Project = Annotated[str, typer.Option(metavar="ID", help="The Google Cloud project, without a stack.")]
Location = Annotated[
    str, typer.Option(metavar="REGION", help="The location; with a stack, another one of its project.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

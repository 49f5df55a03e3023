"""`tunestack predict`: one prompt to an endpoint, of a stack or by its name."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

import typer

from tunestack.cli import terminal
from tunestack.cli.options import StackName
from tunestack.serving.shapes import Shape
from tunestack.wording import printable


def predict(
    prompt: Annotated[str, typer.Argument(help="What to ask.")],
    stack: StackName = "",
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Name of an endpoint or of a tuned Gemini model in the stack's configuration, or any endpoint's "
            "projects/PROJECT/locations/REGION/endpoints/ID; the only one that the stack serves on when left out.",
        ),
    ] = "",
    checkpoint: Annotated[
        str, typer.Option(metavar="ID", help="Id of a tuned Gemini's checkpoint; its default one when left out.")
    ] = "",
    shape: Annotated[
        Shape | None, typer.Option(help="Of the request; the one that the endpoint takes when left out.")
    ] = None,
    system: Annotated[
        str, typer.Option(metavar="TEXT", help="What the model is told before the prompt; not with instances.")
    ] = "",
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of the answer at the most.")] = 200,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the likeliest token each time.")] = 0.0,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for an endpoint that is cold.")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print all that is known of the answer.")] = False,
) -> None:
    """Asks an endpoint; standard output has the answer alone, standard error what is waited for."""
    from tunestack.cli.meant_endpoint import meant, place_of
    from tunestack.cli.place import find
    from tunestack.serving.predict import ask
    from tunestack.serving.shapes import Question

    project, location = place_of(endpoint) or ("", "")
    if not (stack or project):
        raise typer.BadParameter("name the stack with --stack, or the endpoint by its whole name with --endpoint")
    place = find(stack, "" if stack else project, "" if stack else location)
    asked = meant(endpoint, checkpoint, place.outputs, place.stack)
    project, location = place_of(asked.endpoint) or (place.connection.project, place.connection.location)
    answer = ask(
        replace(place.connection, project=project, location=location),
        asked.endpoint,
        Question(prompt, system, max_tokens, temperature),
        shape=shape or asked.shape,
        waits=_tell,
        cold_seconds=wait,
    )
    if not answer.text and answer.end.upper() in ("LENGTH", "MAX_TOKENS"):
        _tell(
            f"the answer is empty: all {max_tokens} tokens went into the model's thoughts; ask with more --max-tokens"
        )
    if not as_json:
        terminal.print_lines([answer.text])
        return
    told = {"endpoint": asked.endpoint, "address": answer.address, "shape": answer.shape, "text": answer.text}
    attempts = {"end": answer.end, "attempts": answer.attempts, "seconds": round(answer.seconds, 3)}
    terminal.print_json({**told, **attempts, "reply": answer.reply})


def _tell(waiting: str) -> None:
    sys.stderr.write(f"{printable(waiting)}\n")
    sys.stderr.flush()

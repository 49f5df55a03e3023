"""`tunestack models`, as it can be asked; what it needs is imported when it is run."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from tunestack.cli.options import AsJson, Mode

# As in tunestack.catalogue, which takes longer to import than a list of commands should.
Method = Literal["supervised", "distillation", "gemini", "continuous"]
Modality = Literal["text", "image", "audio", "video", "document"]


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="A model to show in full; the table of all if left out.")
    ] = None,
    method: Annotated[Method | None, typer.Option(help="Only those tuned by this method, and its teachers.")] = None,
    mode: Annotated[
        Mode | None, typer.Option(case_sensitive=False, help="Only open models tuned in this mode.")
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="Only those tuned there, or global.")] = None,
    modality: Annotated[Modality | None, typer.Option(help="Only those that learn from this.")] = None,
    adapter: Annotated[
        int | None, typer.Option(metavar="SIZE", min=1, help="Only those tuned with adapters of this size.")
    ] = None,
    servable_on: Annotated[
        str | None, typer.Option(metavar="MACHINE", help="Only open models that this machine can serve when tuned.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Shows the models that can be tuned: methods, modes, limits, regions, prices, machines; or one in full."""
    from tunestack.catalogue import UnknownRowError

    try:
        if name is not None:
            from tunestack.cli.models.details import show

            show(name, as_json=as_json)
            return
        from tunestack.cli.models.listing import Wanted, show_all

        show_all(Wanted(method, mode, region, modality, adapter, servable_on), as_json=as_json)
    except UnknownRowError as error:
        raise typer.BadParameter(str(error)) from error

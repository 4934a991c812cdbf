"""Bringing resources in and taking them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from charthouse.cli.options import AsJson, Data, Database, opened


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command("import")(import_)
    app.command()(export)


def import_(
    paths: Annotated[
        list[Path], typer.Argument(help="Files, folders, .zip, .gz, .tar.gz.", show_default=False)
    ],
    data: Data = None,
    database: Database = None,
    new_ids: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Give fresh ids; keep the old ones as identifiers of SOURCE."),
    ] = None,
    as_sent: Annotated[
        bool, typer.Option(help="Carry out transactions and batches exactly as a server would.")
    ] = False,
    refused: Annotated[
        Path | None,
        typer.Option(
            help="File for what is refused, as plain text.",
            show_default="import-refused.ndjson in the data folder; if that is encrypted, where you are",
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option(help="Processes that make resources ready; 0 chooses.", min=0, max=16)
    ] = 0,
    json_: AsJson = False,
) -> None:
    """Import Bundles, NDJSON and single resources. Goes on where it was after a stop."""
    from charthouse.interop.bulk import run

    with opened(data, database) as clinic:
        # Originals of what is refused are plain text, which an encrypted folder must not hold.
        folder = clinic.settings.data if clinic.place.path and not clinic.place.key else Path.cwd()
        report = run.load(
            clinic,
            paths,
            new_ids=new_ids,
            as_sent=as_sent,
            processes=processes,
            refused=refused or folder / "import-refused.ndjson",
            quiet=json_,
        )
    if json_:
        typer.echo(json.dumps(report))
    else:
        for line in run.told(report):
            typer.echo(line)


def export(
    folder: Annotated[
        Path, typer.Argument(help="New or empty folder for the NDJSON files.", show_default=False)
    ],
    data: Data = None,
    database: Database = None,
    type: Annotated[list[str] | None, typer.Option(help="Resource types; all when not given.")] = None,
    patient: Annotated[list[str] | None, typer.Option(help="Ids of patients; all when not given.")] = None,
    json_: AsJson = False,
) -> None:
    """Write one NDJSON file for each resource type."""
    from charthouse.interop.bulk import exporter

    with opened(data, database) as clinic:
        written = exporter.export(clinic, folder, types=type or [], patients=patient or [])
    if json_:
        typer.echo(json.dumps(written))
    else:
        for name, count in written.items():
            typer.echo(f"{count:>9} {name}")
        typer.echo(f"{sum(written.values()):>9} resources in {folder}")

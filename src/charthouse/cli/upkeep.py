"""Keeping a record whole."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer

from charthouse.cli.options import AsJson, Data, Database, opened


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(check)


def check(
    data: Data = None,
    database: Database = None,
    index: Annotated[
        bool, typer.Option(help="Compare the search index with every body too; slower.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Prove that the record is whole: chains, versions, counts, index, references. Exit code 1 if it is not."""
    from charthouse.ops.integrity import examine

    with opened(data, database) as clinic, closing(clinic.open_audit()) as audit:
        report = examine(clinic.record, audit, clinic.keys.get("mark"), index=index)
    if json_:
        typer.echo(json.dumps(asdict(report) | {"clean": report.clean}, indent=2))
    else:
        typer.echo(
            f"{report.transactions} transactions, {report.versions} versions, {report.resources} resources, "
            f"{report.events} audit events; head {report.head[:16]}"
        )
        for finding in report.findings:
            typer.echo(f"{'BROKEN' if finding.broken else 'note':7}{finding.place}: {finding.message}")
        if report.dangling:
            typer.echo(f"note   {report.dangling} references lead to resources that are not there.")
        typer.echo("The record is whole." if report.clean else "The record is damaged.")
    if not report.clean:
        sys.exit(1)

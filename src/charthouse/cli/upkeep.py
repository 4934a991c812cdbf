"""Keeping a record whole."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from charthouse.base.errors import Category, problem
from charthouse.cli.options import AsJson, Data, Database, opened

ENCRYPTED: Final = {
    True: "Its files are encrypted.",
    False: "Its files are not encrypted: whoever can read the folder can read the record.",
    None: "It lies in PostgreSQL, whose server or disk must encrypt it.",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(check)
    group = typer.Typer(
        name="checkpoint", help="Signed heads of the record and its audit, to be kept elsewhere.",
        no_args_is_help=True,
    )  # fmt: skip
    group.command()(export)
    group.command()(key)
    app.add_typer(group)


def check(
    data: Data = None,
    database: Database = None,
    index: Annotated[
        bool, typer.Option(help="Compare the search index with every body too; slower.")
    ] = False,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint that was exported; may be given several times.", show_default=False),
    ] = None,
    json_: AsJson = False,
) -> None:
    """Prove that the record is whole: chains, versions, counts, index, references. Exit code 1 if it is not."""
    from charthouse.access.trail.checkpoint import Signer, load
    from charthouse.ops.integrity import examine

    kept = [load(file) for file in checkpoint or ()]
    with opened(data, database) as clinic, closing(clinic.open_audit()) as audit:
        report = examine(
            clinic.record, audit, clinic.keys.get("mark"), index=index, checkpoints=kept,
            public=Signer(clinic.keys).public,
        )  # fmt: skip
    if json_:
        told = asdict(report) | {"clean": report.clean, "encrypted": clinic.encrypted}
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo(
            f"{report.transactions} transactions, {report.versions} versions, {report.resources} resources, "
            f"{report.events} audit events; head {report.head[:16]}"
        )
        typer.echo(ENCRYPTED[clinic.encrypted])
        if kept:
            typer.echo(f"held against {len(kept)} checkpoint{'' if len(kept) == 1 else 's'}")
        for finding in report.findings:
            typer.echo(f"{'BROKEN' if finding.broken else 'note':7}{finding.place}: {finding.message}")
        if report.dangling:
            typer.echo(f"note   {report.dangling} references lead to resources that are not there.")
        typer.echo("The record is whole." if report.clean else "The record is damaged.")
    if not report.clean:
        sys.exit(1)


def export(
    file: Annotated[Path, typer.Argument(help="New file to write; keep it where nobody here can change it.")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Write a signed checkpoint of this moment to FILE. `charthouse check --checkpoint FILE` compares with it later."""
    from charthouse.access.trail import checkpoint

    with opened(data, database) as clinic, closing(clinic.open_audit()) as audit:
        made = checkpoint.Signer(clinic.keys).make(clinic.record.connection(), audit)
        try:
            checkpoint.keep(file, made)
        except FileExistsError:
            raise problem(
                Category.CONFLICT, "duplicate", "This file is there already.", place="FILE", value=file,
                repair="Checkpoints are not overwritten; choose another name.",
            ) from None  # fmt: skip
        clinic.write(lambda connection: checkpoint.note(connection, made))
    typer.echo(
        f"{made.chain} up to {made.number}, audit events up to {made.audit.event}; signed, {made.fingerprint}"
    )


def key(data: Data = None, database: Database = None) -> None:
    """Print the public key that checkpoints are signed with (Ed25519, base64). Keep it beside the first one."""
    from charthouse.access.trail.checkpoint import Signer

    with opened(data, database) as clinic:
        typer.echo(b64encode(Signer(clinic.keys).public).decode())

"""Access policies as documents: list, print, put in force, take back, and try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charthouse.base.errors import not_found
from charthouse.cli.options import AsJson, Data, Database, opened

if TYPE_CHECKING:
    from charthouse.access.rules.shelf import Kept
    from charthouse.app import Clinic

Name = Annotated[str, typer.Argument(help="Name of the policy.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    group = typer.Typer(
        name="policy", help="Who may do what: access policies as documents.", no_args_is_help=True
    )
    group.command("list")(list_)
    for command in (show, put, withdraw, restore):
        group.command()(command)
    group.command("try")(try_)
    app.add_typer(group)


def list_(data: Data = None, database: Database = None, json_: AsJson = False) -> None:
    """List the policies, and whether each came with the program, was changed here, or was withdrawn."""
    with opened(data, database) as clinic:
        found = [
            {"policy": one.name, "version": one.version, "state": _state(one)}
            for one in clinic.policies.all()
        ]
    if json_:
        typer.echo(json.dumps(found, indent=2))
        return
    for one in found:
        typer.echo(f"{one['policy']:24} {one['state']}")


def show(
    name: Name,
    data: Data = None,
    database: Database = None,
    version: Annotated[
        int | None, typer.Option(help="An earlier version.", show_default="the newest")
    ] = None,
) -> None:
    """Print a policy, e.g. to change it and put it in force again."""
    with opened(data, database) as clinic:
        kept = clinic.policies.get(name)
        if version is not None:
            kept = next((one for one in clinic.policies.versions(name) if one.version == version), kept)
            if kept.version != version:
                raise not_found(f'There is no version {version} of the policy "{name}".')
    if kept.text is None:
        raise not_found(f'The policy "{name}" was withdrawn; --version shows an earlier one.')
    typer.echo(kept.text.rstrip("\n"))


def put(
    file: Annotated[
        Path, typer.Argument(help="JSON file; - for standard input.", show_default=False, allow_dash=True)
    ],
    data: Data = None,
    database: Database = None,
    dry_run: Annotated[bool, typer.Option(help="Only tell whether the document is right.")] = False,
) -> None:
    """Put a policy in force in place of the one of that name. It holds from the next request on."""
    text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text(encoding="utf-8")
    with opened(data, database) as clinic:
        if dry_run:
            document = clinic.policies.reader.read(text)
            typer.echo(f"{document.name}: {len(document.grants)} rules, all in order; nothing was changed.")
            return
        document = clinic.write(lambda connection: clinic.policies.put(connection, text, 0))
        _tell(clinic, "policy-changed", document.name)
    typer.echo(f"{document.name} is in force.")


def withdraw(name: Name, data: Data = None, database: Database = None) -> None:
    """Take a policy out of force: its role opens nothing any more."""
    with opened(data, database) as clinic:
        clinic.write(lambda connection: clinic.policies.withdraw(connection, name, 0))
        _tell(clinic, "policy-withdrawn", name)
    typer.echo(f"{name} is withdrawn.")


def restore(name: Name, data: Data = None, database: Database = None) -> None:
    """Put the policy that came with the program back in force."""
    with opened(data, database) as clinic:
        clinic.write(lambda connection: clinic.policies.restore(connection, name, 0))
        _tell(clinic, "policy-restored", name)
    typer.echo(f"{name} is as it came.")


def try_(
    user: Annotated[str, typer.Argument(help="User name.", show_default=False)],
    type: Annotated[str, typer.Argument(help="Resource type, or a word of the house.", show_default=False)],
    data: Data = None,
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """Tell what a person may do with a type, and on which rows."""
    from charthouse.access.actor import Actor
    from charthouse.access.rules.words import said
    from charthouse.access.sessions import CLIENT, SCOPES

    with opened(data, database) as clinic:
        person = clinic.people.find(user)
        if person is None:
            raise not_found(f'There is no user "{user}" in this clinic.')
        rule = clinic.policy.rights(
            Actor(person.id, person.name, person.roles, CLIENT, SCOPES, session="session:0")
        ).rule(type)
        found: dict[str, Any] = {
            word: said(rule.rows[word]) if word in rule.rows else "all rows" for word in sorted(rule.open)
        }
    if json_:
        typer.echo(json.dumps({"open": found, "hidden": sorted(rule.hidden)}, indent=2))
        return
    for word, rows in found.items():
        typer.echo(f"{word:16} {rows}")
    if rule.hidden:
        typer.echo(f"{'hidden':16} {', '.join(sorted(rule.hidden))}")
    if not found:
        typer.echo("nothing")


def _state(one: Kept) -> str:
    if one.text is None:
        return "withdrawn"
    return f"changed here, version {one.version}" if one.version else "as it came"


def _tell(clinic: Clinic, what: str, name: str) -> None:
    """Put the change into the audit."""
    from charthouse.access.actor import SYSTEM
    from charthouse.access.audit import event

    clinic.audit.record_now(event(SYSTEM, what, query=f"policy/{name}"))

"""The people of a clinic from the command line, for whoever runs the server: list, add, invite, change, disable."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from charthouse.base.errors import not_found
from charthouse.cli import lock
from charthouse.cli.options import AsJson, Data, Database, opened

if TYPE_CHECKING:
    from charthouse.access.people import Person
    from charthouse.app import Clinic

T = TypeVar("T")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user name.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    group = typer.Typer(
        name="people",
        help="The people of a clinic: list them, add, invite, change roles, disable.",
        no_args_is_help=True,
    )
    group.command("list")(list_)
    for command in (add, invite, roles, disable, enable, reset):
        group.command()(command)
    app.add_typer(group)


def list_(data: Data = None, database: Database = None, json_: AsJson = False) -> None:
    """List everybody: user name, roles, whether they can sign in, and whether they have a second step."""
    with opened(data, database) as clinic:
        equipped = clinic.factors.needs.equipped()
        found = [one for one in clinic.people.all() if one.kind == "person"]
    if json_:
        rows = [
            {
                "name": one.name,
                "display": one.display,
                "email": one.email,
                "roles": sorted(one.roles),
                "disabled": one.disabled is not None,
                "password": one.has_password,
                "second_step": one.id in equipped,
            }
            for one in found
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    for one in found:
        can = one.has_password or one.id in equipped
        state = "disabled" if one.disabled is not None else "ready" if can else "new"
        step = "second step" if one.id in equipped else ""
        typer.echo(f"{one.name:24} {state:9} {step:12} {' '.join(sorted(one.roles))}".rstrip())


def add(
    name: Name,
    data: Data = None,
    database: Database = None,
    display: Annotated[str, typer.Option(help="Name on the screens.")] = "",
    role: Annotated[list[str] | None, typer.Option(help="A role; may be given again.")] = None,
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
) -> None:
    """Add a person and print the invitation by which they choose a password."""
    from charthouse.access.actor import SYSTEM

    with opened(data, database) as clinic:
        key = _run(clinic.administration.add(SYSTEM, name, display, role or (), email=email))
        typer.echo(_invitation(clinic, key))


def invite(name: Name, data: Data = None, database: Database = None) -> None:
    """Print a new invitation, good once and for three days; earlier links of that person stop working."""
    with opened(data, database) as clinic:
        typer.echo(_invitation(clinic, _person(clinic, name).id))


def roles(
    name: Name,
    data: Data = None,
    database: Database = None,
    give: Annotated[list[str] | None, typer.Option(help="A role to give; may be given again.")] = None,
    take: Annotated[list[str] | None, typer.Option(help="A role to take away; may be given again.")] = None,
    json_: AsJson = False,
) -> None:
    """Print the roles of a person after giving or taking some."""
    from charthouse.access.actor import SYSTEM

    with opened(data, database) as clinic:
        person = _person(clinic, name)
        wanted = (person.roles | set(give or ())) - set(take or ())
        if wanted != person.roles:
            _run(clinic.administration.set_roles(SYSTEM, person.id, wanted))
        typer.echo(json.dumps(sorted(wanted)) if json_ else " ".join(sorted(wanted)) or "(none)")


def disable(name: Name, data: Data = None, database: Database = None) -> None:
    """Shut an account; its sign-ins, tokens and links end at once."""
    from charthouse.access.actor import SYSTEM

    with opened(data, database) as clinic:
        _run(clinic.administration.disable(SYSTEM, _person(clinic, name).id))


def enable(name: Name, data: Data = None, database: Database = None) -> None:
    """Open a disabled account again."""
    from charthouse.access.actor import SYSTEM

    with opened(data, database) as clinic:
        _run(clinic.administration.enable(SYSTEM, _person(clinic, name).id))


def reset(name: Name, data: Data = None, database: Database = None) -> None:
    """Take away every second factor of a person who lost them; their sign-ins end."""
    from charthouse.access.actor import SYSTEM

    with opened(data, database) as clinic:
        _run(clinic.administration.reset_factors(SYSTEM, _person(clinic, name).id))


def _person(clinic: Clinic, name: str) -> Person:
    found = clinic.people.find(name)
    if found is None:
        raise not_found(f'There is no user "{name}" in this clinic.')
    return found


def _invitation(clinic: Clinic, key: int) -> str:
    """An invitation at the address people use."""
    from charthouse.access.actor import SYSTEM

    path = _run(clinic.administration.invite(SYSTEM, key))
    asked = clinic.settings
    serving = None if asked.base_url or asked.database_url else lock.address(asked.data)
    return (serving or clinic.base_url) + path


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Carry out one piece of work that the server would do on its event loop."""
    import asyncio

    return asyncio.run(work)

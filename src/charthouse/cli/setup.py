"""Making a clinic, serving it, and letting people and programs in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.cli import encryption, lock
from charthouse.cli.options import AsJson, Data, Database, opened, settings

if TYPE_CHECKING:
    from charthouse.app import Clinic

PROFILES = ("empty", "demo", "classroom")


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    for command in (init, serve, demo, token, routes, version):
        app.command()(command)


def init(
    data: Data = None,
    database: Database = None,
    profile: Annotated[str, typer.Option(help="empty or demo.")] = "empty",
    administrator: Annotated[
        str, typer.Option(help="User name of the first person, an administrator.")
    ] = "admin",
    key_file: Annotated[
        Path | None,
        typer.Option(help="Make an encryption key in this new file and encrypt the record with it."),
    ] = None,
) -> None:
    """Make a new clinic. Nobody gets a password; sign in with `charthouse token --user NAME`."""
    if profile not in PROFILES:
        raise invalid(
            "value",
            "There is no such profile.",
            place="--profile",
            value=profile,
            repair="Use empty or demo.",
        )
    if profile == "classroom":
        raise problem(
            Category.UNSUPPORTED,
            "not-supported",
            "The classroom profile is not there yet.",
            place="--profile",
            repair="Use demo: a clinic with invented patients.",
        )
    asked = settings(data, database)
    if not asked.database_url and (asked.data / "record.db").exists():
        raise problem(
            Category.CONFLICT,
            "duplicate",
            "There is a record in this data folder already.",
            value=asked.data,
            repair="Choose another folder.",
        )
    if key_file is not None and asked.database_url:
        raise invalid(
            "conflict",
            "A key encrypts a data folder, not a PostgreSQL database.",
            place="--key-file",
            value=key_file,
            repair="Leave it out, and let the server or its disk encrypt.",
        )
    if asked.database_url and _holds_a_record(asked.database_url):
        raise problem(
            Category.CONFLICT,
            "duplicate",
            "There is a record in this database already.",
            place="--database",
            repair="Choose another database, or another schema of it.",
        )
    option = "" if data is None else f" --data {data}"
    if key_file is not None:
        encryption.make(key_file, asked.data, "--key-file")
    with opened(data, database, create=True, key_file=key_file) as clinic:
        if clinic.about.get("profile") is not None:
            raise problem(
                Category.CONFLICT,
                "duplicate",
                "There is a record in this database already.",
                place="--database",
                repair="Choose another database.",
            )
        prepare(clinic, profile, administrator)
        where = "the database" if asked.database_url else str(asked.data)
        typer.echo(f"A new clinic ({profile}) in {where}.")
        if asked.database_url is None and key_file is None and asked.key is None and asked.key_file is None:
            typer.echo(
                "It is not encrypted: whoever can read the folder can read the record. "
                f"To encrypt it: charthouse key rotate{option} --new-key-file PATH, on another disk."
            )
        if key_file is not None:
            typer.echo(
                f"It is encrypted. From now on every command needs CHARTHOUSE_KEY_FILE={key_file}; "
                "keep a copy of that file elsewhere, for without it nobody can read the record."
            )
        typer.echo(
            f"Serve it with `charthouse serve{option}`, "
            f"then sign in with `charthouse token{option} --user {administrator}`."
        )


def serve(
    data: Data = None,
    database: Database = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8080")] = None,
) -> None:
    """Serve a clinic until stopped."""
    from charthouse.cli import server

    with opened(data, database, host=host, port=port) as clinic:
        server.run(clinic)


def demo(
    data: Annotated[Path, typer.Option("--data", help="Folder of the demo clinic.")] = Path("demo-data"),
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8080")] = None,
    patients: Annotated[int, typer.Option(help="How many invented patients.", min=1, max=2000)] = 34,
) -> None:
    """Serve a clinic with invented patients; made on first use. Prints a one-time sign-in link."""
    from charthouse.cli import server

    with opened(data, None, create=True, port=port) as clinic:
        if clinic.about.get("profile") is None:
            prepare(clinic, "demo", "admin", patients=patients)
        if clinic.about.get("profile") != "demo":
            raise problem(
                Category.CONFLICT,
                "conflict",
                "This folder holds a clinic that is no demo.",
                value=data,
                repair="Choose another folder with --data (DATA= for make).",
            )
        server.run(clinic, link=lambda: sign_in_link(clinic, "dr.tran"))


def prepare(clinic: Clinic, profile: str, administrator: str, *, patients: int = 34) -> None:
    """Give a new clinic its first people and, for a demo, its invented patients.

    Its profile is stated last, so that one that was stopped half-way can be finished.
    """
    if clinic.settings.database_url is None:
        clinic.settings.data.chmod(0o700)  # also a folder that stood before
    _person(clinic, administrator, "Administrator", "administrator")
    if profile == "demo":
        from charthouse.cli import invented

        _person(clinic, "dr.tran", "Linh Tran, MD", "clinician")
        invented.fill(clinic, patients)
    clinic.record.state("profile", profile)
    clinic.about = clinic.record.about()


def _person(clinic: Clinic, name: str, display: str, role: str) -> None:
    if clinic.people.find(name) is None:
        clinic.write(lambda connection: clinic.people.add(connection, name, display, [role]))


def token(
    data: Data = None,
    database: Database = None,
    client: Annotated[str | None, typer.Option(help="Name of a program that gets a bearer token.")] = None,
    user: Annotated[str | None, typer.Option(help="User name that gets a one-time sign-in link.")] = None,
    scope: Annotated[str, typer.Option(help="SMART v2 scopes of the token.")] = "system/*.rs",
    hours: Annotated[float, typer.Option(help="How long the token is good.", min=0.01)] = 24,
    purpose: Annotated[
        str,
        typer.Option(
            help="Purpose of use (HL7 v3 PurposeOfUse); consents of patients bind all but HSYSADMIN."
        ),
    ] = "HSYSADMIN",
) -> None:
    """Print a bearer token for a program, or a one-time sign-in link for a person. Works while the server runs."""
    if (client is None) == (user is None):
        raise invalid(
            "required", "Say who it is for.", place="token", repair="Give --client NAME or --user USERNAME."
        )
    with opened(data, database) as clinic:
        if user is not None:
            typer.echo(sign_in_link(clinic, user))
            return
        name = client or ""
        account = clinic.people.get(clinic.write(lambda connection: clinic.people.client(connection, name)))
        issued = clinic.write(
            lambda connection: clinic.tokens.issue(
                connection,
                account,
                scope.split(),
                purpose=purpose,
                lifetime=int(hours * 3_600_000),
                types=clinic.definitions.resource_types,
            )
        )
        typer.echo(issued.text)


def sign_in_link(clinic: Clinic, user: str) -> str:
    """A one-time link for `user` at the address people use; Problem(not_found) for nobody of that name."""
    person = clinic.people.find(user)
    if person is None:
        raise not_found(f'There is no user "{user}" in this clinic.')
    path: str = clinic.write(lambda connection: clinic.links.issue(connection, person))
    asked = clinic.settings
    serving = None if asked.base_url or asked.database_url else lock.address(asked.data)
    return (serving or clinic.base_url) + path


def routes(json_: AsJson = False) -> None:
    """Print every route: its methods, and whether it is open."""
    from charthouse.app import described

    rows = described()
    if json_:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(f"{'open' if row['open'] else 'shut':5} {','.join(row['methods']):32} {row['path']}")


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(installed("charthouse"))


def _holds_a_record(url: str) -> bool:
    """Whether somebody made a clinic in that database before."""
    from charthouse.db.connect import Place
    from charthouse.db.migrate import is_made

    return is_made(Place(url=url))

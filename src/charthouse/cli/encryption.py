"""Keys of encrypted records: made in a file of their own, and changed when they must be."""

from __future__ import annotations

import os
import secrets
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.cli.options import Data, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from charthouse.base.settings import Settings

OPTION = "--new-key-file"


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    group = typer.Typer(name="key", help="The key of an encrypted record.", no_args_is_help=True)
    group.callback()(_group)
    group.command()(rotate)
    app.add_typer(group)


def _group() -> None:
    """The key of an encrypted record."""


def rotate(
    new_key_file: Annotated[
        Path,
        typer.Option(help="File of the new key; it is made if it is not there, outside the data folder."),
    ],
    data: Data = None,
    check: Annotated[bool, typer.Option(help="Prove afterwards that the record is whole.")] = True,
) -> None:
    """Encrypt the record and its audit with a new key, or for the first time. The server must be stopped.

    Killed half-way, run it again with the same options: it finishes what is left.
    """
    from charthouse.base.claim import Claim
    from charthouse.base.settings import key, key_in
    from charthouse.db.rekey import is_plain, opens, rekey

    asked = settings(data, None)
    if asked.database_url:
        raise invalid(
            "conflict", "A key encrypts a data folder, not a PostgreSQL database.", place="--data",
            repair="Let the server or its disk encrypt.",
        )  # fmt: skip
    folder = asked.data
    files = [file for file in (folder / "audit.db", folder / "record.db") if file.exists()]
    if folder / "record.db" not in files:
        raise not_found(f"There is no record in the data folder {folder}.")
    text = key(asked)
    old = bytes.fromhex(text) if text else None
    claim = Claim.alone(folder)
    try:
        if not new_key_file.exists():
            for file in files:
                _require(opens(file, None if is_plain(file) else old), file)
            make(new_key_file, folder, OPTION)
        _outside(new_key_file, folder, OPTION)
        new = bytes.fromhex(key_in(new_key_file, OPTION))
        left = [file for file in files if not opens(file, new)]
        for file in left:
            _require(opens(file, None if is_plain(file) else old), file)
        for file in left:
            rekey(file, None if is_plain(file) else old, new, _progress(file.name))
    finally:
        claim.release()
    if not left:
        typer.echo("Every file has this key already.")
    _leftovers(folder)
    typer.echo(
        f"The record has the key of {new_key_file}. From now on every command needs "
        f"CHARTHOUSE_KEY_FILE={new_key_file}; keep a copy of that file elsewhere, and the old key for old backups."
    )
    _note(replace(asked, key=None, key_file=new_key_file), check=check)


def make(path: Path, data: Path, place: str) -> None:
    """Write a fresh key where nothing is yet, outside the data folder, on the disk before anything needs it."""
    _outside(path, data, place)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise invalid(
            "duplicate", "The key file is there already.", place=place, value=path,
            repair="Name a new file, or use this key by CHARTHOUSE_KEY_FILE.",
        ) from None  # fmt: skip
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _outside(path: Path, data: Path, place: str) -> None:
    if path.resolve().is_relative_to(data.resolve()):
        raise invalid(
            "security", "A key inside the data folder protects nothing.", place=place, value=path,
            repair="Name a file on another disk or in a vault.",
        )  # fmt: skip


def _require(fits: bool, file: Path) -> None:
    if not fits:
        raise problem(
            Category.FAULT, "security", f"{file.name} does not open with the present key, nor with the new one.",
            place="CHARTHOUSE_KEY_FILE",
            repair="Give the file of its present key in CHARTHOUSE_KEY_FILE; nothing was changed.",
        )  # fmt: skip


def _progress(name: str) -> Callable[[float], None]:
    """Tells each tenth that is done."""
    last = [-1]

    def told(done: float) -> None:
        tenth = int(done * 10)
        if tenth > last[0]:
            last[0] = tenth
            typer.echo(f"{name}: {tenth * 10} %", err=True)

    return told


def _leftovers(folder: Path) -> None:
    """What an unencrypted folder may hold besides, and nobody encrypts."""
    refused = folder / "import-refused.ndjson"
    if refused.exists():
        typer.echo(
            f"Not encrypted: {refused} holds what imports refused, as plain text. Mend it, then delete it."
        )


def _note(asked: Settings, *, check: bool) -> None:
    """Put the change into the audit, and look at the whole record under its new key."""
    from charthouse.access.actor import SYSTEM
    from charthouse.access.audit import event
    from charthouse.app import Clinic
    from charthouse.ops.integrity import examine

    with closing(Clinic.open(asked)) as clinic, closing(clinic.open_audit()) as audit:
        clinic.audit.record_now(event(SYSTEM, "key-rotated"))
        if not check:
            return
        report = examine(clinic.record, audit, clinic.keys.get("mark"))
    if not report.clean:
        raise problem(
            Category.FAULT, "exception", "The record opens with the new key, but it is damaged.",
            repair="See what `charthouse check` finds.",
        )  # fmt: skip
    typer.echo(f"The record is whole: {report.transactions} transactions, {report.versions} versions.")

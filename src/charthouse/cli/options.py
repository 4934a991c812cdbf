"""Options that every command shares, and the clinic they name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charthouse.base import settings as table
from charthouse.base.settings import Settings

if TYPE_CHECKING:
    from charthouse.app import Clinic

Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder of the clinic.", show_default="charthouse-data")
]
Database = Annotated[
    str | None, typer.Option("--database", help="PostgreSQL URL, instead of a folder.", metavar="URL")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def settings(data: Path | None, database: str | None, **given: Any) -> Settings:
    """The settings of the environment with a command's options laid over them."""
    return table.read(os.environ, data=data, database_url=database, **given)


@contextmanager
def opened(
    data: Path | None, database: str | None, *, create: bool = False, **given: Any
) -> Iterator[Clinic]:
    """The clinic for the time of a command."""
    from charthouse.app import Clinic

    clinic = Clinic.open(settings(data, database, **given), create=create)
    try:
        yield clinic
    finally:
        clinic.close()

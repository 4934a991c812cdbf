"""Where a record of a bench is: a folder of its own, or a schema of its own in the database it was given."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from charthouse.db import queries
from charthouse.db.connect import Connection, connect
from charthouse.db.connect import Place as Database
from charthouse.db.settle import settle
from charthouse.ops.bench import disk

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, and for PostgreSQL the URL of the database with a schema in it. `key_file` encrypts a folder."""

    folder: Path
    url: str | None = None
    schema: str = ""
    key_file: Path | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What a command must find in its environment to open the place."""
        return {"CHARTHOUSE_KEY_FILE": str(self.key_file)} if self.key_file else {}

    @property
    def address(self) -> str | None:
        """The URL by which a command finds the schema; None for a folder."""
        return within(self.url, self.schema) if self.url else None

    @property
    def options(self) -> tuple[str, str]:
        """The option that names the place to any command."""
        return ("--database", self.address) if self.address else ("--data", str(self.folder))

    @property
    def database(self) -> Database:
        """The place as the engine wants it."""
        return Database(url=self.address) if self.address else Database(path=self.folder / "record.db")

    def make(self) -> Place:
        """Make the folder, and the schema where there is one."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._tell("make_schema")
        return self

    def remove(self) -> None:
        """Remove both, with all that is in them."""
        self._tell("drop_schema")
        shutil.rmtree(self.folder, ignore_errors=True)

    def settle(self) -> None:
        """Let PostgreSQL look at what was filled in, as it would by itself a little later."""
        if self.address:
            self._ask(lambda connection: settle(connection, every=True))

    def bytes(self) -> int:
        """What the record takes, its index included."""
        if not self.address:
            return disk.used(self.folder, "record.db")
        size = queries.load(__package__, "place", "postgres").size
        return self._ask(lambda connection: int((connection.one(size, (self.schema,)) or (0,))[0]))

    def twin(self, name: str) -> Place:
        """A copy of a folder that nobody uses; on PostgreSQL the place itself, which more than one may serve."""
        if self.url:
            return self
        other = Place(self.folder.with_name(name))
        shutil.copytree(self.folder, other.folder)
        return other

    def _tell(self, name: str) -> None:
        if self.url:
            statement = getattr(queries.load(__package__, "place", "postgres"), name)
            self._ask(lambda connection: connection.script(statement.replace("{schema}", self.schema)))

    def _ask(self, question: Callable[[Connection], T]) -> T:
        with closing(connect(Database(url=self.address))) as connection:
            return question(connection)


def within(url: str, schema: str) -> str:
    """`url` with `schema` as the search path of every connection."""
    option = "options=" + quote(f"-csearch_path={schema}", safe="")
    return f"{url}{'&' if '?' in url else '?'}{option}"

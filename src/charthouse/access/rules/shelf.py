"""The policies in force: those that come with the program, and those that a clinic put in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

from charthouse.access.generation import Generation
from charthouse.access.rules.document import Document, Reader
from charthouse.access.rules.grant import Grant
from charthouse.base.clock import now
from charthouse.base.errors import not_found
from charthouse.db import queries
from charthouse.db.connect import Connection


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a policy. `version` 0 came with the program; `text` is None once it was withdrawn."""

    name: str
    version: int
    text: str | None
    by: int = 0
    at: int = 0


class Shelf:
    """The policies of one record. Reads use the connection given here, changes that of their transaction."""

    def __init__(
        self,
        connection: Connection,
        generation: Generation,
        reader: Reader,
        *,
        clock: Callable[[], int] = now,
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._clock = clock
        self._sql = queries.load("charthouse.access.rules", "shelf", connection.dialect)
        self.reader = reader
        self._read: dict[str, Document] = {}  # by their texts, which seldom change

    @cached_property
    def _shipped(self) -> dict[str, str]:
        folder = resources.files("charthouse.access.rules") / "shipped"
        files = sorted(folder.iterdir(), key=lambda file: file.name)
        return {
            file.name[:-5]: file.read_text(encoding="utf-8") for file in files if file.name.endswith(".json")
        }

    def all(self) -> list[Kept]:
        """The newest version of each policy, by name; those that were withdrawn included."""
        found = {name: Kept(name, 0, text) for name, text in self._shipped.items()}
        for name, version, text, by, at in self._connection.run(self._sql.newest):
            found[name] = Kept(name, version, text, by, at)
        return [found[name] for name in sorted(found)]

    def get(self, name: str) -> Kept:
        """The newest version of one; raises `Problem(not_found)`."""
        for kept in self.all():
            if kept.name == name:
                return kept
        raise not_found(f'There is no policy "{name}".')

    def versions(self, name: str) -> list[Kept]:
        """Every version that was ever in force, newest first."""
        rows = self._connection.run(self._sql.versions, (name,))
        shipped = [Kept(name, 0, self._shipped[name])] if name in self._shipped else []
        return [Kept(name, version, text, by, at) for version, text, by, at in rows] + shipped

    def grants(self) -> list[Grant]:
        """The rules of every policy in force."""
        return [grant for document in self.documents() for grant in document.grants]

    def documents(self) -> list[Document]:
        """Every policy in force, read."""
        texts = [kept.text for kept in self.all() if kept.text is not None]
        self._read = {text: self._read.get(text) or self.reader.read(text) for text in texts}
        return list(self._read.values())

    def put(self, connection: Connection, text: str, by: int) -> Document:
        """Put a policy in force in place of the one of that name; it holds from the next question on.

        Raises `Problem(invalid)` for a document that is wrong; then nothing changes.
        """
        document = self.reader.read(text)
        self._add(connection, document.name, text, by)
        return document

    def withdraw(self, connection: Connection, name: str, by: int) -> None:
        """Take a policy out of force: what came with the program opens nothing any more, either."""
        self.get(name)
        self._add(connection, name, None, by)

    def restore(self, connection: Connection, name: str, by: int) -> None:
        """Put the policy that came with the program back in force; raises `Problem(not_found)` if none did."""
        if name not in self._shipped:
            raise not_found(f'No policy "{name}" came with the program.')
        self._add(connection, name, self._shipped[name], by)

    def _add(self, connection: Connection, name: str, text: str | None, by: int) -> None:
        connection.run(self._sql.add, (name, name, text, by, self._clock()))
        self._generation.bump(connection)

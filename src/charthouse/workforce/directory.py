"""The clinic's directory of programmes and schools. It begins empty: nothing in it is invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from charthouse.base.clock import moment, now
from charthouse.base.errors import invalid, not_found
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.workforce import entered


@dataclass(frozen=True, slots=True)
class Programme:
    """One entry. `checked` is the day on which somebody last looked at it."""

    id: int
    name: str
    place: str
    what: str
    address: str
    checked: date


class Directory:
    """The table of programmes. Changes are made on the connection they are handed."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.workforce", "planner", connection.dialect)

    def all(self) -> list[Programme]:
        """Every entry, by name."""
        return [
            Programme(id, name, place, what, address, date.fromisoformat(checked))
            for id, name, place, what, address, checked in self._connection.run(self._sql.programmes)
        ]

    def add(self, connection: Connection, account: int, words: Mapping[str, str]) -> None:
        """A new entry, looked at today. Raises `Problem(invalid)`."""
        row = (*_columns(words), self._today(), account, self._clock())
        connection.run(self._sql.add_programme, row)

    def change(self, connection: Connection, account: int, id: int, words: Mapping[str, str]) -> None:
        """Other words for an entry, looked at today. Raises `Problem(invalid)`, `Problem(not_found)`."""
        row = (*_columns(words), self._today(), account, id)
        if connection.one(self._sql.change_programme, row) is None:
            raise not_found()

    def drop(self, connection: Connection, id: int) -> None:
        """Take an entry out. Raises `Problem(not_found)`."""
        if connection.one(self._sql.drop_programme, (self._clock(), id)) is None:
            raise not_found()

    def restore(self, connection: Connection, id: int) -> None:
        """Put back what was taken out. Raises `Problem(not_found)`."""
        if connection.one(self._sql.restore_programme, (id,)) is None:
            raise not_found()

    def _today(self) -> str:
        return moment(self._clock()).date().isoformat()


def _columns(words: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Name, place, what and address as they are kept. Raises `Problem(invalid)`."""
    address = entered.line(words, "address")
    if address and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname):
        raise invalid(
            "value", "This is no web address.", place="address", value=address, repair="Begin with https://"
        )
    name = entered.line(words, "name", "What is it called?")
    return name, entered.line(words, "place"), entered.line(words, "what"), address

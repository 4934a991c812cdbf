"""Keeps the words and numbers in memory as new as the record: what was written since is read before each search."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Final

from charthouse.db.connect import Connection
from charthouse.search.people import nicknames
from charthouse.search.people.numbers import Numbers
from charthouse.search.people.vocabulary import Vocabulary

PATIENT: Final = "Patient"
NAMED: Final = ("family", "given")
SLICE: Final = 10_000  # codes that are read at a time
NUMBERED: Final = ("identifier", "telecom")
WANTED: Final = (*NAMED, *NUMBERED, "name", "birthdate")


class Memory:
    """The words and numbers of one record, shared by its threads; `lock` is held while they are asked."""

    def __init__(self, sql: SimpleNamespace, types: Mapping[str, int]) -> None:
        self._sql = sql
        self._type = types[PATIENT]
        self.lock = threading.Lock()
        self._mark: str | int | None = None
        self._params: dict[str, int] = {}
        self.words = Vocabulary(nicknames.shipped())
        self.numbers = Numbers()

    def param(self, code: str) -> int:
        """The number of a parameter of Patient; 0, which none has, where nothing was ever stored under it."""
        return self._params.get(code, 0)

    def refresh(self, connection: Connection) -> None:
        """Take in what was committed since the last time; everything at the first. Hold `lock`,
        and ask it in a snapshot."""
        row = connection.one(self._sql.mark)
        mark = row[0] if row else 0
        if mark == self._mark and connection.dialect == "sqlite":
            return
        if any(code not in self._params for code in WANTED):  # some get their number with the first value
            self._params = dict(connection.run(self._sql.params, (self._type,)))
        names = [self.param(code) for code in NAMED]
        numbers = [self.param(code) for code in NUMBERED]
        if self._mark is None:
            self.words.add(connection.run(self._sql.words, names))
            self.words.add(connection.run(self._sql.unparted, (self.param("name"), *names)))
            for param in numbers:
                self.numbers.add(self._codes(connection, param))
        else:
            since = (self._mark, self._type)
            self.words.add(connection.run(self._sql.words_since, (*since, *names)))
            self.words.add(connection.run(self._sql.unparted_since, (*since, self.param("name"), *names)))
            self.numbers.add(connection.run(self._sql.codes_since, (*since, *numbers)))
        self._mark = mark

    def _codes(self, connection: Connection, param: int) -> Iterator[tuple[int, str]]:
        """Every code under a parameter with its text, some at a time."""
        last = 0
        while rows := connection.run(self._sql.codes, (param, last, SLICE)):
            yield from rows
            last = rows[-1][0]

"""Codes by what the code systems say of them: in a value set, below or above another code (R4 search.html#token).

Not the value set is listed, which may hold hundreds of thousands, but the codes that the record
uses are asked one by one whether they belong; what was found is kept until either changes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final, Protocol

from charthouse.base.errors import Category, Problem, problem
from charthouse.db.connect import Connection, Row
from charthouse.search.query import Among
from charthouse.search.text import Texts

AFTER_PARAMETERS: Final = "<"  # the sign after ";", which parameters of a MIME type begin with
REMEMBERED: Final = 200  # questions whose codes are kept

Ids = tuple[int, ...]


class Codes(Protocol):
    """What a search asks of the terminology."""

    def member(self, valueset: str, system: str | None, code: str) -> bool | None:
        """Whether a code is in a value set; None where that cannot be told."""

    def unchecked(self, valueset: str) -> str | None:
        """Why membership of a value set cannot be told, or None."""

    def subsumes(self, system: str, a: str, b: str, version: str | None = None) -> str:
        """How two codes stand to each other: `equivalent`, `subsumes`, `subsumed-by`, `not-subsumed`."""

    def stamp(self) -> Any:
        """What changes whenever an answer may have changed."""


class Coded:
    """Finds the codes of one record that a terminology counts among those asked for; for any thread."""

    def __init__(self, texts: Texts, codes: Codes | None) -> None:
        self._sql = texts.lookup
        self._codes = codes
        self._kept: dict[Among, tuple[object, Ids]] = {}

    def numbers(self, connection: Connection, among: Among) -> Ids:
        """The numbers of those codes. Raises `Problem` where the code systems cannot tell."""
        if not among.system:
            return self._of_type(connection, among.code or "")
        codes = self._codes
        if codes is None:
            raise _unable(among, "There is no terminology at hand.")
        row = connection.one(self._sql.code_state)
        state = (codes.stamp(), row)
        kept = self._kept.get(among)
        if kept is not None and kept[0] == state:
            return kept[1]
        found = (
            self._below(connection, codes, among) if among.code else self._inside(connection, codes, among)
        )
        if len(self._kept) >= REMEMBERED:
            self._kept.clear()
        self._kept[among] = (state, found)
        return found

    def _inside(self, connection: Connection, codes: Codes, among: Among) -> Ids:
        """All codes of the record that are in a value set."""
        why = codes.unchecked(among.system)
        if why is not None:
            raise _unable(among, why)
        rows = watched(connection, connection.run(self._sql.every_code))
        return tuple(number for number, system, code in rows if codes.member(among.system, system, code))

    def _below(self, connection: Connection, codes: Codes, among: Among) -> Ids:
        """All codes of a system that stand below another one, or above it, itself included."""
        wanted = ("equivalent", "subsumes" if among.modifier == "below" else "subsumed-by")
        asked = among.code or ""
        codes.subsumes(among.system, asked, asked)  # names the system or the code that is not there
        rows = watched(connection, connection.run(self._sql.codes_of_system, (among.system,)))
        return tuple(number for number, code in rows if _standing(codes, among.system, asked, code) in wanted)

    def _of_type(self, connection: Connection, asked: str) -> Ids:
        """All MIME types that are `asked`, whatever parameters follow (R4 search.html#mimetype)."""
        rows = connection.run(self._sql.codes_between, (asked, asked + AFTER_PARAMETERS))
        return tuple(number for number, code in rows if code.partition(";")[0].strip() == asked)


def watched(connection: Connection, rows: list[Row]) -> Iterator[Row]:
    """The rows, as long as the time lasts that this search has."""
    until = connection.until
    for row in rows:
        if until is not None and time.monotonic() > until:
            raise problem(
                Category.TOO_COSTLY,
                "too-costly",
                "The search takes too long.",
                repair="Narrow it, or ask again.",
            )
        yield row


def _standing(codes: Codes, system: str, asked: str, code: str) -> str:
    """How a code of the record stands to the one asked; one that its system does not know stands nowhere."""
    try:
        return codes.subsumes(system, asked, code)
    except Problem as failure:
        if failure.category is Category.NOT_FOUND:
            return "not-subsumed"
        raise


def _unable(among: Among, why: str) -> Problem:
    return problem(
        Category.UNSUPPORTED, "not-supported", f"Which codes are meant by :{among.modifier} cannot be told. {why}",
        place=among.name, value=among.system, repair="Load the code system, or list the codes with commas.",
    )  # fmt: skip

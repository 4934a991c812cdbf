"""Licences and certificates of people: rows that are ended when they no longer hold, and never overwritten."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from charthouse.access.people import shown
from charthouse.base.clock import now
from charthouse.base.errors import invalid, not_found
from charthouse.db import queries
from charthouse.db.connect import Connection

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Credential:
    """One licence or certificate; dates as YYYY-MM-DD or None, moments in ms. `enterer` "" = a command."""

    id: int
    title: str
    number: str
    issuer: str
    valid_from: str | None
    valid_until: str | None
    entered: int
    enterer: str
    ended: int | None
    reason: str | None

    def holds(self, day: str) -> bool:
        """Whether it is in force on `day` (YYYY-MM-DD)."""
        return (
            self.ended is None
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
        )


class Credentials:
    """The credentials of everybody in one record. Reads use the connection given here."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access", "credentials", connection.dialect)

    def of(self, account: int) -> list[Credential]:
        """Those of one account, newest first."""
        return [
            Credential(id, title, number, issuer, since, until, entered, enterer or "", ended, reason)
            for id, title, number, issuer, since, until, entered, enterer, ended, reason in self._connection.run(
                self._sql.of_account, (account,)
            )
        ]

    def add(
        self, connection: Connection, account: int, title: str, number: str, issuer: str, *,
        valid_from: str = "", valid_until: str = "", enterer: int | None = None,
    ) -> int:  # fmt: skip
        """Write one down; returns its number. Raises `Problem(invalid)` where a part is missing or no date."""
        for place, text in (("title", title), ("number", number), ("issuer", issuer)):
            if not shown(text):
                raise invalid("required", f"A credential needs its {place}.", place=place)
        since, until = _day("valid_from", valid_from), _day("valid_until", valid_until)
        if since and until and until < since:
            raise invalid(
                "value", "It ends before it begins.", place="valid_until", value=until,
                repair=f"Give {since} or a later day.",
            )  # fmt: skip
        values = (account, shown(title), shown(number), shown(issuer), since, until, self._clock(), enterer)
        row = connection.one(self._sql.add, values)
        if row is None:
            raise LookupError("the credential was not added")
        key: int = row[0]
        return key

    def end(
        self, connection: Connection, account: int, key: int, reason: str, *, ender: int | None = None
    ) -> None:
        """Say that it no longer holds, and why. Raises `Problem(not_found)` for none of this account in force."""
        if not shown(reason):
            raise invalid(
                "required", "Say why it no longer holds.", place="reason", repair="e.g. surrendered"
            )
        if not connection.run(self._sql.finish, (self._clock(), ender, shown(reason), key, account)):
            raise not_found("There is no such credential in force.")


def _day(place: str, text: str) -> str | None:
    if not text.strip():
        return None
    try:
        if _DATE.fullmatch(text.strip()):
            return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        pass
    raise invalid(
        "value", "This is no day of the calendar.", place=place, value=text, repair="Write 2026-11-23."
    )

"""The places of the house: where people work, with the Organization or Location that stands for each in the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from charthouse.access.generation import Generation
from charthouse.access.people import Held, shown
from charthouse.base.clock import now
from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.db import queries
from charthouse.db.connect import Connection

_REFERENCE: Final = re.compile(r"(Organization|Location)/[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Facility:
    """One place. `reference` is `Organization/ID` or `Location/ID`; `closed` since when (ms), or None."""

    id: int
    name: str
    reference: str | None
    closed: int | None


class Facilities:
    """The facilities of one record, and who works where. Reads use the connection given here."""

    def __init__(
        self, connection: Connection, generation: Generation, *, clock: Callable[[], int] = now
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._clock = clock
        self._sql = queries.load("charthouse.access", "facilities", connection.dialect)

    def all(self) -> list[Facility]:
        """Every facility, closed ones too, by name."""
        return [Facility(*row) for row in self._connection.run(self._sql.all_facilities)]

    def get(self, key: int) -> Facility:
        """One of them; raises `Problem(not_found)`."""
        row = self._connection.one(self._sql.by_id, (key,))
        if row is None:
            raise not_found("There is no such facility.")
        return Facility(*row)

    def of(self, account: int) -> list[Facility]:
        """Where an account works now."""
        return [Facility(*row) for row in self._connection.run(self._sql.of_account, (account,))]

    def workers(self) -> dict[int, set[int]]:
        """Account -> the facilities it works at, for everybody."""
        found: dict[int, set[int]] = {}
        for account, facility in self._connection.run(self._sql.workers):
            found.setdefault(account, set()).add(facility)
        return found

    def ever(self, account: int) -> list[Held]:
        """Where the account works and worked, newest first; `role` is the name of the facility."""
        return [
            Held(name, since, giver or "", ended, ender or "")
            for name, since, giver, ended, ender in self._connection.run(self._sql.ever, (account,))
        ]

    def add(self, connection: Connection, name: str, reference: str = "") -> int:
        """A new facility; returns its number. Raises `Problem(conflict)` if name or reference is taken."""
        name, given = _checked(name, reference)
        row = connection.one(self._sql.add, (name, given, self._clock()))
        if row is None:
            raise _taken(name)
        key: int = row[0]
        return key

    def change(self, connection: Connection, key: int, name: str, reference: str = "") -> None:
        """Another name or reference; what people may see can follow from it."""
        name, given = _checked(name, reference)
        if connection.one(self._sql.taken, (name, given, key)) is not None:
            raise _taken(name)
        connection.run(self._sql.change, (name, given, key))
        self._generation.bump(connection)

    def close(self, connection: Connection, key: int) -> bool:
        """Close it: nobody works there any more. False if it was closed."""
        closed = connection.run(self._sql.close_, (self._clock(), key))
        self._generation.bump(connection)
        return bool(closed)

    def assign(
        self, connection: Connection, account: int, wanted: Iterable[int], *, giver: int | None = None
    ) -> None:
        """Let an account work at exactly these facilities. Raises `Problem(invalid)` for one that is not open."""
        chosen = set(wanted)
        open_ = {id for id, _, _, closed in connection.run(self._sql.all_facilities) if closed is None}
        for key in sorted(chosen - open_):
            raise invalid("value", "There is no such facility.", place="facility", value=key)
        present = {row[0] for row in connection.run(self._sql.of_account, (account,))}
        moment = self._clock()
        connection.many(self._sql.leave, [(moment, giver, account, key) for key in sorted(present - chosen)])
        connection.many(self._sql.begin_, [(account, key, moment, giver) for key in sorted(chosen - present)])
        self._generation.bump(connection)


def _checked(name: str, reference: str) -> tuple[str, str | None]:
    if not shown(name):
        raise invalid("required", "A facility needs a name.", place="name")
    if reference.strip() and not _REFERENCE.fullmatch(reference.strip()):
        raise invalid(
            "value", "This is not a reference to an organization or location.", place="reference",
            value=reference, repair="Write Organization/ID or Location/ID, or leave it out.",
        )  # fmt: skip
    return shown(name), reference.strip() or None


def _taken(name: str) -> Exception:
    return problem(
        Category.CONFLICT, "duplicate", "There is a facility with this name or reference already.",
        place="name", value=name, repair="Choose another name, or change that one.",
    )  # fmt: skip

"""Which roles must show a second factor, and who therefore has to set one up."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from charthouse.base.clock import now
from charthouse.base.errors import invalid
from charthouse.db import queries
from charthouse.db.connect import Connection


class Needs:
    """The rule of one record; reads use `connection`."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access.factors", "factors", connection.dialect)

    def roles(self) -> frozenset[str]:
        """The roles that need a second factor."""
        return frozenset(role for (role,) in self._connection.run(self._sql.needs))

    def of(self, account: int) -> frozenset[str]:
        """Those of them that the account holds."""
        return frozenset(role for (role,) in self._connection.run(self._sql.needed_by, (account,)))

    def equipped(self) -> frozenset[int]:
        """The accounts that have a second factor."""
        return frozenset(account for (account,) in self._connection.run(self._sql.with_factor))

    def set(
        self, connection: Connection, roles: Iterable[str], known: Iterable[str], *, giver: int | None = None
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Let exactly these roles need one; returns those added and those taken away.

        It holds from a person's next sign-in on. Raises `Problem(invalid)` for a role not in `known`.
        """
        wanted, there = frozenset(roles), frozenset(known)
        for role in sorted(wanted - there):
            raise invalid(
                "value", "There is no such role.", place="role", value=role,
                repair=f"Use one of: {', '.join(sorted(there))}.",
            )  # fmt: skip
        present = frozenset(role for (role,) in connection.run(self._sql.needs))
        moment = self._clock()
        connection.many(self._sql.need, [(role, moment, giver) for role in sorted(wanted - present)])
        connection.many(self._sql.need_not, [(role,) for role in sorted(present - wanted)])
        return wanted - present, present - wanted

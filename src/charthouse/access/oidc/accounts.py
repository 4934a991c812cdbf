"""Which account somebody is who was vouched for elsewhere: by issuer and subject, and how these come to be linked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from charthouse.access.actor import Actor
from charthouse.access.oidc.provider import Known
from charthouse.access.people import People
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.db import queries
from charthouse.db.connect import Connection

MOST_GROUPS: Final = 1000
LAST: Final = "administrator"


@dataclass(frozen=True, slots=True)
class Link:
    """An account that somebody at a server is. `how` says what linked them, `linked` when (ms)."""

    id: int
    account: int
    how: str
    linked: int


@dataclass(frozen=True, slots=True)
class Expected:
    """An account that waits for the first sign-in whose claim says `value`."""

    id: int
    value: str
    account: int


class Accounts:
    """The links of one record. Reads use `connection`; what is written takes that of its transaction."""

    def __init__(self, connection: Connection, people: People, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._people = people
        self._clock = clock
        self._sql = queries.load("charthouse.access.oidc", "oidc", connection.dialect)

    def of(self, issuer: str) -> list[Link]:
        """Everybody who is linked to a server, in the order in which they came."""
        return [Link(*row) for row in self._connection.run(self._sql.identities, (issuer,))]

    def expected(self, provider: str) -> list[Expected]:
        """Whom an administrator expects."""
        return [Expected(*row) for row in self._connection.run(self._sql.expected, (provider,))]

    def expect(self, connection: Connection, actor: Actor, known: Known, value: str, account: int) -> None:
        """Make `account` that of the first sign-in whose claim says `value`; raises `Problem(invalid)`."""
        value = value.strip().lower()
        if not 1 <= len(value) <= 254 or not value.isprintable():
            raise invalid("value", "This cannot be what the claim says.", place="value", value=value,
                          repair=f"Give the {known.provider.claim} that the sign-in server has for them.")  # fmt: skip
        row = connection.one(self._sql.expect, (known.name, value, account, self._clock(), actor.id))
        if row is None:
            raise invalid("duplicate", "Somebody is expected under this already.", place="value", value=value,
                          repair="Take that one back first.")  # fmt: skip

    def unexpect(self, connection: Connection, known: Known, id: int) -> None:
        """Expect them no longer."""
        connection.run(self._sql.end_expected, (self._clock(), id, known.name))

    def unlink(self, connection: Connection, actor: Actor, known: Known, id: int) -> int | None:
        """End a link; returns the account, None where it had ended."""
        values = (self._clock(), actor.id, id, known.provider.issuer)
        row = connection.one(self._sql.end_identity, values)
        return row[0] if row else None

    def linked(self, connection: Connection, issuer: str, subject: str) -> int | None:
        """The account of a subject."""
        row = connection.one(self._sql.identity, (issuer, subject))
        return row[0] if row else None

    def resolve(self, connection: Connection, known: Known, claims: Mapping[str, Any]) -> int:
        """The account that the person of these verified claims is, linked or made now if that is allowed.

        Raises `Problem(forbidden, login)` (401) for somebody who is unknown here.
        """
        issuer, subject = known.provider.issuer, str(claims["sub"])
        account = self.linked(connection, issuer, subject)
        if account is None:
            account = self._expected(connection, known, claims)
            how = "expected"
            if account is None:
                account = self._made(connection, known, claims)
                how = "just in time"
            if account is None:
                raise stranger()
            values = (issuer, subject, account, how, self._clock())
            connection.run(self._sql.add_identity, values)
        self._roles(connection, known, account, claims)
        return account

    def _expected(self, connection: Connection, known: Known, claims: Mapping[str, Any]) -> int | None:
        """The account that an administrator linked beforehand. An address that the server itself calls
        unverified is nobody's."""
        value = claims.get(known.provider.claim)
        if not isinstance(value, str) or not value.strip():
            return None
        if known.provider.claim == "email" and claims.get("email_verified", True) is not True:
            return None
        row = connection.one(self._sql.take_expected, (self._clock(), known.name, value.strip().lower()))
        return row[0] if row else None

    def _made(self, connection: Connection, known: Known, claims: Mapping[str, Any]) -> int | None:
        """The account of somebody with a verified address at one of our domains: that with this very address,
        else a new one. A user name that is taken is never taken over."""
        provider = known.provider
        email = claims.get("email")
        if (
            not provider.just_in_time
            or claims.get("email_verified") is not True
            or not isinstance(email, str)
        ):
            return None
        email = email.strip().lower()
        local, at, domain = email.rpartition("@")
        if not at or not local or domain not in provider.domains:
            return None
        rows = connection.run(self._sql.by_email, (email,))
        if len(rows) == 1:
            found: int = rows[0][0]
            return found
        if rows:
            return None
        value = claims.get(provider.claim)
        name = value if isinstance(value, str) and value.strip() else email
        display = claims.get("name")
        try:
            account = self._people.add(
                connection, name, display if isinstance(display, str) else "",
                [provider.role] if provider.role else [],
            )  # fmt: skip
            self._people.describe(
                connection, account, display if isinstance(display, str) and display.strip() else name, email
            )
        except Problem as failure:
            if failure.category in (Category.CONFLICT, Category.INVALID):
                raise stranger() from None
            raise
        return account

    def _roles(self, connection: Connection, known: Known, account: int, claims: Mapping[str, Any]) -> None:
        """Give and take the roles that the server's groups decide over; the others are not touched."""
        provider = known.provider
        if not provider.groups or not provider.roles:
            return
        told = claims.get(provider.groups)
        groups = {
            one for one in (told if isinstance(told, list) else [told])[:MOST_GROUPS] if isinstance(one, str)
        }
        decided = {role for _, role in provider.roles}
        given = {role for group, role in provider.roles if group in groups}
        has = {row[0] for row in connection.run(self._sql.roles_of, (account,))}
        wanted = (has - decided) | given
        if LAST in has - wanted and self._people.holders(connection, LAST) == [account]:
            wanted |= {LAST}  # a slip in a group must not leave a clinic without an administrator
        if wanted != has:
            self._people.set_roles(connection, account, wanted)


def stranger() -> Problem:
    """The answer to somebody whom the sign-in server knows and we do not."""
    return problem(
        Category.FORBIDDEN, "login", "You are not known here under this sign-in.",
        repair="Ask an administrator to link your account.",
    )  # fmt: skip

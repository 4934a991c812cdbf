"""The accounts that may come in: persons with roles, and client programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from charthouse.access.generation import Generation
from charthouse.base.clock import now
from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

PERSON: Final = "person"
CLIENT: Final = "client"
_PERSON_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_CLIENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@:+/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Person:
    """One account. `disabled` is since when (ms), or None."""

    id: int
    kind: str
    name: str
    display: str
    roles: frozenset[str]
    has_password: bool
    disabled: int | None


class People:
    """The accounts of one record.

    Reads use the connection given here; what changes anything takes the connection of the
    transaction it shall be part of. No account ever gets a password it did not choose.
    """

    def __init__(
        self, connection: Connection, generation: Generation, *, clock: Callable[[], int] = now
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._clock = clock
        self._sql = queries.load("charthouse.access", "people", connection.dialect)

    def add(self, connection: Connection, name: str, display: str = "", roles: Iterable[str] = ()) -> int:
        """A new person, without a password; returns the key.

        Raises `Problem(conflict)` if the name is taken, `Problem(invalid)` for a bad name or unknown role.
        """
        name = name.strip().lower()
        if not _PERSON_NAME.fullmatch(name):
            raise invalid(
                "value", "This cannot be a user name.", place="name", value=name,
                repair="Use up to 64 letters a-z, digits and . _ @ + -, a letter or digit first.",
            )  # fmt: skip
        row = connection.one(self._sql.add, (PERSON, name, display.strip() or name, self._clock()))
        if row is None:
            raise problem(
                Category.CONFLICT, "duplicate", "There is a user of this name already.", place="name",
                value=name, repair="Choose another name, or change the roles of that user.",
            )  # fmt: skip
        key: int = row[0]
        self._give(connection, key, roles)
        return key

    def client(self, connection: Connection, name: str) -> int:
        """The key of the client program `name`, made known if it was not."""
        name = name.strip()
        if not _CLIENT_NAME.fullmatch(name):
            raise invalid(
                "value", "This cannot be the name of a client.", place="client", value=name,
                repair="Use up to 64 letters, digits, blanks and . _ @ : + / -, a letter or digit first.",
            )  # fmt: skip
        row = connection.one(self._sql.add, (CLIENT, name, name, self._clock()))
        row = row or connection.one(self._sql.by_name, (CLIENT, name))
        if row is None:
            raise LookupError("an account was neither found nor added")
        key: int = row[0]
        return key

    def find(self, name: str, kind: str = PERSON) -> Person | None:
        """The account of that name."""
        wanted = name.strip().lower() if kind == PERSON else name.strip()
        row = self._connection.one(self._sql.by_name, (kind, wanted))
        return None if row is None else self._person(row)

    def get(self, key: int) -> Person:
        """The account with that key; raises `Problem(not_found)`."""
        row = self._connection.one(self._sql.by_id, (key,))
        if row is None:
            raise not_found("There is no such account.")
        return self._person(row)

    def all(self) -> list[Person]:
        """Every account, persons first, by name."""
        return [self._person(row) for row in self._connection.run(self._sql.all_accounts)]

    def roles(self) -> dict[str, str]:
        """The roles there are: name -> title."""
        return dict(self._connection.run(self._sql.role_names))

    def set_roles(self, connection: Connection, key: int, roles: Iterable[str]) -> None:
        """Give exactly these roles; sign-ins that stand follow at once."""
        self._give(connection, key, roles)
        self._generation.bump(connection)

    def disable(self, connection: Connection, key: int) -> None:
        """Shut the account; its sessions and tokens stop working."""
        connection.run(self._sql.set_disabled, (self._clock(), key))
        self._generation.bump(connection)

    def enable(self, connection: Connection, key: int) -> None:
        """Open a disabled account again."""
        connection.run(self._sql.set_disabled, (None, key))
        self._generation.bump(connection)

    def set_password(self, connection: Connection, key: int, hashed: str) -> None:
        """Keep the Argon2id hash of a password the person chose (see `passwords.hashed`)."""
        connection.run(self._sql.set_password, (hashed, key))

    def password(self, key: int) -> str | None:
        """The kept hash, or None if none was chosen yet."""
        row = self._connection.one(self._sql.password, (key,))
        return row[0] if row else None

    def _give(self, connection: Connection, key: int, roles: Iterable[str]) -> None:
        wanted = sorted(set(roles))
        known: dict[str, str] = dict(connection.run(self._sql.role_names))
        for role in wanted:
            if role not in known:
                raise invalid(
                    "value", "There is no such role.", place="role", value=role,
                    repair=f"Use one of: {', '.join(sorted(known))}.",
                )  # fmt: skip
        connection.run(self._sql.drop_roles, (key,))
        connection.many(self._sql.add_role, [(key, role) for role in wanted])

    def _person(self, row: Row) -> Person:
        key, kind, name, display, has_password, disabled = row
        roles = frozenset(role for (role,) in self._connection.run(self._sql.roles_of, (key,)))
        return Person(key, kind, name, display, roles, bool(has_password), disabled)

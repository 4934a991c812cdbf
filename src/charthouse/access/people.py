"""The accounts that may come in: persons with roles, and client programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from secrets import token_bytes
from typing import Final

from charthouse.access.generation import Generation
from charthouse.base.clock import now
from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.base.ids import is_logical_id
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

PERSON: Final = "person"
CLIENT: Final = "client"
_PERSON_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_CLIENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@:+/-]{0,63}")
_MAIL = re.compile(r"[^\s@\x00-\x1f<>\"]{1,64}@[^\s@\x00-\x1f<>\"]{1,190}")
LONGEST: Final = 120  # characters of a name on the screen


@dataclass(frozen=True, slots=True)
class Person:
    """One account. `disabled` is since when (ms), or None; `practitioner` and `patient` are the logical
    ids of the records that this person is."""

    id: int
    kind: str
    name: str
    display: str
    roles: frozenset[str]
    has_password: bool
    disabled: int | None
    email: str | None = None
    practitioner: str | None = None
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody has or had: times in ms, the giver and the ender by name ("" = a command)."""

    role: str
    since: int
    giver: str
    ended: int | None
    ender: str


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

    def add(
        self,
        connection: Connection,
        name: str,
        display: str = "",
        roles: Iterable[str] = (),
        *,
        giver: int | None = None,
    ) -> int:
        """A new person, without a password; returns the key. `giver` is the account that gives the roles.

        Raises `Problem(conflict)` if the name is taken, `Problem(invalid)` for a bad name or unknown role.
        """
        name = name.strip().lower()
        if not _PERSON_NAME.fullmatch(name):
            raise invalid(
                "value", "This cannot be a user name.", place="name", value=name,
                repair="Use up to 64 letters a-z, digits and . _ @ + -, a letter or digit first.",
            )  # fmt: skip
        row = connection.one(self._sql.add, (PERSON, name, shown(display) or name, self._clock()))
        if row is None:
            raise problem(
                Category.CONFLICT, "duplicate", "There is a user of this name already.", place="name",
                value=name, repair="Choose another name, or change the roles of that user.",
            )  # fmt: skip
        key: int = row[0]
        self._give(connection, key, roles, giver)
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
        held: dict[int, set[str]] = {}
        for account, role in self._connection.run(self._sql.all_roles):
            held.setdefault(account, set()).add(role)
        rows = self._connection.run(self._sql.all_accounts)
        return [_person(row, frozenset(held.get(row[0], ()))) for row in rows]

    def roles(self) -> dict[str, str]:
        """The roles there are: name -> title."""
        return dict(self._connection.run(self._sql.role_names))

    def roles_ever(self, key: int) -> list[Held]:
        """Every role that the account was ever given, newest first."""
        return [
            Held(role, since, giver or "", ended, ender or "")
            for role, since, giver, ended, ender in self._connection.run(self._sql.roles_ever, (key,))
        ]

    def holders(self, connection: Connection, role: str) -> list[int]:
        """The enabled persons of a role, as the transaction on `connection` sees them."""
        return [key for (key,) in connection.run(self._sql.holders, (role,))]

    def set_roles(
        self, connection: Connection, key: int, roles: Iterable[str], *, giver: int | None = None
    ) -> None:
        """Give exactly these roles; sign-ins that stand follow at once."""
        self._give(connection, key, roles, giver)
        self._generation.bump(connection)

    def describe(self, connection: Connection, key: int, display: str, email: str = "") -> None:
        """Change the name on the screens and the e-mail address; raises `Problem(invalid)` for a bad one."""
        if email.strip() and not _MAIL.fullmatch(email.strip()):
            raise invalid("value", "This cannot be an e-mail address.", place="email", value=email)
        if not shown(display):
            raise invalid("required", "A person needs a name on the screens.", place="display")
        connection.run(self._sql.describe, (shown(display), email.strip() or None, key))

    def link(self, connection: Connection, key: int, *, practitioner: str = "", patient: str = "") -> None:
        """Say which Practitioner and which Patient of the record this person is, by logical id; "" = none."""
        for place, value in (("practitioner", practitioner), ("patient", patient)):
            if value and not is_logical_id(value):
                raise invalid(
                    "value", "This cannot be the id of a record.", place=place, value=value,
                    repair="Copy it from the address of the record.",
                )  # fmt: skip
        connection.run(self._sql.link, (practitioner or None, patient or None, key))
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

    def handle(self, connection: Connection, key: int) -> bytes:
        """How passkeys name the account: random bytes that say nothing about it, made on first use."""
        connection.run(self._sql.set_handle, (token_bytes(32), key))
        row = connection.one(self._sql.handle, (key,))
        if row is None:
            raise not_found("There is no such account.")
        return bytes(row[0])

    def _give(self, connection: Connection, key: int, roles: Iterable[str], giver: int | None) -> None:
        wanted = set(roles)
        known: dict[str, str] = dict(connection.run(self._sql.role_names))
        for role in sorted(wanted):
            if role not in known:
                raise invalid(
                    "value", "There is no such role.", place="role", value=role,
                    repair=f"Use one of: {', '.join(sorted(known))}.",
                )  # fmt: skip
        held = {role for (role,) in connection.run(self._sql.roles_of, (key,))}
        moment = self._clock()
        connection.many(self._sql.end_role, [(moment, giver, key, role) for role in sorted(held - wanted)])
        connection.many(self._sql.add_role, [(key, role, moment, giver) for role in sorted(wanted - held)])

    def _person(self, row: Row) -> Person:
        return _person(
            row, frozenset(role for (role,) in self._connection.run(self._sql.roles_of, (row[0],)))
        )


def _person(row: Row, roles: frozenset[str]) -> Person:
    key, kind, name, display, has_password, disabled, email, practitioner, patient = row
    return Person(
        key, kind, name, display, roles, bool(has_password), disabled, email, practitioner, patient
    )  # fmt: skip


def shown(text: str) -> str:
    """`text` as it may stand on a screen: no control characters, blanks closed up, bounded."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(plain.split())[:LONGEST]

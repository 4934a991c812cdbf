"""The access part of a clinic over a real database, with a clock that tests turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from typing import TypeVar

from argon2 import PasswordHasher

from charthouse.access import keys
from charthouse.access.administration import Administration
from charthouse.access.audit import Audit
from charthouse.access.check import Check, Report
from charthouse.access.credentials import Credentials
from charthouse.access.door import Cookie, Door
from charthouse.access.facilities import Facilities
from charthouse.access.factors.held import Factors
from charthouse.access.generation import Generation
from charthouse.access.keys import Keys
from charthouse.access.links import Links
from charthouse.access.own import Own
from charthouse.access.passwords import Passwords
from charthouse.access.people import People
from charthouse.access.policy import Policy
from charthouse.access.reporting import Reporting
from charthouse.access.rules.document import Reader
from charthouse.access.rules.shelf import Shelf
from charthouse.access.rules.types import groups
from charthouse.access.sessions import Sessions
from charthouse.access.signin import SignIn
from charthouse.access.throttle import Brakes, Failures
from charthouse.access.tokens import Tokens
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import migrate, migrations
from charthouse.fhir import definitions as r4
from tests import cast

T = TypeVar("T")
MINUTE = 60_000


class Clock:
    """Milliseconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.ms

    def forward(self, ms: int) -> None:
        self.ms += ms


class House:
    """One clinic's access over `place`, its audit over `audit_place`."""

    def __init__(self, place: Place, audit_place: Place) -> None:
        self.place, self.audit_place = place, audit_place
        self.clock = Clock()
        self.connection = connect(place)
        dialect = place.dialect
        if place.schema:
            self.connection.script(f'CREATE SCHEMA IF NOT EXISTS "{place.schema}"')
        migrate(self.connection, migrations("charthouse.access", "migrations", dialect))
        with self.connection.transaction():
            keys.ensure(self.connection)
        self.keys = Keys(self.connection)
        self.generation = Generation(self.connection)
        self.people = People(self.connection, self.generation, clock=self.clock)
        self.tokens = Tokens(self.connection, self.generation, clock=self.clock)
        self.links = Links(dialect, connection=self.connection, clock=self.clock)
        self.facilities = Facilities(self.connection, self.generation, clock=self.clock)
        self.credentials = Credentials(self.connection, clock=self.clock)
        self.factors = Factors(self.connection, self.keys, "http://localhost:8080", clock=self.clock)
        self.saved = 0
        self.sessions = Sessions(
            self.connection, self.generation, self.keys.get("form"), submit=self._save, clock=self.clock
        )
        definitions = r4.load()
        kinds = groups(definitions)
        reader = Reader(kinds, lambda type, params: None, lambda type: definitions.type(type).elements)
        self.policies = Shelf(self.connection, self.generation, reader, clock=self.clock)
        self.policy = Policy(self.policies.grants, self.generation, kinds["@patient"], clock=self.clock)
        self.cookie = Cookie("http://localhost:8080")
        self.door = Door(self.tokens, self.sessions, self.cookie)
        self._closing: list[Callable[[], None]] = []
        self.keys_of = self.now(lambda connection: cast.enter(self.people, connection))
        self.prepare_audit()
        self.audit = self.open_audit()
        self.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        self.brakes = Brakes(Failures(self.connection, self.now), clock=self.clock)
        self.sign_in = SignIn(
            self.people, self.sessions, self.links, self.audit, self.cookie, self.generation, self.write,
            factors=self.factors, passwords=self.passwords, brakes=self.brakes,
        )  # fmt: skip
        self.own = Own(
            self.people, self.sessions, self.factors, self.audit, self.generation, self.write,
            passwords=self.passwords, brakes=self.brakes, clock=self.clock,
        )  # fmt: skip
        self.administration = Administration(
            self.people, self.facilities, self.credentials, self.sessions, self.tokens, self.links,
            self.factors, self.policy, self.audit, self.generation, self.write,
        )  # fmt: skip

    def again(self) -> House:
        """The same house after a restart: what was in memory only is gone."""
        fresh = copy(self)
        fresh.brakes = Brakes(Failures(self.connection, self.now), clock=self.clock)
        fresh.sign_in = SignIn(
            self.people, self.sessions, self.links, self.audit, self.cookie, self.generation, self.write,
            factors=self.factors, passwords=self.passwords, brakes=fresh.brakes,
        )  # fmt: skip
        return fresh

    def prepare_audit(self) -> None:
        """Make the tables of the audit."""
        connection = self.audit_connection()
        migrate(connection, migrations("charthouse.access", "audit", self.audit_place.dialect))

    def audit_connection(self) -> Connection:
        """A connection of its own to the audit database."""
        connection = connect(self.audit_place)
        self._closing.append(connection.close)
        return connection

    def open_audit(self, opened: Callable[[], Connection] | None = None) -> Audit:
        """An audit with a writer of its own, as another process would have."""
        audit = Audit(
            opened or (lambda: connect(self.audit_place)), self.audit_place.dialect, self.keys.get("mark")
        )
        self._closing.insert(0, audit.close)
        return audit

    def check(self) -> Report:
        """What `check` says about the audit."""
        return Check(self.audit_connection(), self.keys.get("mark")).run()

    def reporting(self) -> Reporting:
        """Questions to the audit."""
        return Reporting(self.audit_connection())

    def write(self, job: Callable[[Connection], T]) -> Awaitable[T]:
        """The job in a transaction, as the record's writer would run it."""

        async def run() -> T:
            await asyncio.sleep(0)
            return self.now(job)

        return run()

    def now(self, job: Callable[[Connection], T]) -> T:
        """The same without an event loop."""
        with self.connection.transaction():
            return job(self.connection)

    def elsewhere(self, job: Callable[[Connection], T]) -> T:
        """The job as another process would do it beside this one."""
        connection = connect(self.place)
        try:
            with connection.transaction():
                return job(connection)
        finally:
            connection.close()

    def enter(self, member: cast.Member) -> str:
        """The cookie secret of a new session of that member."""
        key = self.keys_of[member.name]
        return self.now(lambda connection: self.sessions.open(connection, key))

    def close(self) -> None:
        for close in self._closing:
            close()
        self.connection.close()

    def _save(self, job: Callable[[Connection], object]) -> None:
        self.saved += 1
        self.now(job)

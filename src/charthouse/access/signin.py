"""Coming in and going out: what a person presents becomes a session, and both are in the audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Protocol, TypeVar

from charthouse.access.actor import NOBODY, Actor
from charthouse.access.audit import Audit, event
from charthouse.access.door import Cookie
from charthouse.access.generation import Generation
from charthouse.access.links import Links
from charthouse.access.passwords import Passwords
from charthouse.access.people import People
from charthouse.access.sessions import CLIENT, Sessions
from charthouse.access.throttle import Throttle
from charthouse.base.errors import Category, Problem, problem
from charthouse.db.connect import Connection

T = TypeVar("T")

FAILURES_PER_NAME: Final = 10
FAILURES_PER_ADDRESS: Final = 50  # many people may share one


class Write(Protocol):
    """Runs a job in a transaction of the record's writer and waits for the commit."""

    def __call__(self, job: Callable[[Connection], T]) -> Awaitable[T]:
        """The job's result."""
        ...


class SignIn:
    """The ways into one clinic. Coroutines belong to one event loop."""

    def __init__(
        self,
        people: People,
        sessions: Sessions,
        links: Links,
        audit: Audit,
        cookie: Cookie,
        generation: Generation,
        write: Write,
        *,
        passwords: Passwords | None = None,
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._links = links
        self._audit = audit
        self._cookie = cookie
        self._generation = generation
        self._write = write
        self._passwords = passwords or Passwords()
        self._names = Throttle(FAILURES_PER_NAME)
        self._addresses = Throttle(FAILURES_PER_ADDRESS)

    async def by_link(self, text: str, *, address: str = "", agent: str = "") -> str:
        """Use up a one-time link; returns the `Set-Cookie` value of the new session.

        Raises `Problem(forbidden, login)` (401) for a link that is used or too old,
        `Problem(busy, throttled)` (429) after too many failures from `address`.
        """
        self._addresses.require(address)

        def job(connection: Connection) -> str:
            account = self._links.redeem(connection, text)
            return self._sessions.open(connection, account, address=address, agent=agent)

        try:
            opened = await self._write(job)
        except Problem as failure:
            if failure.category is Category.FORBIDDEN:
                await self._failed("", address)
            raise
        return await self._entered(opened, address)

    async def by_password(self, name: str, password: str, *, address: str = "", agent: str = "") -> str:
        """Check a name and its password; returns the `Set-Cookie` value of the new session.

        Raises `Problem(forbidden, login)` (401), the same and after the same work for a wrong name, a
        wrong password, a disabled account and one without a password; `Problem(busy, throttled)` (429)
        after too many failures of that name or from that address.
        """
        name = name.strip().lower()[:64]
        self._addresses.require(address)
        self._names.require(name)
        self._names.failed(name)  # counted before the slow check, so that many at once do not slip by
        person = self._people.find(name)
        kept = self._people.password(person.id) if person and person.disabled is None else None
        if not await self._passwords.matches(kept, password) or person is None:
            await self._failed(name, address)
            raise problem(
                Category.FORBIDDEN, "login", "The name or the password is not right.",
                repair="Try again, or ask for a sign-in link.",
            )  # fmt: skip
        account = person.id
        opened = await self._write(
            lambda connection: self._sessions.open(connection, account, address=address, agent=agent)
        )
        self._names.passed(name)
        return await self._entered(opened, address)

    async def choose(self, actor: Actor, password: str, *, current: str = "", address: str = "") -> None:
        """Let a signed-in person choose a password; their other sessions end.

        Raises `Problem(invalid)` for one that will not do, `Problem(forbidden)` where a password stood
        and `current` is not it, `Problem(busy, throttled)` after too many such failures.
        """
        kept = self._people.password(actor.id)
        if kept is not None:
            self._names.require(actor.name)
            self._names.failed(actor.name)
            if not await self._passwords.matches(kept, current):
                await self._failed(actor.name, address)
                raise problem(
                    Category.FORBIDDEN, "forbidden", "The present password is not right.", place="current",
                    repair="Try again, or ask for a sign-in link.",
                )  # fmt: skip
            self._names.passed(actor.name)
        hashed = await self._passwords.hashed(password, name=actor.name)

        def job(connection: Connection) -> None:
            self._people.set_password(connection, actor.id, hashed)
            self._sessions.end_all(connection, actor.id, but=_number(actor))

        await self._write(job)
        self._generation.stale()
        await self._audit.record(event(actor, "password-chosen", address=address))

    async def out(self, actor: Actor) -> str:
        """End the actor's session; returns the `Set-Cookie` value that removes the cookie."""
        number = _number(actor)
        if number is not None:
            await self.end(number)
            await self._audit.record(event(actor, "sign-out"))
        return self._cookie.drop()

    async def end(self, session: int) -> None:
        """End a session by its number; it is refused from the next request on."""
        await self._write(lambda connection: self._sessions.end(connection, session))
        self._generation.stale()

    async def _entered(self, opened: str, address: str) -> str:
        """Put the sign-in into the audit; without that there is none."""
        live = self._sessions.verify(opened)
        try:
            await self._audit.record(event(live.actor, "sign-in", address=address))
        except Problem:
            await self.end(live.id)
            raise
        return self._cookie.put(opened, self._sessions.absolute // 1000)

    async def _failed(self, name: str, address: str) -> None:
        self._addresses.failed(address)
        nobody = replace(NOBODY, name=name, client=CLIENT)
        await self._audit.record(
            event(nobody, "sign-in-failed", outcome="forbidden", query=name, address=address)
        )


def _number(actor: Actor) -> int | None:
    """The number of the actor's session; None for who came with a token."""
    kind, _, number = (actor.session or "").partition(":")
    return int(number) if kind == "session" else None

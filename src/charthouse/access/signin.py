"""Coming in and going out: what a person presents becomes a session, and both are in the audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeVar

from charthouse.access.actor import NOBODY, Actor
from charthouse.access.audit import Audit, event
from charthouse.access.door import Cookie
from charthouse.access.factors.held import Factors
from charthouse.access.factors.passkeys import unknown
from charthouse.access.generation import Generation
from charthouse.access.links import Links
from charthouse.access.passwords import Passwords
from charthouse.access.people import People, Person
from charthouse.access.sessions import CLIENT, Sessions
from charthouse.access.throttle import Brakes
from charthouse.base.errors import Category, Problem, problem
from charthouse.db.connect import Connection

T = TypeVar("T")

HOME: Final = "/"
SECOND: Final = "/sign-in/second"
ENROL: Final = "/account/enrol"
ANY_KEY: Final = "sign-in"  # what the challenge of a sign-in by passkey alone is for


class Write(Protocol):
    """Runs a job in a transaction of the record's writer and waits for the commit."""

    def __call__(self, job: Callable[[Connection], T]) -> Awaitable[T]:
        """The job's result."""
        ...


@dataclass(frozen=True, slots=True)
class Entered:
    """A step that was passed: the `Set-Cookie` values to send, and the page to go on to."""

    cookies: tuple[str, ...]
    place: str = HOME

    @property
    def cookie(self) -> str:
        """The first of them: that of the session, or of the half-open sign-in."""
        return self.cookies[0]


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
        factors: Factors,
        passwords: Passwords | None = None,
        brakes: Brakes | None = None,
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._links = links
        self._audit = audit
        self._cookie = cookie
        self._generation = generation
        self._write = write
        self._factors = factors
        self._passwords = passwords or Passwords()
        self._brakes = brakes or Brakes()
        self.step = copy(cookie)  # keeps a half-open sign-in
        self.step.name = f"{cookie.name}-step"

    async def by_link(self, text: str, *, address: str = "", agent: str = "") -> Entered:
        """Use up a one-time link.

        Raises `Problem(forbidden, login)` (401) for a link that is used or too old,
        `Problem(busy, throttled)` (429) after too many failures from `address`.
        """
        self._brakes.addresses.require(address)
        try:
            return await self._pass(
                lambda connection: self._links.redeem(connection, text), "link", address, agent
            )
        except Problem as failure:
            if failure.category is Category.FORBIDDEN:
                await self._failed("", address, "link")
            raise

    async def by_password(self, name: str, password: str, *, address: str = "", agent: str = "") -> Entered:
        """Check a name and its password.

        Raises `Problem(forbidden, login)` (401), the same and after the same work for a wrong name, a
        wrong password, a disabled account and one without a password; `Problem(busy, throttled)` (429)
        after too many failures of that name or from that address.
        """
        name = name.strip().lower()[:64]
        brakes = self._brakes
        brakes.addresses.require(address)
        brakes.names.require(name)
        brakes.names.failed(name)  # counted before the slow check, so that many at once do not slip by
        person = self._people.find(name)
        kept = self._people.password(person.id) if person and person.disabled is None else None
        if not await self._passwords.matches(kept, password) or person is None:
            await self._failed(name, address)
            raise problem(
                Category.FORBIDDEN, "login", "The name or the password is not right.",
                repair="Try again, or ask for a sign-in link.",
            )  # fmt: skip
        account = person.id
        entered = await self._pass(lambda connection: account, "password", address, agent)
        brakes.names.passed(name)
        return entered

    def ask_passkey(self) -> dict[str, Any]:
        """What the browser needs to let the person pick a passkey; it says nothing about who has one."""
        return self._factors.passkeys.ask(ANY_KEY)

    async def by_passkey(self, sent: str, *, address: str = "", agent: str = "") -> Entered:
        """Check the answer of a passkey, which is name, password and second factor in one.

        Raises `Problem(forbidden, login)` (401), the same for every key that does not open;
        `Problem(busy, throttled)` (429) after too many failures from `address`.
        """
        self._brakes.addresses.require(address)
        keys = self._factors.passkeys
        try:
            answer = keys.answered(sent, ANY_KEY)

            def job(connection: Connection) -> int:
                if not keys.use(connection, answer):
                    raise unknown()
                return answer.account

            return await self._pass(job, "passkey", address, agent, strong=True)
        except Problem as failure:
            if failure.category is Category.FORBIDDEN:
                await self._failed("", address, "passkey")
            raise

    def ask_second(self, step: str) -> tuple[bool, dict[str, Any] | None]:
        """What may come second for the half-open sign-in `step`: whether an app's code, and the question for its
        passkeys, if it has any. Raises `Problem(forbidden, login)` (401) if it is over."""
        half = self._factors.halfway.find(step)
        held = self._factors.of(half.account)
        keys = self._factors.passkeys.ask(f"second:{half.id}", half.account) if held.passkeys else None
        return held.totp, keys

    async def second(
        self, step: str, *, code: str = "", passkey: str = "", address: str = "", agent: str = ""
    ) -> Entered:
        """Check a second factor: a `code` (of an app, or a recovery code) or the answer of a `passkey`.

        Raises `Problem(forbidden, login)` (401) when the half-open sign-in is over; `Problem(forbidden)`
        (403) for a wrong code or key; `Problem(busy, throttled)` (429) after too many of them.
        """
        self._brakes.addresses.require(address)
        factors, half = self._factors, self._factors.halfway.find(step)
        person, key = self._people.get(half.account), str(half.account)
        self._brakes.steps.require(key)
        self._brakes.steps.failed(key)
        try:
            answer = (
                factors.passkeys.answered(passkey, f"second:{half.id}", half.account) if passkey else None
            )
        except Problem:
            answer = None

        def job(connection: Connection) -> tuple[str, str] | None:
            factors.halfway.tried(connection, half)
            if passkey:
                how = "passkey" if answer and factors.passkeys.use(connection, answer) else None
            else:
                how = factors.by_code(connection, half.account, code)
            if how is None:
                return None
            factors.halfway.finish(connection, half)
            return how, self._sessions.open(connection, half.account, address=address, agent=agent, mfa=True)

        done = await self._write(job)
        if done is None:
            await self._failed(person.name, address, f"{half.how} + second step")
            raise problem(
                Category.FORBIDDEN, "forbidden", "That is not right, or it was used before.", place="code",
                repair="Wait for the next code, or use another way.",
            )  # fmt: skip
        self._brakes.steps.passed(key)
        how, opened = done
        entered = await self._entered(opened, f"{half.how} + {how}", address)
        return Entered((*entered.cookies, self.step.drop()), entered.place)

    def invited(self, text: str) -> Person:
        """Whose invitation this is; nothing is used up. Raises `Problem(forbidden, login)` (401), the same for
        one that is used, too old, of a disabled account, or was never made."""
        return self._people.get(self._links.invited(text))

    async def by_invite(self, text: str, password: str, *, address: str = "", agent: str = "") -> Entered:
        """Use up an invitation to choose a password; sessions that stood end.

        Raises as `invited` does; `Problem(invalid)` for a password that will not do, which uses nothing
        up; `Problem(busy, throttled)` (429) after too many failures from `address`.
        """
        self._brakes.addresses.require(address)
        try:
            person = self.invited(text)
            hashed = await self._passwords.hashed(password, name=person.name, about=words(person))

            def job(connection: Connection) -> int:
                account = self._links.redeem(connection, text, invite=True)
                self._people.set_password(connection, account, hashed)
                self._sessions.end_all(connection, account)
                return account

            entered = await self._pass(job, "invitation", address, agent)
        except Problem as failure:
            if failure.category is Category.FORBIDDEN:
                await self._failed("", address, "invitation")
            raise
        self._generation.stale()
        self._brakes.names.passed(person.name)
        return entered

    async def out(self, actor: Actor) -> str:
        """End the actor's session; returns the `Set-Cookie` value that removes the cookie."""
        number = session_number(actor)
        if number is not None:
            await self.end(number)
            await self._audit.record(event(actor, "sign-out"))
        return self._cookie.drop()

    async def end(self, session: int) -> None:
        """End a session by its number; it is refused from the next request on."""
        await self._write(lambda connection: self._sessions.end(connection, session))
        self._generation.stale()

    async def enter(
        self, account: int, how: str, *, strong: bool = False, address: str = "", agent: str = ""
    ) -> Entered:
        """The one way on for an account whose first step was passed elsewhere, e.g. at another sign-in server.

        `how` is said in the audit. Unless it was `strong` (two factors in one), a second step follows
        where the account has one. Raises `Problem(forbidden, login)` (401) for a disabled account.
        """
        person = self._people.get(account)
        if person.disabled is not None:
            await self._failed(person.name, address, how)
            raise problem(
                Category.FORBIDDEN, "login", "This sign-in was not accepted.",
                repair="Ask whoever runs Charthouse at your clinic.",
            )  # fmt: skip
        return await self._pass(lambda connection: account, how, address, agent, strong=strong)

    async def _pass(
        self, first: Callable[[Connection], int], how: str, address: str, agent: str, *, strong: bool = False
    ) -> Entered:
        """Run the first step and, in the same transaction, open what follows from it."""

        def job(connection: Connection) -> tuple[str, int, str]:
            account = first(connection)
            demand = "nothing" if strong else self._factors.demand(connection, account)
            if demand == "second":
                return demand, account, self._factors.halfway.open(connection, account, how)
            return demand, account, self._sessions.open(
                connection, account, address=address, agent=agent, mfa=strong, must_enrol=demand == "enrol"
            )  # fmt: skip

        demand, account, opened = await self._write(job)
        if demand == "second":
            person = self._people.get(account)
            halfway = replace(NOBODY, id=account, name=person.name, client=CLIENT)
            await self._audit.record(event(halfway, "sign-in-step", query=how, address=address))
            return Entered((self.step.put(opened, 300),), SECOND)
        return await self._entered(opened, how, address)

    async def _entered(self, opened: str, how: str, address: str) -> Entered:
        """Put the sign-in into the audit; without that there is none."""
        live = self._sessions.held(opened)
        try:
            await self._audit.record(event(live.actor, "sign-in", query=how, address=address))
        except Problem:
            await self.end(live.id)
            raise
        cookie = self._cookie.put(opened, self._sessions.absolute // 1000)
        return Entered((cookie,), ENROL if live.must_enrol else HOME)

    async def _failed(self, name: str, address: str, how: str = "") -> None:
        self._brakes.addresses.failed(address)
        nobody = replace(NOBODY, name=name, client=CLIENT)
        said = " by ".join(part for part in (name, how) if part)
        await self._audit.record(
            event(nobody, "sign-in-failed", outcome="forbidden", query=said, address=address)
        )


def words(person: Person) -> tuple[str, ...]:
    """What a guesser would know of a person."""
    return tuple(word for word in (person.display, person.email) if word)


def session_number(actor: Actor) -> int | None:
    """The number of the actor's session; None for who came with a token."""
    kind, _, number = (actor.session or "").partition(":")
    return int(number) if kind == "session" else None

"""What people do with their own sign-in: lock and unlock it, choose a password, set up second factors, end sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from charthouse.access.audit import Audit, event
from charthouse.access.factors.held import Factors
from charthouse.access.generation import Generation
from charthouse.access.passwords import Passwords
from charthouse.access.people import People
from charthouse.access.sessions import MINUTE, Live, Sessions
from charthouse.access.signin import Write, words
from charthouse.access.throttle import Brakes
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.db.connect import Connection

T = TypeVar("T")

FRESH: Final = 15 * MINUTE  # for so long after showing who one is, factors and password can be changed
PROOF: Final = "proof"  # the place of the refusal that asks to show it again


class Own:
    """The own affairs of signed-in people. Every method takes the session it is asked from."""

    def __init__(
        self,
        people: People,
        sessions: Sessions,
        factors: Factors,
        audit: Audit,
        generation: Generation,
        write: Write,
        *,
        passwords: Passwords | None = None,
        brakes: Brakes | None = None,
        clock: Callable[[], int] = now,
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._factors = factors
        self._audit = audit
        self._generation = generation
        self._write = write
        self._passwords = passwords or Passwords()
        self._brakes = brakes or Brakes()
        self._clock = clock

    # -- showing who one is

    async def lock(self, live: Live) -> None:
        """Lock the session: it opens nothing until `unlock`."""
        if await self._changed(lambda connection: self._sessions.lock(connection, live.id)):
            await self._audit.record(event(live.actor, "lock"))

    def ask(self, live: Live) -> dict[str, Any] | None:
        """The question for the person's passkeys that `unlock` and `prove` take the answer of; None without any."""
        if not self._factors.passkeys.of(live.actor.id):
            return None
        return self._factors.passkeys.ask(f"unlock:{live.id}", live.actor.id)

    async def unlock(self, live: Live, *, password: str = "", passkey: str = "", address: str = "") -> None:
        """Open a locked session again, within its absolute limit.

        Raises `Problem(forbidden)` (403) where neither is right, `Problem(busy, throttled)` (429) after
        too many tries, `Problem(forbidden, login)` (401) where the session is over.
        """
        await self._show(live, self._sessions.reopen, password=password, passkey=passkey, address=address)
        await self._audit.record(event(live.actor, "unlock", address=address))

    async def prove(
        self, live: Live, *, password: str = "", passkey: str = "", code: str = "", address: str = ""
    ) -> None:
        """Show again who one is, so that password and factors can be changed; raises like `unlock`.

        `code` (of an app, or a recovery code) is for who has no password.
        """
        await self._show(
            live, self._sessions.prove, password=password, passkey=passkey, code=code, address=address
        )

    def require_fresh(self, live: Live) -> None:
        """Raise `Problem(forbidden)` unless the person showed who they are lately."""
        if live.proved + FRESH <= self._clock():
            raise problem(
                Category.FORBIDDEN, "forbidden", "That needs to be confirmed.", place=PROOF,
                repair="Show once more who you are.",
            )  # fmt: skip

    # -- the password

    async def choose(self, live: Live, password: str, *, current: str = "", address: str = "") -> None:
        """Choose a password; the person's other sessions end.

        Raises `Problem(invalid)` for one that will not do, `Problem(forbidden)` where a password stood
        and `current` is not it, `Problem(busy, throttled)` after too many such failures.
        """
        person = self._people.get(live.actor.id)
        if person.has_password:
            await self._check(live, current, address)
        else:
            self.require_fresh(live)
        hashed = await self._passwords.hashed(password, name=person.name, about=words(person))

        def job(connection: Connection) -> None:
            self._people.set_password(connection, person.id, hashed)
            self._sessions.end_all(connection, person.id, but=live.id)
            self._sessions.prove(connection, live.id)

        await self._changed(job)
        await self._audit.record(event(live.actor, "password-chosen", address=address))

    # -- second factors

    async def start_app(self, live: Live) -> None:
        """Make a secret for an authenticator app; it counts after `confirm_app`."""
        self.require_fresh(live)
        await self._write(lambda connection: self._factors.totp.start(connection, live.actor.id))

    def begun_app(self, live: Live) -> tuple[str, str] | None:
        """The secret that waits to be confirmed, and its `otpauth:` address."""
        self.require_fresh(live)
        secret = self._factors.totp.begun(live.actor.id)
        return None if secret is None else (secret, self._factors.totp.address(secret, live.actor.name))

    async def confirm_app(self, live: Live, code: str) -> tuple[str, ...]:
        """Take the begun secret into use; returns fresh recovery codes if this is the first factor.

        Raises `Problem(invalid)` for a wrong code.
        """
        self.require_fresh(live)
        account = live.actor.id

        def job(connection: Connection) -> tuple[str, ...]:
            is_first = self._factors.demand(connection, account) != "second"
            if not self._factors.totp.confirm(connection, account, code):
                raise invalid(
                    "value", "This is not the code that the app shows now.", place="code",
                    repair="Type the six digits before they change; look that the phone's clock is right.",
                )  # fmt: skip
            return self._added(connection, live, is_first=is_first)

        return await self._told(live, job, "authenticator app added")

    async def end_app(self, live: Live) -> None:
        """Take the app out of use. Raises `Problem(invalid)` if it is the last factor and the role needs one."""
        self.require_fresh(live)

        def job(connection: Connection) -> None:
            self._factors.totp.end(connection, live.actor.id)
            self._keep_enough(connection, live.actor.id)

        await self._told(live, job, "authenticator app removed")

    async def offer_passkey(self, live: Live) -> dict[str, Any]:
        """What the browser needs to make a new passkey."""
        self.require_fresh(live)
        person = self._people.get(live.actor.id)
        handle = await self._write(lambda connection: self._people.handle(connection, person.id))
        return self._factors.passkeys.offer(person, handle, f"new:{live.id}")

    async def add_passkey(self, live: Live, sent: str, label: str) -> tuple[str, ...]:
        """Keep a passkey that the browser made; returns fresh recovery codes if this is the first factor.

        Raises `Problem(invalid)` for what is no answer to the offer, `Problem(conflict)` for a known key.
        """
        self.require_fresh(live)
        made = self._factors.passkeys.made(sent, f"new:{live.id}")

        def job(connection: Connection) -> tuple[str, ...]:
            is_first = self._factors.demand(connection, live.actor.id) != "second"
            self._factors.passkeys.keep(connection, live.actor.id, made, label)
            return self._added(connection, live, is_first=is_first)

        return await self._told(live, job, "passkey added")

    async def end_passkey(self, live: Live, passkey: int) -> None:
        """Take a passkey out of use. Raises `Problem(invalid)` if it is the last factor and the role needs one."""
        self.require_fresh(live)

        def job(connection: Connection) -> None:
            self._factors.passkeys.end(connection, live.actor.id, passkey)
            self._keep_enough(connection, live.actor.id)

        await self._told(live, job, "passkey removed")

    async def renew_codes(self, live: Live) -> tuple[str, ...]:
        """Ten new recovery codes; the old ones work no longer. Raises `Problem(invalid)` without a factor."""
        self.require_fresh(live)

        def job(connection: Connection) -> tuple[str, ...]:
            if self._factors.demand(connection, live.actor.id) != "second":
                raise invalid("business-rule", "Recovery codes stand in for a second step; set one up first.")
            return self._factors.recovery.renew(connection, live.actor.id)

        return await self._told(live, job, "recovery codes renewed")

    # -- sessions

    async def end_session(self, live: Live, session: int) -> None:
        """End one of the person's own sessions; another's number does nothing."""
        if await self._changed(lambda connection: self._sessions.end_of(connection, live.actor.id, session)):
            await self._audit.record(event(live.actor, "session-ended", query=f"session:{session}"))

    async def end_others(self, live: Live) -> None:
        """End all of the person's sessions but this one."""
        await self._changed(lambda connection: self._sessions.end_all(connection, live.actor.id, but=live.id))
        await self._audit.record(event(live.actor, "session-ended", query="all others"))

    async def _show(
        self, live: Live, then: Callable[[Connection, int], None], *, password: str = "",
        passkey: str = "", code: str = "", address: str = "",
    ) -> None:  # fmt: skip
        if not passkey and not code:
            await self._check(live, password, address)
            await self._changed(lambda connection: then(connection, live.id))
            return
        brake, key = self._brakes.steps, str(live.actor.id)
        brake.require(key)
        brake.failed(key)
        account, factors = live.actor.id, self._factors
        try:
            answer = factors.passkeys.answered(passkey, f"unlock:{live.id}", account) if passkey else None
        except Problem:
            answer = None

        def job(connection: Connection) -> bool:
            if passkey:
                right = answer is not None and factors.passkeys.use(connection, answer)
            else:
                right = factors.by_code(connection, account, code) is not None
            if right:
                then(connection, live.id)
            return right

        if not await self._changed(job):
            raise await self._refused(
                live, address, "This was not accepted.", "passkey" if passkey else "code"
            )
        brake.passed(key)

    async def _check(self, live: Live, password: str, address: str) -> None:
        """Check the present password, with the brake on guessing it."""
        name = live.actor.name
        self._brakes.names.require(name)
        self._brakes.names.failed(name)
        if not await self._passwords.matches(self._people.password(live.actor.id), password):
            raise await self._refused(live, address, "The present password is not right.", "current")
        self._brakes.names.passed(name)

    async def _refused(self, live: Live, address: str, message: str, place: str) -> Problem:
        if address:
            self._brakes.addresses.failed(address)
        await self._audit.record(
            event(live.actor, "sign-in-failed", outcome="forbidden", query=live.actor.name, address=address)
        )
        return problem(
            Category.FORBIDDEN, "forbidden", message, place=place,
            repair="Try again, or ask for a sign-in link.",
        )  # fmt: skip

    def _added(self, connection: Connection, live: Live, *, is_first: bool) -> tuple[str, ...]:
        """What follows from a new factor: this session has shown one; those that wait for one end."""
        if live.must_enrol:
            self._sessions.end_all(connection, live.actor.id, but=live.id)
        if not is_first:
            return ()
        self._sessions.lift(connection, live.id)
        return self._factors.recovery.renew(connection, live.actor.id)

    def _keep_enough(self, connection: Connection, account: int) -> None:
        demand = self._factors.demand(connection, account)
        if demand == "enrol":
            raise invalid(
                "business-rule", "Your role needs a second step at sign-in, and this is the last one.",
                repair="Add another one first, then remove this.",
            )  # fmt: skip
        if demand == "nothing":
            self._factors.recovery.end(connection, account)

    async def _told(self, live: Live, job: Callable[[Connection], T], what: str) -> T:
        """Run a change of factors and put it into the audit."""
        done = await self._changed(job)
        await self._audit.record(event(live.actor, "factor-changed", query=what))
        return done

    async def _changed(self, job: Callable[[Connection], T]) -> T:
        done = await self._write(job)
        self._generation.stale()
        return done

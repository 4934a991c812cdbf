"""The authorisation server of one clinic: its parts put together, and each of its acts in the audit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from charthouse.access.actor import NOBODY, Actor
from charthouse.access.audit import Audit, event
from charthouse.access.generation import Generation
from charthouse.access.keys import Keys
from charthouse.access.oauth import registration
from charthouse.access.oauth.apps import App, Apps, Status
from charthouse.access.oauth.assertion import Assertions
from charthouse.access.oauth.authorize import Asked, Authorize, chosen
from charthouse.access.oauth.code import Codes
from charthouse.access.oauth.credentials import Credentials, claimed, fields, unknown
from charthouse.access.oauth.exchange import Answered, Exchange, Write
from charthouse.access.oauth.grants import Context, Grants, session_of
from charthouse.access.oauth.identity import Identity
from charthouse.access.oauth.introspect import Introspect
from charthouse.access.oauth.jwks import Fetch, Keyring
from charthouse.access.oauth.known import Known
from charthouse.access.oauth.launch import Launches, address
from charthouse.access.oauth.metadata import INTROSPECT, REVOKE, TOKEN, Addresses, discovery
from charthouse.access.oauth.refusal import refused, word
from charthouse.access.people import People
from charthouse.access.policy import Policy
from charthouse.access.sessions import IDLE
from charthouse.access.throttle import Throttle
from charthouse.access.tokens import Tokens
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem
from charthouse.db.connect import Connection
from charthouse.fhir.definitions import Definitions

FAILURES: Final = 60  # of one program at one address in a quarter of an hour
MOST_WAITING: Final = 200  # registrations nobody decided on yet
REGISTRATIONS: Final = 20  # by one address in a quarter of an hour
Pairs = Iterable[tuple[str, str]]


class OAuth:
    """Everything programs need to be let in. Coroutines belong to the event loop that owns `connection`."""

    def __init__(
        self,
        connection: Connection,
        people: People,
        tokens: Tokens,
        policy: Policy,
        generation: Generation,
        audit: Audit,
        keys: Keys,
        write: Write,
        definitions: Definitions,
        fetch: Fetch | None = None,
        *,
        idle: int = IDLE,
        clock: Callable[[], int] = now,
    ) -> None:
        """`write` runs a job through the record's writer; `fetch` gets a key set from its address, within limits
        of its own; `idle` is after how many ms without a request a sign-in ends."""
        dialect = connection.dialect
        self._policy = policy
        self._generation = generation
        self._audit = audit
        self._write = write
        self._clock = clock
        self._types: Collection[str] = definitions.resource_types
        self._known = Known(definitions)
        self.apps = Apps(connection, people, generation, clock=clock)
        self.grants = Grants(connection, generation, idle=idle, clock=clock)
        self.launches = Launches(connection, clock=clock)
        self.identity = Identity(keys, clock=clock)
        self.keyring = Keyring(fetch, clock=clock)
        self._people = people
        self._codes = Codes(dialect, clock=clock)
        self._credentials = Credentials(self.apps, Assertions(self.keyring, write, dialect, clock=clock))
        self.authorize = Authorize(self.apps, self.launches, policy.may, self._types, self._known)
        self._exchange = Exchange(
            connection, people, tokens, self.grants, self._codes, self.identity, generation, write, self._known,
            clock=clock,
        )  # fmt: skip
        self._introspect = Introspect(
            connection,
            people,
            tokens,
            self.grants,
            self._codes,
            self.identity,
            generation,
            write,
            clock=clock,
        )
        self._failures = Throttle(FAILURES, clock=clock)
        self._registrations = Throttle(REGISTRATIONS, clock=clock)

    def require(self, actor: Actor, interaction: str) -> None:
        """Raise `Problem(forbidden)` for who may not do this to programs, and for a program itself: an
        administrator who lets one in does not make it an administrator."""
        at_the_screen(actor)
        self._policy.require(actor, "apps", interaction)

    def may(self, actor: Actor, interaction: str) -> bool:
        """Whether `require` lets it pass."""
        return session_of(actor) > 0 and self._policy.may(actor, "apps", interaction)

    def discovery(self, base: str) -> dict[str, Any]:
        """What programs are told about this server."""
        return discovery(Addresses(base), self._types)

    async def register(self, sent: Any, *, who: str = "") -> dict[str, Any]:
        """Take a registration (RFC 7591), which waits for an administrator. `who` is the caller's address, empty
        for an administrator at the screen."""
        wanted = registration.read(sent, self._known)
        if who:
            self._registrations.require(who)
            self._registrations.failed(who)

        def job(connection: Connection) -> tuple[str, str | None]:
            if self.apps.waiting(connection) >= MOST_WAITING:
                raise problem(Category.BUSY, "throttled", "Too many registrations wait for a decision.",
                              repair="Try again when an administrator has looked at them.")  # fmt: skip
            return self.apps.register(connection, wanted)

        client_id, secret = await self._write(job)
        await self._note(
            replace(NOBODY, client=client_id), "app-registered", client_id, wanted.scopes, who=who
        )
        return registration.answer(wanted, client_id, secret, self._clock())

    async def decide(
        self,
        actor: Actor,
        app: App,
        status: Status,
        *,
        allowed: Iterable[str] | None = None,
        inspects: bool = False,
    ) -> None:
        """Approve, refuse or disable a program. Raises `Problem(forbidden)` for who may not."""
        self.require(actor, "update")
        kept = None if allowed is None else frozenset(allowed) & app.asked
        if status == "approved" and not (app.allowed if kept is None else kept):
            raise refused(
                "invalid_scope", "An app without a scope can do nothing. Leave one ticked, or refuse it."
            )
        await self._write(
            lambda connection: self.apps.decide(
                connection, app, status, decider=actor.id, allowed=kept, inspects=inspects
            )
        )
        self._generation.stale()
        await self._note(actor, f"app-{status}", app.client_id, app.allowed if kept is None else kept)

    async def renew_secret(self, actor: Actor, app: App) -> str:
        """A new secret for a program that has one; the old one is void at once."""
        self.require(actor, "update")
        if app.kind != "secret":
            raise refused("invalid_request", "This app has no secret.")
        text: str = await self._write(lambda connection: self.apps.renew_secret(connection, app))
        await self._note(actor, "app-secret-renewed", app.client_id, ())
        return text

    async def start(self, actor: Actor, app: App, context: Context, base: str) -> str:
        """Start a program from a chart: the address the browser goes to."""
        at_the_screen(actor)
        if not app.is_open or not app.launch_address:
            raise refused("invalid_request", "This app cannot be started from here.")
        session = session_of(actor)
        launch: str = await self._write(
            lambda connection: self.launches.start(
                connection, app, session, context.patient, context.encounter
            )
        )
        await self._note(actor, "app-launch", app.client_id, (), context)
        return address(app, base, launch)

    async def allow(
        self, actor: Actor, asked: Asked, kept: Collection[str], context: Context, base: str
    ) -> str:
        """The person agrees: the address that hands the program its code."""
        at_the_screen(actor)
        granted = chosen(asked, kept, context)
        target = asked.target

        def job(connection: Connection) -> str:
            if asked.launch is not None and not self.launches.use(connection, asked.launch):
                raise refused("invalid_request", "The launch was used before.", place="launch")
            grant = self.grants.add(connection, target.app, actor, granted, context, asked.nonce)
            return self._codes.issue(connection, grant, target.redirect, asked.challenge)

        code = await self._write(job)
        await self._note(actor, "app-authorised", target.app.client_id, granted, context)
        return target.back(Addresses(base).issuer, {"code": code})

    async def deny(self, actor: Actor, asked: Asked, base: str) -> str:
        """The person does not agree: the address that tells the program."""
        launch = asked.launch
        if launch is not None:
            await self._write(lambda connection: self.launches.use(connection, launch))
        await self._note(actor, "app-denied", asked.target.app.client_id, asked.scopes)
        failure = refused("access_denied", "The person did not agree.")
        return asked.target.failed(Addresses(base).issuer, failure)

    async def withdraw(self, actor: Actor, client_id: str) -> None:
        """The person takes back all they let a program do."""
        at_the_screen(actor)
        await self._write(lambda connection: self.grants.revoke_own(connection, actor.id, client_id))
        self._generation.stale()
        await self._note(actor, "token-revoked", client_id, ())

    async def token(
        self, sent: Pairs, authorization: str | None, base: str, *, who: str = ""
    ) -> dict[str, Any]:
        """The token endpoint; `who` is the caller's address. Raises refusals, which are in the audit, too."""
        form = fields(sent)
        key = self._brake(form, authorization, who)
        try:
            app = await self._credentials.app(form, authorization, Addresses(base), TOKEN)
            answered = await self._granted(app, form, Addresses(base))
        except Problem as failure:
            if failure.category is Category.INVALID:
                self._failures.failed(key)
            client = replace(NOBODY, client=claimed(form, authorization)[:128])
            await self._note(client, "token-refused", client.client, (), who=who, outcome=word(failure))
            raise
        person = answered.person
        actor = replace(NOBODY, id=person.id, name=person.name, client=app.client_id)
        await self._note(
            actor,
            "token-issued",
            app.client_id,
            answered.scopes,
            Context(patient_key=answered.patient),
            who=who,
        )
        return answered.body

    async def introspect(
        self, sent: Pairs, authorization: str | None, base: str, *, who: str = ""
    ) -> dict[str, Any]:
        """RFC 7662, for programs that prove who they are."""
        app, text = await self._asking(sent, authorization, base, INTROSPECT, who)
        if app.kind == "public":
            raise unknown("Only a program with a secret or a key may ask.")
        return self._introspect.about(app, text, Addresses(base))

    async def revoke(self, sent: Pairs, authorization: str | None, base: str, *, who: str = "") -> None:
        """RFC 7009; the answer is the same for a token that is not known."""
        app, text = await self._asking(sent, authorization, base, REVOKE, who)
        if await self._introspect.revoke(app, text):
            await self._note(
                replace(NOBODY, client=app.client_id), "token-revoked", app.client_id, (), who=who
            )

    async def _granted(self, app: App, form: Mapping[str, str], addresses: Addresses) -> Answered:
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            return await self._exchange.by_code(app, form, addresses)
        if kind == "refresh_token":
            return await self._exchange.by_refresh(app, form, addresses)
        if kind == "client_credentials":
            return await self._exchange.by_itself(app, form)
        raise refused("unsupported_grant_type", "grant_type is missing or not offered.", place="grant_type")

    async def _asking(
        self, sent: Pairs, authorization: str | None, base: str, path: str, who: str
    ) -> tuple[App, str]:
        """The program behind a question about a token, and the token."""
        form = fields(sent)
        key = self._brake(form, authorization, who)
        try:
            app = await self._credentials.app(form, authorization, Addresses(base), path)
        except Problem:
            self._failures.failed(key)
            raise
        if "token" not in form:
            raise refused("invalid_request", "token is missing.", place="token")
        return app, form["token"]

    def _brake(self, form: Mapping[str, str], authorization: str | None, who: str) -> str:
        """The key that failures are counted under: one program at one address, so that nobody locks out another.
        Raises `Problem(busy, throttled)` where there were too many."""
        key = f"{who} {claimed(form, authorization)}"
        self._failures.require(key)
        return key

    async def _note(
        self, actor: Actor, what: str, client_id: str, scopes: Iterable[str], context: Context | None = None, *,
        who: str = "", outcome: str = "ok",
    ) -> None:  # fmt: skip
        """Put an act into the audit: which program, which scopes, which patient; no secret."""
        query = f"client={client_id}" + (f" scopes={' '.join(sorted(scopes))}" if scopes else "")
        key = None if context is None else context.patient_key
        patients = () if key is None else (key,)
        await self._audit.record(
            event(actor, what, outcome=outcome, query=query, address=who, patients=patients)
        )


def at_the_screen(actor: Actor) -> None:
    """Raise `Problem(forbidden)` unless the actor is a person signed in at a browser."""
    if session_of(actor) == 0:
        raise problem(
            Category.FORBIDDEN, "forbidden", "Only a person who is signed in at a browser may do this."
        )

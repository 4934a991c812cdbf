"""The token endpoint (RFC 6749, 3.2): a code, a refresh token or a program's own proof becomes an access token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from charthouse.access import scopes
from charthouse.access.generation import Generation
from charthouse.access.oauth.apps import App
from charthouse.access.oauth.code import Codes, meets
from charthouse.access.oauth.grants import OFFLINE, ONLINE, Grant, Grants
from charthouse.access.oauth.identity import Identity
from charthouse.access.oauth.metadata import STYLE, Addresses
from charthouse.access.oauth.refusal import refused
from charthouse.access.people import People, Person
from charthouse.access.tokens import Issued, Tokens
from charthouse.base.clock import now
from charthouse.base.errors import Problem
from charthouse.db.connect import Connection

T = TypeVar("T")
Write = Callable[[Callable[[Connection], Any]], Awaitable[Any]]
IsKnown = Callable[[str, tuple[str, ...]], bool]

MINUTE: Final = 60_000
DAY: Final = 24 * 60 * MINUTE
RENEWABLE: Final = 15 * MINUTE  # life of an access token that a refresh token can replace
SINGLE: Final = 60 * MINUTE  # of one that is not replaced
BACKEND: Final = 5 * MINUTE  # of a program acting for itself (SMART Backend Services: at most 5 minutes)
REFRESH: Final = 90 * DAY  # of a refresh token that is not used
LONGEST: Final = 365 * DAY  # of an authorisation with offline access, whatever is refreshed


@dataclass(frozen=True, slots=True)
class Answered:
    """A token answer, with what the audit keeps of it: whose it is, and the scopes."""

    body: dict[str, Any]
    person: Person
    scopes: frozenset[str]
    patient: int | None = None


class Exchange:
    """Gives out tokens for one clinic. Coroutines belong to the event loop that owns the connection."""

    def __init__(
        self,
        connection: Connection,
        people: People,
        tokens: Tokens,
        grants: Grants,
        codes: Codes,
        identity: Identity,
        generation: Generation,
        write: Write,
        is_known: IsKnown,
        *,
        clock: Callable[[], int] = now,
    ) -> None:
        self._connection = connection
        self._people = people
        self._tokens = tokens
        self._grants = grants
        self._codes = codes
        self._identity = identity
        self._generation = generation
        self._write = write
        self._is_known = is_known
        self._clock = clock

    async def by_code(self, app: App, form: Mapping[str, str], addresses: Addresses) -> Answered:
        """RFC 6749, 4.1.3, with RFC 7636. A code that was used, or is used wrongly, takes its authorisation along."""
        if "authorization_code" not in app.grants:
            raise refused("unauthorized_client", "The program did not register for codes.")
        text = _needed(form, "code")
        redirect, verifier = _needed(form, "redirect_uri"), _needed(form, "code_verifier")
        owner = self._codes.owner(self._connection, text)
        if owner is None:
            raise void("The code is not known.")
        grant, person = self._of(owner)
        allowed = scopes.common(grant.scopes, app.allowed)

        def job(connection: Connection) -> tuple[str, Issued | None, str | None]:
            code = self._codes.take(connection, text)
            if code is None:
                wrong = "The code was used before."
            elif grant.app != app.id:
                wrong = "The code was made for another program."
            elif code.redirect != redirect:
                wrong = "redirect_uri is not the one the code was sent to."
            elif not meets(verifier, code.challenge):
                wrong = "code_verifier is not the one behind the challenge."
            elif code.expires <= self._clock():
                wrong = "The code is too old."
            elif not self._grants.get(connection, owner).in_force or not allowed:
                wrong = "What the person allowed has ended."
            else:
                return ("", *self._issue(connection, app, grant, person, allowed))
            self._grants.revoke(connection, owner)
            return wrong, None, None

        wrong, issued, refresh = await self._write(job)
        if issued is None:
            self._generation.stale()
            raise void(wrong)
        return self._answered(app, grant, person, allowed, issued, refresh, addresses, is_first=True)

    async def by_refresh(self, app: App, form: Mapping[str, str], addresses: Addresses) -> Answered:
        """RFC 6749, 6, with rotation: a refresh token that comes back after its use ends the authorisation."""
        text = _needed(form, "refresh_token")
        found = self._codes.refresh(self._connection, text)
        if found is None:
            raise void("The refresh token is not known.")
        grant, person = self._of(found.grant)
        allowed = scopes.common(grant.scopes, app.allowed)
        if "scope" in form and grant.app == app.id:
            asked = scopes.split(form["scope"])
            if not self._narrower(asked, grant.scopes):
                raise refused(
                    "invalid_scope", "A refresh cannot ask for more than was granted.", place="scope"
                )
            allowed = scopes.common(asked, allowed)

        def job(connection: Connection) -> tuple[str, Issued | None, str | None]:
            if grant.app != app.id:
                wrong = "The refresh token was made for another program."
            elif found.used is not None or not self._codes.take_refresh(connection, found):
                wrong = "The refresh token was used before."
            elif found.expires <= self._clock():
                wrong = "The refresh token is too old."
            elif not self._grants.get(connection, grant.id).in_force or not allowed:
                wrong = "What the person allowed has ended."
            else:
                return ("", *self._issue(connection, app, grant, person, allowed))
            self._grants.revoke(connection, grant.id)
            return wrong, None, None

        wrong, issued, refresh = await self._write(job)
        if issued is None:
            self._generation.stale()
            raise void(wrong)
        return self._answered(app, grant, person, allowed, issued, refresh, addresses, is_first=False)

    async def by_itself(self, app: App, form: Mapping[str, str]) -> Answered:
        """RFC 6749, 4.4: SMART Backend Services. Only `system/` scopes, only for a program with a key."""
        if app.kind != "key" or "client_credentials" not in app.grants:
            raise refused(
                "unauthorized_client", "The program did not register for client_credentials with a key."
            )
        asked = [text for text in scopes.split(form.get("scope", "")) if self._is_known(text, ("system",))]
        allowed = frozenset(
            text for text in scopes.common(asked, app.allowed) if scopes.parse(text) is not None
        )
        if not allowed:
            raise refused("invalid_scope", "None of these scopes is open to the program.", place="scope",
                          repair="Ask for system/ scopes it is approved for.")  # fmt: skip
        person = self._people.get(app.account)
        if person.disabled is not None:
            raise refused("invalid_client", "The program is shut.")

        def job(connection: Connection) -> Issued:
            self._codes.forget(connection, app.account, self._clock() - DAY)
            return self._tokens.issue(
                connection, person, allowed, client=app.client_id, lifetime=BACKEND, app=app.id
            )

        issued: Issued = await self._write(job)
        return Answered(_token(issued, allowed, self._clock()), person, allowed)

    def _of(self, grant: int) -> tuple[Grant, Person]:
        found = self._grants.get(self._connection, grant)
        return found, self._people.get(found.account)

    def _narrower(self, asked: frozenset[str], granted: frozenset[str]) -> bool:
        """Whether `asked` is within `granted`, word by word."""
        if not all(self._is_known(text, ("user", "patient")) for text in asked):
            return False
        return scopes.common(asked, granted) == asked

    def _issue(
        self, connection: Connection, app: App, grant: Grant, person: Person, allowed: Collection[str]
    ) -> tuple[Issued, str | None]:
        """An access token, and a refresh token where one was allowed, in the transaction on `connection`."""
        refresh = None
        if "refresh_token" in app.grants and {OFFLINE, ONLINE} & grant.scopes & app.allowed:
            left = grant.created + LONGEST - self._clock()
            if left > 0:
                refresh = self._codes.renewable(connection, grant.id, min(REFRESH, left))
        issued = self._tokens.issue(
            connection, person, allowed, client=app.client_id, patient=grant.context.patient_key,
            lifetime=RENEWABLE if refresh else SINGLE, app=app.id, authorisation=grant.id,
        )  # fmt: skip
        self._grants.touch(connection, grant.id)
        return issued, refresh

    def _answered(
        self, app: App, grant: Grant, person: Person, allowed: frozenset[str], issued: Issued, refresh: str | None,
        addresses: Addresses, *, is_first: bool,
    ) -> Answered:  # fmt: skip
        body = _token(issued, allowed, self._clock())
        context = grant.context
        if context.patient is not None:
            body |= {"patient": context.patient, "need_patient_banner": True}
        if context.encounter is not None:
            body["encounter"] = context.encounter
        body["smart_style_url"] = addresses.at(STYLE)
        who = fhir_user(person, addresses) if {"fhirUser", "profile"} & allowed else None
        if who is not None:
            body["fhirUser"] = who
        if is_first and "openid" in allowed:
            body["id_token"] = self._identity.token(app, grant, addresses.issuer, who)
        if refresh is not None:
            body["refresh_token"] = refresh
        return Answered(body, person, allowed, context.patient_key)


def fhir_user(person: Person, addresses: Addresses) -> str | None:
    """The record that the person is, as a whole address; None where the clinic has not said which."""
    if person.practitioner:
        return f"{addresses.base}/Practitioner/{person.practitioner}"
    return f"{addresses.base}/Patient/{person.patient}" if person.patient else None


def void(why: str) -> Problem:
    """The refusal of a code or a refresh token."""
    return refused("invalid_grant", why, repair="Ask the person anew.")


def _token(issued: Issued, granted: frozenset[str], moment: int) -> dict[str, Any]:
    """The members every token answer has (RFC 6749, 5.1)."""
    return {
        "access_token": issued.text,
        "token_type": "Bearer",
        "expires_in": max(1, -((moment - issued.expires) // 1000)),
        "scope": " ".join(sorted(granted)),
    }


def _needed(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        raise refused("invalid_request", f"{name} is missing.", place=name)
    return form[name]

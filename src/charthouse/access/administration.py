"""What administrators do with the accounts of others, and the rules that keep anybody from raising themselves.

The rules, beside the rights that policies give on `people`, `sessions`, `tokens` and `settings`:

1. Nobody changes their own roles, facilities, records or credentials, disables themselves or resets their
   own factors here; a second person does.
2. The last enabled administrator cannot be disabled and cannot lose that role.
3. Who may create people but not change them can give only roles that they hold themselves; who may change
   people (`people update`) can give any.
4. A disabled account loses its sessions, its tokens and its unused links at once; enabling brings none back.
5. Every change is in the audit, as words about accounts, without a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from charthouse.access.actor import SYSTEM, Actor
from charthouse.access.audit import Audit, event
from charthouse.access.credentials import Credentials
from charthouse.access.facilities import Facilities
from charthouse.access.factors.held import Factors
from charthouse.access.generation import Generation
from charthouse.access.links import Links
from charthouse.access.people import CLIENT, PERSON, People, Person
from charthouse.access.policy import Policy
from charthouse.access.sessions import Sessions
from charthouse.access.signin import Write
from charthouse.access.tokens import Tokens
from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.db.connect import Connection

ADMINISTRATOR: Final = "administrator"


class Administration:
    """Changes to the accounts of one clinic, each allowed, made and audited in one call.

    Every method takes the actor first; `SYSTEM` is whoever may run commands on the server, and may all.
    All raise `Problem(forbidden)` for who has no right to it, `Problem(not_found)` for no such account.
    """

    def __init__(
        self,
        people: People,
        facilities: Facilities,
        credentials: Credentials,
        sessions: Sessions,
        tokens: Tokens,
        links: Links,
        factors: Factors,
        policy: Policy,
        audit: Audit,
        generation: Generation,
        write: Write,
    ) -> None:
        self._people = people
        self._facilities = facilities
        self._credentials = credentials
        self._sessions = sessions
        self._tokens = tokens
        self._links = links
        self._factors = factors
        self._policy = policy
        self._audit = audit
        self._generation = generation
        self._write = write

    def may(self, actor: Actor, what: str, interaction: str) -> bool:
        """Whether the actor has the right `interaction` on the thing of the house `what`."""
        return actor is SYSTEM or self._policy.may(actor, what, interaction)

    def require(self, actor: Actor, what: str, interaction: str) -> None:
        """Raise `Problem(forbidden)` unless `may`."""
        if actor is not SYSTEM:
            self._policy.require(actor, what, interaction)

    # -- accounts

    async def add(
        self, actor: Actor, name: str, display: str = "", roles: Iterable[str] = (), *, email: str = ""
    ) -> int:
        """A new person; returns the key. They come in once they are invited."""
        self.require(actor, "people", "create")
        given = frozenset(roles)
        beyond = given - actor.roles
        if beyond and not self.may(actor, "people", "update"):
            raise _forbidden(
                f"You may give only roles that you have; not {', '.join(sorted(beyond))}.", "role"
            )

        def job(connection: Connection) -> int:
            key = self._people.add(connection, name, display, given, giver=_giver(actor))
            if email:
                self._people.describe(connection, key, display or name, email)
            return key

        key: int = await self._write(job)
        await self._say(actor, key, "added", *(f"+{role}" for role in sorted(given)))
        return key

    async def describe(self, actor: Actor, key: int, display: str, email: str) -> None:
        """Change the name on the screens and the e-mail address."""
        self.require(actor, "people", "update")
        self._person(key)
        await self._write(lambda connection: self._people.describe(connection, key, display, email))
        await self._say(actor, key, "described")

    async def set_roles(self, actor: Actor, key: int, roles: Iterable[str]) -> None:
        """Give exactly these roles."""
        person = self._other(actor, key)
        wanted = frozenset(roles)

        def job(connection: Connection) -> None:
            if ADMINISTRATOR in person.roles - wanted:
                self._require_another(connection, key)
            self._people.set_roles(connection, key, wanted, giver=_giver(actor))

        await self._changed(job)
        changes = [f"+{role}" for role in sorted(wanted - person.roles)]
        changes += [f"-{role}" for role in sorted(person.roles - wanted)]
        if changes:
            await self._say(actor, key, "roles", *changes)

    async def link(self, actor: Actor, key: int, *, practitioner: str, patient: str) -> None:
        """Say which Practitioner and which Patient of the record the person is ("" = none)."""
        self._other(actor, key)
        await self._changed(
            lambda connection: self._people.link(
                connection, key, practitioner=practitioner.strip(), patient=patient.strip()
            )
        )
        said = (f"practitioner={practitioner.strip() or 'none'}", f"patient={patient.strip() or 'none'}")
        await self._say(actor, key, "records", *said)

    async def disable(self, actor: Actor, key: int) -> None:
        """Shut the account: sessions, tokens and unused links end with it."""
        account = self._other(actor, key, kinds=(PERSON, CLIENT))

        def job(connection: Connection) -> None:
            if ADMINISTRATOR in account.roles:
                self._require_another(connection, key)
            self._people.disable(connection, key)
            self._sessions.end_all(connection, key)
            self._tokens.revoke_all(connection, key)
            self._links.recall(connection, key)
            self._factors.halfway.end_of(connection, key)

        if account.disabled is None:
            await self._changed(job)
            await self._say(actor, key, "disabled")

    async def enable(self, actor: Actor, key: int) -> None:
        """Open a disabled account again."""
        self._other(actor, key, kinds=(PERSON, CLIENT))
        await self._changed(lambda connection: self._people.enable(connection, key))
        await self._say(actor, key, "enabled")

    async def invite(self, actor: Actor, key: int) -> str:
        """A path where the person chooses a password, once, within three days; put the base URL before it."""
        person = self._other(actor, key)
        path: str = await self._write(lambda connection: self._links.invite(connection, person))
        await self._say(actor, key, "invited")
        return path

    async def reset_factors(self, actor: Actor, key: int) -> None:
        """Take every second factor away, and end the sessions: for who lost phone and recovery codes."""
        self._other(actor, key)

        def job(connection: Connection) -> None:
            self._factors.reset(connection, key)
            self._sessions.end_all(connection, key)

        await self._changed(job)
        await self._say(actor, key, "factors reset")

    # -- where they work, and what they hold

    async def assign(self, actor: Actor, key: int, facilities: Iterable[int]) -> None:
        """Let the person work at exactly these facilities."""
        self._other(actor, key)
        wanted = frozenset(facilities)
        before = frozenset(one.id for one in self._facilities.of(key))
        await self._changed(
            lambda connection: self._facilities.assign(connection, key, wanted, giver=_giver(actor))
        )
        changes = [f"+{one}" for one in sorted(wanted - before)] + [
            f"-{one}" for one in sorted(before - wanted)
        ]
        if changes:
            await self._say(actor, key, "facilities", *changes)

    async def add_facility(self, actor: Actor, name: str, reference: str = "") -> int:
        """A new facility; returns its number."""
        self.require(actor, "settings", "update")
        key: int = await self._write(lambda connection: self._facilities.add(connection, name, reference))
        await self._audit.record(event(actor, "people-changed", query=f"facility/{key} added"))
        return key

    async def change_facility(self, actor: Actor, key: int, name: str, reference: str) -> None:
        """Another name or reference for a facility."""
        self.require(actor, "settings", "update")
        self._facilities.get(key)
        await self._changed(lambda connection: self._facilities.change(connection, key, name, reference))
        await self._audit.record(event(actor, "people-changed", query=f"facility/{key} changed"))

    async def close_facility(self, actor: Actor, key: int) -> None:
        """Close a facility."""
        self.require(actor, "settings", "update")
        self._facilities.get(key)
        await self._changed(lambda connection: self._facilities.close(connection, key))
        await self._audit.record(event(actor, "people-changed", query=f"facility/{key} closed"))

    async def add_credential(
        self, actor: Actor, key: int, title: str, number: str, issuer: str, valid_from: str, valid_until: str
    ) -> None:
        """Write down a licence or certificate."""
        self._other(actor, key)
        number_of: int = await self._write(
            lambda connection: self._credentials.add(
                connection, key, title, number, issuer, valid_from=valid_from, valid_until=valid_until,
                enterer=_giver(actor),
            )
        )  # fmt: skip
        await self._say(actor, key, "credential", f"+{number_of}")

    async def end_credential(self, actor: Actor, key: int, credential: int, reason: str) -> None:
        """Say that a credential no longer holds, and why."""
        self._other(actor, key)
        await self._write(
            lambda connection: self._credentials.end(connection, key, credential, reason, ender=_giver(actor))
        )
        await self._say(actor, key, "credential", f"-{credential}")

    # -- sign-ins and tokens that stand

    async def end_session(self, actor: Actor, key: int, session: int | None = None) -> None:
        """End one session of the account, or all of them."""
        self.require(actor, "sessions", "delete")
        self._person(key)

        def job(connection: Connection) -> None:
            if session is None:
                self._sessions.end_all(connection, key)
            else:
                self._sessions.end_of(connection, key, session)

        await self._changed(job)
        await self._say(actor, key, "session ended", "all" if session is None else f"session:{session}")

    async def revoke_token(self, actor: Actor, key: int, token: int | None = None) -> None:
        """Take back one token of the account, or all of them."""
        self.require(actor, "tokens", "delete")
        self._person(key, kinds=(PERSON, CLIENT))
        if token is not None and token not in {one.id for one in self._tokens.of(key)}:
            raise not_found("There is no such token.")

        def job(connection: Connection) -> None:
            if token is None:
                self._tokens.revoke_all(connection, key)
            else:
                self._tokens.revoke(connection, token)

        await self._changed(job)
        await self._say(actor, key, "token revoked", "all" if token is None else f"token:{token}")

    async def require_factor(self, actor: Actor, roles: Iterable[str]) -> None:
        """Let exactly these roles need a second step, from each person's next sign-in on."""
        self.require(actor, "settings", "update")
        wanted, known = frozenset(roles), self._people.roles()
        more, less = await self._write(
            lambda connection: self._factors.needs.set(connection, wanted, known, giver=_giver(actor))
        )
        if changes := [f"+{role}" for role in sorted(more)] + [f"-{role}" for role in sorted(less)]:
            said = " ".join(("second step needed", *changes))
            await self._audit.record(event(actor, "people-changed", query=said))

    def _person(self, key: int, *, kinds: tuple[str, ...] = (PERSON,)) -> Person:
        found = self._people.get(key)
        if found.kind not in kinds:
            raise not_found("There is no such account.")
        return found

    def _other(self, actor: Actor, key: int, *, kinds: tuple[str, ...] = (PERSON,)) -> Person:
        """The account, if the actor may change it: it is not their own."""
        self.require(actor, "people", "update")
        found = self._person(key, kinds=kinds)
        if actor.id == key:
            raise _forbidden("Nobody changes their own account here.", "person")
        return found

    def _require_another(self, connection: Connection, key: int) -> None:
        self._generation.bump(connection)  # the row makes those wait who try the same at once
        if not set(self._people.holders(connection, ADMINISTRATOR)) - {key}:
            raise invalid(
                "business-rule", "This is the last administrator who can sign in.", place="role",
                repair="Make somebody else an administrator first.",
            )  # fmt: skip

    async def _changed(self, job: Callable[[Connection], Any]) -> None:
        await self._write(job)
        self._generation.stale()

    async def _say(self, actor: Actor, key: int, *words: str) -> None:
        said = f"people/{key} {' '.join(words)}"
        await self._audit.record(event(actor, "people-changed", query=said))


def _giver(actor: Actor) -> int | None:
    """The account a change is put down to; None = a command on the server."""
    return actor.id if actor.id > 0 else None


def _forbidden(message: str, place: str) -> Exception:
    return problem(
        Category.FORBIDDEN, "forbidden", message, place=place, repair="Ask another administrator to do it."
    )

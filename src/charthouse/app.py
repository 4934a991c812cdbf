"""The only place that wires the parts together: a `Clinic` from a data folder or URL, and its ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from charthouse.access import keys as access_keys
from charthouse.access.actor import Actor
from charthouse.access.administration import Administration
from charthouse.access.audit import Audit
from charthouse.access.books import Books
from charthouse.access.breached import Breached
from charthouse.access.break_glass import Glass
from charthouse.access.canonical import Canonical
from charthouse.access.consents import Consents
from charthouse.access.credentials import Credentials
from charthouse.access.door import Cookie, Door
from charthouse.access.emergency import Emergency
from charthouse.access.facilities import Facilities
from charthouse.access.factors.held import Factors
from charthouse.access.gate import Gate
from charthouse.access.generation import Generation
from charthouse.access.history import History
from charthouse.access.incidents.affected import Affected
from charthouse.access.incidents.incident import Incidents
from charthouse.access.incidents.letters import Templates
from charthouse.access.intake import Intake
from charthouse.access.keys import Keys
from charthouse.access.levels import Levels
from charthouse.access.links import Links
from charthouse.access.oauth.server import OAuth
from charthouse.access.oidc.openid import OpenId
from charthouse.access.outlet import Outlet
from charthouse.access.own import Own
from charthouse.access.passwords import Passwords
from charthouse.access.people import People
from charthouse.access.policy import Policy
from charthouse.access.routes import describe
from charthouse.access.rules.document import Reader
from charthouse.access.rules.grant import Grant
from charthouse.access.rules.narrow import Narrowing
from charthouse.access.rules.shelf import Shelf
from charthouse.access.rules.types import groups
from charthouse.access.sessions import Sessions
from charthouse.access.sight import Eyes
from charthouse.access.signin import SignIn
from charthouse.access.throttle import Brakes, Failures
from charthouse.access.tokens import Tokens
from charthouse.access.trail.checkpoint import Signer
from charthouse.access.trail.events import AuditEvents
from charthouse.access.trail.reviews import Reviews
from charthouse.access.trail.rounds import Rounds
from charthouse.access.trail.trail import Trail
from charthouse.api import origin
from charthouse.base.claim import Claim
from charthouse.base.errors import Category, problem
from charthouse.base.rates import Rates
from charthouse.base.settings import Settings
from charthouse.base.settings import address as settings_address
from charthouse.base.settings import key as settings_key
from charthouse.base.settings import levels as settings_levels
from charthouse.base.settings import read as read_settings
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import Migration, is_made, migrate, migrations, pending
from charthouse.fhir import definitions as r4
from charthouse.jobs.worker import Worker
from charthouse.search.concordance import Concordance
from charthouse.search.meets import judged
from charthouse.search.run import Search
from charthouse.store.record import Record
from charthouse.store.record import steps as record_steps
from charthouse.terminology.shelf import Shipped
from charthouse.terminology.terminology import Terminology
from charthouse.terminology.ucum import Ucum
from charthouse.validation.validator import Level, Validator
from charthouse.workforce.desk import Workforce

if TYPE_CHECKING:
    from charthouse.application import Application
    from charthouse.base.outgoing import Outgoing
    from charthouse.terminology.find.finder import Finder

MINUTE = 60_000
# The code systems that came with the program.
SHIPPED = Place(path=Path(__file__).parent / "terminology" / "codes.db", is_fixed=True)


class Clinic:
    """One clinic: its record, its audit, its people, its door. Everything hangs from here; nothing is global."""

    def __init__(
        self, settings: Settings, place: Place, audit_place: Place, *, synchronous: str = "FULL"
    ) -> None:
        self.settings = settings
        self.place = place
        self.audit_place = audit_place
        self.definitions = r4.load()
        self.base_url = settings_address(settings)
        self.rates = Rates(settings)
        self.record = Record(
            place, self.definitions, synchronous=synchronous, bases=origin.bases(settings),
            more_steps=_more_steps(place.dialect),
        )  # fmt: skip
        connection = self.record.connection()
        with connection.transaction():
            access_keys.ensure(connection)
        self.keys = Keys(connection)
        self.generation = Generation(connection)
        kinds = groups(self.definitions)
        self.policy = Policy(self._grants, self.generation, kinds["@patient"])
        self.people = People(connection, self.generation)
        self.tokens = Tokens(connection, self.generation)
        self.links = Links(place.dialect, connection=connection)
        self.facilities = Facilities(connection, self.generation)
        self.credentials = Credentials(connection)
        self.factors = Factors(connection, self.keys, self.base_url)
        self.sessions = Sessions(
            connection, self.generation, self.keys.get("form"), submit=self._queued,
            idle=settings.session_idle * MINUTE, absolute=settings.session_absolute * MINUTE,
        )  # fmt: skip
        self.cookie = Cookie(self.base_url)
        self.glass = Glass(connection, self.generation)
        self.door = Door(self.tokens, self.sessions, self.cookie, self.glass.lifted)
        self.audit = Audit(self.open_audit, audit_place.dialect, self.keys.get("mark"))
        passwords = Passwords(
            house=(urlsplit(self.base_url).hostname or "",),
            listed=Breached(settings.password_list) if settings.password_list else None,
        )
        brakes = Brakes(Failures(connection, self._queued))
        self.sign_in = SignIn(
            self.people, self.sessions, self.links, self.audit, self.cookie, self.generation, self.written,
            factors=self.factors, passwords=passwords, brakes=brakes,
        )  # fmt: skip
        self.own = Own(
            self.people, self.sessions, self.factors, self.audit, self.generation, self.written,
            passwords=passwords, brakes=brakes,
        )  # fmt: skip
        self.administration = Administration(
            self.people, self.facilities, self.credentials, self.sessions, self.tokens, self.links,
            self.factors, self.policy, self.audit, self.generation, self.written,
        )  # fmt: skip
        self.openid = OpenId(
            connection, self.people, self.keys, self.written,
            lambda method, url, content, headers: self.outgoing.call(method, url, content=content, headers=headers),
            self.base_url,
        )  # fmt: skip
        self.incidents = Incidents(connection)
        self.affected = Affected(connection)
        self.letters = Templates(connection)
        self.workforce = Workforce(connection)
        self.origin = origin.of(settings)
        self.oauth = OAuth(
            connection, self.people, self.tokens, self.policy, self.generation, self.audit, self.keys, self.written,
            self.definitions, self._fetched, idle=settings.session_idle * MINUTE,
        )  # fmt: skip
        self.canonical = Canonical(self.record, self._found)
        units = Ucum()
        self.terminology = Terminology(SHIPPED, self.record.connection, self.canonical, units=units)
        self.validator = Validator(self.definitions, self.terminology, self.terminology, units)
        self.words = Concordance(self.record, settings.words)
        self.search = Search(
            self.record.definitions, self.record.extractor, self.record.reader, place.dialect,
            key=self.keys.get("cursor"), bases=self.record.bases,
            page_size=settings.page_size, page_limit=settings.page_limit, codes=self.terminology,
            words=self.words, parameters=self.record.parameters,
        )  # fmt: skip
        self.books = Books(
            self.terminology, self.validator, self.policy, self.written, self.canonical.stamp,
            inline=place.dialect == "sqlite",
        )  # fmt: skip
        self.policies = Shelf(
            connection,
            self.generation,
            Reader(kinds, self._judged, lambda type: self.definitions.type(type).elements),
        )
        self.narrowing = Narrowing(self.record, self.search)
        self.consents = Consents(self.record, self.written)
        self.emergency = Emergency(
            self.record, self.search, self.policy, self.glass, self.generation, self.audit, self.written
        )
        levels = Levels(
            Level(settings.validation),
            {client: Level(level) for client, level in settings_levels(settings.validation_clients).items()},
        )
        self.gate = Gate(
            self.record, self.search, self.policy, Eyes(self.record, self.search, self.narrowing),
            self.consents, self.audit, self._patched,
            History(self.record.reader, self.keys), self.books, levels, f"{self.base_url}/fhir",
            budget=settings.search_budget / 1000,
        )  # fmt: skip
        self.about = self.record.about()
        self._words: Shipped | None = None
        self._claim: Claim | None = None  # on the data folder, for as long as it is open

    @classmethod
    def open(cls, settings: Settings, *, create: bool = False, synchronous: str = "FULL") -> Clinic:
        """Open the clinic that the settings name.

        Raises `Problem(not_found)` when the data folder holds no record, unless `create`.
        """
        text = settings_key(settings)
        key = bytes.fromhex(text) if text else None
        if settings.database_url:
            place = Place(url=settings.database_url)
            if not create and not is_made(place):
                raise problem(
                    Category.NOT_FOUND,
                    "not-found",
                    "There is no record in this database.",
                    place="--database",
                    repair="Make one with `charthouse init --database URL`, or check the name in the URL.",
                )
            return cls(settings, place, place, synchronous=synchronous)
        folder = settings.data
        if not (folder / "record.db").exists():
            if not create:
                raise problem(
                    Category.NOT_FOUND,
                    "not-found",
                    "There is no record in this data folder.",
                    value=folder,
                    repair=f"Make one with `charthouse init --data {folder}`.",
                )
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        claim = Claim.shared(folder)
        try:
            clinic = cls(
                settings, Place(path=folder / "record.db", key=key), Place(path=folder / "audit.db", key=key),
                synchronous=synchronous,
            )  # fmt: skip
        except BaseException:
            claim.release()
            raise
        clinic._claim = claim
        return clinic

    @cached_property
    def finder(self) -> Finder:
        """The search for codes by words; made when it is first wanted."""
        from charthouse.terminology.find.finder import Finder

        self._words = Shipped(SHIPPED)
        return Finder(self._words.connection, self.record.connection)

    @cached_property
    def outgoing(self) -> Outgoing:
        """The only way out to other servers; made when it is first wanted."""
        from charthouse.base.outgoing import Outgoing

        return Outgoing(self.settings)

    @cached_property
    def trail(self) -> Trail:
        """The questions to the audit; made when the first one is asked."""
        return Trail(self.record.connect, self.open_audit, self.policy, self.audit, self.keys, self.written)

    @cached_property
    def reviews(self) -> Reviews:
        """What is done about unusual access."""
        return Reviews(self.trail, self.place.dialect, self.written)

    def rounds(self) -> Rounds:
        """The watch over the audit and the checkpoints, for the serving process."""
        return Rounds(
            self.record.connect, self.open_audit, self.record.reader, self._found, self.write, Signer(self.keys),
            folder=self.settings.checkpoints, minutes=self.settings.checkpoint_minutes,
        )  # fmt: skip

    def events(self) -> AuditEvents:
        """The house's own AuditEvents for the API."""
        sizes = (self.settings.page_size, self.settings.page_limit)
        return AuditEvents(self.trail, self.gate, self.policy, f"{self.base_url}/fhir", *sizes)

    @property
    def encrypted(self) -> bool | None:
        """Whether the files of the record are encrypted; None where it lies in PostgreSQL, whose business that is."""
        return None if self.place.url else self.place.key is not None

    @property
    def demo(self) -> bool:
        """Whether every page must say that nobody in here is real."""
        return self.settings.demo or self.about.get("profile") == "demo"

    def open_audit(self) -> Connection:
        """A connection to the audit, its schema up to date."""
        connection = connect(self.audit_place)
        try:
            migrate(connection, migrations("charthouse.access", "audit", self.audit_place.dialect))
        except BaseException:
            connection.close()
            raise
        return connection

    def _patched(self, tree: dict[str, Any], patch: Any) -> dict[str, Any]:
        """`tree` after a JSON Patch (a list) or a FHIRPath Patch (a Parameters tree)."""
        from charthouse.fhir.patch import fhirpath_patch, json_patch

        if isinstance(patch, list):
            return json_patch(tree, patch)
        return fhirpath_patch(tree, patch, self.definitions)

    def _grants(self) -> Sequence[Grant]:
        """The rules in force; the shelf they stand on is made after the policy."""
        return self.policies.grants()

    def _judged(self, type: str, params: Sequence[tuple[str, str]]) -> None:
        """Raise `Problem` for criteria that a policy cannot have."""
        judged(self.search.parser.settled(type, params))

    def _found(
        self, connection: Connection, kind: str, params: Sequence[tuple[str, str]], limit: int
    ) -> list[str]:
        """The ids of a search; for those who are made before it."""
        return self.search.find(connection, kind, params, limit=limit)

    async def _fetched(self, url: str) -> bytes:
        """What lies at the address of a program's key set."""
        answer = await self.outgoing.get(url, {"Accept": "application/json"})
        if answer.status != 200:
            raise problem(Category.BUSY, "transient", "The key set cannot be had.", place="jwks_uri")
        return answer.body

    async def written(self, job: Callable[[Connection], Any]) -> Any:
        """Run a change of people, tokens or sessions through the record's writer."""
        return await self.record.writer.write(lambda connection, group: job(connection))

    def _queued(self, job: Callable[[Connection], object]) -> object:
        """Queue such a change without waiting for it."""
        return self.record.writer.submit(lambda connection, group: job(connection))

    def write(self, job: Callable[[Connection], Any]) -> Any:
        """Run a change of people, tokens or sessions through the record's writer and wait for it."""
        return self.record.writer.submit(lambda connection, group: job(connection)).result()

    def intake(self, actor: Actor, interaction: str = "import") -> Intake:
        """The door for many resources at once."""
        level = Level(self.settings.validation_import)
        return Intake(self.record, self.policy, self.books, level, actor, interaction)

    def worker(self) -> Worker:
        """What hands on written transactions. Nothing listens yet but the outbox itself, which is emptied; between
        two looks the words of resources are kept up."""
        if self.record.sealer is not None:
            self.record.sealer.wake()  # for what a process that was killed left unsealed
        return Worker(self.record.connect, self.write, handlers=(), meanwhile=self.words.keep)

    def outlet(self, actor: Actor) -> Outlet:
        """The door for many resources on their way out."""
        self.consents.settle_now(self.write)
        return Outlet(self.record, self.policy, self.narrowing, self.audit, actor)

    def ready(self) -> dict[str, bool]:
        """Whether the database answers and its schema is the one this program wants."""
        connection = self.record.connection()
        steps = [*record_steps(self.place.dialect), *_more_steps(self.place.dialect)]
        return {"database": bool(self.record.about()), "migrations": not pending(connection, steps)}

    def tallies(self) -> dict[str, int]:
        """How many resources of each type there are."""
        return self.record.reader.tallies(self.record.connection())

    def close(self) -> None:
        """Finish what is under way, then let go of every file."""
        if "trail" in self.__dict__:
            self.trail.close()
        self.gate.close()
        if self._words is not None:
            self._words.close()
        self.audit.close()
        self.record.close()
        if self._claim is not None:
            self._claim.release()


def _more_steps(dialect: str) -> list[Migration]:
    """The tables that others than the store keep in the record's database."""
    return [
        *migrations("charthouse.access", "migrations", dialect),
        *migrations("charthouse.terminology", "migrations", dialect),
        *migrations("charthouse.workforce", "migrations", dialect),
    ]


def build(clinic: Clinic) -> Application:
    """The application of an open clinic."""
    from charthouse.application import Application

    return Application(clinic)


def described() -> list[dict[str, Any]]:
    """The table of routes; it is read off an application built for an empty clinic that is thrown away."""
    with TemporaryDirectory() as folder:
        clinic = Clinic.open(read_settings({}, data=Path(folder)), create=True, synchronous="OFF")
        try:
            return describe(build(clinic))
        finally:
            clinic.close()

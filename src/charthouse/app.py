"""The only place that wires the parts together: a `Clinic` from a data folder or URL, and its ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from charthouse.access import keys as access_keys
from charthouse.access.actor import Actor
from charthouse.access.audit import Audit
from charthouse.access.books import Books
from charthouse.access.canonical import Canonical
from charthouse.access.door import Cookie, Door
from charthouse.access.gate import Gate
from charthouse.access.generation import Generation
from charthouse.access.history import History
from charthouse.access.intake import Intake
from charthouse.access.keys import Keys
from charthouse.access.levels import Levels
from charthouse.access.links import Links
from charthouse.access.outlet import Outlet
from charthouse.access.people import People
from charthouse.access.policy import Policy
from charthouse.access.routes import describe
from charthouse.access.sessions import Sessions
from charthouse.access.signin import SignIn
from charthouse.access.tokens import Tokens
from charthouse.base.errors import Category, problem
from charthouse.base.settings import Settings
from charthouse.base.settings import key as settings_key
from charthouse.base.settings import levels as settings_levels
from charthouse.base.settings import read as read_settings
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import Migration, is_made, migrate, migrations, pending
from charthouse.fhir import definitions as r4
from charthouse.fhir.bundle import Params
from charthouse.jobs.worker import Worker
from charthouse.search.run import Search
from charthouse.store.record import Record
from charthouse.store.record import steps as record_steps
from charthouse.terminology.shelf import Shipped
from charthouse.terminology.terminology import Terminology
from charthouse.terminology.ucum import Ucum
from charthouse.validation.validator import Level, Validator

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

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
        self.base_url = settings.base_url or f"http://localhost:{settings.port}"
        self.record = Record(
            place, self.definitions, synchronous=synchronous, bases=(f"{self.base_url}/fhir",),
            more_steps=_more_steps(place.dialect),
        )  # fmt: skip
        connection = self.record.connection()
        with connection.transaction():
            access_keys.ensure(connection)
        self.keys = Keys(connection)
        self.generation = Generation(connection)
        self.policy = Policy(self.generation.grants, self.generation)
        self.people = People(connection, self.generation)
        self.tokens = Tokens(connection, self.generation)
        self.links = Links(place.dialect)
        self.sessions = Sessions(
            connection, self.generation, self.keys.get("form"),
            submit=lambda job: self.record.writer.submit(lambda conn, group: job(conn)),
            idle=settings.session_idle * MINUTE, absolute=settings.session_absolute * MINUTE,
        )  # fmt: skip
        self.cookie = Cookie(self.base_url)
        self.door = Door(self.tokens, self.sessions, self.cookie)
        self.audit = Audit(self.open_audit, audit_place.dialect, self.keys.get("mark"))
        self.sign_in = SignIn(
            self.people, self.sessions, self.links, self.audit, self.cookie, self.generation, self._written
        )
        self.canonical = Canonical(self.record, self._found)
        units = Ucum()
        self.terminology = Terminology(SHIPPED, self.record.connection, self.canonical, units=units)
        self.validator = Validator(self.definitions, self.terminology, self.terminology, units)
        self.search = Search(
            self.definitions, self.record.extractor, self.record.reader, place.dialect,
            key=self.keys.get("cursor"), bases=self.record.bases,
            page_size=settings.page_size, page_limit=settings.page_limit, codes=self.terminology,
        )  # fmt: skip
        self.books = Books(
            self.terminology, self.validator, self.policy, self._written, self.canonical.stamp,
            inline=place.dialect == "sqlite",
        )  # fmt: skip
        levels = Levels(
            Level(settings.validation),
            {client: Level(level) for client, level in settings_levels(settings.validation_clients).items()},
        )
        self.gate = Gate(
            self.record, self.search, self.policy, self.audit, self._patched,
            History(self.record.reader, self.keys), self.books, levels, f"{self.base_url}/fhir",
            budget=settings.search_budget / 1000,
        )  # fmt: skip
        self.about = self.record.about()
        self._words: Shipped | None = None

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
        return cls(
            settings, Place(path=folder / "record.db", key=key), Place(path=folder / "audit.db", key=key),
            synchronous=synchronous,
        )  # fmt: skip

    @cached_property
    def finder(self) -> Finder:
        """The search for codes by words; made when it is first wanted."""
        from charthouse.terminology.find.finder import Finder

        self._words = Shipped(SHIPPED)
        return Finder(self._words.connection, self.record.connection)

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

    def _found(self, connection: Connection, kind: str, params: Params, limit: int) -> list[str]:
        """The ids of a search; for those who are made before it."""
        return self.search.find(connection, kind, params, limit=limit)

    async def _written(self, job: Callable[[Connection], Any]) -> Any:
        """Run a change of people, tokens or sessions through the record's writer."""
        return await self.record.writer.write(lambda connection, group: job(connection))

    def write(self, job: Callable[[Connection], Any]) -> Any:
        """Run a change of people, tokens or sessions through the record's writer and wait for it."""
        return self.record.writer.submit(lambda connection, group: job(connection)).result()

    def intake(self, actor: Actor, interaction: str = "import") -> Intake:
        """The door for many resources at once."""
        level = Level(self.settings.validation_import)
        return Intake(self.record, self.policy, self.books, level, actor, interaction)

    def worker(self) -> Worker:
        """What hands on written transactions. Nothing listens yet but the outbox itself, which is emptied."""
        if self.record.sealer is not None:
            self.record.sealer.wake()  # for what a process that was killed left unsealed
        return Worker(self.record.connect, self.write, handlers=())

    def outlet(self, actor: Actor) -> Outlet:
        """The door for many resources on their way out."""
        return Outlet(self.record, self.policy, self.audit, actor)

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
        self.gate.close()
        if self._words is not None:
            self._words.close()
        self.audit.close()
        self.record.close()


def _more_steps(dialect: str) -> list[Migration]:
    """The tables that others than the store keep in the record's database."""
    return [
        *migrations("charthouse.access", "migrations", dialect),
        *migrations("charthouse.terminology", "migrations", dialect),
    ]


class Application:
    """The ASGI application of a clinic: the FHIR API under `/fhir`, health, and pages everywhere else."""

    def __init__(self, clinic: Clinic) -> None:
        from starlette.applications import Starlette
        from starlette.routing import Mount

        from charthouse.api import health
        from charthouse.api.app import Api
        from charthouse.web.routes import handlers, routes

        self._api = Api(clinic.gate, clinic.door, clinic.definitions, clinic.settings)
        watched = health.routes(
            self._api, clinic.door, clinic.ready, clinic.tallies, lambda: clinic.record.writer.waiting
        )
        self._pages = Starlette(
            routes=[Mount("/fhir", self._api), *watched, *routes(clinic)], exception_handlers=handlers(clinic)
        )
        self.routes = self._pages.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests for the API go straight to it; the rest to the pages."""
        if scope["type"] == "http" and (scope["path"].startswith("/fhir/") or scope["path"] == "/fhir"):
            await self._api(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def build(clinic: Clinic) -> Application:
    """The application of an open clinic."""
    return Application(clinic)


def described() -> list[dict[str, Any]]:
    """The table of routes; it is read off an application built for an empty clinic that is thrown away."""
    with TemporaryDirectory() as folder:
        clinic = Clinic.open(read_settings({}, data=Path(folder)), create=True, synchronous="OFF")
        try:
            return describe(build(clinic))
        finally:
            clinic.close()

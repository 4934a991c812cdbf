"""The record: one open database with its writer, its readers and what they share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from importlib import resources
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from charthouse.db import queries
from charthouse.db.connect import Connection, Place, connect, stream
from charthouse.db.migrate import Migration, migrate, migrations
from charthouse.db.writer import Writer
from charthouse.fhir.definitions import Definitions, Overlay
from charthouse.fhir.resource import Tree
from charthouse.store.body import Codec
from charthouse.store.index import Extractor
from charthouse.store.intern import Interner
from charthouse.store.parameters import Parameters
from charthouse.store.press import Press, Print
from charthouse.store.read import Reader
from charthouse.store.seal import Sealer
from charthouse.store.write import Pen, Prepared, Transaction, Written
from charthouse.store.write import prepare as prepared

if TYPE_CHECKING:
    from charthouse.db.stream import Stream


def steps(dialect: str) -> list[Migration]:
    """The schema of the record."""
    return migrations("charthouse.store", "migrations", dialect)


class _Held:
    """A thread's connection: threads come and go, and connections to a server are few."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Record:
    """An open record. Reads run on the calling thread; writes wait for the one writer."""

    def __init__(
        self,
        place: Place,
        definitions: Definitions,
        *,
        more_steps: Sequence[Migration] = (),
        bases: Collection[str] = (),
        synchronous: str = "FULL",
    ) -> None:
        """Open the record at `place`, bringing its schema up to date.

        `more_steps` are migrations of others who keep tables in the same database; `bases` the
        addresses it is served under, whose absolute references are references to itself.
        """
        self.place = place
        self.definitions = Overlay(definitions.standard)
        self._synchronous = synchronous
        self._local = threading.local()
        self._opened: WeakSet[_Held] = WeakSet()
        # whoever opens a record is told why that fails; who asks it later is not told where it is
        connection = self._hold(connect(place, synchronous=synchronous, frank=True))
        self.migrated = migrate(connection, [*steps(place.dialect), *more_steps])
        is_new = self._seed(connection)
        self.types = {name: number for number, name in connection.run(self._intern_sql.types)}
        self.bases = tuple(bases)
        self.dictionaries = dictionaries = [
            (number, bytes(data)) for number, data in connection.run(self._intern_sql.dictionaries)
        ]
        self.codec = Codec(dictionaries)
        self.extractor = Extractor(self.definitions, bases)
        self.parameters = Parameters(
            self.definitions, self.extractor, self.codec, self.types, self.connection, place.dialect
        )
        if self.parameters.is_behind(connection):
            with connection.transaction():
                connection.run(self._intern_sql.take_turn)
                self.parameters.catch_up(connection, is_new=is_new)
        self.reader = Reader(queries.load("charthouse.store", "read", place.dialect), self.codec, self.types)
        sql = queries.load("charthouse.store", "write", place.dialect)
        self.pen: Pen | Press
        self.sealer: Sealer | None = None
        self.stream: Stream | None = None
        if place.dialect == "sqlite":
            self.pen = Pen(sql, Interner(place.dialect), self.types, self.parameters)
        else:
            # names that were added count only together with what uses them, whose commit waits for the disk
            self.pen = Press(
                sql, lambda: connect(place, synchronous="OFF", patience=1.0), self.types, self.parameters
            )
            self.sealer = Sealer(self.connect)
            self.stream = stream(place)
        self._writer: Writer[Any] | None = None
        self._writer_lock = threading.Lock()

    @property
    def _intern_sql(self) -> SimpleNamespace:
        return queries.load("charthouse.store", "intern", self.place.dialect)

    def _seed(self, connection: Connection) -> bool:
        """Give a new record its type numbers and the dictionary its bodies are written with; whether it is one."""
        sql = self._intern_sql
        with connection.transaction():
            connection.run(sql.take_turn)
            known = {name for _, name in connection.run(sql.types)}
            missing = [name for name in self.definitions.resource_types if name not in known]
            if missing:
                connection.many(sql.add_type, list(enumerate(missing, len(known) + 1)))
            if not connection.run(sql.dictionaries):
                file = resources.files("charthouse.store") / "dictionary.zstd"
                if file.is_file():
                    connection.run(sql.add_dictionary, (1, file.read_bytes()))
        return not known

    def about(self) -> dict[str, str]:
        """What this record says of itself: `profile`, `made` (ms)."""
        sql = queries.load("charthouse.store", "about", self.place.dialect)
        return dict(self.connection().run(sql.all_facts))

    def state(self, name: str, value: str) -> None:
        """Change a fact of `about`."""
        sql = queries.load("charthouse.store", "about", self.place.dialect)
        connection = self.connection()
        with connection.transaction():
            connection.run(sql.state, (name, value))

    def connection(self) -> Connection:
        """This thread's own connection for reading."""
        found: Connection | None = getattr(self._local, "connection", None)
        return self._hold(self.connect()) if found is None else found

    def _hold(self, connection: Connection) -> Connection:
        """Keep a connection for this thread, and close it when the thread ends."""
        self._local.held = held = _Held(connection)
        self._local.connection = connection
        self._opened.add(held)
        return connection

    def connect(self) -> Connection:
        """A new connection; the caller closes it."""
        return connect(self.place, synchronous=self._synchronous)

    @property
    def writer(self) -> Writer[Any]:
        """The one writer, started when first wanted."""
        with self._writer_lock:
            if self._writer is None:
                pen = self.pen
                self._writer = Writer(
                    self.connect,
                    begin=pen.begin,
                    finish=pen.finish,
                    undone=pen.undone,
                    done=self._done,
                    ready=pen.ready if isinstance(pen, Press) else None,
                    name="record-writer",
                )
            return self._writer

    def _done(self, group: Any) -> None:
        """After the commit of a group."""
        self.pen.done(group)
        if self.sealer is not None:
            self.sealer.wake()

    def prepare(self, tree: Tree, type: str) -> Prepared:
        """Compress and index a resource for a `Change`; pure, for any thread."""
        return prepared(tree, type, self.extractor, self.codec)

    def job(self, asked: Transaction) -> Callable[[Connection, Any], list[Written]]:
        """What the writer runs for a transaction."""
        pen = self.pen
        if isinstance(pen, Press):
            return Print(pen, asked)
        return lambda connection, group: pen.write(connection, group, asked)

    async def write(self, asked: Transaction) -> list[Written]:
        """Write from the event loop; returns after the commit. Raises `Stale` when to decide again."""
        return await self.writer.write(self.job(asked))

    def submit(self, asked: Transaction) -> Future[list[Written]]:
        """Write from a thread."""
        return self.writer.submit(self.job(asked))

    def close(self) -> None:
        """Finish waiting writes and close every connection."""
        if self._writer is not None:
            self._writer.close()
        if self.sealer is not None:
            self.sealer.close()
        if self.stream is not None:
            self.stream.close()
        self.pen.close()
        for held in list(self._opened):
            held.connection.close()
        self._opened.clear()

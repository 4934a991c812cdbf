"""One small connection interface over SQLite and PostgreSQL; the only module that knows the drivers' manners."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import apsw

from charthouse.base.errors import Category, Problem, problem
from charthouse.db.trouble import busy, full, too_costly

if TYPE_CHECKING:
    from charthouse.db.stream import Stream

Row = tuple[Any, ...]

# what happens to a file, as opposed to a defect of the program
TROUBLE = (
    apsw.FullError, apsw.IOError, apsw.BusyError, apsw.LockedError, apsw.CorruptError, apsw.NotADBError,
    apsw.CantOpenError, apsw.ReadOnlyError,
)  # fmt: skip
PROGRESS_STEPS = 20_000  # SQLite virtual machine steps between two looks at the clock, about 1 ms


class Connection(Protocol):
    """What the program may ask of a database. Not for use by two threads at once."""

    dialect: str
    until: float | None  # `time.monotonic()` at which `within` ends, for work between statements

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """All rows of one statement."""

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for each row of parameters."""

    def script(self, sql: str) -> None:
        """Several statements, e.g. a migration."""

    def in_transaction(self) -> bool:
        """Whether a transaction is open; an engine can end one by itself."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A write transaction."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A read transaction: every statement inside sees the same moment."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that can fail alone."""

    @contextmanager
    def within(self, seconds: float, steps: int = PROGRESS_STEPS) -> Iterator[None]:
        """Statements inside stop after `seconds` and raise `Problem(too_costly)`."""

    def close(self) -> None:
        """Close; a second call does nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is: a SQLite file (with an optional key and VFS) or a PostgreSQL URL.

    `is_fixed` says that nobody writes to the file while it is open, so that it needs no locks and
    can lie in a folder that may not be written to.
    """

    path: Path | None = None
    url: str | None = None
    key: bytes | None = None
    vfs: str | None = None
    schema: str | None = None
    is_fixed: bool = False

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgres`."""
        return "postgres" if self.url else "sqlite"


def connect(
    place: Place,
    *,
    readonly: bool = False,
    synchronous: str = "FULL",
    frank: bool = False,
    patience: float = 10.0,
) -> Connection:
    """Open a connection.

    A committed transaction is on the disk when its commit returns, unless `synchronous` is OFF.
    `patience` is how long locks are waited for, in seconds.
    Raises `Problem(fault)` when the file is no database, or its key is missing or wrong; `Problem(busy)`
    when a server does not answer, with the reason and the address where `frank` (for operators).
    """
    if place.url:
        from charthouse.db.postgres import Postgres  # its driver is an optional dependency
        from charthouse.db.session import Session

        return Postgres(
            Session(
                place.url, place.schema, readonly=readonly, durable=synchronous != "OFF", frank=frank,
                patience=patience,
            )
        )  # fmt: skip
    if place.path is None:
        raise ValueError("a place needs a path or a URL")
    if place.is_fixed:
        return Sqlite.fixed(place.path)
    return Sqlite(place.path, key=place.key, vfs=place.vfs, readonly=readonly, synchronous=synchronous)


def stream(place: Place) -> Stream:
    """What an event loop asks a PostgreSQL database small questions through; it connects with the first."""
    from charthouse.db.session import Session
    from charthouse.db.stream import Stream

    url = place.url or ""
    return Stream(lambda: Session(url, place.schema, readonly=True))


def full_or_busy(error: Exception) -> Problem:
    """The failure of the engine in our own words, without the statement or its values."""
    if isinstance(error, apsw.FullError | apsw.IOError):
        return full()
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return busy()
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return problem(
            Category.FAULT, "exception", "The database file is damaged.",
            repair="See what `charthouse check` finds, and restore a backup.",
        )  # fmt: skip
    if isinstance(error, apsw.CantOpenError | apsw.ReadOnlyError):
        return problem(
            Category.FAULT, "no-store", "The database file cannot be opened for writing.",
            repair="Look at the rights of the data folder and at who owns it.",
        )  # fmt: skip
    return problem(Category.FAULT, "exception", f"The database reported {type(error).__name__}.")


def _shut(path: Path, key: bytes | None) -> Problem:
    """Why a file cannot be read: no key where one is needed, another one, or one where none is."""
    with path.open("rb") as file:
        is_plain = file.read(16) == b"SQLite format 3\0"
    if key is not None and is_plain:
        why = "it is not encrypted, but a key is given"
        repair = "Leave out CHARTHOUSE_KEY_FILE, or encrypt it with `charthouse key rotate`."
    elif key is not None:
        why = "the key is not the one it was encrypted with, or it is damaged"
        repair = (
            "Give the right key in CHARTHOUSE_KEY_FILE; if its key was being changed, run that command again."
        )
    else:
        why = "it is encrypted, or damaged"
        repair = "If the data folder is encrypted, give its key in CHARTHOUSE_KEY_FILE."
    return problem(Category.FAULT, "security", f"{path.name} is not a readable record: {why}.", repair=repair)


def _steady(raw: apsw.Connection) -> None:
    """One plan for each statement, whatever its values: this build of SQLite (STAT4) would otherwise make the
    plan anew whenever a value is bound that might change it, which costs more than most of our statements do."""
    raw.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


class Sqlite:
    """SQLite through apsw: WAL, durable commits, a statement cache, no autocommit surprises."""

    dialect = "sqlite"

    def __init__(
        self, path: Path, *, key: bytes | None, vfs: str | None, readonly: bool, synchronous: str
    ) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
        try:
            self.raw = apsw.Connection(str(path), flags=flags, vfs=vfs, statementcachesize=400)
        except TROUBLE as error:
            raise full_or_busy(error) from None
        self._depth = 0
        self.until: float | None = None
        try:
            if key is not None:
                self.raw.pragma("hexkey", key.hex())
            self.raw.set_busy_timeout(10_000)
            self.raw.pragma("journal_mode", "wal")
            self.raw.pragma("synchronous", synchronous)
            self.raw.pragma("temp_store", "memory")
            self.raw.pragma("cache_size", -32_000)
            _steady(self.raw)
            if readonly:
                self.raw.pragma("query_only", 1)
        except apsw.NotADBError:
            self.raw.close()
            raise _shut(path, key) from None
        except TROUBLE as error:
            self.raw.close()
            raise full_or_busy(error) from None
        self._execute = self.raw.execute

    @classmethod
    def fixed(cls, path: Path) -> Sqlite:
        """A file that nobody writes to: read without locks, its pages shared through the system's cache."""
        made = cls.__new__(cls)
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_NOMUTEX | apsw.SQLITE_OPEN_URI
        try:
            made.raw = apsw.Connection(
                f"{path.absolute().as_uri()}?immutable=1", flags=flags, statementcachesize=100
            )
            made.raw.pragma("mmap_size", 1 << 30)
            _steady(made.raw)
        except TROUBLE as error:
            raise full_or_busy(error) from None
        made._depth = 0
        made.until = None
        made._execute = made.raw.execute
        return made

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """All rows of one statement."""
        try:
            return self._execute(sql, params).fetchall()
        except TROUBLE as error:
            raise full_or_busy(error) from None

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""
        try:
            row: Row | None = self._execute(sql, params).fetchone()
        except TROUBLE as error:
            raise full_or_busy(error) from None
        return row

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for each row of parameters."""
        try:
            self.raw.executemany(sql, rows)
        except TROUBLE as error:
            raise full_or_busy(error) from None

    def script(self, sql: str) -> None:
        """Several statements, e.g. a migration."""
        self.run(sql)

    def in_transaction(self) -> bool:
        """Whether a transaction is open; the engine can end one by itself (disk full, I/O error)."""
        return self.raw.in_transaction

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A write transaction; takes the write lock at once, so that it cannot fail half-way for it."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self.raw.in_transaction:
                self.run("ROLLBACK")
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A read transaction: every statement inside sees the same moment."""
        self.run("BEGIN")
        try:
            yield
        finally:
            if self.raw.in_transaction:
                self.run("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that can fail alone."""
        self._depth += 1
        name = f"s{self._depth}"
        self._execute(f"SAVEPOINT {name}")
        try:
            yield
            self._execute(f"RELEASE {name}")
        except BaseException:
            if self.raw.in_transaction:
                self._execute(f"ROLLBACK TO {name}")
                self._execute(f"RELEASE {name}")
            raise
        finally:
            self._depth -= 1

    @contextmanager
    def within(self, seconds: float, steps: int = PROGRESS_STEPS) -> Iterator[None]:
        """Statements inside stop after `seconds` and raise `Problem(too_costly)`; the clock is looked at
        every `steps` steps of SQLite's machine."""
        end = self.until = time.monotonic() + seconds
        self.raw.set_progress_handler(lambda: time.monotonic() > end, steps)
        try:
            yield
        except apsw.InterruptError:
            raise too_costly(seconds) from None
        finally:
            self.until = None
            self.raw.set_progress_handler(None)

    def close(self) -> None:
        """Close; a second call does nothing."""
        self.raw.close()

"""One session of a PostgreSQL server through libpq, as psycopg wraps it: statements out, answers in."""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from charthouse.base.errors import Category, Problem, problem
from charthouse.db import trouble, wire

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

Row = tuple[Any, ...]

OLDEST: Final = 140000  # the server versions that are supported begin here
PREPARE_AFTER: Final = 2  # uses of a statement before it is prepared
MOST_PREPARED: Final = 300
CONNECT_SECONDS: Final = 5
PATIENCE: Final = 10.0  # seconds that a lock is waited for

# Every statement is written to be walked along indexes in the order it names its tables. A plan that is
# made once, while a table is still empty, must be that walk as well; so the other ways are shut off, and
# plans do not depend on values. Compiling such plans never pays. A session that stands still inside a
# transaction would hold its locks, so it ends.
_SETTINGS: Final = (
    "SET application_name TO charthouse; SET client_min_messages TO warning; SET jit TO off; "
    "SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off; SET enable_hashjoin TO off; "
    "SET enable_mergejoin TO off; SET enable_material TO off; SET max_parallel_workers_per_gather TO 0; "
    "SET idle_in_transaction_session_timeout TO '5min'; SET tcp_keepalives_idle TO 30; "
)
# A commit that is acknowledged must be on the disk, whatever the server's default is; who asked for
# more than that (a standby, too) gets more.
_DURABLE: Final = (
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
    "WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)"
)


class Item(NamedTuple):
    """A statement with its values, ready to be sent; `serial` says which savepoint it belongs to."""

    sql: str
    sent: Sequence[bytes | None] = ()
    formats: Sequence[int] = ()
    serial: int = 0


class Session:
    """A connection that can be opened again. It knows nothing of transactions."""

    def __init__(
        self,
        url: str,
        schema: str | None,
        *,
        readonly: bool = False,
        durable: bool = True,
        frank: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        """Connect. Raises `Problem` when psycopg is missing, or the server does not let us in.

        `frank` tells an operator why, the first time; who asks later only hears that it does not
        answer. `patience` is how long a lock is waited for, in seconds.
        """
        self._url = url
        self._settings = _SETTINGS + (_DURABLE if durable else "SET synchronous_commit TO off")
        self._settings = f"SET lock_timeout TO {int(patience * 1000)}; {self._settings}"
        if readonly:
            self._settings = "SET default_transaction_read_only TO on; " + self._settings
        if schema:
            self._settings = f'SET search_path TO "{schema}"; {self._settings}'
        self._raw: psycopg.Connection[Row] | None = None
        self._is_frank = frank
        self.open()
        self._is_frank = False

    def open(self) -> None:
        """Connect, once more if need be; whatever was prepared or under way before is gone."""
        self.close()
        try:
            self._raw = connected(self._url)
        except Problem:
            if self._is_frank:
                raise
            raise trouble.away() from None
        from psycopg import OperationalError, pq
        from psycopg.adapt import Transformer

        self.pg = self._raw.pgconn
        self.operational = OperationalError
        self._fatal = pq.ExecStatus.FATAL_ERROR
        self._skipped = pq.ExecStatus.PIPELINE_ABORTED
        self._ok = pq.ConnStatus.OK
        self._state = pq.DiagnosticField.SQLSTATE
        self._binary = pq.Format.BINARY
        self._reader = Transformer(self._raw)
        self._poll = select.poll()
        self._poll.register(self.pg.socket, select.POLLIN)
        self._prepared: dict[str, bytes] = {}
        self._seen: dict[str, int] = {}
        self._names = 0
        self._is_leaving = False
        self.simple(self._settings)

    def close(self) -> None:
        """Hang up; a second call does nothing."""
        if self._raw is not None:
            self._raw.close()

    @property
    def is_broken(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._raw is None or self._raw.closed or self.pg.status != self._ok

    def revive(self) -> bool:
        """Between transactions: see whether the server hung up meanwhile; then call it again and say so."""
        try:
            if self._is_leaving:
                self._collect()
            while not self.is_broken and self._poll.poll(0):
                self.pg.consume_input()  # a notice, or the end
        except self.operational:
            self.close()
        if self.is_broken:
            self.open()
            return True
        if len(self._prepared) >= MOST_PREPARED:
            self.simple("DEALLOCATE ALL")
            self._prepared.clear()
            self._seen.clear()
        return False

    # -- out and in

    def simple(self, sql: str) -> None:
        """Statements without values, in one round trip; their answers are not wanted."""
        try:
            result = self.pg.exec_(sql.encode())
        except self.operational:
            raise trouble.lost() from None
        if result.status == self._fatal:
            self.fail(result)

    def leave(self, sql: str) -> None:
        """Send a statement that cannot matter any more, and do not wait for its answer."""
        try:
            self.pg.send_query(sql.encode())
            self.pg.flush()
        except self.operational:
            return  # the next statement will notice
        self._is_leaving = True

    def single(self, item: Item) -> PGresult:
        """One statement in one round trip."""
        pg = self.pg
        self._is_leaving = False  # libpq discards what nobody waited for
        try:
            name = self._prepared.get(item.sql)
            if name is None and self._is_frequent(item.sql):
                name = self._name()
                done = pg.prepare(name, wire.statement(item.sql).text)
                if done.status == self._fatal:
                    self.fail(done)
                self._prepared[item.sql] = name
            if name is None:
                text = wire.statement(item.sql).text
                result = pg.exec_params(text, item.sent, None, item.formats, wire.BINARY)
            else:
                result = pg.exec_prepared(name, item.sent, item.formats, wire.BINARY)  # type: ignore[arg-type]
        except self.operational:
            raise trouble.lost() from None
        if result.status == self._fatal:
            self.fail(result)
        return result

    def pipeline(self, items: Sequence[Item]) -> tuple[list[PGresult], int | None]:
        """All statements in one round trip: their answers in order, and the place of the first that failed."""
        pg = self.pg
        fresh: dict[int, bytes] = {}  # place -> the name it is prepared under on the way
        try:
            if self._is_leaving:
                self._collect()
            pg.enter_pipeline_mode()
            for place, item in enumerate(items):
                text = wire.statement(item.sql).text
                name = self._prepared.get(item.sql)
                if name is None and self._is_frequent(item.sql):
                    name = fresh[place] = self._name()
                    pg.send_prepare(name, text)
                if name is None:
                    pg.send_query_params(text, item.sent, None, item.formats, wire.BINARY)
                else:
                    pg.send_query_prepared(name, item.sent, item.formats, wire.BINARY)
            pg.pipeline_sync()
            self._send()
            found = self._answers(items, fresh)
            pg.exit_pipeline_mode()
        except self.operational:
            self.close()
            raise trouble.lost() from None
        return found

    def rows(self, result: PGresult) -> list[Row]:
        """The rows of an answer."""
        count = result.ntuples
        if not count:
            return []
        self._reader.set_pgresult(result, format=self._binary)
        return self._reader.load_rows(0, count, tuple)

    def has_failed(self, result: PGresult) -> bool:
        """Whether an answer is a failure, or was skipped for one."""
        return result.status in (self._fatal, self._skipped)

    def fail(self, result: PGresult) -> NoReturn:
        """Raise what the answer of a statement that failed stands for."""
        code = result.error_field(self._state)
        failure = trouble.reported(code.decode() if code and not self.is_broken else None)
        if isinstance(failure, trouble.Lost):
            self.close()  # the server is about to, or has lost what was prepared
        raise failure

    def _answers(self, items: Sequence[Item], fresh: dict[int, bytes]) -> tuple[list[PGresult], int | None]:
        results: list[PGresult] = []
        failed: int | None = None
        for place, item in enumerate(items):
            result = self._next()
            if place in fresh:
                if failed is None and result.status != self._fatal:
                    self._prepared[item.sql] = fresh[place]
                    result = self._next()
                else:
                    self._next()  # aborted for the same reason
            if failed is None and result.status == self._fatal:
                failed = place
            results.append(result)
        self._wait()
        self.pg.get_result()  # the end of the pipeline
        return results, failed

    def _next(self) -> PGresult:
        """The next answer of a pipeline, and the mark that ends it."""
        self._wait()
        result = self.pg.get_result()
        if result is None:
            raise trouble.lost()
        if self.is_broken:
            self.fail(result)
        self._wait()
        self.pg.get_result()
        return result

    def _wait(self) -> None:
        """Until the next answer is complete; other threads run meanwhile."""
        pg = self.pg
        while pg.is_busy():
            self._poll.poll()
            pg.consume_input()

    def _send(self) -> None:
        """Everything out, reading what comes meanwhile, so that neither side waits for the other."""
        pg = self.pg
        if pg.flush() == 0:
            return
        self._poll.modify(pg.socket, select.POLLIN | select.POLLOUT)
        try:
            while pg.flush() == 1:
                for _, event in self._poll.poll():
                    if event & ~select.POLLOUT:
                        pg.consume_input()
        finally:
            self._poll.modify(pg.socket, select.POLLIN)

    def _collect(self) -> None:
        """Take the answer that nobody waited for."""
        self._is_leaving = False
        while True:
            self._wait()
            if self.pg.get_result() is None:
                return

    def _is_frequent(self, sql: str) -> bool:
        """Count a use; from the second on a statement is worth preparing."""
        uses = self._seen.get(sql, 0) + 1
        if uses < PREPARE_AFTER:
            if len(self._seen) > 4 * MOST_PREPARED:
                self._seen.clear()
            self._seen[sql] = uses
            return False
        return len(self._prepared) < MOST_PREPARED

    def _name(self) -> bytes:
        self._names += 1
        return b"c%d" % self._names


def connected(url: str) -> psycopg.Connection[Row]:
    """A connection to a server that we can work with, or a Problem that says what to do."""
    try:
        import psycopg
    except ImportError:
        raise problem(
            Category.UNSUPPORTED, "not-supported", "PostgreSQL needs the psycopg package, which is not installed.",
            repair="Install it with: pip install 'charthouse[postgres]'",
        ) from None  # fmt: skip
    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its message repeats the URL, password and all
        raise problem(
            Category.INVALID, "value", "The database URL cannot be read.", place="--database",
            repair="Write postgresql://USER:PASSWORD@HOST:PORT/NAME, with % codes for special characters.",
        ) from None  # fmt: skip
    settled = {"connect_timeout": CONNECT_SECONDS, "keepalives_idle": 30, "tcp_user_timeout": 30_000} | given
    try:
        raw: psycopg.Connection[Row] = psycopg.connect(**settled, autocommit=True)  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        raise trouble.closed(" ".join(str(error).split())) from None
    encoding = raw.info.parameter_status("server_encoding")
    version = raw.pgconn.server_version
    if version < OLDEST or encoding != "UTF8":
        raw.close()
        raise problem(
            Category.UNSUPPORTED, "not-supported",
            f"It takes PostgreSQL {OLDEST // 10000} or newer, with a database in UTF8.",
            value=f"version {version // 10000}, encoding {encoding}",
            repair="Make the database with: createdb --encoding UTF8 --template template0 NAME",
        )  # fmt: skip
    return raw

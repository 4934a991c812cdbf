"""Small questions to PostgreSQL from an event loop: many under way on one connection, and no thread that waits.

Each question is a statement of its own; those that are asked in the same turn of the loop leave
together, and answers come in the order of the questions (libpq's pipeline mode).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from charthouse.db import trouble, wire
from charthouse.db.session import Row, Session
from charthouse.db.trouble import Lost

WAITING: Final = 10_000  # questions; one more is refused at once


class _Asked:
    """A step of the pipeline: a statement that is prepared (`sql`), a question (`future`), or the mark after it."""

    __slots__ = ("answer", "future", "sql")

    def __init__(self, future: asyncio.Future[list[Row]] | None = None, sql: str | None = None) -> None:
        self.future = future
        self.sql = sql
        self.answer: Any = None

    @property
    def is_mark(self) -> bool:
        """Whether it is the mark."""
        return self.future is None and self.sql is None


class Stream:
    """A connection for one event loop at a time. `connect` opens a session; it is called in a thread."""

    def __init__(self, connect: Callable[[], Session]) -> None:
        self._connect = connect
        self._session: Session | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Task[Session] | None = None
        self._names: dict[str, bytes] = {}
        self._steps: deque[_Asked] = deque()
        self._count = 0
        self._socket = -1
        self._is_flushing = False
        self._is_writing = False

    def is_free(self) -> bool:
        """Whether the running loop may ask: it is the one that asked before, or that one has ended."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None and not self._loop.is_closed() and self._loop.is_running():
                return False
            self._drop()
            self._loop, self._opening = loop, None
        return True

    async def one(self, sql: str, params: Sequence[Any]) -> Row | None:
        """The first row of a question that changes nothing, or None. Raises `Problem`."""
        try:
            rows = await self._ask(sql, params)
        except Lost:
            rows = await self._ask(sql, params)  # the server hung up meanwhile; a question can be asked twice
        return rows[0] if rows else None

    def close(self) -> None:
        """Close; what is still asked fails."""
        self._drop()

    async def _ask(self, sql: str, params: Sequence[Any]) -> list[Row]:
        session = self._session
        if session is None:
            session = await self._open()
        if len(self._steps) > WAITING:
            raise trouble.busy()
        future: asyncio.Future[list[Row]] = asyncio.get_running_loop().create_future()
        form = wire.statement(sql)
        sent, formats = wire.values(form.lists, params)
        try:
            name = self._names.get(sql)
            if name is None:
                self._count += 1
                name = self._names[sql] = b"q%d" % self._count
                session.pg.send_prepare(name, form.text)
                self._steps.append(_Asked(sql=sql))
            session.pg.send_query_prepared(name, sent, formats, wire.BINARY)
            self._steps.append(_Asked(future))
            session.pg.pipeline_sync()
            self._steps.append(_Asked())
        except session.operational:
            self._lose()
            raise trouble.lost() from None
        if not self._is_flushing:
            self._is_flushing = True
            asyncio.get_running_loop().call_soon(self._flush)
        return await future

    async def _open(self) -> Session:
        """The session; all who wait for it wait together."""
        opening = self._opening
        if opening is None:
            opening = self._opening = asyncio.get_running_loop().create_task(self._opened())
        try:
            return await asyncio.shield(opening)
        finally:
            if opening.done() and self._opening is opening:
                self._opening = None

    async def _opened(self) -> Session:
        session = await asyncio.get_running_loop().run_in_executor(None, self._connect)
        session.pg.enter_pipeline_mode()
        self._session = session
        self._names, self._steps = {}, deque()
        self._is_flushing = self._is_writing = False
        self._socket = session.pg.socket  # kept: libpq forgets it when the server hangs up
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return session

    def _flush(self) -> None:
        """Send what waits, and come back when the rest can be sent."""
        self._is_flushing = False
        session = self._session
        if session is None:
            return
        try:
            rest = session.pg.flush()
        except session.operational:
            self._lose()
            return
        if bool(rest) != self._is_writing:
            self._is_writing = bool(rest)
            loop = asyncio.get_running_loop()
            if rest:
                loop.add_writer(self._socket, self._flush)
            else:
                loop.remove_writer(self._socket)

    def _read(self) -> None:
        """Something came: hand out every answer that is complete."""
        session, steps = self._session, self._steps
        if session is None:
            return
        pg = session.pg
        try:
            pg.consume_input()
            while steps and not pg.is_busy():
                result = pg.get_result()
                step = steps[0]
                if result is not None:
                    step.answer = step.answer or result
                    if not step.is_mark:
                        continue  # None comes after it
                elif step.answer is None:
                    break
                steps.popleft()
                if step.sql is not None and session.has_failed(step.answer):
                    del self._names[step.sql]
                    steps[0].answer = step.answer  # the question after it is skipped for this reason
                elif step.future is not None and not step.future.done():
                    self._settle(session, step)
        except session.operational:
            self._lose()
            return
        if session.is_broken:
            self._lose()

    @staticmethod
    def _settle(session: Session, step: _Asked) -> None:
        if step.future is None:
            return
        try:
            if session.has_failed(step.answer):
                session.fail(step.answer)
            step.future.set_result(session.rows(step.answer))
        except Exception as failure:  # noqa: BLE001 - it belongs to whoever asked
            step.future.set_exception(trouble.busy() if isinstance(failure, trouble.Collision) else failure)

    def _lose(self) -> None:
        """The server hung up: everybody who waits hears of it."""
        steps, self._steps = self._steps, deque()
        self._drop()
        for step in steps:
            if step.future is not None and not step.future.done():
                step.future.set_exception(trouble.lost())

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
            if self._is_writing:
                self._loop.remove_writer(self._socket)
        session.close()

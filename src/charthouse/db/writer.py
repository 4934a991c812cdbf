"""One thread that writes: it groups waiting jobs into one transaction, so that they share one sync.

Each job runs in a savepoint of its own, so a failure undoes itself only. Answers leave after the
commit; a job whose group could not be committed gets that failure, never a success.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from charthouse.base.errors import Category, Problem, problem
from charthouse.db.connect import Connection, full_or_busy
from charthouse.db.trouble import Collision, Refused, busy

G = TypeVar("G")
T = TypeVar("T")

GROUP_SECONDS = 0.1  # a group takes no new job after this long, so that the first one is not kept waiting
GROUP_JOBS = 256
ATTEMPTS = 20  # at a job that other processes stand in the way of


class _Waiting(Generic[G]):
    """A job and whoever waits for it: an asyncio future with its loop, or a plain one."""

    __slots__ = ("attempts", "error", "future", "is_alone", "job", "loop", "result")

    def __init__(
        self,
        job: Callable[[Connection, G], Any],
        loop: asyncio.AbstractEventLoop | None,
        future: asyncio.Future[Any] | Future[Any],
    ) -> None:
        self.job = job
        self.loop = loop
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None
        self.attempts = 0
        self.is_alone = False  # in its group, so that its failure is nobody else's

    def settle(self) -> None:
        """Tell the waiter."""
        if self.future.done():  # the client went away
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer(Generic[G]):
    """The only writer of a database in this process.

    `begin(connection) -> group` runs first inside each transaction and may read heads and
    counts; each job gets `(connection, group)`; `finish(connection, group)` runs before the
    commit; `undone(group)` after any savepoint or transaction was rolled back, so that caches
    of uncommitted rows can be dropped; `done(group)` after the commit. `ready(connection, group,
    job)` runs before a job, outside of its savepoint.

    A job that meets a `Collision` with another process begins anew as the first of a later group.
    Where the engine refuses what a whole group wrote, each of its jobs is run again alone.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        begin: Callable[[Connection], G],
        finish: Callable[[Connection, G], None] | None = None,
        undone: Callable[[G], None] | None = None,
        done: Callable[[G], None] | None = None,
        ready: Callable[[Connection, G, Callable[[Connection, G], Any]], None] | None = None,
        name: str = "writer",
    ) -> None:
        self._connect = connect
        self._begin = begin
        self._finish = finish
        self._undone = undone
        self._done = done
        self._ready = ready
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Waiting[G]]] = {}
        self._again: deque[_Waiting[G]] = deque()
        self._queue: SimpleQueue[_Waiting[G] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._closed = False
        self._thread.start()

    def submit(self, job: Callable[[Connection, G], T]) -> Future[T]:
        """Queue `job`; the future is settled after its commit. For threads."""
        future: Future[T] = Future()
        self._put(_Waiting(job, None, future))
        return future

    async def write(self, job: Callable[[Connection, G], T]) -> T:
        """Queue `job` and wait for its commit. For the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._require_open()
        gathered = self._gathered.setdefault(loop, [])
        gathered.append(_Waiting(job, loop, future))
        if len(gathered) == 1:
            loop.call_soon(
                self._flush, loop
            )  # with the jobs that are ready too, so that they share the group
        return await future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    @property
    def waiting(self) -> int:
        """How many jobs wait, about."""
        return self._queue.qsize()

    def _put(self, waiting: _Waiting[G]) -> None:
        self._require_open()
        self._queue.put(waiting)

    def _require_open(self) -> None:
        if self._closed:
            raise problem(Category.BUSY, "transient", "The record is closing; nothing was written.")

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand the jobs gathered on `loop` to the thread; runs on that loop."""
        for waiting in self._gathered.pop(loop):
            try:
                self._put(waiting)
            except Problem as failure:
                waiting.error = failure
                waiting.settle()

    def _serve(self) -> None:
        connection: Connection | None = None
        going = True
        while going or self._again:
            first = self._again.popleft() if self._again else self._queue.get()
            if first is None:
                break
            try:
                connection = connection or self._connect()
            except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
                first.error = _as_problem(error)
                self._deliver([first])
                continue
            group = [first]
            try:
                going = self._group(connection, group) and going
            except Exception as error:  # noqa: BLE001 - nobody may be left waiting, whatever went wrong
                for waiting in group:
                    waiting.error = waiting.error or error
            self._deliver([waiting for waiting in group if waiting not in self._again])
        if connection is not None:
            connection.close()

    def _group(self, connection: Connection, taken: list[_Waiting[G]]) -> bool:
        """Run one transaction of waiting jobs, which are added to `taken`, their results or errors set.

        Returns False when the writer is to stop after it.
        """
        first = taken[0]
        going = True
        state: G | None = None
        try:
            with connection.transaction():
                state = self._begin(connection)
                self._run(connection, state, first)
                until = time.monotonic() + GROUP_SECONDS
                while not first.is_alone and len(taken) < GROUP_JOBS and time.monotonic() < until:
                    try:
                        waiting = self._queue.get_nowait()
                    except Empty:
                        break
                    if waiting is None:
                        going = False
                        break
                    taken.append(waiting)
                    self._run(connection, state, waiting)
                if self._finish:
                    self._finish(connection, state)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait
            self._failed(taken, error)
            if state is not None and self._undone:
                self._undone(state)
        else:
            if self._done:
                self._done(state)
        return going

    def _run(self, connection: Connection, state: G, waiting: _Waiting[G]) -> None:
        if self._ready is not None:
            self._ready(connection, state, waiting.job)
        try:
            with connection.savepoint():
                waiting.result = waiting.job(connection, state)
        except Exception as error:
            if isinstance(error, Collision):
                self._once_more(waiting)
            else:
                waiting.error = error if isinstance(error, Problem) else _as_problem(error)
            if self._undone:
                self._undone(state)
            if not connection.in_transaction():
                raise  # the engine gave up the whole transaction (disk full, I/O error)

    def _failed(self, taken: list[_Waiting[G]], error: Exception) -> None:
        """The transaction of a whole group failed: nothing of it was written."""
        failure = _as_problem(error)
        for waiting in taken:
            if waiting.error is not None or waiting in self._again:
                continue
            if isinstance(error, Collision) or (isinstance(error, Refused) and len(taken) > 1):
                waiting.is_alone = True
                self._once_more(waiting)
            else:
                waiting.error = failure

    def _once_more(self, waiting: _Waiting[G]) -> None:
        """Let a job begin anew, first in its group, unless it did so too often."""
        waiting.attempts += 1
        if waiting.attempts < ATTEMPTS:
            self._again.append(waiting)
        else:
            waiting.error = busy()

    def _deliver(self, group: list[_Waiting[G]]) -> None:
        """Settle each waiter; one wake-up per event loop."""
        loops: dict[asyncio.AbstractEventLoop, list[_Waiting[G]]] = {}
        for waiting in group:
            if waiting.loop is None:
                waiting.settle()
            else:
                loops.setdefault(waiting.loop, []).append(waiting)
        for loop, members in loops.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, members)


def _settle(members: list[_Waiting[Any]]) -> None:
    for waiting in members:
        waiting.settle()


def _as_problem(error: BaseException) -> BaseException:
    """Engine failures in our own words; defects of the program stay what they are."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Collision):
        return busy()
    if type(error).__module__.startswith(("apsw", "psycopg")):
        return full_or_busy(error)  # type: ignore[arg-type]
    return error

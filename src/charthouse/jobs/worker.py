"""One thread that takes written transactions from the outbox, in order, and hands them to whoever must know.

A transaction leaves the outbox only after every handler returned, so after a crash handlers may
see it again: they must bear that. A handler that fails is tried again after a while, and what
comes later waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from charthouse.base import log
from charthouse.db import queries
from charthouse.db.connect import Connection

BATCH = 500
PAUSE = 1.0  # seconds between two looks
BREATH = 0.2  # the same while there is more work without hurry
LONGEST_PAUSE = 60.0  # after failures

Handler = Callable[[Sequence[int]], None]
Submit = Callable[[Callable[[Connection], object]], object]


class Worker:
    """Drains the outbox of one record.

    `connect` opens a connection for this thread; `submit` runs a job in the record's writer and
    waits for it; `handlers` get the numbers of transactions in the order in which they were written.
    `meanwhile` is called between two looks, for work that has no hurry, and says whether there is more of it.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        submit: Submit,
        handlers: Sequence[Handler],
        meanwhile: Callable[[], bool] = lambda: False,
    ) -> None:
        self._meanwhile = meanwhile
        self._connect = connect
        self._submit = submit
        self._handlers = tuple(handlers)
        self._log = log.get("jobs")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the batch under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def drain(self, connection: Connection) -> int:
        """Hand over one batch; returns how many transactions it held."""
        sql = queries.load("charthouse.jobs", "outbox", connection.dialect)
        waiting = [row[0] for row in connection.run(sql.waiting, (BATCH,))]
        if waiting:
            for handle in self._handlers:
                handle(waiting)
            self._submit(lambda writing: writing.run(sql.done, (waiting[-1],)))
        return len(waiting)

    def _serve(self) -> None:
        connection: Connection | None = None
        pause = PAUSE
        while not self._stop.is_set():
            try:
                connection = connection or self._connect()
                full = self.drain(connection) == BATCH
                more = self._meanwhile()
                pause = 0.0 if full else BREATH if more else PAUSE
            except Exception as error:  # noqa: BLE001 - whatever a handler does, the next attempt must come
                self._log.error("jobs.failed", failure=error)
                pause = min(max(pause, PAUSE) * 2, LONGEST_PAUSE)
            self._stop.wait(pause)
        if connection is not None:
            connection.close()

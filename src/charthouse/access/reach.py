"""How the door reaches the record: at once on the event loop where that is quick, else in a few threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from charthouse.db.connect import Connection
from charthouse.store.body import Stored
from charthouse.store.record import Record

T = TypeVar("T")

READERS: Final = 3  # threads for searches and history


class Reach:
    """Reads of one record. Coroutines belong to one event loop."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._reader = record.reader
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self.is_inline = record.place.dialect == "sqlite"

    def connection(self) -> Connection:
        """This thread's own connection."""
        return self._record.connection()

    async def current(self, type: str, id: str) -> Stored | None:
        """A point read: at once on SQLite, without blocking where it must cross a network."""
        if self.is_inline:
            return self._reader.head(self._record.connection(), type, id)
        stream = self._record.stream
        if stream is not None and stream.is_free():
            return await self._reader.head_through(stream, type, id)
        return await self.thread(partial(self._reader.head, type=type, id=id))

    async def version(self, type: str, id: str, version: int) -> Stored | None:
        """The same for one version."""
        if self.is_inline:
            return self._reader.version(self._record.connection(), type, id, version)
        stream = self._record.stream
        if stream is not None and stream.is_free():
            return await self._reader.version_through(stream, type, id, version)
        return await self.thread(partial(self._reader.version, type=type, id=id, version=version))

    async def ask(self, question: Callable[[Connection], T], *, slow: bool = False) -> T:
        """The answer to a question: at once where that is quick, in a thread where it must wait."""
        if self.is_inline and not slow:
            return question(self._record.connection())
        return await self.thread(question)

    async def thread(self, work: Callable[[Connection], T]) -> T:
        """What `work` answers on a connection of one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(self._record.connection()))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

"""The read audit: no answer leaves before the row that says who saw what is safe on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from typing import Final

import msgspec

from charthouse.access.actor import Actor
from charthouse.access.chain import Head, block_hash, canonical, mark, pack_keys, pack_pairs
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem
from charthouse.db import queries
from charthouse.db.connect import Connection, Row
from charthouse.db.writer import Writer

MOST_WAITING: Final = 10_000  # events; a read beyond that is refused at once
QUERY_LENGTH: Final = 4_000  # characters of the query that are kept


class Event(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened. `at` in ms, `actor` an account key, `outcome` ok or an error category.

    `resources` are (key, version) of what was returned, `patients` the keys of the patients these
    belong to, `query` what was asked as it was sent (the audit may hold it; logs may not).
    """

    at: int
    actor: int
    client: str
    session: str
    interaction: str
    outcome: str = "ok"
    type: str = ""
    query: str = ""
    request: str = ""
    purpose: str = "TREAT"
    address: str = ""
    resources: Sequence[tuple[int, int]] = ()
    patients: Collection[int] = ()


def event(
    actor: Actor,
    interaction: str,
    type: str = "",
    *,
    outcome: str = "ok",
    query: str = "",
    request: str = "",
    address: str = "",
    resources: Sequence[tuple[int, int]] = (),
    patients: Collection[int] = (),
) -> Event:
    """An event of now by `actor`."""
    return Event(
        now(), actor.id, actor.client, actor.session or "", interaction, outcome, type, query, request,
        actor.purpose, address, resources, patients,
    )  # fmt: skip


Waiter = tuple[Event, "asyncio.Future[None] | Future[None]"]


class Audit:
    """The audit of one clinic, with its own connection and writer.

    `connect` opens the audit database (`synchronous=FULL`), `mark_key` is the clinic's `mark` key.
    Events that arrive while a commit is under way share the next one.
    """

    def __init__(self, connect: Callable[[], Connection], dialect: str, mark_key: bytes) -> None:
        self._sql = queries.load("charthouse.access", "audit", dialect)
        self._key = mark_key
        self._waiting: list[Waiter] = []
        self._called = False
        self._writer: Writer[_Group] = Writer(connect, begin=self._begin, name="audit")

    async def record(self, event: Event) -> None:
        """Return when `event` is durable. Raises `Problem(busy)` or `Problem(fault)` if it cannot be:
        what it was about must then not be shown."""
        waiting = self._waiting
        if len(waiting) >= MOST_WAITING:
            raise too_many()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        waiting.append((event, future))
        if not self._called:
            self._called = True
            loop.call_soon(self._call)  # after those that are ready too, so that they share the round
        await future

    def record_now(self, event: Event) -> None:
        """The same for a thread without an event loop, e.g. a command."""
        future: Future[None] = Future()
        self._waiting.append((event, future))
        if not self._called:
            self._call()
        future.result()

    def close(self) -> None:
        """Write what waits, then stop."""
        taken = self._take()
        if taken:
            self._submit(taken)
        self._writer.close()

    def _call(self) -> None:
        """Ask the writer for a round. An event is appended before this flag is read, and the writer
        lowers the flag before it looks, so none is left behind."""
        self._called = True
        try:
            self._submit([])
        except Problem as failure:  # closing
            self._called = False
            _settle(self._take(), failure)

    def _submit(self, taken: list[Waiter]) -> None:
        """Have the writer write `taken` and whatever waits when its turn comes."""
        done = self._writer.submit(lambda connection, group: self._write(connection, group, taken))
        done.add_done_callback(lambda future: self._finished(taken, future.exception()))

    def _finished(self, taken: list[Waiter], failure: BaseException | None) -> None:
        """After the commit, or after it failed; runs in the writer's thread."""
        if failure is not None and not taken:  # the round never began
            self._called = False
            taken = self._take()
        _deliver(taken, failure)

    def _take(self) -> list[Waiter]:
        taken = self._waiting[:MOST_WAITING]
        del self._waiting[: len(taken)]  # others append meanwhile, always at the end
        return taken

    def _begin(self, connection: Connection) -> _Group:
        connection.many(self._sql.take_turn, [()])  # sent together with the next question
        row = connection.one(self._sql.head)
        return _Group(Head(row[0], row[1], bytes(row[2])) if row else Head())

    def _write(self, connection: Connection, group: _Group, taken: list[Waiter]) -> None:
        """One block of all events that wait now; runs in the writer's thread and transaction."""
        self._called = False
        taken += self._take()
        if not taken:  # the round before took them
            return
        head, key = group.head, self._key
        rows: list[Row] = []
        bodies: list[bytes] = []
        touched: list[tuple[int, int]] = []
        number = head.event
        for item, _ in taken:
            number += 1
            packed = b""
            if item.patients:
                packed = pack_keys(item.patients)
                touched += [(patient, number) for patient in set(item.patients)]
            row = (
                number, item.at, item.actor, _plain(item.client), item.session, item.interaction, item.outcome,
                _plain(item.type), _plain(item.query), _plain(item.request), item.purpose, _plain(item.address),
                pack_pairs(item.resources) if item.resources else b"", packed,
            )  # fmt: skip
            body = canonical(row)
            bodies.append(body)
            rows.append((*row, mark(key, body)))
        connection.many(self._sql.add_event, rows)
        if touched:
            touched.sort()
            connection.many(self._sql.add_patient, touched)
        block, first, at = head.block + 1, head.event + 1, now()
        sealed = block_hash(head.hash, block, first, number, at, bodies)
        connection.many(self._sql.add_block, [(block, first, number, at, sealed)])
        group.head = Head(block, number, sealed)


class _Group:
    """The head of the chain inside one transaction."""

    __slots__ = ("head",)

    def __init__(self, head: Head) -> None:
        self.head = head


def _plain(text: str) -> str:
    """`text` as any database takes it: bounded, no NUL, no half characters; what a caller sent must not
    make the audit fail."""
    if not text or (text.isascii() and len(text) <= QUERY_LENGTH and "\0" not in text):
        return text
    return text[:QUERY_LENGTH].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _deliver(taken: list[Waiter], failure: BaseException | None) -> None:
    """Wake everybody who waited, with one call into each event loop; runs in the writer's thread."""
    loops: dict[asyncio.AbstractEventLoop, list[Waiter]] = {}
    for waiter in taken:
        future = waiter[1]
        if isinstance(future, Future):
            _settle([waiter], failure)
        else:
            loops.setdefault(future.get_loop(), []).append(waiter)
    for loop, waiters in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, waiters, failure)


def _settle(waiters: list[Waiter], failure: BaseException | None) -> None:
    for _, future in waiters:
        if future.done():  # the client went away; the event stands all the same
            continue
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(_refusal(failure))


def _refusal(failure: BaseException) -> Problem:
    """Why a read is refused, whatever went wrong."""
    category = failure.category if isinstance(failure, Problem) else Category.FAULT
    return problem(
        category if category is Category.BUSY else Category.FAULT,
        "transient" if category is Category.BUSY else "no-store",
        "The audit cannot be written, so nothing is shown.",
        repair="Try again; if it stays so, tell whoever looks after this server.",
    )  # fmt: skip


def too_many() -> Problem:
    """The answer when events come faster than the disk takes them."""
    return problem(
        Category.BUSY, "transient", "The server has too much to do; nothing was shown.",
        repair="Try again in a moment.",
    )  # fmt: skip

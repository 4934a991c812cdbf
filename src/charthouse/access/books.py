"""The books beside the door: code systems, value sets, maps and profiles, open to whoever may read their type.

Nothing in them is about a patient, so what is looked up is not audited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from charthouse.access.actor import Actor
from charthouse.access.canonical import KINDS
from charthouse.access.policy import Policy
from charthouse.base.errors import Issue
from charthouse.db.connect import Connection
from charthouse.fhir.resource import Tree
from charthouse.terminology.terminology import Terminology
from charthouse.validation.validator import Level, Validator

T = TypeVar("T")
P = TypeVar("P")

READERS: Final = 2  # threads for questions that take their time; what is sent along has one of its own
MOST: Final = 200  # findings that are told


class Books:
    """The books of one clinic. Coroutines belong to one event loop."""

    def __init__(
        self,
        terminology: Terminology,
        validator: Validator,
        policy: Policy,
        written: Callable[[Callable[[Connection], object]], Awaitable[object]],
        stamp: Callable[[], int],
        *,
        inline: bool,
    ) -> None:
        """`written` carries out a change through the record's writer; `stamp()` moves when a profile is written;
        `inline` says that questions never wait for a network, so that short ones are answered on the event loop."""
        self.terminology = terminology
        self.validator = validator
        self._policy = policy
        self._written = written
        self._stamp = stamp
        self._seen = stamp()
        self._inline = inline
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="books")
        self._sent = ThreadPoolExecutor(1, thread_name_prefix="sent-books")

    def permit(self, actor: Actor, type: str) -> None:
        """Raise `Problem(forbidden)` unless the actor may read `type`: a book wholly, others on some rows."""
        if type in KINDS:
            self._policy.require_whole(actor, type, "read")
        self._policy.require(actor, type, "read")

    async def consult(
        self,
        actor: Actor,
        type: str,
        question: Callable[[Terminology], T],
        *,
        is_long: bool = False,
        is_sent: bool = False,
    ) -> T:
        """The answer to a question about codes, for an actor who may read `type` (CodeSystem, ValueSet, …).

        `is_long` says that it may take its time; `is_sent` that it is about a book that came with it,
        so that those wait for each other and not for them whoever asks about the books that are here.
        """
        self._policy.require_whole(actor, type, "read")
        if self._inline and not is_long and not is_sent:
            return question(self.terminology)
        threads = self._sent if is_sent else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, question, self.terminology)

    async def keep(
        self,
        actor: Actor,
        type: str,
        question: Callable[[Terminology], P],
        change: Callable[[Terminology, P, Connection], T],
    ) -> T:
        """The same for a question whose answer is remembered: looked up first, and then written down in one
        transaction of the record, which waits for nothing else."""
        self._policy.require_whole(actor, type, "create")
        prepared = await asyncio.get_running_loop().run_in_executor(self._threads, question, self.terminology)
        kept: list[T] = []
        await self._written(lambda connection: kept.append(change(self.terminology, prepared, connection)))
        return kept[-1]

    def examine(self, tree: Tree, profiles: Sequence[str] = ()) -> list[Issue]:
        """Everything that validation finds in a resource, by its own profiles and `profiles`."""
        self.renew()
        return self.validator.check(tree, level=Level.FULL, profiles=profiles, limit=MOST)

    def renew(self) -> None:
        """Drop compiled profiles if any was written since; to be called before profiles are asked."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            self.validator.forget()

    def close(self) -> None:
        """End the threads, and let go of the shipped file."""
        self._threads.shutdown(wait=True)
        self._sent.shutdown(wait=True)
        self.terminology.close()

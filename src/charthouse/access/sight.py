"""What one actor sees of the record during one request: hidden and absent look the same through it.

The gate makes one for each request. Everything that decides, finds or shows on behalf of the actor asks here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Protocol, TypeVar

from charthouse.access.judge import Content, Judge
from charthouse.access.policy import forbidden
from charthouse.access.rules.mask import masked, refuse_telling, telling
from charthouse.access.rules.narrow import Narrowing
from charthouse.access.rules.node import ALWAYS, NEVER, Node
from charthouse.access.rules.rights import Rights, Rule
from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection
from charthouse.fhir import references
from charthouse.search.run import Search
from charthouse.search.text import NOTHING, Fragment
from charthouse.store.body import Stored
from charthouse.store.record import Record

T = TypeVar("T")
BINARY: Final = "Binary"
SLICE: Final = 200
SOON: Final = 0.003  # seconds a condition may take on the event loop
FINDING: Final = 0.5  # seconds one condition of a write may take when it is asked again before the commit
ASKING: Final = 2.0  # ... before that, where nobody waits behind it: a server that has just started is slower


class Ask(Protocol):
    """Runs a question on a connection that may be used here, at once or in a thread."""

    def __call__(self, question: Callable[[Connection], T], *, slow: bool = False) -> Awaitable[T]:
        """The answer."""
        ...


class Eyes:
    """What all sights of one record share."""

    def __init__(self, record: Record, search: Search, narrowing: Narrowing) -> None:
        self.record = record
        self.search = search
        self.narrowing = narrowing

    def narrow(self, rights: Rights, words: tuple[str, ...], type: str) -> Fragment | None:
        """The rows of `type` on which all of `words` (`read`, `search`, …) are open, as a condition on `r`, or None."""
        node = rights.rows(type, words)
        if node == NEVER:
            return NOTHING
        if type == BINARY:
            connection = self.record.connection()
            allowed = self.narrowing.fragment(connection, node, type)
            return self.narrowing.apart(connection, self.shut(rights), allowed)
        return None if node is None else self.narrowing.fragment(self.record.connection(), node, type)

    def shut(self, rights: Rights) -> list[str]:
        """The types that are not open to reading at all: no Binary that is a part of one is either."""
        return [type for type in self.record.types if "read" not in rights.rule(type).open]


class Sight:
    """One actor's view. `ask` runs what needs a connection."""

    def __init__(
        self,
        eyes: Eyes,
        rights: Rights,
        current: Callable[[str, str], Awaitable[Stored | None]],
        ask: Ask,
        plain: Rights | None = None,
    ) -> None:
        """`plain` are the actor's rights without emergency access, None where there is none."""
        self._judge = Judge(eyes.record, eyes.search, eyes.narrowing, rights, plain)
        self._eyes = eyes
        self._rights = rights
        self._current = current
        self._ask = ask

    def rule(self, type: str) -> Rule:
        """What is open on a type."""
        return self._rights.rule(type)

    def may(self, type: str, word: str) -> bool:
        """Whether an interaction is open on some rows of the type."""
        return word in self._rights.rule(type).open

    def node(self, type: str, word: str) -> Node | None:
        """The condition on rows of an open interaction; None = all of them."""
        return self._rights.rule(type).rows.get(word)

    def narrow(self, type: str) -> Callable[[str], Fragment | None]:
        """For a search of `type`: any type -> the condition on its rows; what is included must be open to reading."""
        return lambda other: self._eyes.narrow(
            self._rights, ("search", "read") if other == type else ("read",), other
        )

    async def is_bounded(self, type: str, word: str) -> bool:
        """Whether some rows are closed to the actor, as the record stands."""
        node = self.node(type, word)
        if type == BINARY and self._eyes.shut(self._rights):
            return True
        if node is None:
            return False
        return await self._ask(
            lambda connection: self._eyes.narrowing.reduced(connection, node, type) != ALWAYS
        )

    async def is_bounded_anywhere(self, word: str) -> bool:
        """Whether rows or elements of any type are closed to the actor."""
        for type in self._eyes.record.types:
            rule = self._rights.rule(type)
            if word not in rule.open or rule.hidden or await self.is_bounded(type, word):
                return True
        return False

    def refuse_telling(self, type: str, params: Sequence[tuple[str, str]]) -> None:
        """Refuse a search that would tell of elements that are hidden from the actor."""
        refuse_telling(self._eyes.record.definitions, type, self._rights.masked(), params)

    def touch(self, type: str, code: str) -> None:
        """Refuse an answer that would rest on a parameter of `type` that tells of a hidden element; for the code `*`,
        on a book that is shut."""
        if code == "*" and not self.may(type, "read"):
            raise forbidden(type, "read")
        self.refuse_telling(type, [(code, "")])

    def telling(self, type: str) -> frozenset[str]:
        """The parameters of `type` that tell of elements that are hidden from the actor."""
        return telling(self._eyes.record.definitions, type, self._rights.rule(type).hidden)

    def files(
        self,
        connection: Connection,
        found: Sequence[Stored],
        attached: Callable[[Iterable[bytes]], Sequence[str]],
    ) -> list[Stored]:
        """The open Binaries that attachments in resources, as they are shown, lie in (`attached` tells their ids):
        those in nobody's record, or in one that the resources are in."""
        if not self.may("Binary", "read"):
            return []
        ids = attached(self.mask(one).body for one in found)
        homes = {0, *(one.home for one in found)}
        reader, node = self._eyes.record.reader, self.node("Binary", "read")
        files = [
            one for one in reader.named(connection, "Binary", ids) if not one.deleted and one.home in homes
        ]
        keys = [one.key for one in files]
        shown = keys if node is None else self._eyes.narrowing.among(connection, node, "Binary", keys)
        return [one for one in files if one.key in shown and self.shows_context(one)]

    def members(self, connection: Connection, id: str) -> list[tuple[str, int]]:
        """(type, key) of what a List names, of each what is here; nothing for a list that is absent or hidden."""
        if not self.may("List", "read"):
            raise forbidden("List", "read")
        self.touch("List", "item")
        reader = self._eyes.record.reader
        found = reader.head(connection, "List", id)
        if found is None or found.deleted:
            return []
        node = self.node("List", "read")
        if node is not None and not self._eyes.narrowing.shows(connection, node, "List", found):
            return []
        return reader.members(connection, found.key)

    def find(
        self, type: str, criteria: Sequence[tuple[str, str]], *, seconds: float = FINDING
    ) -> Callable[[Connection], Sequence[str]]:
        """The ids of at most two resources that the actor may find by `criteria`, asked of any connection."""
        narrow = self.narrow(type)

        def found(connection: Connection) -> Sequence[str]:
            with connection.within(seconds):
                return self._eyes.search.find(connection, type, criteria, narrow=narrow, touch=self.touch)

        return found

    async def matches(self, type: str, criteria: Sequence[tuple[str, str]]) -> Sequence[str]:
        """The same, asked now: on the event loop where it is found at once, else in a thread."""
        narrow = self.narrow(type)

        def soon(connection: Connection) -> Sequence[str] | None:
            try:
                with connection.within(SOON, 2_000):
                    return self._eyes.search.find(connection, type, criteria, narrow=narrow, touch=self.touch)
            except Problem as failure:
                if failure.category is not Category.TOO_COSTLY:
                    raise
                return None

        found = await self._ask(soon)
        if found is None:
            return await self._ask(self.find(type, criteria, seconds=ASKING), slow=True)
        return found

    async def judged(self, content: Content) -> None:
        """Refuse content that the actor may not write; nothing is asked where they may write all rows of the type."""
        if self.node(content.type, content.word) is not None:
            await self._ask(lambda connection: self._judge.require(connection, content))

    async def current(self, type: str, id: str, word: str) -> Stored | None:
        """The present version, a deletion included; None for absent and hidden alike."""
        stored = await self._current(type, id)
        return stored if stored is None or await self.shows(stored, word) else None

    async def shows(self, stored: Stored, word: str) -> bool:
        """Whether the actor may meet this resource, of which `stored` is the present version."""
        node = self.node(stored.type, word)
        if node is None:
            return True
        return await self._ask(
            lambda connection: self._eyes.narrowing.shows(connection, node, stored.type, stored)
        )

    def shows_context(self, stored: Stored) -> bool:
        """For a Binary: whether the type of what it is a part of is open at all (R4 binary.html#security); single rows
        hide it by the query, as everything that is about something hidden."""
        if stored.type != "Binary" or stored.deleted:
            return True
        named = stored.tree.get("securityContext")
        ref = references.parse(str(named.get("reference") or "")) if isinstance(named, dict) else None
        return ref is None or ref.type not in self._eyes.record.types or self.may(ref.type, "read")

    async def shows_version(self, stored: Stored, word: str) -> bool:
        """Whether the actor may meet this version: the resource as it stands, and the content as it was."""
        node = self.node(stored.type, word)
        if node is None:
            return True
        present = await self.current(stored.type, stored.id, word)
        if present is None or present.version == stored.version:
            return present is not None
        return await self._ask(lambda connection: self._judge.weighs(connection, node, stored, present))

    def versions(self, connection: Connection, found: Sequence[Stored], word: str) -> list[Stored]:
        """Those of `found`, versions of any resources, that the actor may meet."""
        shown: list[Stored] = []
        reader = self._eyes.record.reader
        for start in range(0, len(found), SLICE):
            part = found[start : start + SLICE]
            heads = {
                (type, head.id): head for type in {one.type for one in part}
                for head in reader.named(connection, type, sorted({one.id for one in part if one.type == type}))
            }  # fmt: skip
            for one in part:
                node = self.node(one.type, word)
                head = heads.get((one.type, one.id))
                if not self.may(one.type, word) or head is None or not self.shows_context(one):
                    continue
                if node is None or (
                    self._eyes.narrowing.shows(connection, node, one.type, head)
                    and (one.version == head.version or self._judge.weighs(connection, node, one, head))
                ):
                    shown.append(one)
        return shown

    def mask(self, stored: Stored) -> Stored:
        """The version without the elements that are hidden from the actor."""
        hidden = self._rights.rule(stored.type).hidden
        return masked(stored, hidden, self._eyes.record.codec) if hidden else stored

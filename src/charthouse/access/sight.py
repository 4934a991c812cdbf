"""What one actor sees of the record during one request: hidden and absent look the same through it.

The gate makes one for each request. Everything that decides, finds or shows on behalf of the actor asks here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from charthouse.access.rules.mask import masked, refuse_telling
from charthouse.access.rules.narrow import Narrowing
from charthouse.access.rules.node import ALWAYS, NEVER, Node, Params
from charthouse.access.rules.rights import Rights, Rule
from charthouse.access.rules.weigh import Facts, Scales
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem
from charthouse.db.connect import Connection
from charthouse.fhir import references
from charthouse.search.meets import meets
from charthouse.search.run import Search
from charthouse.search.text import NOTHING, Fragment
from charthouse.store.body import Stored
from charthouse.store.index.values import Rows
from charthouse.store.record import Record

T = TypeVar("T")
SLICE: Final = 200


class Ask(Protocol):
    """Runs a question on a connection that may be used here, at once or in a thread."""

    def __call__(self, question: Callable[[Connection], T]) -> Awaitable[T]:
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
        if node is None:
            return None
        return NOTHING if node == NEVER else self.narrowing.fragment(self.record.connection(), node, type)


class Sight:
    """One actor's view. `ask` runs what needs a connection."""

    def __init__(
        self, eyes: Eyes, rights: Rights, current: Callable[[str, str], Awaitable[Stored | None]], ask: Ask
    ) -> None:
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

    def find(self, type: str, criteria: Sequence[tuple[str, str]]) -> Callable[[Connection], Sequence[str]]:
        """The ids of at most two resources that the actor may find by `criteria`, asked of any connection."""
        narrow = self.narrow(type)
        return lambda connection: self._eyes.search.find(connection, type, criteria, narrow=narrow)

    async def matches(self, type: str, criteria: Sequence[tuple[str, str]]) -> Sequence[str]:
        """The same, asked now."""
        return await self._ask(self.find(type, criteria))

    async def judged(
        self, type: str, id: str, rows: Rows, word: str, fresh: frozenset[tuple[str, str]]
    ) -> None:
        """See `judge`; nothing is asked where the actor may write all rows of the type."""
        if self.node(type, word) is not None:
            await self._ask(lambda connection: self.judge(connection, type, id, rows, word, fresh))

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

    async def shows_context(self, stored: Stored) -> bool:
        """For a Binary: whether the actor may read what it is a part of (R4 binary.html#security)."""
        if stored.type != "Binary" or stored.deleted:
            return True
        named = stored.tree.get("securityContext")
        ref = references.parse(str(named.get("reference") or "")) if isinstance(named, dict) else None
        if (
            ref is None
            or ref.base is not None
            or ref.type not in self._eyes.record.types
            or ref.type == "Binary"
        ):
            return True
        node = self.node(ref.type, "read")
        if self.may(ref.type, "read") and node is None:
            return True
        found = await self._current(ref.type, ref.id)
        return found is None or (self.may(ref.type, "read") and await self.shows(found, "read"))

    async def shows_version(self, stored: Stored, word: str) -> bool:
        """Whether the actor may meet this version: the resource as it stands, and the content as it was."""
        node = self.node(stored.type, word)
        if node is None:
            return True
        present = await self.current(stored.type, stored.id, word)
        if present is None or present.version == stored.version:
            return present is not None
        return await self._ask(lambda connection: self.weighs(connection, node, stored, present))

    def weighs(self, connection: Connection, node: Node, stored: Stored, present: Stored) -> bool:
        """The same where the present version is known to be open."""
        narrowing = self._eyes.narrowing
        reduced = narrowing.reduced(connection, node, stored.type)
        if reduced == ALWAYS:
            return True
        if stored.deleted:
            return False
        rows = self._eyes.record.extractor.rows(stored.tree, stored.type)
        home = self.home(connection, rows)
        facts = Facts(stored.type, stored.id, rows, home)
        return home in (0, present.home) and self._scales(connection).hold(reduced, facts)

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
                if not self.may(one.type, word) or head is None:
                    continue
                if node is None or (
                    self._eyes.narrowing.shows(connection, node, one.type, head)
                    and (one.version == head.version or self.weighs(connection, node, one, head))
                ):
                    shown.append(one)
        return shown

    def judge(
        self,
        connection: Connection,
        type: str,
        id: str,
        rows: Rows,
        word: str,
        fresh: frozenset[tuple[str, str]],
    ) -> None:
        """Refuse content that the actor may not write. `fresh` are (type, id) that the same request makes.

        Raises `Problem(forbidden)` in the same words whatever the reason is: a patient who is hidden and one who
        is not there look alike.
        """
        node = self.node(type, word)
        if node is None:
            return
        home = 0
        if rows.home is not None and type != "Patient" and rows.home not in fresh:
            home = self._open_home(connection, type, rows)
        elif type == "Patient":
            home = self._eyes.narrowing.key(connection, "Patient", id)
        if not self._scales(connection, writes=True).hold(node, Facts(type, id, rows, home)):
            raise closed(type)

    def _open_home(self, connection: Connection, type: str, rows: Rows) -> int:
        """The key of the patient that content is about, who must be there and open to the actor."""
        home = self.home(connection, rows)
        stored = (
            self._eyes.record.reader.head(connection, "Patient", rows.home[1]) if rows.home and home else None
        )
        rule = self._rights.rule("Patient")
        seen = "read" if "read" in rule.open else "search" if "search" in rule.open else ""
        is_open = stored is not None and not stored.deleted and (
            not seen or self._eyes.narrowing.shows(connection, rule.rows.get(seen), "Patient", stored)
        )  # fmt: skip
        if not is_open:
            raise closed(type)
        return home

    def home(self, connection: Connection, rows: Rows) -> int:
        """The key of the patient whose record content is in; 0 = nobody's."""
        return 0 if rows.home is None else self._eyes.narrowing.key(connection, *rows.home)

    def mask(self, stored: Stored) -> Stored:
        """The version without the elements that are hidden from the actor."""
        hidden = self._rights.rule(stored.type).hidden
        return masked(stored, hidden, self._eyes.record.codec) if hidden else stored

    def _scales(self, connection: Connection, *, writes: bool = False) -> Scales:
        eyes = self._eyes

        def judged(facts: Facts, params: Params) -> bool:
            return meets(facts.rows, facts.id, eyes.search.parser.query(facts.type, params), now())

        return Scales(judged, partial(eyes.narrowing.of_home, connection), writes)


def closed(what: str) -> Problem:
    """The answer to content that the actor may not write."""
    return problem(
        Category.FORBIDDEN, "forbidden", f"You may not write this {what}.",
        repair="Your rights do not include it as it is, or what it is about is not open to you.",
    )  # fmt: skip

"""What an actor may write: content must lie within their rights, and nobody writes themselves into a closed chart.

Whatever the reason is, the refusal has the same words: what is hidden and what is not there look alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from charthouse.access.rules.narrow import RELATED, RELATIONS, Narrowing
from charthouse.access.rules.node import Node, Params
from charthouse.access.rules.rights import Rights
from charthouse.access.rules.weigh import SECURITY, Facts, Scales
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem
from charthouse.db.connect import Connection
from charthouse.search.meets import meets
from charthouse.search.run import Search
from charthouse.store.body import Stored
from charthouse.store.index.values import Rows
from charthouse.store.record import Record

Named = frozenset[tuple[str, str]]
# What decides who may open a chart is not written by who is in it in an emergency.
DECISIVE: Final = frozenset({"Patient", "Consent", *(type for type, *_ in RELATIONS)})
MOST: Final = 200  # references to other records that one content may have


@dataclass(frozen=True, slots=True)
class Content:
    """What is about to be written: its index rows, by which interaction, and (type, id) that the same request makes."""

    type: str
    id: str
    rows: Rows
    word: str
    fresh: Named


class Judge:
    """Judges content for one actor. `plain` are the rights without emergency access, None where there is none."""

    def __init__(
        self, record: Record, search: Search, narrowing: Narrowing, rights: Rights, plain: Rights | None
    ) -> None:
        self._record = record
        self._search = search
        self._narrowing = narrowing
        self._rights = rights
        self._plain = plain

    def require(self, connection: Connection, content: Content) -> None:
        """Raise `Problem(forbidden)` for content that the actor may not write."""
        node = self._rights.rule(content.type).rows.get(content.word)
        if node is None:
            return
        for type, id in sorted(self._named(content)):
            self._open(connection, content.type, type, id)
        home = self.home(connection, content.rows) if content.type != "Patient" else 0
        if content.type == "Patient":
            home = self._narrowing.key(connection, "Patient", content.id)
        facts = Facts(content.type, content.id, content.rows, home)
        if not self.scales(connection, writes=True).hold(node, facts):
            raise closed(content.type)
        if self._plain is not None:
            self._emergency(connection, content, facts)

    def _emergency(self, connection: Connection, content: Content, facts: Facts) -> None:
        """What is open for a while only: nothing that would keep it open, no label taken off."""
        if self._plain is None:
            return
        node = self._plain.rule(content.type).rows.get(content.word)
        if node is None or self.scales(connection, writes=True).hold(node, facts):
            return
        if content.type in DECISIVE:
            raise closed(content.type)
        stored = self._record.reader.head(connection, content.type, content.id)
        if stored is not None and not stored.deleted:
            before = self._record.extractor.rows(stored.tree, stored.type)
            if not _labels(before) <= _labels(content.rows):
                raise closed(content.type)

    def _named(self, content: Content) -> Named:
        """The records that content is about, but for those the same request makes: patients, and what hides with it."""
        codes = RELATED.get(content.type, ())
        found = {
            (type, id) for code, type, id in content.rows.references
            if type == "Patient" or (type is not None and code in codes)
        }  # fmt: skip
        found |= {content.rows.home} if content.rows.home is not None else set()
        found -= content.fresh | {(content.type, content.id)}
        if len(found) > MOST:
            raise closed(content.type)
        return frozenset(found)

    def _open(self, connection: Connection, written: str, type: str, id: str) -> None:
        """Refuse unless that resource is there and open to the actor."""
        stored = self._record.reader.head(connection, type, id)
        rule = self._rights.rule(type)
        seen = "read" if "read" in rule.open else "search" if "search" in rule.open else ""
        node = rule.rows.get(seen)
        if node is None:  # no row of the type is closed, so one that is not there tells nothing
            return
        if stored is None or stored.deleted or not self._narrowing.shows(connection, node, type, stored):
            raise closed(written)

    def home(self, connection: Connection, rows: Rows) -> int:
        """The key of the patient whose record content is in; 0 = nobody's, or of one who is not here."""
        return 0 if rows.home is None else self._narrowing.key(connection, *rows.home)

    def weighs(self, connection: Connection, node: Node, stored: Stored, present: Stored) -> bool:
        """Whether an old version meets a condition that the present one is known to meet."""
        reduced = self._narrowing.reduced(connection, node, stored.type)
        if stored.deleted:
            return False
        rows = self._record.extractor.rows(stored.tree, stored.type)
        home = self.home(connection, rows)
        facts = Facts(stored.type, stored.id, rows, home)
        return home in (0, present.home) and self.scales(connection).hold(reduced, facts)

    def scales(self, connection: Connection, *, writes: bool = False) -> Scales:
        """How conditions are judged in memory, with the record at hand."""

        def judged(facts: Facts, params: Params) -> bool:
            return meets(facts.rows, facts.id, self._search.parser.settled(facts.type, params), now())

        of_home: Callable[[Node, int], bool] = partial(self._narrowing.of_home, connection)
        return Scales(judged, of_home, writes)


def _labels(rows: Rows) -> frozenset[tuple[str | None, str]]:
    return frozenset((system, code) for name, system, code in rows.tokens if name == SECURITY)


def closed(what: str) -> Problem:
    """The answer to content that the actor may not write."""
    return problem(
        Category.FORBIDDEN, "forbidden", f"You may not write this {what}.",
        repair="Your rights do not include it as it is, or what it is about is not open to you.",
    )  # fmt: skip

"""The search parameters that a clinic adds, as one process knows them, and which of the index is not complete yet.

A generation in the record moves with every change of them, in the transaction that makes it. Each writer looks at
it in its own transaction, and indexes anew what was made ready by another generation, so that from that commit on
nothing is written without the new parameters. What was there before is the business of `store.reindex`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from charthouse.base.errors import Category, Issue
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.fhir import parameters, path
from charthouse.fhir.definitions import Overlay, Own, SearchParam
from charthouse.fhir.resource import Tree, parse
from charthouse.store.body import Codec, front
from charthouse.store.index import Extractor, Rows
from charthouse.store.index.extract import fits
from charthouse.store.index.sources import OWN
from charthouse.store.index.steps import STEPS, since
from charthouse.store.write import Change, Unsettled

TYPE: Final = parameters.TYPE
EVERYTHING: Final = "*"  # in place of the name of rows: all of a type's, which are there, are looked at anew
RECHECK_SECONDS: Final = (
    0.05  # a change by another process is noticed by readers after this long at the latest
)
MOST: Final = 8  # findings that are told
Pair = tuple[str, str]
Types = Mapping[str, Mapping[str, SearchParam]]


class Waiting(NamedTuple):
    """Rows of one name that are not complete: resources with a key up to `mark` are done (-1: not begun) of those up
    to `stop`; that is `done` resources, of `live` that there are."""

    type: str
    code: str
    mark: int
    stop: int
    done: int
    live: int

    @property
    def percent(self) -> int:
        """How much is done; never all."""
        return min(99, 100 * self.done // max(self.live, 1))


class Parameters:
    """The parameters of one record in one process. Safe for any thread, but for what says otherwise."""

    def __init__(
        self,
        definitions: Overlay,
        extractor: Extractor,
        codec: Codec,
        types: Mapping[str, int],
        connection: Callable[[], Connection],
        dialect: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connection()` is the calling thread's own, for reading."""
        self._definitions = definitions
        self._extractor = extractor
        self._twin = extractor.twin()  # for the writer's thread
        self._codec = codec
        self._types = types
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.store", "parameters", dialect)
        self._looking = threading.Lock()
        self._telling = threading.Lock()
        self._until = 0.0
        self._is_known = False
        self._is_waiting = False
        self._own = Own()
        definitions.follow(self.renew)

    @property
    def own(self) -> Own:
        """The parameters as this process knows them."""
        return self._own

    # -- for readers

    def renew(self) -> None:
        """See whether another process changed something, at most every `RECHECK_SECONDS`."""
        if self._clock() < self._until or not self._looking.acquire(blocking=not self._is_known):
            return
        try:
            connection = self._connection()
            row = connection.one(self._sql.state)
            generation = row[0] if row else 0
            if generation != self._own.generation:
                self.publish(self._read(connection, generation))
            if self._is_waiting or not self._is_known:
                self._is_waiting = bool(self.waiting(connection))
            self._is_known = True
            self._until = self._clock() + RECHECK_SECONDS
        finally:
            self._looking.release()

    def incomplete(self, connection: Connection, touched: Iterable[Pair]) -> dict[Pair, int] | None:
        """Which of the (type, parameter) that an answer rests on cannot be relied on yet, and how much is done, in %.

        To be asked inside the snapshot that the answer comes from. None where the parameters are others by now,
        so that the question has to be read anew.
        """
        own = self._own.types
        if not own and not self._is_waiting:
            return {}
        pairs = dict.fromkeys(touched)
        if not self._is_waiting and not any(code in own.get(type, ()) for type, code in pairs):
            return {}
        row = connection.one(self._sql.state)
        if row is not None and row[0] != self._own.generation:
            self._until = 0.0
            return None
        waiting = {(one.type, one.code): one.percent for one in self.waiting(connection)}
        found: dict[Pair, int] = {}
        for type, code in pairs if waiting else ():
            source = self._extractor.sources(type).get(code)
            param = own.get(type, {}).get(code)
            names = source.codes if source is not None else () if param is not None else (code, f"-{code}")
            left = [waiting[type, name] for name in names if (type, name) in waiting]
            if left:
                found[type, code] = min(left)
        return found

    def waiting(self, connection: Connection) -> list[Waiting]:
        """What is not complete; rows of everything (`EVERYTHING`), which are there, are left out."""
        return [one for one in self.passes(connection) if one.code != EVERYTHING]

    def passes(self, connection: Connection) -> list[Waiting]:
        """All that is to be gone through."""
        return [
            Waiting(type, code, int(mark), int(stop), int(done), int(live or 0))
            for type, code, mark, stop, done, live in connection.run(self._sql.waiting)
        ]

    def generation(self, connection: Connection) -> int:
        """The generation as it is on this connection."""
        row = connection.one(self._sql.state)
        return int(row[0]) if row else 0

    def publish(self, own: Own) -> None:
        """From now on this process reads and makes ready by `own`, unless it knows later ones."""
        with self._telling:
            if own.generation <= self._own.generation:
                return
            self._own = own
            self._is_waiting = True  # until it was looked
            self._until = 0.0
            self._extractor.take(own)
            self._definitions.lay(own)  # last: who sees them has the rest

    # -- for the writer, inside its transaction

    def at(self, connection: Connection, generation: int) -> Own:
        """The parameters of a committed generation that was read before on this connection."""
        own = self._own
        if own.generation != generation:
            own = self._read(connection, generation)
            self.publish(own)
        return own

    def again(self, own: Own, change: Change) -> Rows:
        """The index rows of a change that was made ready by another generation. For one thread."""
        if change.prepared is None:
            raise ValueError("a deletion has no index rows")
        if self._twin.own is not own:
            self._twin.take(own)
        tree = parse(front(change.type, change.id, 1, 0) + self._codec.unpack(change.prepared.blob))
        return self._twin.rows(tree, change.type)

    def settle(self, connection: Connection, changes: Sequence[Change], before: Own) -> Own:
        """The parameters as they are after `changes`, of which some are SearchParameters, with what follows from it
        written down. For one thread. Raises `Problem(invalid)` for one that cannot take effect."""
        trees = dict(self._defined(connection))
        changed: list[Tree] = []
        for change in changes:
            if change.type == TYPE:
                if change.prepared is None:
                    trees.pop(change.id, None)
                    continue
                trees[change.id] = self._tree(change.id, change.prepared.blob)
                changed.append(trees[change.id])
        types = parameters.own(trees.values(), self._definitions.standard)
        for tree in changed:
            self._require(tree, types)
        if types == before.types:
            return before
        row = connection.one(self._sql.move)
        after = Own(int(row[0]) if row else 0, types)
        old, new = self._named(before), self._named(after)
        self._mark(connection, self._sql.begin_anew, new - old)
        connection.many(self._sql.drop, [(self._types[type], name) for type, name in sorted(old - new)])
        return after

    # -- when a record is opened

    def is_behind(self, connection: Connection) -> bool:
        """Whether the record was written by a program that indexed otherwise."""
        row = connection.one(self._sql.state)
        return row is None or row[1] < len(STEPS)

    def catch_up(self, connection: Connection, *, is_new: bool) -> None:
        """Inside a transaction: note what this program indexes otherwise than the one that wrote the record."""
        row = connection.one(self._sql.state)
        behind = row[1] if row else 0
        if behind >= len(STEPS):
            return
        if not is_new:
            there = [type for type in self._types if self._has(connection, type)]
            self._mark(connection, self._sql.begin, set(since(STEPS[behind:], self._twin, there)))
            types = parameters.own(
                (tree for _, tree in self._defined(connection)), self._definitions.standard
            )
            if behind == 0 and types:  # they came here before they had any effect
                moved = connection.one(self._sql.move)
                self._mark(connection, self._sql.begin, self._named(Own(moved[0] if moved else 0, types)))
        connection.run(self._sql.extracted, (len(STEPS),))

    def begin_again(self, connection: Connection, types: Sequence[str]) -> None:
        """Inside a transaction: have all rows of these types looked at anew; what is under way goes on."""
        self._mark(connection, self._sql.begin, {(type, EVERYTHING) for type in types})

    # -- within

    def _mark(self, connection: Connection, statement: str, pairs: set[Pair]) -> None:
        rows = [(self._types[type], code) for type, code in sorted(pairs) if self._has(connection, type)]
        connection.many(statement, rows)

    def _has(self, connection: Connection, type: str) -> bool:
        return connection.one(self._sql.has_any, (self._types[type],)) is not None

    def _named(self, own: Own) -> set[Pair]:
        """The (type, name) of the rows that these parameters have for themselves."""
        self._twin.take(own)
        return {
            (type, name) for type, params in own.types.items() for code in params
            if (source := self._twin.sources(type).get(code)) for name in source.codes
            if OWN in name
        }  # fmt: skip

    def _require(self, tree: Tree, types: Types) -> None:
        """Refuse a SearchParameter that is meant to be in use and cannot be."""
        standard = self._definitions.standard
        found = parameters.unsettled(tree, types, standard)
        for type, params in types.items() if not found and parameters.is_active(tree) else ():
            param = params.get(str(tree.get("code")))
            if param is None or param.url != tree.get("url") or param.type == "composite":
                continue
            kinds = path.compile(param.expression or "", type, standard).types
            if not fits(param, kinds):
                found.append(Issue(
                    "business-rule", f"A {param.type} parameter cannot find {' or '.join(sorted(kinds))}.",
                    f"{TYPE}.type", param.type, "Choose the type by what the expression gives.",
                ))  # fmt: skip
        if found:
            failure = Unsettled(Category.INVALID, tuple(dict.fromkeys(found))[:MOST])
            failure.id = str(tree["id"])
            raise failure

    def _read(self, connection: Connection, generation: int) -> Own:
        """The parameters that are there; `generation` was read before them, so they may be later ones, which is known
        by the next look."""
        trees = (tree for _, tree in self._defined(connection))
        return Own(generation, parameters.own(trees, self._definitions.standard))

    def _defined(self, connection: Connection) -> list[tuple[str, Tree]]:
        rows = connection.run(self._sql.defined, (self._types[TYPE],))
        return [(id, self._tree(id, bytes(blob))) for id, blob in rows]

    def _tree(self, id: str, blob: bytes) -> Tree:
        return parse(front(TYPE, id, 1, 0) + self._codec.unpack(blob))

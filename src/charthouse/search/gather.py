"""The open resources that meet conditions which are worked out already: their keys, what they refer to, themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import Category, problem
from charthouse.db.connect import Connection
from charthouse.search import clause
from charthouse.search.choose import Choice
from charthouse.search.clause import Clause
from charthouse.search.counting import counted
from charthouse.search.include import Narrow
from charthouse.search.names import Names
from charthouse.search.query import Criterion
from charthouse.search.text import Fragment, Texts, both
from charthouse.store.body import Stored
from charthouse.store.read import Reader

LOOKED_AT: Final = 10_000  # resources that are looked into for one condition
SLICE: Final = 250


@dataclass(frozen=True, slots=True)
class Gathering:
    """Gathers for one search; `narrow` bounds what is open."""

    connection: Connection
    names: Names
    texts: Texts
    reader: Reader
    narrow: Narrow | None

    def allowed(self, type: str) -> list[Fragment]:
        """What resources of `type` have to meet to be met at all."""
        fragment = self.narrow(type) if self.narrow is not None else None
        return [] if fragment is None else [fragment]

    def keys(self, type: str, asked: Sequence[Clause], limit: int) -> list[int]:
        """The keys of at most `limit` open resources of `type` that meet all conditions."""
        if clause.is_hopeless(asked):
            return []
        hits = self._hits(type, asked)
        source, conditions = hits or self._candidates(type, asked, self.allowed(type))
        frame = self.texts.steps.keys if hits is None else self.texts.steps.hits
        sql = self.texts.format(frame, ("source", source.sql), ("conditions", conditions.sql))
        rows = self.connection.run(sql, (*source.args, *conditions.args, limit))
        return [row[0] for row in rows]

    def _hits(self, type: str, asked: Sequence[Clause]) -> tuple[Fragment, Fragment] | None:
        """The same as `_candidates` where index rows can tell everything, in the order in which they lie."""
        wanted = [one for one in asked if one.tests]
        driver = min((one for one in wanted if one.streams), key=lambda one: one.rank, default=None)
        others = [one.probe(self.texts) for one in wanted if one is not driver]
        found = counted(self.texts, Choice(driver), [*others, *self.allowed(type)])
        return None if found is None else (found.parts[0], found.conditions)

    def _candidates(
        self, type: str, asked: Sequence[Clause], more: Sequence[Fragment]
    ) -> tuple[Fragment, Fragment]:
        """The FROM and WHERE of the resources that meet all conditions, and what else they have to meet."""
        wanted = [one for one in asked if one.tests]
        driver = min((one for one in wanted if one.drives), key=lambda one: one.rank, default=None)
        others = [one.probe(self.texts) for one in wanted if one is not driver]
        if driver is None:
            source = Fragment(self.texts.page.from_type, (self.names.types[type],))
        else:
            gather = driver.gather(self.texts)
            source = Fragment(
                self.texts.format(self.texts.page.from_keys, ("gather", gather.sql)), gather.args
            )
        return source, both([*others, *more])

    def targets(self, keys: Sequence[int], params: tuple[int, ...]) -> list[int]:
        """What resources refer to by one of their parameters."""
        if not keys:
            return []
        sql = self.texts.format(self.texts.steps.targets, ("params", self.texts.listed(len(params))))
        return [row[0] for row in self.connection.run(sql, (json.dumps(sorted(keys)), *params))]

    def heads(self, type: str, asked: Sequence[Clause], one: Criterion) -> Iterator[Stored]:
        """The open resources that meet all conditions. Raises `Problem(too_costly)` where they are too many."""
        source, conditions = self._candidates(type, asked, self.allowed(type))
        sql = self.texts.format(
            self.texts.steps.heads, ("source", source.sql), ("conditions", conditions.sql)
        )
        after = seen = 0
        while True:
            rows = self.connection.run(sql, (*source.args, *conditions.args, after, SLICE))
            yield from self.reader.found(type, rows)
            seen += len(rows)
            until = self.connection.until
            if len(rows) < SLICE:
                return
            if seen >= LOOKED_AT or (until is not None and time.monotonic() > until):
                raise problem(
                    Category.TOO_COSTLY, "too-costly", f'"{one.name}" would have to look into too many resources.',
                    place=one.name, repair="Add another parameter, e.g. a patient, a code or a date.",
                )  # fmt: skip
            after = rows[-1][0]

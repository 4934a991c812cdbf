"""From a query to statements: what drives the search, what is probed, and how a page and a total are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Any, Final

from charthouse.db.connect import Connection
from charthouse.search import counting, order
from charthouse.search.choose import ENOUGH, Choice, choose
from charthouse.search.clause import Clause, clauses
from charthouse.search.counting import HIT, Counted
from charthouse.search.names import Names
from charthouse.search.order import Key, Position
from charthouse.search.query import Query
from charthouse.search.text import EVERYTHING, NOTHING, Fragment, Texts, both

WHOLE_TYPE: Final = "Begins at all resources of the type."
PAGE: Final = 21  # rows of a usual page and one more, for weighing a sort against a walk


@dataclass(frozen=True, slots=True)
class Source:
    """Where candidates come from: the FROM and WHERE of a statement, the expression of their key, and
    what else each has to meet."""

    fragment: Fragment
    key: str
    conditions: Fragment


@dataclass(frozen=True, slots=True)
class Walk:
    """Reading matches off an index in the order of the first sort key.

    `source` is all resources of the type and what they have to meet, `near` is the latter asked of the index rows
    `s` as far as possible, `stretch` a further condition on those. `is_all` says that what has no value for the key
    cannot match.
    """

    source: Source
    near: Fragment
    stretch: Fragment
    is_all: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A search with its driver chosen.

    `size` is how many candidates the driver leaves, None when that was not counted or is many.
    `walk` is set where matches are read in the order of the first sort key, instead of sorting all candidates.
    `counted` is what is counted to a limit, and `exactly` makes the statement that counts all, where neither is done
    over the candidates of a page. `is_far` says that much is looked at for each of these.
    """

    texts: Texts
    source: Source
    keys: tuple[Key, ...]
    size: int | None
    walk: Walk | None = None
    counted: Counted | None = None
    exactly: Callable[[], Fragment | None] | None = None
    is_whole_type: bool = False
    is_narrowed: bool = False
    is_far: bool = False
    driver: str = ""

    @property
    def told_order(self) -> str:
        """How the order of the search comes about, in words."""
        if not self.keys:
            return "The newest first, as they lie in the index."
        if self.walk is not None:
            return "Read off an index that lies in the order asked for."
        return "All candidates are sorted."

    @property
    def is_empty(self) -> bool:
        """Whether it is known that nothing can match."""
        return self.size == 0

    @property
    def is_cheap_to_count(self) -> bool:
        """Whether counting to a limit looks at a limited number of candidates."""
        return self.size is not None or not self.source.conditions.sql

    def page(
        self, position: Position, *, back: bool = False, bound: int | str | None = None
    ) -> list[Fragment]:
        """Statements of which the first, and where it gives too few rows the next, answer a page.

        Each wants the number of rows as its last value and answers (key, sort values…, id, version,
        updated, home, method, body). `position` is where to start, empty for the beginning; with
        `bound` only what was not changed since that version is shown, so that nothing that moved in
        the order is met twice.
        """
        if self.walk is None:
            return [self._statement(self.source, self.keys, position, back, bound)]
        walk = self.walk
        if self.keys[0].always:
            return [self._statement(walk.source, self.keys, position, back, bound)]
        if walk.is_all:
            return [self._walked(walk, position, back, bound)]
        among_missing = bool(position) and position[0] is None
        if not back:
            missing = self._missing(walk.source, position if among_missing else (), back, bound)
            return [missing] if among_missing else [self._walked(walk, position, back, bound), missing]
        walked = self._walked(walk, () if among_missing else position, back, bound)
        if among_missing or not position:
            return [self._missing(walk.source, position, back, bound), walked]
        return [walked]

    def total(self, limit: int | None = None) -> Fragment:
        """A statement that counts all matches, to `limit` if given."""
        if limit is None:
            found = None if self.exactly is None else self.exactly()
            if found is not None:
                return found
        elif self.counted is not None:
            return self.counted.total(self.texts, limit)
        return Counted((self.source.fragment,), self.source.conditions).total(self.texts, limit)

    def _walked(self, walk: Walk, position: Position, back: bool, bound: int | str | None) -> Fragment:
        """The part of a walk where the first sort key has a value."""
        first = self.keys[0]
        column = f"s.{first.column}"
        sql = self.texts.format(
            self.texts.page.from_order,
            ("table", first.table or ""),
            ("params", self.texts.listed(1)),
            ("stretch", walk.stretch.sql),
            ("first", self._first_of(first)),
        )
        args: tuple[Any, ...] = (*first.params, *walk.stretch.args)
        if position:
            # the limit that `order.beyond` sets, once more in a form that an index can start from
            sign = "<=" if first.descending != back else ">="
            sql, args = f"{sql} AND {column} {sign} {self.texts.mark}", (*args, position[0])
        source = Source(Fragment(sql, args), "s.key", walk.near)
        key = replace(first, expression=Fragment(column, ()), always=True)
        return self._statement(source, (key, *self.keys[1:]), position, back, bound)

    def _first_of(self, key: Key) -> str:
        """The condition that an index row is the one of its resource that counts for the order."""
        if key.single:
            return ""
        name = "first_string" if key.column == "text" else "first_number"
        frame = getattr(self.texts.page, f"{name}_descending" if key.descending else name)
        return f" AND {self.texts.format(frame, ('table', key.table or ''))}"

    def _missing(self, every: Source, position: Position, back: bool, bound: int | str | None) -> Fragment:
        """The part of a walk where the first sort key has no value."""
        first = self.keys[0]
        sql, args = every.fragment
        absent = self.texts.absent(first.table or "", len(first.params))
        source = replace(every, fragment=Fragment(f"{sql} AND {absent}", (*args, *first.params)))
        return self._statement(source, self.keys[1:], position[1:], back, bound, column=", NULL")

    def _statement(
        self,
        source: Source,
        keys: Sequence[Key],
        position: Position,
        back: bool,
        bound: int | str | None,
        column: str = "",
    ) -> Fragment:
        """One statement for a page; `column` stands in front of the sort values."""
        expressions = [key.expression for key in keys]
        conditions, args = source.conditions
        if position:
            after = order.beyond(expressions, keys, position, source.key, self.texts.mark, back=back)
            conditions, args = f"{conditions} AND {after.sql}", (*args, *after.args)
        if bound is not None:
            conditions, args = f"{conditions} AND {self.texts.page.unchanged_since}", (*args, bound)
        terms = ("order", order.order_by(keys, back=back, first=3 if column else 2))
        page = self.texts.format(
            self.texts.page.page,
            ("key", source.key),
            ("source", source.fragment.sql),
            ("conditions", conditions),
            ("columns", column + "".join(f", {one.sql}" for one in expressions)),
            terms,
        )
        sql = self.texts.format(self.texts.page.read, ("page", page), terms)
        values = tuple(arg for one in expressions for arg in one.args)
        return Fragment(sql, (*values, *source.fragment.args, *args))


def plan(
    connection: Connection,
    names: Names,
    texts: Texts,
    query: Query,
    asked: Sequence[Clause],
    *,
    narrow: Fragment | None,
    live: Callable[[], int],
) -> Plan:
    """The plan for `query`, whose conditions are `asked`.

    `narrow` is a further condition on a resource `r` (what the actor may see), `live` says how many
    resources of the type there are.
    """
    keys = order.keys(connection, names, texts, query.type, query.sort)
    hopeless = any(not one.tests and not one.negated for one in asked)
    wanted = [one for one in asked if one.tests]
    choice = Choice(None, 0) if hopeless else _choice(connection, texts, wanted, live, sorts=bool(keys))
    allowed = [] if narrow is None else [narrow]
    beside = counting.others(texts, wanted, choice) + allowed
    source = _source(texts, choice, names.types[query.type], beside)
    walk = None
    if keys and keys[0].is_walked and choice.size is None:
        probes = [one.probe(texts) for one in wanted]
        whole_type = _source(texts, Choice(None), names.types[query.type], probes + allowed)
        near = both(counting.nearer(texts, probes, "s") + allowed)
        walk = Walk(whole_type, near, *_stretch(connection, texts, keys[0], wanted))
    stream = choice.clause if choice.clause is not None and choice.clause.streams else None
    return Plan(
        texts, source, keys, choice.size, walk,
        counted=counting.counted(texts, choice, beside) if stream else None,
        exactly=lambda: counting.exact(connection, texts, wanted, choice, allowed),
        is_whole_type=not asked and narrow is None, is_narrowed=narrow is not None,
        is_far=any(one.far for one in wanted), driver=_driver(choice),
    )  # fmt: skip


def _driver(choice: Choice) -> str:
    """Where candidates come from and why, in words."""
    one = choice.clause
    if choice.size == 0:
        return "Nothing can match, so nothing is looked at."
    if one is None:
        return WHOLE_TYPE
    if choice.size is None:
        return f'Begins at "{one.name}": the likely best, whose rows come in the order of the search.'
    return f'Begins at "{one.name}": it leaves the fewest, at most {choice.size} index rows.'


def conditions(connection: Connection, names: Names, texts: Texts, query: Query, at: int) -> Fragment:
    """The criteria of a query as one condition on a resource `r`."""
    asked = clauses(connection, names, query.type, query.criteria, at)
    if any(not one.tests and not one.negated for one in asked):
        return NOTHING
    probes = [one.probe(texts) for one in asked if one.tests]
    if not probes:
        return EVERYTHING
    return Fragment(
        f"({' AND '.join(one.sql for one in probes)})", tuple(arg for one in probes for arg in one.args)
    )


def _choice(
    connection: Connection, texts: Texts, clauses: Sequence[Clause], live: Callable[[], int], *, sorts: bool
) -> Choice:
    """The driver. Counting goes so far that sorting what is left costs no more than walking in order would."""
    driving = [one for one in clauses if one.drives]
    streaming = [one for one in driving if one.streams]
    if not sorts and len(driving) == 1 and streaming:
        return Choice(driving[0])
    limit = ENOUGH if streaming and not sorts else max(ENOUGH, isqrt(PAGE * live()))
    return choose(connection, texts, driving, limit)


def _source(texts: Texts, choice: Choice, type_number: int, conditions: Sequence[Fragment]) -> Source:
    """Where candidates come from, by the driver."""
    driver = choice.clause
    if driver is None:
        return Source(Fragment(texts.page.from_type, (type_number,)), "r.key", both(conditions))
    if driver.streams:
        source = counting.from_value(texts, texts.page.from_value, driver, choice)
        return Source(source, f"{HIT}.key", both(counting.nearer(texts, conditions, HIT)))
    gather = choice.gather(texts)
    sql = texts.format(texts.page.from_keys, ("gather", gather.sql))
    return Source(Fragment(sql, gather.args), "r.key", both(conditions))


def _stretch(
    connection: Connection, texts: Texts, key: Key, wanted: Sequence[Clause]
) -> tuple[Fragment, bool]:
    """Of the index that is walked for `key`, the stretch that the conditions on the same parameter leave.

    Answers the condition on an index row `s`, and whether what has no value cannot match.
    """
    same = [one for one in wanted if one.table == key.table and one.params == key.params and not one.negated]
    if not same:
        return Fragment("", ()), False
    if key.single and key.table == "date_index" and len(same) == 1 and len(same[0].tests) == 1:
        near, *long = same[0].tests[0].legs
        start, end = near.args[:2]
        if long:
            test = texts.test(long[0].name, 1, "r")
            sql = texts.format(texts.lookup.first_long, ("params", texts.listed(1)), ("test", test))
            row = connection.one(sql, (*key.params, *long[0].args))
            start = start if row is None or row[0] is None else row[0]
        return Fragment(f" AND {texts.page.stretch}", (start, end)), True
    return Fragment("", ()), True

"""The statement that counts all matches: over index rows alone where these can tell, from where there are few of them.

The writer drops the index rows of a resource with the resource, so that what is in the index is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from charthouse.db.connect import Connection
from charthouse.search.choose import Choice, likely, rows_of, streamed
from charthouse.search.clause import Clause
from charthouse.search.text import Fragment, Texts, both

DEPTHS: Final = (4_000, 256_000)  # index rows up to which conditions are counted, step by step
ALIKE: Final = (
    8  # times that one condition may have the rows of another where both are read, and none is probed
)
HIT: Final = "hit"  # the index row of a candidate in a statement


@dataclass(frozen=True, slots=True)
class Counted:
    """Index rows `hit` that are counted instead of resources, none of which has two of them: the parts of what is
    read, and what each row has to meet."""

    parts: tuple[Fragment, ...]
    conditions: Fragment

    def total(self, texts: Texts, limit: int | None = None) -> Fragment:
        """The statement that counts them, to `limit` if given and there is one part."""
        frame = texts.page.total if limit is None else texts.page.total_to
        slot = ("conditions", self.conditions.sql)
        each = [texts.format(frame, ("source", one.sql), slot) for one in self.parts]
        args = tuple(arg for one in self.parts for arg in (*one.args, *self.conditions.args))
        if len(each) > 1:
            return Fragment(texts.format(texts.page.total_of, ("totals", ") + (".join(each))), args)
        return Fragment(each[0], args if limit is None else (*args, limit))


def exact(
    connection: Connection,
    texts: Texts,
    wanted: Sequence[Clause],
    choice: Choice,
    allowed: Sequence[Fragment],
) -> Fragment | None:
    """The statement that counts what meets all of `wanted` and `allowed`; None where the index alone cannot tell.

    `choice` is how a page begins. Where that leaves many, all conditions are counted further than a page needs.
    """
    if choice.size is None:
        sizes = _sizes(connection, texts, wanted)
        if _are_alike(sizes, wanted) and not allowed:
            return _together(texts, [one for _, one in sorted(sizes, key=lambda pair: pair[0])])
        choice = _soonest(sizes, wanted, choice)
    found = counted(texts, choice, [*others(texts, wanted, choice), *allowed])
    return None if found is None else found.total(texts)


def counted(texts: Texts, choice: Choice, conditions: Sequence[Fragment]) -> Counted | None:
    """What is counted where a condition drives: index rows alone, if all else can be asked of them."""
    driver = choice.clause
    near = nearer(texts, conditions, HIT)
    if driver is None or any(one.sql == its.sql for one, its in zip(conditions, near, strict=True)):
        return None
    if driver.streams:
        return Counted((from_value(texts, texts.page.from_value_rows, driver, choice),), both(near))
    if not driver.once:
        return None
    legs = [(texts.test(leg.name, leg.size, "r"), leg.args) for leg in driver.tests[0].legs]
    slots = (("table", driver.table), ("params", texts.listed(1)))
    parts = [
        Fragment(texts.format(texts.page.from_value_rows, *slots, ("test", test)), (*driver.params, *args))
        for test, args in legs
    ]
    return Counted(tuple(parts), both(near))


def others(texts: Texts, wanted: Sequence[Clause], choice: Choice) -> list[Fragment]:
    """What a candidate has to meet besides the driving condition."""
    return [one.probe(texts) for one in wanted if one is not choice.clause]


def nearer(texts: Texts, conditions: Sequence[Fragment], row: str) -> list[Fragment]:
    """Conditions on a resource, asked of its index row before the resource is looked for."""
    return [Fragment(texts.nearer(one.sql, row), one.args) for one in conditions]


def from_value(texts: Texts, frame: str, driver: Clause, choice: Choice) -> Fragment:
    """The rows of a driving condition that streams."""
    test, args = streamed(texts, driver, choice)
    sql = texts.format(frame, ("table", driver.table), ("params", texts.listed(1)), ("test", test))
    return Fragment(sql, args)


def _sizes(connection: Connection, texts: Texts, wanted: Sequence[Clause]) -> list[tuple[int, Clause]]:
    """How many rows conditions have, where that is not too many: of none as long as there is only one to begin at."""
    driving = [one for one in wanted if one.drives and not one.scans]
    found: list[tuple[int, Clause]] = []
    for depth in DEPTHS if len(wanted) > 1 else ():
        found = [(size, one) for one in driving if (size := rows_of(connection, texts, one, depth)) < depth]
        if found:
            break
    return found


def _are_alike(sizes: Sequence[tuple[int, Clause]], wanted: Sequence[Clause]) -> bool:
    """Whether reading the rows of all conditions costs less than asking all of them of the rows of one."""
    if len(sizes) < 2 or len(sizes) < len(wanted):
        return False
    return max(size for size, _ in sizes) <= ALIKE * min(size for size, _ in sizes)


def _soonest(sizes: Sequence[tuple[int, Clause]], wanted: Sequence[Clause], choice: Choice) -> Choice:
    """The condition from whose rows the total is counted soonest: a probe for a single value costs the least."""

    def cost(pair: tuple[int, Clause]) -> int:
        return pair[0] * sum(1 if one.streams else 3 for one in wanted if one is not pair[1])

    if sizes:
        return Choice(min(sizes, key=cost)[1])
    driving = sorted((one for one in wanted if one.drives), key=likely)
    streaming = next((one for one in driving if one.streams), None)
    return choice if streaming is None else Choice(streaming)


def _together(texts: Texts, clauses: Sequence[Clause]) -> Fragment:
    """How many keys the rows of all conditions have in common; those with the fewest come first."""
    gathers = [one.gather(texts) for one in clauses]
    keys = " INTERSECT ".join(texts.format(texts.page.keys_of, ("gather", one.sql)) for one in gathers)
    return Fragment(
        texts.format(texts.page.total_common, ("keys", keys)),
        tuple(arg for one in gathers for arg in one.args),
    )

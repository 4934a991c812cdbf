"""SQL put together from the named statements: fragments with their values, and lists of placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from charthouse.db import queries
from charthouse.search.ranges import Test

SHAPES: Final = 256  # statements of each kind that are remembered; the widest takes some 100 KB


class Fragment(NamedTuple):
    """A piece of SQL with the values of its placeholders, in order."""

    sql: str
    args: tuple[Any, ...]


_COLUMN: Final = re.compile(r"\br\.(\w+)")

# A single value of these is one stretch of an index, in the order of the keys and each key once.
STREAMS: Final = frozenset(("token_is", "reference_is", "uri_is"))
LONG: Final = 8  # values from which on a row is looked up in their list, and not each of them among the rows

# Conditions that every resource meets, and that none does.
EVERYTHING: Final = Fragment("1 = 1", ())
NOTHING: Final = Fragment("1 = 0", ())


def both(fragments: Iterable[Fragment]) -> Fragment:
    """All of the conditions, each after an AND; nothing when there is none."""
    found = list(fragments)
    return Fragment(
        "".join(f" AND {one.sql}" for one in found), tuple(arg for one in found for arg in one.args)
    )


def padded(values: Sequence[Any]) -> Sequence[Any]:
    """`values` with the last one repeated up to a power of two, so that few shapes of lists exist."""
    size = len(values)
    if size & (size - 1) == 0:
        return values
    return [*values, *[values[-1]] * ((1 << size.bit_length()) - size)]


class Texts:
    """The named statements of one dialect, and what is built of them."""

    def __init__(self, dialect: str) -> None:
        def load(stem: str) -> SimpleNamespace:
            return queries.load("charthouse.search", stem, dialect)

        self.lookup = load("lookup")
        self.page = load("page")
        self.include = load("include")
        self.steps = load("steps")
        self.latest = load("latest")
        self.whole = load("whole")
        self.words = load("words")
        self._criteria = vars(load("criteria")) | vars(self.words)
        self.dialect = dialect
        self.mark = "%s" if dialect == "postgres" else "?"
        self.listed = lru_cache(maxsize=64)(self._listed)
        self.probe = lru_cache(maxsize=SHAPES)(self._probe)
        self.gather = lru_cache(maxsize=SHAPES)(self._gather)
        self.test = lru_cache(maxsize=SHAPES)(self._test)
        self.format = lru_cache(maxsize=SHAPES)(self._format)
        self.nearer = lru_cache(maxsize=SHAPES)(self._nearer)

    def _listed(self, size: int) -> str:
        """`= ?` or `IN (?, ?, …)`."""
        return f"= {self.mark}" if size == 1 else f"IN ({', '.join([self.mark] * size)})"

    def _test(self, name: str, size: int, row: str) -> str:
        """A condition on an index row `i`, or on the resource row `row`; `size` is that of its list.

        A range of quantities in one of `size` units is the range of numbers, with the unit in front.
        Names joined by `&` must all be met.
        """
        if "&" in name:
            return f"({' AND '.join(self.test(part, size, row) for part in name.split('&'))})"
        text = str(self._criteria[name])
        if name.startswith("number_") and size:
            unit = self._criteria["unit_is"].format(list=self.listed(size))
            return f"({unit} AND {text})"
        return text.format(list=self.listed(size or 1), row=row)

    def _probe(self, table: str, params: int, tests: tuple[tuple[str, int], ...], negated: bool) -> str:
        """The condition that a resource `r` has a row of `table` that meets one of the tests."""
        if table == "resource":
            text = " OR ".join(self.test(name, size, "r") for name, size in tests)
            return f"({text})"
        is_single = params == 1 and len(tests) == 1 and tests[0][1] == 1 and tests[0][0] in STREAMS
        text = self._criteria["probe_value" if is_single else "probe"].format(
            table=table,
            index=table.replace("_index", "_value"),
            params=self.listed(params),
            tests=" OR ".join(self._probed(name, size) for name, size in tests),
        )
        return f"NOT {text}" if negated else text

    def unlike(self, table: str, params: int, tests: Sequence[Test], *, of_type: bool = False) -> str:
        """The condition that a resource `r` has a row of `table` that meets none of the tests; with `of_type` one that
        refers to a resource of a type, the last of the values."""
        met = " OR ".join(self._probed(one.name, one.size) for one in tests)
        also = f" AND {self._criteria['reference_of_type']}" if of_type else ""
        return str(self._criteria["probe"]).format(
            table=table, params=self.listed(params), tests=f"NOT ({met}){also}"
        )

    def _probed(self, name: str, size: int) -> str:
        """A test of the few rows that one resource has."""
        return self.test(f"{name}_listed" if name in STREAMS and size > LONG else name, size, "r")

    def absent(self, table: str, params: int) -> str:
        """The condition that a resource `r` has no row of `table` under any of the parameters."""
        return str(self._criteria["absent"].format(table=table, params=self.listed(params)))

    def _gather(self, table: str, params: int, legs: tuple[tuple[str, int], ...]) -> str:
        """The keys of all resources that meet one of the tests, perhaps more than once."""
        if table == "resource":
            frame = self._criteria["gather_resource"]
            return " UNION ALL ".join(frame.format(test=self.test(name, size, "u")) for name, size in legs)
        frames = [
            self._criteria["gather_long" if name.startswith("date_long") else "gather"] for name, _ in legs
        ]
        return " UNION ALL ".join(
            frame.format(table=table, params=self.listed(params), test=self.test(name, size, "r"))
            for frame, (name, size) in zip(frames, legs, strict=True)
        )

    def _nearer(self, sql: str, row: str) -> str:
        """A condition on a resource `r` as one on its index row `row`, where it asks for no more than that holds.

        The sign keeps SQLite from making a join of it, which would come after the resource.
        """
        is_postgres = self.dialect == "postgres"
        if not {"key", "home" if is_postgres else "key"}.issuperset(_COLUMN.findall(sql)):
            return sql
        near = _COLUMN.sub(rf"{row}.\1", sql)
        return f"+{near}" if near.startswith("EXISTS") and not is_postgres else near

    def _format(self, frame: str, *slots: tuple[str, str]) -> str:
        """`frame` with its slots filled."""
        return frame.format(**dict(slots))

"""The newest of each code: `$lastn` of Observations (R4 observation-operation-lastn.html), told from the index.

Codes that stand beside each other in one match are translations of each other, and so is what those
have beside them in another: what is connected like that is one group. A match without a code is
grouped by its text, for which it has to be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from charthouse.base.errors import Problem, invalid
from charthouse.db.connect import Connection
from charthouse.search import order
from charthouse.search.names import Names
from charthouse.search.plan import Plan
from charthouse.search.query import Kind, SortKey
from charthouse.search.text import Fragment, Texts
from charthouse.store.index import Source
from charthouse.store.read import Reader

TYPE: Final = "Observation"
BASIS: Final = ("code", "date", "subject")  # the parameters that the answer rests on beside those asked
MOST: Final = 1_000  # resources in an answer
CANDIDATES: Final = 20_000  # index rows, and pairs of codes, that are weighed
LOOKED_AT: Final = 2_000  # matches without a code whose text is read


class _Row(NamedTuple):
    """A match: when it was (ms, None = not said), and when it was written."""

    key: int
    at: int | None
    updated: int

    @property
    def moment(self) -> tuple[bool, int]:
        """By what it is newer than another; equal for what is of the same time."""
        return (False, self.updated) if self.at is None else (True, self.at)


class Latest:
    """Finds the newest of each group of one record."""

    def __init__(self, texts: Texts, names: Names, reader: Reader) -> None:
        self._texts = texts
        self._names = names
        self._reader = reader

    def keys(self, connection: Connection, plan: Plan, sources: dict[str, Source], most: int) -> list[int]:
        """The keys of the newest `most` matches of each subject and group of codes, newest first; of those that are of
        the same time as the last one, all. `sources` are those of `BASIS`. Raises `Problem(too_costly)`."""
        if plan.is_empty:
            return []
        matches, numbers = self._matches(connection, plan, sources)
        groups: dict[Any, set[_Row]] = defaultdict(set)
        if numbers:
            args = (*matches.args, *numbers)
            rows = self._run(
                connection, self._texts.latest.newest, matches, numbers, (*args, most), CANDIDATES
            )
            pairs = self._run(
                connection, self._texts.latest.beside, matches, numbers, (*args, *numbers), CANDIDATES
            )
            first = _connected(pairs)
            for subject, code, *row in rows:
                groups[first.get((subject, code), (subject, code))].add(_Row(*row))
        for subject, text, found in self._bare(connection, matches, numbers):
            groups[subject, text].add(found)
        chosen = {row for rows in groups.values() for row in _newest(rows, most)}
        if len(chosen) > MOST:
            raise _too_many()
        return [row.key for row in sorted(chosen, key=lambda row: (row.moment, row.key), reverse=True)]

    def _matches(
        self, connection: Connection, plan: Plan, sources: dict[str, Source]
    ) -> tuple[Fragment, tuple[int, ...]]:
        """The statement of the matches, and the numbers under which their codes are stored."""
        sort = SortKey("date", Kind.DATE, sources["date"], True)
        (date,) = order.keys(connection, self._names, self._texts, TYPE, (sort,))
        code, subject = (
            self._names.params(connection, TYPE, sources[one].codes) for one in ("code", "subject")
        )
        subject = subject or (0,)
        source = plan.source
        sql = self._texts.format(
            self._texts.latest.matches, ("at", date.expression.sql), ("subject", self._texts.listed(len(subject))),
            ("source", source.fragment.sql), ("conditions", source.conditions.sql),
        )  # fmt: skip
        return Fragment(
            sql, (*date.expression.args, *subject, *source.fragment.args, *source.conditions.args)
        ), code

    def _run(
        self,
        connection: Connection,
        frame: str,
        matches: Fragment,
        numbers: Sequence[int],
        args: tuple[Any, ...],
        limit: int,
    ) -> list[tuple[Any, ...]]:
        listed = self._texts.listed(len(numbers))
        sql = self._texts.format(frame, ("matches", matches.sql), ("code", listed))
        rows = connection.run(sql, (*args, limit + 1))
        if len(rows) > limit:
            raise _too_many()
        return rows

    def _bare(
        self, connection: Connection, matches: Fragment, numbers: Sequence[int]
    ) -> Iterable[tuple[Any, str, _Row]]:
        """(subject, text, match) of those without a code."""
        numbers = numbers or (0,)
        args = (*matches.args, *numbers)
        rows = self._run(connection, self._texts.latest.bare, matches, numbers, args, LOOKED_AT)
        subjects = {row[1]: row for row in rows}
        for stored in self._reader.heads(connection, list(subjects)):
            subject, *row = subjects[stored.key]
            concept = stored.tree.get("code")
            text = concept.get("text") if isinstance(concept, dict) else None
            yield subject, str(text or ""), _Row(*row)


def _connected(pairs: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, int], tuple[Any, int]]:
    """(subject, code) -> one that stands for all it is connected with, for `pairs` of a subject and two codes."""
    first: dict[tuple[Any, int], tuple[Any, int]] = {}

    def find(code: tuple[Any, int]) -> tuple[Any, int]:
        while (above := first.setdefault(code, code)) != code:
            first[code] = first[above]
            code = first[code]
        return code

    for subject, one, other in pairs:
        first[find((subject, one))] = find((subject, other))
    return {code: find(code) for code in list(first)}


def _newest(rows: Iterable[_Row], most: int) -> list[_Row]:
    """The newest, and what is of the same time as the last of them."""
    ordered = sorted(rows, key=lambda row: row.moment, reverse=True)
    if len(ordered) <= most:
        return ordered
    last = ordered[most - 1].moment
    return [row for row in ordered if row.moment >= last]


def _too_many() -> Problem:
    return invalid(
        "too-costly", "There are too many observations to tell the newest of each code.", place="max",
        repair="Ask for fewer: a smaller max, single codes, or a span of dates.",
    )  # fmt: skip

"""What a search says while the index it rests on is not complete: how much of it is there, and no total."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from charthouse.base.errors import Category, Issue, Problem
from charthouse.db.connect import Connection
from charthouse.search.known import unsupported
from charthouse.search.page import Page
from charthouse.search.query import Among, Query, Total, every
from charthouse.store.index.sources import OWN, own_name
from charthouse.store.parameters import Parameters

MOST: Final = 10  # parameters that are named
SOON: Final = 1  # second after which to ask again


class Standing:
    """Tells what of a search cannot be relied on; nothing where there is no record behind it."""

    def __init__(self, parameters: Parameters | None) -> None:
        self._parameters = parameters

    def mark(self, queries: Sequence[Query]) -> str:
        """A word for the parameters of the clinic's own that a search rests on, so that a page link is noticed that
        comes from a time when others had their codes; empty where there are none."""
        own = self._parameters.own.types if self._parameters is not None else None
        if not own:
            return ""
        pairs = {pair for query in queries for pair in query.touched}
        names = sorted(
            f"{type}.{own_name(own[type][code])}" for type, code in pairs if code in own.get(type, ())
        )
        return OWN + sha256(" ".join(names).encode()).hexdigest()[:12] if names else ""

    def notes(self, connection: Connection, queries: Sequence[Query], mark: str | None = None) -> list[Issue]:
        """What to tell of an answer from this moment (a snapshot); no total is counted where there is anything.

        `mark` is that of when the queries were read: what they rest on must be there still."""
        if self._parameters is None:
            return []
        if mark is not None and self.mark(queries) != mark:
            raise _moved()
        touched = [pair for query in queries for pair in query.touched]
        found = self._parameters.incomplete(connection, touched)
        if found is None:
            raise _moved()
        if found:
            for query in queries:
                query.total = Total.NONE
        return [_note(pair, percent) for pair, percent in list(found.items())[:MOST]]

    def require(self, connection: Connection, query: Query) -> None:
        """Refuse a condition that a write would rest on and that cannot be told so quickly, or not yet."""
        for one in every(query.criteria):
            if query.reads_words:
                raise unsupported("A condition cannot look at words.", one.name, "Use a string parameter.")
            if any(isinstance(value, Among) for value in one.values):
                raise unsupported(
                    "A condition cannot ask the code systems.", one.name, "List the codes, with commas between them."
                )  # fmt: skip
        told = self.notes(connection, [query])
        if told:
            repair = "Try again when that is done, or use another parameter."
            issue = Issue("transient", told[0].message, told[0].place, None, repair)
            raise Problem(Category.BUSY, (issue,), 10)


def unmarked(where: str) -> str:
    """A place that was marked, without its mark."""
    return where.partition(OWN)[0]


def told(page: Page, notes: Sequence[Issue]) -> Page:
    """The page with what is to be told of it."""
    if notes:
        page.total = None
        page.notes = [*page.notes, *notes]
    return page


def _note(pair: tuple[str, str], percent: int) -> Issue:
    """The finding for one parameter (R4 valueset-issue-type.html, incomplete)."""
    type, code = pair
    message = f"The index of {type}.{code} is being made: {percent} % is done, and what is missing is not found by it."
    return Issue("incomplete", message, f"{type}.{code}", severity="warning")


def _moved() -> Problem:
    issue = Issue("transient", "The search parameters have just changed.", None, None, "Ask again.")
    return Problem(Category.BUSY, (issue,), SOON)

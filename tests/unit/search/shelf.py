"""A record with a search over it, on a real database, for the tests of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from charthouse.db.connect import Connection, Place
from charthouse.fhir.definitions import load
from charthouse.search import Narrow, Page, Search
from charthouse.search.concordance import Concordance
from charthouse.store.record import Record
from charthouse.store.write import Change, Transaction, Written

Tree = dict[str, Any]
BASE = "http://localhost:8080/fhir"
KEY = bytes(range(32))


class Shelf:
    """Resources that can be put, dropped and searched."""

    def __init__(self, place: Place) -> None:
        self.record = Record(place, load(), bases=(BASE,), synchronous="OFF")
        self.search = Search(
            self.record.definitions,
            self.record.extractor,
            self.record.reader,
            place.dialect,
            key=KEY,
            bases=(BASE,),
            words=Concordance(self.record),
        )

    @property
    def connection(self) -> Connection:
        return self.record.connection()

    def put(self, *trees: Tree, at: int | None = None) -> list[Written]:
        """Store each resource under its id."""
        prepare = self.record.prepare
        return self._write(
            [
                Change("PUT", one["resourceType"], one["id"], prepare(one, one["resourceType"]))
                for one in trees
            ],
            at,
        )

    def load(self, trees: Iterable[Tree], size: int = 2000) -> None:
        """Store many, a transaction for every `size`."""
        waiting = list(trees)
        for start in range(0, len(waiting), size):
            self.put(*waiting[start : start + size])

    def drop(self, type: str, id: str) -> None:
        self._write([Change("DELETE", type, id)], None)

    def _write(self, changes: Sequence[Change], at: int | None) -> list[Written]:
        asked = Transaction(1, "test", "transaction", "TREAT", "request", list(changes), at=at)
        return self.record.submit(asked).result()

    def page(
        self, asked: str, *, cursor: str | None = None, lenient: bool = False, narrow: Narrow | None = None
    ) -> Page:
        """The page that `Type?name=value&…` asks for; `+` and `%` are read as in an address."""
        type, _, text = asked.partition("?")
        params = parse_qsl(text, keep_blank_values=True)
        return self.search.search(
            self.connection, type, [] if cursor else params, cursor=cursor, lenient=lenient, narrow=narrow
        )

    def ids(self, asked: str, *, narrow: Narrow | None = None) -> list[str]:
        """The ids of the matches on the first page, in their order."""
        return matches(self.page(asked, narrow=narrow))

    def found(self, asked: str) -> set[str]:
        """The ids of the matches, without their order."""
        return set(self.ids(asked))

    def pages(self, asked: str, *, narrow: Narrow | None = None) -> list[Page]:
        """All pages, from the first one on."""
        pages = [self.page(asked, narrow=narrow)]
        while pages[-1].next:
            pages.append(self.page(asked, cursor=pages[-1].next, narrow=narrow))
        return pages

    def walk(self, asked: str, *, narrow: Narrow | None = None) -> list[str]:
        """The ids of all matches over all pages."""
        return [id for page in self.pages(asked, narrow=narrow) for id in matches(page)]

    def close(self) -> None:
        self.record.close()


def matches(page: Page) -> list[str]:
    """The ids of the matches on a page."""
    return [hit.stored.id for hit in page.entries if hit.mode == "match"]


def included(page: Page) -> set[str]:
    """`Type/id` of what came along."""
    return {f"{hit.stored.type}/{hit.stored.id}" for hit in page.entries if hit.mode == "include"}

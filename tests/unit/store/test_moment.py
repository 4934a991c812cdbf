"""A walk through a sorted search while transactions commit in another order than they began (PostgreSQL)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from charthouse.db.connect import Place
from charthouse.fhir.definitions import load
from charthouse.search import Search
from charthouse.store.record import Record
from charthouse.store.write import Change, Transaction, Written
from tests.postgres import fresh_database

pytestmark = pytest.mark.postgres

SORTED = [("_sort", "birthdate"), ("_count", "3")]


class Two:
    """Two processes' records over one database."""

    def __init__(self, url: str) -> None:
        self.records = [Record(Place(url=url), load(), synchronous="OFF") for _ in range(2)]
        record = self.records[0]
        self.search = Search(record.definitions, record.extractor, record.reader, "postgres", key=bytes(32))

    def put(self, ids: dict[str, int], which: int = 0, mark: Any = None) -> list[Written]:
        record = self.records[which]
        changes = []
        for id, year in ids.items():
            tree = {"resourceType": "Patient", "id": id, "birthDate": f"{year}"}
            changes.append(Change("PUT", "Patient", id, record.prepare(tree, "Patient")))
        return record.submit(Transaction(1, "t", "transaction", "TREAT", "r", changes, mark=mark)).result(30)

    def page(self, cursor: str | None = None) -> Any:
        return self.search.search(
            self.records[0].connection(), "Patient", [] if cursor else SORTED, cursor=cursor
        )

    def walk(self, after_first: Any) -> list[str]:
        page = self.page()
        met = [found.stored.id for found in page.entries]
        after_first()
        while page.next:
            page = self.page(page.next)
            met += [found.stored.id for found in page.entries]
        return met


@pytest.fixture
def two(postgres_url: str) -> Iterator[Two]:
    opened = Two(fresh_database(postgres_url))
    opened.put({f"p{year}": year for year in range(1900, 1910)})
    yield opened
    for record in opened.records:
        record.close()


def test_what_commits_late_under_an_early_number_is_met_at_most_once(two: Two) -> None:
    """A change that was under way when the walk began, and moves a resource behind the first page."""
    is_held, go = threading.Event(), threading.Event()

    def hold(connection: Any, group: Any) -> None:
        record = two.records[1]
        tree = {"resourceType": "Patient", "id": "p1900", "birthDate": "1950"}
        change = Change("PUT", "Patient", "p1900", record.prepare(tree, "Patient"))
        record.pen.write(connection, group, Transaction(1, "t", "update", "TREAT", "r", [change]))
        record.pen.finish(connection, group)
        connection.one("SELECT 1")  # everything is sent and numbered, but not committed
        is_held.set()
        go.wait(20)

    def after_first() -> None:
        go.set()
        slow.result(20)

    slow = two.records[1].writer.submit(hold)
    assert is_held.wait(20)
    two.put({"p1905": 1905})  # another one, with a later number, that was committed before the walk
    met = two.walk(after_first)
    assert met.count("p1900") == 1
    assert sorted(met) == [f"p{year}" for year in range(1900, 1910)]


def test_what_was_changed_just_before_the_walk_is_met_and_what_changes_during_it_is_not_met_twice(
    two: Two,
) -> None:
    two.put({"p1909": 1960})
    met = two.walk(lambda: two.put({"p1901": 1970, "p1908": 1899}, which=1))
    assert met.count("p1901") == 1
    assert "p1908" not in met  # it moved to where the walk had been
    assert met[-1] == "p1909"
    assert len(met) == len(set(met)) == 9

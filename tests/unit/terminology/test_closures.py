"""Closure tables: what is looked up before a transaction, and how much of them a client may keep."""

from __future__ import annotations

import pytest

from charthouse.db.connect import Connection
from charthouse.terminology import closure
from charthouse.terminology.answers import Coding, Link
from charthouse.terminology.artifacts import Gathered
from charthouse.terminology.catalogue import Catalogue
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.makers import COLOURS, Tree, concept, system
from tests.unit.terminology.test_bounds import lasting, refused


def ladder(count: int) -> Tree:
    """A code system in which each concept stands below the one before."""
    made = [concept("k0")]
    made += [concept(f"k{number}", properties={"parent": f"k{number - 1}"}) for number in range(1, count)]
    return system(COLOURS, *made)


def codings(*numbers: int) -> list[Coding]:
    return [Coding(COLOURS, f"k{number}") for number in numbers]


def test_a_closure_is_prepared_outside_and_kept_inside_a_transaction(
    tables: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Terminology(None, lambda: tables, Gathered([ladder(40)]))
    asked.closure("ours")
    asked.closure("ours", codings(30, 10))
    prepared = asked.prepare_closure("ours", codings(20, 5, 20))

    def looked(*arguments: object) -> None:
        raise AssertionError("codes are looked up inside the transaction")

    monkeypatch.setattr(Catalogue, "system", looked)
    with tables.transaction():
        found = asked.closure(prepared, connection=tables)
    below = [(5, 10), (5, 20), (5, 30), (10, 20), (20, 30)]
    assert set(found.links) == {Link(COLOURS, f"k{low}", f"k{high}") for high, low in below}
    assert found.version == 2


def test_a_closure_knows_codes_that_were_added_after_it_was_prepared(tables: Connection) -> None:
    asked = Terminology(None, lambda: tables, Gathered([ladder(40)]))
    asked.closure("ours")
    prepared = asked.prepare_closure("ours", codings(20))
    asked.closure("ours", codings(30, 10))
    assert {(each.source, each.target) for each in asked.closure(prepared).links} == {
        ("k20", "k10"),
        ("k30", "k20"),
    }
    assert asked.closure(asked.prepare_closure("ours", (), 0)).version == 2
    assert asked.closure(asked.prepare_closure("ours")).version == 0
    assert "no closure table" in str(
        refused(lambda: asked.closure(asked.prepare_closure("theirs", codings(1))))
    )


def test_a_closure_takes_a_hundred_codes_at_once(tables: Connection) -> None:
    asked = Terminology(None, lambda: tables, Gathered([ladder(300)]))
    asked.closure("ours")
    asked.closure("ours", codings(*range(closure.AT_ONCE)))
    lasting(lambda: asked.closure("ours", codings(*range(closure.AT_ONCE + 1))), "concept")
    assert len(asked.closure("ours", version=0).links) == 4950


def test_a_closure_table_holds_so_many_codes_and_relations(
    tables: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "http://example.org/other"
    asked = Terminology(
        None, lambda: tables, Gathered([ladder(60), system(other, concept("a"), concept("b"))])
    )
    asked.closure("ours")
    asked.closure("ours", codings(*range(10)))
    monkeypatch.setattr(closure, "LIMIT", 11)
    asked.closure("ours", [Coding(other, "a")])
    lasting(lambda: asked.closure("ours", [Coding(other, "b")]), "concept")
    assert asked.closure("ours", [Coding(other, "a")]).version == 2, "it is there already"
    monkeypatch.setattr(closure, "LIMIT", 1_000)
    monkeypatch.setattr(closure, "LINKS_AT_ONCE", 20)
    lasting(lambda: asked.closure("ours", codings(20, 21, 22)), "concept")
    asked.closure("ours", codings(20))
    monkeypatch.setattr(closure, "LINKS", 60)
    lasting(lambda: asked.closure("ours", codings(21)), "concept")
    assert asked.closure("ours", version=0).version == 3


def test_a_client_keeps_so_many_closure_tables(tables: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closure, "TABLES", 3)
    asked = Terminology(None, lambda: tables, Gathered([ladder(3)]))
    for name in ("7/a", "7/b", "7/c/d", "77/a", "77/b"):
        asked.closure(name)
    lasting(lambda: asked.closure("7/e"), "name")
    assert "no closure table" in str(refused(lambda: asked.closure("7/e", codings(1))))
    asked.closure("7/a", codings(1))
    assert asked.closure("7/a").version == 0, "one that is there may be started anew"
    asked.closure("77/c")
    lasting(lambda: asked.closure("77/d"), "name")
    asked.closure("8/a")


def test_codes_of_two_versions_of_a_system_are_not_added_together(tables: Connection) -> None:
    asked = Terminology(None, lambda: tables, Gathered([ladder(3), {**ladder(3), "version": "2"}]))
    asked.closure("ours")
    mixed = [Coding(COLOURS, "k0", "1"), Coding(COLOURS, "k1", "2")]
    assert refused(lambda: asked.closure("ours", mixed)).issues[0].place == "concept"
    asked.closure("ours", [Coding(COLOURS, "k0", "1")])
    assert asked.closure("ours", [Coding(COLOURS, "k1", "2")]).links == (Link(COLOURS, "k1", "k0"),)

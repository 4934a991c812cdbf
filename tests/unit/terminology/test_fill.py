"""Loading a release: seen whole or not at all, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection
from charthouse.terminology import fill as filling
from charthouse.terminology.concept import HEADING, Designation, Release, Row
from charthouse.terminology.fill import clear_unfinished, fill, remove

RELEASE = Release("http://example.org/a", "1", "Example A")
ROWS = (
    Row("1", "All", flags=HEADING),
    Row(
        "2",
        "Some",
        ("1",),
        designations=(Designation("Several", "en"),),
        properties=(("kind", "x"), ("kind", "y")),
    ),
    Row("3", "Others", ("1", "4")),
    Row("4", "More", ("1",)),
)
TABLES = (
    "term_system",
    "term_concept",
    "term_parent",
    "term_span",
    "term_designation",
    "term_property",
    "term_word",
)


def counts(connection: Connection) -> dict[str, int]:
    return {name: connection.run(f"SELECT COUNT(*) FROM {name}")[0][0] for name in TABLES}


def test_a_release_is_loaded_with_all_that_its_concepts_have(tables: Connection) -> None:
    assert fill(tables, RELEASE, ROWS, words=lambda rows, first: [("all", b"1")]) == 4
    assert counts(tables) == {
        "term_system": 1, "term_concept": 4, "term_parent": 1, "term_span": 1, "term_designation": 1,
        "term_property": 2, "term_word": 1,
    }  # fmt: skip


def test_concepts_of_two_releases_have_ids_of_their_own(tables: Connection) -> None:
    fill(tables, RELEASE, ROWS)
    fill(tables, Release("http://example.org/b", "1", "B"), ROWS)
    bounds = tables.run("SELECT first, concepts FROM term_system ORDER BY id")
    assert bounds == [(1, 4), (5, 4)]
    assert tables.run("SELECT MIN(id), MAX(last) FROM term_concept WHERE system = 2") == [(5, 8)]


def test_the_same_version_twice_is_refused_and_can_be_replaced(tables: Connection) -> None:
    fill(tables, RELEASE, ROWS)
    with pytest.raises(Problem) as caught:
        fill(tables, RELEASE, ROWS[:1])
    assert caught.value.category is Category.CONFLICT
    assert counts(tables)["term_concept"] == 4
    fill(tables, RELEASE, ROWS[:1], replace=True)
    assert counts(tables)["term_concept"] == 1
    assert counts(tables)["term_property"] == 0


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([Row("1", "A"), Row("1", "B")], "given twice"),
        ([Row("1", "A", ("9",))], "not in the release"),
        ([Row("1", "A", ("2",)), Row("2", "B", ("1",))], "above itself"),
    ],
)
def test_a_release_that_makes_no_sense_changes_nothing(
    tables: Connection, rows: list[Row], words: str
) -> None:
    fill(tables, RELEASE, ROWS)
    before = counts(tables)
    with pytest.raises(Problem, match=words):
        fill(tables, RELEASE, rows, replace=True)
    assert counts(tables) == before


def test_a_load_that_stops_is_not_seen_and_is_cleared_by_the_next(
    tables: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "SLICE", 2)

    def stop(done: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(tables, RELEASE, ROWS, progress=stop)
    assert tables.run("SELECT state FROM term_system") == [(0,)]
    assert counts(tables)["term_concept"] == 2
    fill(tables, RELEASE, ROWS)
    assert tables.run("SELECT state FROM term_system") == [(1,)]
    assert counts(tables)["term_concept"] == 4


def test_progress_goes_up_to_all_of_it(tables: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "SLICE", 3)
    told: list[tuple[int, int]] = []
    fill(tables, RELEASE, ROWS, progress=lambda done, whole: told.append((done, whole)))
    assert told == [(3, 4), (4, 4)]


def test_a_removed_release_leaves_nothing(tables: Connection) -> None:
    fill(tables, RELEASE, ROWS, words=lambda rows, first: [("all", b"1")])
    assert remove(tables, RELEASE.url, RELEASE.version)
    assert set(counts(tables).values()) == {0}
    assert not remove(tables, RELEASE.url, RELEASE.version)
    clear_unfinished(tables)


def test_rows_may_come_one_by_one(tables: Connection) -> None:
    def stream() -> Iterator[Row]:
        yield from ROWS

    assert fill(tables, RELEASE, stream()) == 4


def test_a_long_property_is_kept_whole(tables: Connection) -> None:
    notes = "".join(f"{number * 7919:x}" for number in range(3000))
    fill(tables, RELEASE, [Row("1", "A", properties=(("notes", notes),))])
    assert tables.run("SELECT value FROM term_property") == [(notes,)]

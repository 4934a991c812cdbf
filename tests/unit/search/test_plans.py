"""What a search looks at: never more of the index than its conditions leave, however many rows the others have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from charthouse.db.connect import Place
from charthouse.search import resolve
from tests.unit.search.shelf import Shelf, Tree

LOINC = "http://loinc.org"
MANY = 1200
Asked = list[tuple[str, Sequence[Any]]]


def measured(number: int) -> Tree:
    """Every measurement is one of ten of a patient; one in four is a pressure, and only one of those is high."""
    code = "8480-6" if number % 4 == 1 else "8867-4"
    value = 250 if number == 301 else 60 + number % 80
    return {
        "resourceType": "Observation", "id": f"o{number}", "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/p{number // 10}"},
        "effectiveDateTime": f"20{10 + number // 60}-01-{1 + number % 28:02d}T10:00:00Z",
        "valueQuantity": {"value": value, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
    }  # fmt: skip


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    opened = Shelf(Place(path=Path(tmp_path_factory.mktemp("plans")) / "record.db"))
    opened.load([{"resourceType": "Patient", "id": f"p{number}"} for number in range(MANY // 10)])
    opened.load([measured(number) for number in range(MANY)])
    yield opened
    opened.close()


def watched(shelf: Shelf, asked: str) -> tuple[Asked, list[str], int | None]:
    """The statements of a search, the ids it finds, and its total."""
    connection = shelf.connection
    seen: Asked = []
    for name in ("run", "one"):
        real = getattr(connection, name)

        def noted(sql: str, params: Sequence[Any] = (), real: Any = real) -> Any:
            if sql.lstrip().startswith("SELECT"):
                seen.append((sql, params))
            return real(sql, params)

        setattr(connection, name, noted)
    try:
        page = shelf.page(asked)
    finally:
        del connection.run, connection.one
    return seen, [hit.stored.id for hit in page.entries], page.total


def plans(shelf: Shelf, seen: Asked, table: str) -> list[str]:
    """How SQLite reads one table in the statements."""
    rows = [
        str(row[3])
        for sql, params in seen
        for row in shelf.connection.run(f"EXPLAIN QUERY PLAN {sql}", params)
    ]
    return [row for row in rows if table in row]


def test_spans_over_a_day_are_looked_for_in_their_own_index(shelf: Shelf) -> None:
    asked = f"Observation?code={LOINC}|8480-6&date=ge2012-01-01&date=lt2013-01-01&_sort=-date&_count=300"
    seen, ids, _ = watched(shelf, asked)
    expected = [number for number in range(MANY) if number % 4 == 1 and number // 60 == 2]
    assert sorted(ids) == sorted(f"o{number}" for number in expected)
    steps = plans(shelf, seen, "date_")
    assert any("date_long" in step for step in steps)
    assert not [step for step in steps if "date_value (param=? AND low<?)" in step]


def test_an_exact_total_is_counted_in_the_index_from_the_condition_with_fewer_rows(shelf: Shelf) -> None:
    span = f"Observation?code={LOINC}|8480-6&date=ge2012-01-01&date=lt2013-01-01"
    seen, _, total = watched(shelf, f"{span}&_total=accurate&_count=0")
    assert total == sum(1 for number in range(MANY) if number % 4 == 1 and number // 60 == 2)
    counting = seen[-1]
    assert "count(*)" in counting[0]
    assert "resource" not in counting[0]
    assert counting[0].index("date_index") < counting[0].index("token_index")
    wider, _, all_ = watched(
        shelf,
        f"Observation?code={LOINC}|8480-6&date=ge2009&date=lt2031&_total=accurate&_count=0",
    )
    assert all_ == MANY // 4
    assert wider[-1][0].index("token_index") < wider[-1][0].index("date_index")


def test_what_no_index_leads_to_is_asked_of_the_few_that_another_condition_leaves(shelf: Shelf) -> None:
    asked = f"Observation?patient=p30&code-value-quantity={LOINC}|8480-6$gt200&_total=accurate"
    seen, ids, total = watched(shelf, asked)
    assert (ids, total) == (["o301"], 1)
    assert plans(shelf, seen, "quantity_value (param=?)") == []


def test_what_has_to_be_read_through_is_read_once(shelf: Shelf) -> None:
    seen, ids, _ = watched(shelf, "Observation?value-quantity=gt200")
    assert ids == ["o301"]
    assert len(plans(shelf, seen, "quantity_value (param=?)")) == 1


def test_an_index_row_is_judged_before_its_resource_is_fetched(shelf: Shelf) -> None:
    seen, ids, _ = watched(shelf, f"Observation?code={LOINC}|8480-6&value-quantity=gt80")
    assert len(ids) == 20
    page = next(sql for sql, _ in seen if "hit" in sql)
    steps = [str(row[3]) for row in shelf.connection.run(f"EXPLAIN QUERY PLAN {page}", dict(seen)[page])]
    probe = next(
        place for place, step in enumerate(steps) if "quantity_index" in step or "PRIMARY KEY (key=?" in step
    )
    fetch = next(place for place, step in enumerate(steps) if step.startswith("SEARCH r "))
    assert probe < fetch


def test_who_refers_is_judged_by_the_index_first_and_is_not_counted_unasked(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = f"Patient?_has:Observation:patient:code={LOINC}|8480-6&_count=50"
    every = {f"p{number // 10}" for number in range(MANY) if number % 4 == 1}
    assert set(shelf.walk(asked)) == every
    monkeypatch.setattr(resolve, "FEW", 5)
    assert set(shelf.walk(asked)) == every
    seen, ids, total = watched(shelf, asked)
    assert (len(ids), total) == (50, None)
    page = next(sql for sql, _ in seen if "JOIN version" in sql)
    assert page.index("j.target") < page.index("i.key = j.key")
    steps = [str(row[3]) for row in shelf.connection.run(f"EXPLAIN QUERY PLAN {page}", dict(seen)[page])]
    probe = next(place for place, step in enumerate(steps) if "token_value" in step)
    assert probe < next(place for place, step in enumerate(steps) if step.startswith("SEARCH r1 "))
    assert watched(shelf, f"{asked}&_total=accurate")[2] == len(every)

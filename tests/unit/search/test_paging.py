"""Walks from page to page: what stays is met exactly once, what changes at most once, in every order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.search import Fragment
from charthouse.search.choose import ENOUGH
from tests.unit.search.shelf import Shelf, matches

SIZE = 23
ORDERS = (
    "", "date", "-date", "code", "-code", "_id", "-_id", "_lastUpdated", "-_lastUpdated", "value-quantity",
    "-value-quantity", "value-string,-date", "-status,date,-code", "subject", "-subject", "patient,date", "date,_id",
)  # fmt: skip


def observation(number: int, **more: Any) -> dict[str, Any]:
    """One of many: every third without a date, some with ties, some with several codes."""
    tree: dict[str, Any] = {
        "resourceType": "Observation", "id": f"o{number:03}", "status": "final" if number % 2 else "amended",
        "code": {"coding": [{"code": f"c{number % 4}"}, {"code": f"c{(number * 7) % 5}"}]},
    }  # fmt: skip
    if number % 3:
        tree["effectiveDateTime"] = f"2024-01-{number % 6 + 1:02}"
    if number % 4 == 0:
        tree["valueQuantity"] = {"value": number % 7, "unit": "1"}
    elif number % 4 == 1:
        tree["valueString"] = f"text {number % 3}"
    if number % 5:
        tree["subject"] = {"reference": f"Patient/p{number % 4}"}
    return tree | more


@pytest.fixture(scope="module", autouse=True)
def filled(shelf: Shelf) -> None:
    """The resources of the walks that change nothing."""
    for number in range(SIZE):
        shelf.put(observation(number))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("count", [1, 4, 1000])
@pytest.mark.parametrize("filter", ["", "&status=final", "&date=ge2024-01-03", "&code=c1,c2"])
def test_a_walk_meets_every_match_once_in_the_order_of_one_page(
    shelf: Shelf, order: str, count: int, filter: str
) -> None:
    asked = f"Observation?_total=accurate{filter}" + (f"&_sort={order}" if order else "")
    whole = shelf.ids(f"{asked}&_count=1000")
    assert len(set(whole)) == len(whole) > 3
    assert shelf.walk(f"{asked}&_count={count}") == whole


@pytest.mark.parametrize("order", ORDERS)
def test_a_walk_back_shows_the_same_pages(shelf: Shelf, order: str) -> None:
    asked = "Observation?_count=4" + (f"&_sort={order}" if order else "")
    forward = [matches(page) for page in shelf.pages(asked)]
    page = shelf.pages(asked)[-1]
    back = [matches(page)]
    while page.prev:
        page = shelf.page(asked, cursor=page.prev)
        back.append(matches(page))
    assert back[::-1] == forward
    assert page.first
    assert matches(shelf.page(asked, cursor=page.first)) == forward[0]
    assert page.next
    assert matches(shelf.page(asked, cursor=page.next)) == forward[1]


@pytest.mark.parametrize("order", [order for order in ORDERS if order])
def test_an_order_read_off_an_index_is_the_order_of_sorting(
    shelf: Shelf, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = f"Observation?status=final,amended&_sort={order}&_count=4"
    gathered = shelf.walk(asked)
    monkeypatch.setattr("charthouse.search.plan.ENOUGH", 1)
    monkeypatch.setattr("charthouse.search.plan.PAGE", 0)
    assert ENOUGH > SIZE  # so that without the patch everything is gathered and sorted
    assert shelf.walk(asked) == gathered
    assert len(gathered) == SIZE


def test_several_values_are_sorted_by_the_one_that_comes_first(empty_shelf: Shelf) -> None:
    def patient(id: str, *families: str) -> dict[str, Any]:
        return {"resourceType": "Patient", "id": id, "name": [{"family": family} for family in families]}

    empty_shelf.put(patient("az", "a", "z"), patient("m", "m"), patient("by", "y", "b"), patient("none"))
    assert empty_shelf.ids("Patient?_sort=family") == ["az", "by", "m", "none"]
    assert empty_shelf.ids("Patient?_sort=-family") == ["az", "by", "m", "none"]
    assert empty_shelf.walk("Patient?_sort=family&_count=1") == ["az", "by", "m", "none"]
    assert empty_shelf.walk("Patient?_sort=-family&_count=1") == ["az", "by", "m", "none"]


def test_without_an_order_the_newest_comes_first(empty_shelf: Shelf) -> None:
    for id in ("first", "second", "third"):
        empty_shelf.put({"resourceType": "Basic", "id": id, "code": {"text": "x"}})
    assert empty_shelf.ids("Basic") == ["third", "second", "first"]


@pytest.mark.parametrize("order", ["", "date", "-date", "_lastUpdated", "-_lastUpdated", "code,-date"])
def test_changes_during_a_walk_repeat_nothing_and_lose_nothing_that_stays(
    empty_shelf: Shelf, order: str
) -> None:
    empty_shelf.put(*(observation(number) for number in range(SIZE)))
    asked = "Observation?_count=3" + (f"&_sort={order}" if order else "")
    whole = empty_shelf.ids(f"{asked}&_count=1000".replace("_count=3&", ""))
    page = empty_shelf.page(asked)
    seen = matches(page)
    changed: set[str] = set()
    moments = itertools.cycle(["2023-01-01", "2025-01-01"])
    for step in itertools.count():
        if not page.next:
            break
        # one that was seen, one that was not, and a new one move to both ends of the order
        for id in (seen[0], whole[-1 - step % 3]):
            changed.add(id)
            empty_shelf.put(observation(int(id[1:]), effectiveDateTime=next(moments)))
        empty_shelf.put(observation(100 + step, effectiveDateTime=next(moments)))
        page = empty_shelf.page(asked, cursor=page.next)
        seen += matches(page)
        assert step < SIZE
    assert len(seen) == len(set(seen)), "something was met twice"
    assert set(whole) - changed <= set(seen), "something that stayed was not met"
    assert [id for id in seen if id in set(whole) - changed] == [id for id in whole if id not in changed]


def test_what_is_deleted_during_a_walk_is_not_shown_and_the_rest_is(empty_shelf: Shelf) -> None:
    empty_shelf.put(*(observation(number) for number in range(9)))
    first = empty_shelf.page("Observation?_count=3&_sort=_id")
    empty_shelf.drop("Observation", "o002")
    empty_shelf.drop("Observation", "o004")
    assert first.next
    second = empty_shelf.page("Observation?", cursor=first.next)
    assert matches(second) == ["o003", "o005", "o006"]


def test_the_total_is_the_one_of_the_first_page(empty_shelf: Shelf) -> None:
    empty_shelf.put(*(observation(number) for number in range(5)))
    first = empty_shelf.page("Observation?_count=2")
    assert first.total == 5
    empty_shelf.put(observation(9))
    assert first.next
    assert empty_shelf.page("Observation?", cursor=first.next).total == 5
    assert empty_shelf.page("Observation?_count=2").total == 6


def test_a_total_is_given_as_asked(shelf: Shelf) -> None:
    assert shelf.page("Observation?status=final&_count=2&_total=none").total is None
    assert shelf.page("Observation?status=final&_count=2&_total=accurate").total == SIZE // 2
    assert shelf.page("Observation?status=final&_count=2&_total=estimate").total == SIZE // 2
    assert shelf.page("Observation?status=final&_count=2").total == SIZE // 2
    assert shelf.page("Observation?status:not=final&_count=2&_total=accurate").total == SIZE - SIZE // 2
    assert shelf.page("Observation?status=unknown").total == 0


def test_a_count_of_zero_gives_the_total_alone(shelf: Shelf) -> None:
    for asked in ("_count=0", "_summary=count"):
        page = shelf.page(f"Observation?status=final&{asked}")
        assert page.entries == []
        assert (page.total, page.next, page.prev, page.first) == (SIZE // 2, None, None, None)


def test_more_than_the_most_is_the_most(shelf: Shelf) -> None:
    assert shelf.search.parser.query("Observation", [("_count", "5000")]).count == 1000
    assert shelf.search.parser.query("Observation", [("_count", "9" * 30)]).count == 1000


def test_a_cursor_says_nothing_and_cannot_be_altered(shelf: Shelf) -> None:
    page = shelf.page("Observation?status=final&_count=2")
    assert page.next
    assert "final" not in page.next
    assert "status" not in page.next
    middle = len(page.next) // 2
    for forged in (
        page.next[:-2],
        page.next[:middle] + "AA" + page.next[middle + 2 :],
        "",
        "%%",
        "é",
        "A" * 40,
    ):
        if not forged:
            continue
        with pytest.raises(Problem) as failure:
            shelf.page("Observation?", cursor=forged)
        assert failure.value.category is Category.INVALID
        assert failure.value.issues[0].place == "_cursor"


def test_a_cursor_leads_only_on_in_its_own_search(shelf: Shelf) -> None:
    page = shelf.page("Observation?status=final&_count=2")
    search, connection = shelf.search, shelf.connection
    again = search.search(connection, "Observation", [("status", "final"), ("_count", "2")], cursor=page.next)
    assert len(again.entries) == 2
    assert again.params == [("status", "final"), ("_count", "2")]
    for type, params in (("Patient", []), ("Observation", [("status", "amended"), ("_count", "2")])):
        with pytest.raises(Problem, match="another search"):
            search.search(connection, type, params, cursor=page.next)


def test_a_cursor_of_another_record_is_refused(shelf: Shelf) -> None:
    from charthouse.search.page import Cursor, Seal

    stranger = Seal(bytes(32)).close(Cursor("Observation", (), 0, None, None, False, ()))
    with pytest.raises(Problem):
        shelf.page("Observation?", cursor=stranger)


def test_a_search_over_its_time_is_too_costly(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Fragment(
        "(WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000000) "
        "SELECT count(*) FROM n) > 0", (),
    )  # fmt: skip
    with pytest.raises(Problem) as failure:
        shelf.search.search(shelf.connection, "Observation", narrow=lambda type: endless, seconds=0.05)
    assert failure.value.category is Category.TOO_COSTLY
    assert shelf.ids("Observation?_id=o001") == ["o001"]  # and the connection is as good as before


def test_find_answers_ids_inside_a_write_transaction(empty_shelf: Shelf) -> None:
    empty_shelf.put(*(observation(number) for number in range(6)))
    found: list[list[str]] = []

    def job(connection: Any, group: object) -> None:
        found.append(empty_shelf.search.find(connection, "Observation", [("_id", "o001")]))
        found.append(empty_shelf.search.find(connection, "Observation", [("status", "final")]))
        found.append(empty_shelf.search.find(connection, "Observation", [("status", "none")]))

    empty_shelf.record.writer.submit(job).result()
    assert found[0] == ["o001"]
    assert len(found[1]) == 2
    assert found[2] == []

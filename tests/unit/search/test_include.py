"""What comes along with a page, and that nothing hidden does."""

from __future__ import annotations

from typing import Any

import pytest

from charthouse.search import NOTHING, Fragment
from charthouse.search import include as include_part
from tests.unit.search.shelf import BASE, Shelf, included, matches


@pytest.fixture(scope="module", autouse=True)
def filled(shelf: Shelf) -> None:
    """Two patients with encounters, observations and a group."""
    shelf.put(
        {"resourceType": "Patient", "id": "a", "generalPractitioner": [{"reference": "Practitioner/d"}],
         "link": [{"other": {"reference": "Patient/b"}, "type": "seealso"}]},
        {"resourceType": "Patient", "id": "b"},
        {"resourceType": "Group", "id": "a", "type": "person", "actual": True},
        {"resourceType": "Practitioner", "id": "d"},
        {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
         "subject": {"reference": "Patient/a"}},
        observation("o1", "Patient/a", "Encounter/e1"), observation("o2", "Patient/a", None),
        observation("o3", "Group/a", None), observation("o4", f"{BASE}/Patient/b", None),
        observation("o5", "Patient/missing", None), observation("o6", "http://other.org/Patient/a", None),
    )  # fmt: skip


def observation(id: str, subject: str, encounter: str | None) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "resourceType": "Observation", "id": id, "status": "final", "code": {"text": "x"},
        "subject": {"reference": subject},
    }  # fmt: skip
    if encounter:
        tree["encounter"] = {"reference": encounter}
    return tree


@pytest.mark.parametrize(("asked", "expected"), [
    ("Observation?_include=Observation:subject", "Patient/a Group/a Patient/b"),
    ("Observation?_include=Observation:subject:Patient", "Patient/a Patient/b"),
    ("Observation?_include=Observation:patient", "Patient/a Patient/b"),
    ("Observation?_include=Observation:subject:Group", "Group/a"),
    ("Observation?_id=o1&_include=Observation:subject&_include=Observation:encounter", "Patient/a Encounter/e1"),
    ("Observation?_id=o2&_include=Observation:encounter", ""),
    ("Observation?_id=o5&_include=Observation:subject", ""),
    ("Observation?_id=o6&_include=Observation:subject", ""),
    ("Patient?_id=a&_revinclude=Observation:subject", "Observation/o1 Observation/o2"),
    ("Patient?_id=a&_revinclude=Observation:patient&_revinclude=Encounter:patient",
     "Observation/o1 Observation/o2 Encounter/e1"),
    ("Patient?_id=a&_include=Patient:general-practitioner", "Practitioner/d"),
    ("Patient?_revinclude=Patient:link", ""),
    ("Patient?_id=b&_revinclude=Patient:link", "Patient/a"),
    ("Group?_revinclude=Observation:subject", "Observation/o3"),
])  # fmt: skip
def test_what_is_referred_to_and_what_refers_comes_along(shelf: Shelf, asked: str, expected: str) -> None:
    assert included(shelf.page(asked)) == set(expected.split())


def test_an_include_never_repeats_a_match_and_is_not_counted(shelf: Shelf) -> None:
    page = shelf.page("Patient?_include=Patient:link&_total=accurate")
    assert set(matches(page)) == {"a", "b"}
    assert included(page) == set()
    assert page.total == 2


def test_each_page_brings_what_belongs_to_its_own_matches(shelf: Shelf) -> None:
    pages = shelf.pages("Observation?_count=1&_sort=_id&_include=Observation:subject")
    assert [included(page) for page in pages] == [
        {"Patient/a"}, {"Patient/a"}, {"Group/a"}, {"Patient/b"}, set(), set(),
    ]  # fmt: skip


def test_more_includes_than_the_most_are_left_out_and_it_says_so(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(include_part, "MOST", 2)
    page = shelf.page("Observation?_include=Observation:subject&_include=Observation:encounter")
    assert len(included(page)) == 2
    assert page.notes
    assert page.notes[0].severity == "warning"
    assert "first 2" in page.notes[0].message


def test_a_limit_on_rows_holds_for_matches_totals_pages_and_includes(shelf: Shelf) -> None:
    key = shelf.record.reader.head(shelf.connection, "Patient", "a").key  # type: ignore[union-attr]
    mark = "%s" if shelf.connection.dialect == "postgres" else "?"
    own = Fragment(f"r.home = {mark}", (key,))

    def narrow(type: str) -> Fragment | None:
        return own

    assert set(shelf.walk("Observation?", narrow=narrow)) == {"o1", "o2"}
    page = shelf.page("Observation?_count=1&_total=accurate", narrow=narrow)
    assert page.total == 2
    assert page.next
    assert len(matches(shelf.page("Observation?", cursor=page.next, narrow=narrow))) == 1
    assert shelf.page("Observation?_count=0", narrow=narrow).total == 2
    assert shelf.page("Observation?_count=1", narrow=narrow).total == 2
    assert shelf.walk("Observation?_sort=-date,code&_count=1", narrow=narrow) == ["o2", "o1"]
    page = shelf.page("Patient?_include=Patient:link&_include=Patient:general-practitioner", narrow=narrow)
    assert matches(page) == ["a"]
    assert included(page) == set()
    assert shelf.search.find(shelf.connection, "Observation", [("_id", "o4")], narrow=narrow) == []
    assert shelf.page("Patient?_id=b&_revinclude=Patient:link", narrow=narrow).entries == []


def test_a_type_that_may_not_be_seen_does_not_come_along(shelf: Shelf) -> None:
    def narrow(type: str) -> Fragment | None:
        return NOTHING if type in ("Group", "Encounter") else None

    page = shelf.page(
        "Observation?_include=Observation:subject&_include=Observation:encounter", narrow=narrow
    )
    assert included(page) == {"Patient/a", "Patient/b"}
    page = shelf.page("Patient?_id=a&_revinclude=Encounter:patient", narrow=narrow)
    assert matches(page) == ["a"]
    assert included(page) == set()
    assert shelf.ids("Group?", narrow=narrow) == []
    assert shelf.page("Group?_count=0", narrow=narrow).total == 0


def test_search_parameters_can_be_a_limit(shelf: Shelf) -> None:
    limit = shelf.search.condition(
        shelf.connection, "Observation", [("subject", "Patient/a"), ("_id", "o1,o3")]
    )
    assert shelf.ids("Observation?", narrow=lambda type: limit) == ["o1"]
    never = shelf.search.condition(shelf.connection, "Observation", [("subject", "Patient/nobody")])
    assert shelf.ids("Observation?", narrow=lambda type: never) == []
    always = shelf.search.condition(shelf.connection, "Observation", [])
    assert len(shelf.ids("Observation?", narrow=lambda type: always)) == 6

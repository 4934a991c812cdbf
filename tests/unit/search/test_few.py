"""The search for two values at once, e.g. a code of one patient: as a plain one answers it, in few statements, and
driven by whichever value leaves less to look at."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.db.connect import Connection
from charthouse.search import Fragment
from charthouse.search.choose import ENOUGH, FEW, Choice, choose
from charthouse.search.clause import clauses
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.shelf import Shelf, matches

SIZE = 420
PATIENTS = ("busy", "usual", "late", "rare", "none")
CODES = ("common", "half", "lone", "never")


def observation(number: int) -> dict[str, Any]:
    """One of many: most are about one patient, and most have one code."""
    chance = random.Random(number)
    patient = chance.choices(PATIENTS[:4], (70, 20, 8 if number > SIZE // 2 else 0, 1))[0]
    codes = {"common"} if chance.random() < 0.9 else set()
    codes |= {"half"} if chance.random() < 0.5 else set()
    codes |= {"lone"} if number % 97 == 5 else set()
    tree: dict[str, Any] = {
        "resourceType": "Observation", "id": f"o{number:04}", "status": chance.choice(["final", "amended"]),
        "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": f"2024-01-{number % 28 + 1:02}",
        "code": {"coding": [{"system": "urn:c", "code": code} for code in sorted(codes)] or [{"code": "other"}]},
    }  # fmt: skip
    return tree


TREES = [observation(number) for number in range(SIZE)]


def meets(tree: dict[str, Any], name: str, value: str) -> bool:
    """Whether a resource meets one condition of this module."""
    if name == "patient":
        return bool(tree["subject"]["reference"] == f"Patient/{value}")
    if name == "code":
        return any(f"{one.get('system', '')}|{one['code']}" == value for one in tree["code"]["coding"])
    if name == "date":
        return bool(tree["effectiveDateTime"] >= value.removeprefix("ge"))
    if name == "code:not":
        return not meets(tree, "code", value)
    return bool(tree["status" if name == "status" else "id"] == value)


def narrow(type: str) -> Fragment:
    """Shows every third resource."""
    return Fragment("(r.key % 3 = 0)" if type == "Observation" else "(1 = 0)", ())


@pytest.fixture(scope="module", params=BOTH)
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """All of the observations, one after the other, with two of them dropped."""
    shelf = Shelf(place(request, tmp_path_factory.mktemp("few")))
    shelf.put(*({"resourceType": "Patient", "id": id} for id in PATIENTS))
    shelf.load(TREES)
    for tree in (TREES[5], TREES[200]):
        shelf.drop("Observation", tree["id"])
    yield shelf
    shelf.close()


@pytest.fixture(scope="module")
def shown(full: Shelf) -> set[str]:
    """The ids that `narrow` leaves, told by a search that asks nothing else."""
    return set(full.walk("Observation?_count=1000", narrow=narrow))


@pytest.fixture(scope="module")
def order(full: Shelf) -> list[str]:
    """All ids in the order of the keys, told in the same way."""
    return full.walk("Observation?_count=1000")


PAIRS = st.tuples(
    st.sampled_from(PATIENTS).map(lambda id: ("patient", id)),
    st.sampled_from(CODES).map(lambda code: ("code", f"urn:c|{code}")),
)
OTHERS = st.lists(
    st.sampled_from([
        ("status", "final"), ("date", "ge2024-01-15"), ("code", "urn:c|half"), ("_id", "o0102"),
        ("code:not", "urn:c|half"),
    ]),
    max_size=2,
    unique=True,
)  # fmt: skip


@pytest.mark.parametrize("few", [1, 3, FEW])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_two_values_and_more_are_answered_as_by_a_plain_search(
    full: Shelf, order: list[str], shown: set[str], few: int, data: st.DataObject
) -> None:
    params = data.draw(st.permutations([*data.draw(PAIRS), *data.draw(OTHERS)]))
    count = data.draw(st.sampled_from([1, 3, 20, 100]))
    limited = narrow if data.draw(st.booleans()) else None
    total = data.draw(st.sampled_from(["", "&_total=none", "&_total=accurate"]))
    sort = data.draw(st.sampled_from(["", "", "&_sort=date", "&_sort=-date"]))
    asked = "Observation?" + "&".join(f"{name}={value}" for name, value in params)
    expected = [
        tree["id"] for tree in reversed(TREES)
        if tree not in (TREES[5], TREES[200]) and all(meets(tree, name, value) for name, value in params)
        and (limited is None or tree["id"] in shown)
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charthouse.search.few.FEW", few)
        patch.setattr("charthouse.search.choose.FEW", few)
        pages = full.pages(f"{asked}{total}{sort}&_count={count}", narrow=limited)
    found = [id for page in pages for id in matches(page)]
    assert sorted(found) == sorted(expected), asked
    if not sort:
        assert found == sorted(found, key=order.index), asked
    for page in pages:
        assert page.total is None if "none" in total else page.total == len(expected), asked
        assert len(page.entries) <= count
        assert (page.next is None) == (page is pages[-1])


class Listening:
    """A connection that notes what it is asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return self._connection.run(sql, params)

    def one(self, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        self.asked.append(sql)
        return self._connection.one(sql, params)


def test_few_of_one_code_and_patient_take_one_question(full: Shelf) -> None:
    params = [("patient", "busy"), ("code", "urn:c|lone")]
    full.search.search(
        full.connection, "Observation", params
    )  # what is behind the names is known from now on
    listening = Listening(full.connection)
    page = full.search.search(listening, "Observation", params)
    assert page.total == len(page.entries) > 0
    assert len(listening.asked) == 1


def test_a_page_of_one_value_takes_one_question_and_one_for_the_total(full: Shelf) -> None:
    params = [("patient", "busy"), ("_count", "5")]
    full.search.search(full.connection, "Observation", params)
    for total, questions in (("none", 1), ("accurate", 2)):
        listening = Listening(full.connection)
        asked = [*params, ("_total", total)]
        assert len(full.search.search(listening, "Observation", asked).entries) == 5
        assert len(listening.asked) == questions


def test_a_resource_is_found_by_its_name_from_the_moment_it_is_there(empty_shelf: Shelf) -> None:
    def about(id: str) -> dict[str, Any]:
        return observation(0) | {"id": id, "subject": {"reference": "Patient/new"}}

    asked = "Observation?patient=new"
    assert empty_shelf.ids(asked) == []
    empty_shelf.put(about("a"))  # the patient is referred to before it is there
    assert empty_shelf.ids(asked) == ["a"]
    empty_shelf.put({"resourceType": "Patient", "id": "new"}, about("b"))
    assert empty_shelf.ids(asked) == ["b", "a"]
    empty_shelf.drop("Patient", "new")
    empty_shelf.put({"resourceType": "Patient", "id": "new"}, about("c"))
    assert empty_shelf.ids(asked) == ["c", "b", "a"]


def test_a_name_that_a_write_took_back_is_not_remembered(empty_shelf: Shelf) -> None:
    found: list[list[str]] = []

    class Undone(Exception):
        """Takes the transaction back."""

    def job(connection: Connection, group: object) -> None:
        asked = ([("patient", "gone")], [("patient", "gone"), ("code", "urn:c|common")])
        found.extend(empty_shelf.search.find(connection, "Observation", params) for params in asked)
        raise Undone

    with pytest.raises(Undone):
        empty_shelf.record.writer.submit(job).result()
    empty_shelf.put({"resourceType": "Patient", "id": "other"})
    empty_shelf.put(observation(1) | {"id": "a", "subject": {"reference": "Patient/gone"}})
    assert found == [[], []]
    assert empty_shelf.ids("Observation?patient=gone") == ["a"]
    assert empty_shelf.ids("Observation?patient=other") == []


# --- which value drives, in a record where whole stretches of the index belong to one value

MANY = ENOUGH * 3


@pytest.fixture(scope="module", params=BOTH)
def crowded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Very many of one patient and one code, a few that lie far apart, and a patient whose all lies together."""
    shelf = Shelf(place(request, tmp_path_factory.mktemp("crowded")))

    def one(number: int, patient: str, *codes: str) -> dict[str, Any]:
        return observation(number) | {
            "id": f"o{number}", "status": "final", "subject": {"reference": f"Patient/{patient}"},
            "code": {"coding": [{"system": "urn:c", "code": code} for code in codes]},
        }  # fmt: skip

    far = {0, MANY // 2, MANY - 1}
    together = range(100, 160)
    shelf.load(
        one(number, "apart" if number in far else "together" if number in together else "busy", "common",
            *(["rare"] if number % 50 == 7 else []))
        for number in range(MANY)
    )  # fmt: skip
    yield shelf
    shelf.close()


def choice(shelf: Shelf, asked: str) -> Choice:
    search = shelf.search
    params = [tuple(part.split("=")) for part in asked.split("&")]
    query = search.parser.query("Observation", params)  # type: ignore[arg-type]
    texts, names = search._texts, search._names
    return choose(
        shelf.connection, texts, clauses(shelf.connection, names, query.type, query.criteria, 0), ENOUGH
    )


@pytest.mark.parametrize(("asked", "table", "most"), [
    ("patient=busy&code=urn:c|rare", "token_index", FEW),
    ("code=urn:c|rare&patient=busy", "token_index", FEW),
    ("patient=apart&code=urn:c|common", "reference_index", FEW),  # though its keys lie as far apart as can be
    ("patient=together&code=urn:c|rare", "token_index", 2),
    ("patient=together&code=urn:c|common", "reference_index", 60),
    ("patient=busy&status=final&code=urn:c|rare", "token_index", FEW),
    ("patient=busy&code=urn:c|common&_id=o1,o2", "resource", 2),
])  # fmt: skip
def test_the_value_that_leaves_less_drives(crowded: Shelf, asked: str, table: str, most: int) -> None:
    found = choice(crowded, asked)
    assert found.clause is not None
    assert found.clause.table == table
    assert found.size is not None
    assert found.size <= most


def test_where_every_value_has_very_many_the_likely_best_is_walked(crowded: Shelf) -> None:
    found = choice(crowded, "patient=busy&code=urn:c|common&status=final")
    assert found.clause is not None
    assert found.clause.table == "reference_index"
    assert found.size is None
    page = crowded.page("Observation?patient=busy&code=urn:c|common&status=final&_count=4&_total=accurate")
    busy = crowded.found("Observation?patient=busy&_count=1000")
    order = [id for id in crowded.ids("Observation?_count=1000") if id in busy]
    assert matches(page) == order[:4]
    assert page.total == MANY - 63


def test_few_that_lie_far_apart_are_found_among_very_many(crowded: Shelf) -> None:
    for asked in ("patient=apart&code=urn:c|common", "code=urn:c|common&patient=apart&status=final"):
        page = crowded.page(f"Observation?{asked}")
        assert set(matches(page)) == {f"o{MANY - 1}", f"o{MANY // 2}", "o0"}
        assert page.total == 3

"""Resources inside others: found, shown and counted as by a plain look at every container that is open."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.search import Fragment, Page
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.drawing import HIDDEN
from tests.unit.search.oracle import Tree
from tests.unit.search.shelf import Shelf

CODES = ("aspirin", "ibuprofen", "morphine")
FORMS = ("tablet", "drops")


def coded(code: str) -> Tree:
    return {"coding": [{"system": "urn:drugs", "code": code}]}


class Room:
    """Orders, groups of ingredients and plain medications, many of them with medications inside."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.random = random.Random(4)
        self.trees: dict[tuple[str, str], Tree] = {}
        for number in range(24):
            self.put(self.medication(f"m{number}", inner=number % 4 == 0))
            self.put(self.order(number))
        for number in range(6):
            self.put({"resourceType": "Basic", "id": f"b{number}", "code": {"text": "x"}})
        shelf.put(*self.trees.values())

    def put(self, tree: Tree) -> None:
        if self.random.random() < 0.3:
            tree["meta"] = {"tag": [HIDDEN]}
        self.trees[tree["resourceType"], tree["id"]] = tree

    def medication(self, id: str, *, inner: bool = False) -> Tree:
        pick = self.random.choice
        tree: Tree = {
            "resourceType": "Medication",
            "id": id,
            "code": coded(pick(CODES)),
            "form": coded(pick(FORMS)),
        }
        if inner:
            tree |= {
                "contained": [self.medication("part")],
                "ingredient": [{"itemReference": {"reference": "#part"}}],
            }
        return tree

    def order(self, number: int) -> Tree:
        tree: Tree = {
            "resourceType": "MedicationRequest", "id": f"o{number}", "status": "active", "intent": "order",
            "subject": {"reference": "Patient/p"}, "medicationReference": {"reference": "#one"},
        }  # fmt: skip
        held = [self.medication(id) for id in ("one", "two")[: self.random.randint(0, 2)]]
        if self.random.random() < 0.4:
            held.append({"resourceType": "Organization", "id": "maker", "name": "aspirin"})
        return tree | ({"contained": held} if held else {})

    def opened(self, *, all: bool) -> list[Tree]:
        return [
            tree for tree in self.trees.values() if all or HIDDEN not in tree.get("meta", {}).get("tag", ())
        ]

    def narrow(self, type: str) -> Fragment | None:
        """Everything but what carries the tag `hidden`."""
        return self.shelf.search.condition(self.shelf.connection, type, [("_tag:not", "hidden")])

    def pages(self, params: list[tuple[str, str]], *, all: bool = True) -> Iterator[Page]:
        search, narrow = self.shelf.search, None if all else self.narrow
        page = search.search(self.shelf.connection, "Medication", params, narrow=narrow)
        yield page
        while page.next:
            page = search.search(self.shelf.connection, "Medication", (), cursor=page.next, narrow=narrow)
            yield page


@pytest.fixture(scope="module", params=BOTH)
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    shelf = Shelf(place(request, tmp_path_factory.mktemp("contained")))
    yield Room(shelf)
    shelf.close()


def code(tree: Tree, element: str = "code") -> str:
    return str(tree[element]["coding"][0]["code"])


QUESTIONS: list[tuple[list[tuple[str, str]], Callable[[Tree], bool]]] = [
    ([], lambda tree: True),
    ([("code", "aspirin")], lambda tree: code(tree) == "aspirin"),
    ([("code", "aspirin,morphine"), ("form", "drops")],
     lambda tree: code(tree) != "ibuprofen" and code(tree, "form") == "drops"),
    ([("code:not", "aspirin")], lambda tree: code(tree) != "aspirin"),
    ([("_id", "part")], lambda tree: bool(tree["id"] == "part")),
    ([("code", "urn:drugs|morphine"), ("form", "tablet"), ("_id", "two")],
     lambda tree: (code(tree), code(tree, "form"), tree["id"]) == ("morphine", "tablet", "two")),
    ([("code", "unheard")], lambda tree: False),
]  # fmt: skip


@pytest.mark.parametrize("which", ["true", "both"])
@pytest.mark.parametrize("all", [True, False])
@pytest.mark.parametrize("question", range(len(QUESTIONS)))
def test_contained_resources_are_found_as_by_a_plain_look(
    room: Room, which: str, all: bool, question: int
) -> None:
    asked, meets = QUESTIONS[question]
    params = [*asked, ("_contained", which), ("_total", "accurate")]
    params += [("_sort", "_id")] if (question + all) % 2 else []
    containers: set[str] = set()
    inside: set[str] = set()
    for tree in room.opened(all=all):
        where = f"{tree['resourceType']}/{tree['id']}"
        if which == "both" and tree["resourceType"] == "Medication" and meets(tree):
            containers.add(where)
            inside.add(where)
        held = [
            one for one in tree.get("contained", ()) if one["resourceType"] == "Medication" and meets(one)
        ]
        containers.update([where] if held else [])
        inside.update(f"{where}#{one['id']}" for one in held)
    pages = list(room.pages([*params, ("_count", "5")], all=all))
    found = [f"{hit.stored.type}/{hit.stored.id}" for page in pages for hit in page.entries]
    assert sorted(found) == sorted(containers)
    assert pages[0].total == len(containers)
    pages = list(room.pages([*params, ("_count", "5"), ("_containedType", "contained")], all=all))
    places = [hit.place or f"{hit.stored.type}/{hit.stored.id}" for page in pages for hit in page.entries]
    assert sorted(places) == sorted(inside)
    (whole,) = room.pages([*params, ("_count", "1000"), ("_containedType", "contained")], all=all)
    assert whole.total == len(inside) == len(whole.entries)
    assert len(pages) == 1 or pages[0].total is None  # containers were counted, not what is inside


def test_a_contained_resource_is_shown_as_it_stands_and_belongs_to_its_container(room: Room) -> None:
    params = [("_contained", "true"), ("_containedType", "contained"), ("_count", "1000")]
    (page,) = room.pages(params)
    assert page.entries
    for hit in page.entries:
        where, _, id = hit.place.partition("#")
        type, _, container = where.partition("/")
        held = {one["id"]: one for one in room.trees[type, container]["contained"]}
        assert hit.stored.tree == held[id]
        assert b"versionId" not in hit.stored.body
        stored = room.shelf.record.reader.head(room.shelf.connection, type, container)
        assert stored is not None
        assert (hit.stored.key, hit.stored.version, hit.stored.home) == (
            stored.key,
            stored.version,
            stored.home,
        )


def test_only_types_that_may_be_searched_are_looked_into(room: Room) -> None:
    told: list[Any] = []

    def permit(types: Any, named: bool) -> Any:
        told.append((set(types), named))
        return [type for type in types if type == "Medication"]

    page = room.shelf.search.search(
        room.shelf.connection, "Medication", [("_contained", "true"), ("_count", "1000")], permit=permit
    )
    assert {hit.stored.type for hit in page.entries} == {"Medication"}
    ((types, named),) = told
    assert not named
    assert types >= {"MedicationRequest", "Medication"}
    assert types.isdisjoint({"Bundle", "Binary", "Parameters"})  # which contain nothing


def test_without_the_parameter_and_with_false_only_resources_of_their_own_are_found(room: Room) -> None:
    plain = room.shelf.ids("Medication?code=aspirin&_count=100")
    assert plain
    for more in ("_contained=false", "_contained=false&_containedType=contained", "_containedType=contained"):
        assert room.shelf.ids(f"Medication?code=aspirin&_count=100&{more}") == plain


@pytest.mark.parametrize(("params", "named"), [
    ([("_contained", "maybe")], "_contained"),
    ([("_contained", "true"), ("_containedType", "both")], "_containedType"),
    ([("_contained:not", "true")], "_contained"),
    ([("_contained", "true"), ("manufacturer.name", "x")], "manufacturer.name"),
    ([("_contained", "true"), ("code:text", "x")], "code:text"),
    ([("_contained", "true"), ("code:in", "http://example.org/vs")], "code:in"),
    ([("_contained", "true"), ("_content", "x")], "_content"),
    ([("_contained", "true"), ("_lastUpdated", "2020")], "_lastUpdated"),
    ([("_contained", "true"), ("_sort", "code")], "_sort"),
    ([("_contained", "true"), ("_include", "Medication:manufacturer")], "_include"),
    ([("_contained", "true"), ("_has:MedicationRequest:medication:status", "active")], "_has"),
])  # fmt: skip
def test_what_cannot_be_asked_of_contained_resources_is_refused_by_name(
    room: Room, params: list[tuple[str, str]], named: str
) -> None:
    with pytest.raises(Problem) as failure:
        list(room.pages(params))
    assert failure.value.category in (Category.INVALID, Category.UNSUPPORTED)
    assert named in f"{failure.value.issues[0].place} {failure.value.issues[0].message}"
    assert failure.value.issues[0].repair or failure.value.category is Category.INVALID


def test_conditions_explanations_and_several_types_have_no_contained_resources(room: Room) -> None:
    search, connection = room.shelf.search, room.shelf.connection
    asked = [("_contained", "true")]
    for refused in (
        lambda: search.find(connection, "Medication", asked),
        lambda: search.explain(connection, "Medication", asked),
        lambda: search.search(connection, None, [("_type", "Medication,Basic"), *asked]),
    ):
        with pytest.raises(Problem, match="_contained"):
            refused()


def test_a_container_that_changes_or_goes_takes_what_it_holds_along(room: Room) -> None:
    tree = {
        "resourceType": "Basic", "id": "changing", "code": {"text": "x"}, "subject": {"reference": "#d"},
        "contained": [{"resourceType": "Device", "id": "d", "type": coded("pump")}],
    }  # fmt: skip
    asked = "Device?_contained=true&type=pump"
    room.shelf.put(tree)
    assert room.shelf.ids(asked) == ["changing"]
    room.shelf.put({**tree, "contained": [{"resourceType": "Device", "id": "d", "type": coded("lamp")}]})
    assert room.shelf.ids(asked) == []
    room.shelf.put(tree)
    room.shelf.drop("Basic", "changing")
    assert room.shelf.ids(asked) == []

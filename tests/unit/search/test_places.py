"""Positions on the earth, and the compartments of a patient."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import acos, cos, radians, sin

import pytest

from charthouse.base.errors import Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.search import Fragment
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.drawing import HIDDEN, Drawing
from tests.unit.search.oracle import Tree
from tests.unit.search.shelf import Shelf, matches


class Room:
    """A shelf with a small world, and some places around the turn of the day."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        draw = random.Random(2)
        self.trees = Drawing(31).trees()
        for number in range(60):
            tree: Tree = {"resourceType": "Location", "id": f"w{number}", "name": "Ward"}
            if number % 6:
                longitude = draw.uniform(179, 181)
                tree["position"] = {
                    "latitude": draw.uniform(-1, 1),
                    "longitude": longitude - 360 * (longitude > 180),
                }
            if number % 5 == 0:
                tree["meta"] = {"tag": [HIDDEN]}
            self.trees.append(tree)
        shelf.put(*self.trees)

    def narrow(self, type: str) -> Fragment | None:
        """Everything but what carries the tag `hidden`."""
        return self.shelf.search.condition(self.shelf.connection, type, [("_tag:not", "hidden")])

    def opened(self, *, all: bool) -> list[Tree]:
        return [tree for tree in self.trees if all or HIDDEN not in tree.get("meta", {}).get("tag", ())]


@pytest.fixture(scope="module", params=BOTH)
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    shelf = Shelf(place(request, tmp_path_factory.mktemp("places")))
    yield Room(shelf)
    shelf.close()


def kilometres(one: Tree, latitude: float, longitude: float) -> float:
    """Along a great circle, by the law of cosines."""
    a, b = radians(one["latitude"]), radians(latitude)
    return 6371.0088 * acos(
        min(1, sin(a) * sin(b) + cos(a) * cos(b) * cos(radians(longitude - one["longitude"])))
    )


@pytest.mark.parametrize("all", [True, False])
@pytest.mark.parametrize(("unit", "size"), [("km", 1.0), ("m", 0.001), ("[mi_i]", 1.609344), ("", 1.0)])
def test_near_finds_what_is_within_the_distance(room: Room, unit: str, size: float, all: bool) -> None:
    draw = random.Random(9)
    hits = 0
    for _ in range(20):
        latitude, longitude = (
            round(draw.uniform(-1, 1), 4),
            round(draw.choice([-1, 1]) * draw.uniform(179, 180), 4),
        )
        distance = round(draw.uniform(1, 100) / size, 3)
        asked = f"{latitude}|{longitude}|{distance}|{unit}".removesuffix("|")
        page = room.shelf.search.search(
            room.shelf.connection,
            "Location",
            [("near", asked), ("_count", "100")],
            narrow=None if all else room.narrow,
        )
        expected = [
            tree["id"]
            for tree in room.opened(all=all)
            if "position" in tree and kilometres(tree["position"], latitude, longitude) <= distance * size
        ]
        assert sorted(matches(page)) == sorted(expected), asked
        hits += len(expected)
    assert hits > 20


@pytest.mark.parametrize(
    "value", ["1", "1|", "91|0", "0|181", "a|b", "1|2|-3", "1|2|3|kg", "1|2|3|km|x", "1|2|3|" + "k" * 99, "|"]
)
def test_a_place_that_is_none_is_refused(room: Room, value: str) -> None:
    with pytest.raises(Problem) as failure:
        room.shelf.page(f"Location?near={value}")
    assert failure.value.issues[0].place == "near"


def linked(tree: Tree, patient: str) -> bool:
    """Whether a resource is in the compartment of a patient, by its definition; a patient is in their own."""
    type = tree["resourceType"]
    if type == "Patient" and tree["id"] == patient:
        return True
    for code in load().compartment("Patient").get(type, ()):
        if code == "{def}":
            if tree["id"] == patient:
                return True
            continue
        found = path.compile(load().search_params(type)[code].expression or "", type, load()).typed(tree)
        if any(
            isinstance(value, dict) and value.get("reference") == f"Patient/{patient}" for value, _ in found
        ):
            return True
    return False


@pytest.mark.parametrize("all", [True, False])
@pytest.mark.parametrize("type", ["Observation", "Encounter", "Patient", "List", "Provenance", None])
def test_a_compartment_holds_what_its_definition_links(room: Room, type: str | None, all: bool) -> None:
    search, connection = room.shelf.search, room.shelf.connection
    hits = 0
    for number in range(10):
        patient = f"p{number}"
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = search.search(
                connection,
                type,
                [] if cursor else [("_count", "3")],
                cursor=cursor,
                within=("Patient", patient),
                narrow=None if all else room.narrow,
            )
            found += [f"{hit.stored.type}/{hit.stored.id}" for hit in page.entries]
            cursor = page.next
            if cursor is None:
                break
        expected = [
            f"{tree['resourceType']}/{tree['id']}"
            for tree in room.opened(all=all)
            if type in (None, tree["resourceType"]) and linked(tree, patient)
        ]
        assert sorted(found) == sorted(expected), patient
        hits += len(expected)
    assert hits or type in ("Patient", "List", "Provenance")  # which these worlds link to nobody


def test_a_page_link_of_one_compartment_does_not_lead_into_another(room: Room) -> None:
    search, connection = room.shelf.search, room.shelf.connection
    page = search.search(connection, None, [("_count", "1")], within=("Patient", "p1"))
    if page.next:
        for within in (("Patient", "p2"), None):
            with pytest.raises(Problem, match="another search"):
                search.search(connection, None, cursor=page.next, within=within)


@pytest.mark.parametrize(
    ("type", "within"), [("Location", ("Patient", "p1")), ("Observation", ("Location", "l1"))]
)
def test_what_is_in_no_compartment_is_refused(room: Room, type: str, within: tuple[str, str]) -> None:
    with pytest.raises(Problem, match="compartment"):
        room.shelf.search.search(room.shelf.connection, type, within=within)

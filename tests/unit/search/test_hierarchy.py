"""`:below` and `:above` of references that make a hierarchy: a plain walk over the resources answers the same."""

from __future__ import annotations

import random

import pytest

from charthouse.base.errors import Problem
from charthouse.search import Fragment
from tests.unit.search.shelf import Shelf, Tree

PLACES = 40
CLOSED = {"h3", "h11", "h17"}


def parents(draw: random.Random) -> dict[str, str | None]:
    """A forest of places, and which one each is a part of."""
    found: dict[str, str | None] = {"h0": None, "h1": None}
    for number in range(2, PLACES):
        found[f"h{number}"] = f"h{draw.randrange(max(0, number - 6), number)}"
    return found


class Ward:
    """Places, and what happened there."""

    def __init__(self, shelf: Shelf) -> None:
        draw = random.Random(7)
        self.shelf = shelf
        self.parent = parents(draw)
        self.at = {f"hv{number}": f"h{draw.randrange(PLACES)}" for number in range(120)}
        trees: list[Tree] = [
            {"resourceType": "Location", "id": id, "status": "suspended" if id in CLOSED else "active"}
            | ({"partOf": {"reference": f"Location/{up}"}} if up else {})
            for id, up in self.parent.items()
        ]
        trees += [
            {"resourceType": "Encounter", "id": id, "status": "finished", "class": {"code": "AMB"},
             "location": [{"location": {"reference": f"Location/{place}"}}]}
            for id, place in self.at.items()
        ]  # fmt: skip
        shelf.load(trees)

    def above(self, id: str, closed: set[str]) -> set[str]:
        """The place and all it is a part of; who may not see a place does not learn what it is a part of."""
        found = {id}
        while id not in closed and (up := self.parent[id]) is not None:
            found.add(up)
            id = up
        return found

    def visits(self, modifier: str, id: str, closed: set[str]) -> set[str]:
        def is_met(place: str) -> bool:
            return place in self.above(id, closed) if modifier == "above" else id in self.above(place, closed)

        return {visit for visit, place in self.at.items() if is_met(place)}


@pytest.fixture(scope="module")
def ward(shelf: Shelf) -> Ward:
    return Ward(shelf)


def active(shelf: Shelf, type: str) -> Fragment | None:
    """A policy under which only open places are seen."""
    if type != "Location":
        return None
    return shelf.search.condition(shelf.connection, type, [("status", "active")])


@pytest.mark.parametrize("modifier", ["below", "above"])
def test_a_place_stands_for_what_is_below_or_above_it(ward: Ward, modifier: str) -> None:
    for id in ward.parent:
        asked = f"Encounter?location:{modifier}=Location/{id}&_count=500"
        assert ward.shelf.found(asked) == ward.visits(modifier, id, set()), id


@pytest.mark.parametrize("modifier", ["below", "above"])
def test_the_way_leads_through_open_places_only(ward: Ward, modifier: str) -> None:
    for id in ward.parent:
        asked = f"Encounter?location:{modifier}={id}&_count=500"
        found = set(ward.shelf.ids(asked, narrow=lambda type: active(ward.shelf, type)))
        assert found == ward.visits(modifier, id, CLOSED), id


def test_it_stands_in_chains_beside_alternatives_and_asks_the_places_themselves(ward: Ward) -> None:
    both = ward.visits("below", "h5", set()) | ward.visits("below", "h8", set())
    assert ward.shelf.found("Encounter?location:below=h5,Location/h8&_count=500") == both
    below = {id for id in ward.parent if "h5" in ward.above(id, set())} - {"h5"}
    assert ward.shelf.found("Location?partof:below=h5&_count=500") == {
        id for id, up in ward.parent.items() if up in below | {"h5"}
    }
    chained = ward.shelf.found("Encounter?location.partof:below=h5&_count=500")
    assert chained == {visit for visit, place in ward.at.items() if ward.parent[place] in below | {"h5"}}
    assert ward.shelf.found("Encounter?location:below=nowhere") == set()


@pytest.mark.parametrize(
    "asked", ["Condition?subject:above=Patient/1", "Procedure?part-of:below=Procedure/1"]
)
def test_a_reference_that_makes_no_hierarchy_is_refused_by_name(shelf: Shelf, asked: str) -> None:
    with pytest.raises(Problem, match="not supported"):
        shelf.page(asked)


def test_a_hierarchy_that_is_too_deep_is_refused_and_a_ring_ends(shelf: Shelf) -> None:
    line = [
        {"resourceType": "Organization", "id": f"deep{number}", "name": "x",
         "partOf": {"reference": f"Organization/deep{number + 1}"}}
        for number in range(20)
    ]  # fmt: skip
    ring = [
        {"resourceType": "Organization", "id": f"ring{number}", "name": "x",
         "partOf": {"reference": f"Organization/ring{(number + 1) % 3}"}}
        for number in range(3)
    ]  # fmt: skip
    shelf.put(*line, *ring)
    with pytest.raises(Problem, match="too large a hierarchy"):
        shelf.page("Organization?partof:below=deep20")
    assert shelf.found("Organization?partof:above=ring1") == {"ring0", "ring1", "ring2"}

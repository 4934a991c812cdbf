"""Searches over several types, includes that go on, and page links in other hands."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from charthouse.base.errors import Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.search import NOTHING, Fragment, Page
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.drawing import HIDDEN, Drawing
from tests.unit.search.oracle import Tree
from tests.unit.search.shelf import Shelf, included
from tests.unit.search.worlds import World

START = {("Observation", "Patient"), ("Encounter", "Patient"), ("Observation", "Encounter")}


class Room:
    """A shelf with a small world, and those who look at it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.trees = Drawing(11).trees()
        shelf.put(*self.trees)

    def opened(self, *, all: bool) -> list[Tree]:
        return [tree for tree in self.trees if all or HIDDEN not in tree.get("meta", {}).get("tag", ())]

    def narrow(self, type: str) -> Fragment | None:
        """Everything but what carries the tag `hidden`."""
        return self.shelf.search.condition(self.shelf.connection, type, [("_tag:not", "hidden")])

    def ask(
        self, type: str | None, *params: tuple[str, str], cursor: str | None = None, all: bool = True
    ) -> Page:
        return self.shelf.search.search(
            self.shelf.connection, type, params, cursor=cursor, narrow=None if all else self.narrow
        )


@pytest.fixture(scope="module", params=BOTH)
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    shelf = Shelf(place(request, tmp_path_factory.mktemp("several")))
    yield Room(shelf)
    shelf.close()


def named(trees: list[Tree], *types: str) -> set[str]:
    return {
        f"{tree['resourceType']}/{tree['id']}" for tree in trees if not types or tree["resourceType"] in types
    }


def walk(room: Room, *params: tuple[str, str], all: bool) -> list[list[str]]:
    """`Type/id` page by page."""
    pages = [room.ask(None, *params, all=all)]
    while pages[-1].next:
        pages.append(room.ask(None, cursor=pages[-1].next, all=all))
    return [[f"{hit.stored.type}/{hit.stored.id}" for hit in page.entries] for page in pages]


# -- several types


@pytest.mark.parametrize("all", [True, False])
@pytest.mark.parametrize("sort", [None, "_id", "-_id", "_lastUpdated", "-_lastUpdated,_id"])
def test_several_types_are_walked_as_one(room: Room, sort: str | None, all: bool) -> None:
    params = [("_type", "Patient,Encounter,List"), ("_count", "4"), *([("_sort", sort)] if sort else [])]
    pages = walk(room, *params, all=all)
    found = list(itertools.chain(*pages))
    assert len(found) == len(set(found))
    assert set(found) == named(room.opened(all=all), "Patient", "Encounter", "List")
    assert [len(page) for page in pages[:-1]] == [4] * (len(pages) - 1)
    if sort in ("_id", "-_id"):
        ids = [one.partition("/")[2] for one in found]
        assert ids == sorted(ids, reverse=sort == "-_id")


@pytest.mark.parametrize("all", [True, False])
def test_without_types_all_are_searched(room: Room, all: bool) -> None:
    page = room.ask(None, ("_count", "500"), all=all)
    assert named([hit.stored.tree for hit in page.entries]) == named(room.opened(all=all))
    assert page.total == len(page.entries)
    tagged = room.ask(None, ("_tag", "hidden"), ("_count", "0"), all=all)
    assert tagged.total == (len(room.trees) - len(room.opened(all=False)) if all else 0)


def test_the_pages_of_several_types_lead_back(room: Room) -> None:
    first = room.ask(None, ("_type", "Patient,Encounter"), ("_count", "5"), ("_sort", "_id"))
    second = room.ask(None, cursor=first.next)
    back = room.ask(None, cursor=second.prev)
    assert [hit.stored.id for hit in back.entries] == [hit.stored.id for hit in first.entries]
    assert first.total == second.total == back.total


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ([("_type", "Patient,Nothing")], "Nothing"),
        ([("_type", "Patient,List"), ("name", "x")], "name"),
        ([("_type", "Patient,List"), ("_sort", "date")], "date"),
        ([("_type:not", "Patient")], "_type:not"),
    ],
)
def test_what_not_all_of_the_types_have_is_refused(
    room: Room, params: list[tuple[str, str]], word: str
) -> None:
    with pytest.raises(Problem) as failure:
        room.ask(None, *params)
    assert word in failure.value.issues[0].sentence()


# -- includes


def references(world: World, tree: Tree, code: str) -> Iterator[Tree]:
    """What a parameter (`*`: any) of `tree` refers to."""
    type = tree["resourceType"]
    for own, param in load().search_params(type).items():
        if param.type == "reference" and code in ("*", own):
            for value, _ in path.compile(param.expression or "", type, load()).typed(tree):
                target = world._target(value)
                if target is not None:
                    yield target


def follow(world: World, matches: list[Tree], includes: list[tuple[str, str]]) -> set[str]:
    """What the standard includes, found by looking at everything."""
    every = [tree for trees in world.by_type.values() for tree in trees]
    found: list[Tree] = []
    fresh, is_first = matches, True
    while fresh:
        coming: list[Tree] = []
        for name, text in includes:
            if not (is_first or name.endswith(":iterate")):
                continue
            type, _, code = text.partition(":")
            if name.startswith("_include"):
                for tree in fresh:
                    if text == "*" or tree["resourceType"] == type:
                        coming += references(world, tree, code or "*")
            else:
                for tree in every:
                    if text == "*" or tree["resourceType"] == type:
                        coming += (
                            [tree]
                            if any(one in fresh for one in references(world, tree, code or "*"))
                            else []
                        )
        fresh = []
        for tree in coming:
            if tree not in found and tree not in matches:
                found.append(tree)
                fresh.append(tree)
        is_first = False
    return named(found)


INCLUDES = [
    ("_include", "*"),
    ("_include", "Observation:*"),
    ("_include", "Observation:subject"),
    ("_include", "Observation:encounter"),
    ("_include:iterate", "Patient:organization"),
    ("_include:iterate", "Organization:partof"),
    ("_include:iterate", "Encounter:service-provider"),
    ("_include:iterate", "Encounter:*"),
    ("_revinclude", "*"),
    ("_revinclude", "Provenance:target"),
    ("_revinclude:iterate", "Encounter:subject"),
    ("_revinclude", "List:*"),
    ("_revinclude:iterate", "Provenance:*"),
]


@pytest.mark.parametrize("all", [True, False])
def test_includes_go_as_far_as_a_plain_look(room: Room, all: bool) -> None:
    draw = random.Random(5)
    world = World(room.opened(all=all))
    for _ in range(80):
        includes = draw.sample(INCLUDES, draw.choice([1, 2, 3]))
        wanted = ",".join(f"b{number}" for number in draw.sample(range(30), 3))
        page = room.ask("Observation", ("_id", wanted), *includes, all=all)
        matches = [tree for tree in world.by_type["Observation"] if tree["id"] in wanted.split(",")]
        assert included(page) == follow(world, matches, includes), (wanted, includes)


def test_an_unknown_modifier_of_an_include_is_refused(room: Room) -> None:
    with pytest.raises(Problem, match="recurse"):
        room.ask("Observation", ("_include:recurse", "Observation:subject"))


# -- page links in other hands


@pytest.mark.parametrize(
    "asked",
    [
        [("_count", "3"), ("_total", "accurate")],
        [("_count", "3"), ("_sort", "-date"), ("_total", "accurate")],
        [("_count", "3")],
        [("_count", "3"), ("subject:Patient.gender:missing", "false"), ("_total", "accurate")],
    ],
)
def test_a_page_link_in_other_hands_tells_their_own_total(room: Room, asked: list[tuple[str, str]]) -> None:
    own = room.ask("Observation", *asked, all=False)
    page = room.ask("Observation", *asked)
    assert own.total != page.total
    for cursor in (page.next, page.first):
        assert cursor is not None
        replayed = room.ask("Observation", cursor=cursor, all=False)
        assert replayed.total == own.total
        following = replayed.next or replayed.first
        assert room.ask("Observation", cursor=following, all=False).total == own.total
        assert room.ask("Observation", cursor=cursor).total == page.total


def test_a_page_link_shows_a_stranger_nothing(room: Room) -> None:
    page = room.ask("Observation", ("_count", "3"), ("_total", "accurate"))
    search = room.shelf.search
    shut = search.search(room.shelf.connection, "Observation", cursor=page.next, narrow=lambda _: NOTHING)
    assert (shut.total, shut.entries) == (0, [])

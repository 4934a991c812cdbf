"""Modifiers, composites, chains and _has: the real search and a plain look at every resource answer the same, for
somebody who may see everything and for somebody who may not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from charthouse.search import Fragment
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.drawing import HIDDEN, Drawing
from tests.unit.search.questions import Questions
from tests.unit.search.shelf import Shelf
from tests.unit.search.worlds import World

QUESTIONS = 500


class Known(NamedTuple):
    """A shelf, and plain looks at all of it and at what is open."""

    shelf: Shelf
    whole: World
    opened: World

    def narrow(self, type: str) -> Fragment | None:
        """Everything but what carries the tag `hidden`."""
        return self.shelf.search.condition(self.shelf.connection, type, [("_tag:not", "hidden")])


@pytest.fixture(scope="module", params=BOTH)
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    shelf = Shelf(place(request, tmp_path_factory.mktemp("matrix")))
    trees = Drawing(7).trees()
    shelf.put(*trees)
    opened = [tree for tree in trees if HIDDEN not in tree.get("meta", {}).get("tag", ())]
    yield Known(shelf, World(trees), World(opened))
    shelf.close()


@pytest.fixture(params=["listed", "asked of each"])
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once with what a step leads to as a list, and once as if that were always too much."""
    if request.param != "listed":
        monkeypatch.setattr("charthouse.search.resolve.FEW", 0)
        monkeypatch.setattr("charthouse.search.gather.SLICE", 3)


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sight", ["everything", "what is open"])
def test_the_matrix_is_answered_as_by_a_plain_look(known: Known, seed: int, sight: str) -> None:
    questions = Questions(seed + 100)
    plain, narrow = (known.whole, None) if sight == "everything" else (known.opened, known.narrow)
    names: set[str] = set()
    hits = 0
    for _ in range(QUESTIONS):
        type, params = questions.draw()
        asked = f"{type}?" + "&".join(f"{name}={value}" for name, value in params)
        expected = plain.matches(type, params)
        page = known.shelf.page(f"{asked}&_count=100&_total=accurate", narrow=narrow)
        found = [hit.stored.id for hit in page.entries]
        assert sorted(found) == sorted(expected), asked
        assert page.total == len(expected), asked
        names.update(name for name, _ in params)
        hits += bool(expected)
    assert hits > QUESTIONS / 4, "most questions find nothing, so they show little"
    assert len(names) > 60

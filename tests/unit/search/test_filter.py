"""`_filter`: the real search and a plain look answer the same; what is wrong is refused with words."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Problem
from charthouse.fhir.definitions import load
from charthouse.search import Fragment
from charthouse.search.parse import Parser
from charthouse.store.index import Extractor
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.drawing import HIDDEN, SYSTEM, UCUM, Drawing
from tests.unit.search.oracle import Tree, fold, texts
from tests.unit.search.shelf import Shelf
from tests.unit.search.worlds import World

Test = Callable[[World, Tree], bool]


def plainly(name: str, value: str) -> Test:
    """The same condition as a parameter."""
    return lambda world, tree: world._meets(tree["resourceType"], tree, name, value)


def worded(code: str, test: Callable[[str], bool]) -> Test:
    """A test of the folded words of a string parameter."""
    return lambda world, tree: any(
        test(fold(text))
        for value, its in world.values(tree["resourceType"], tree, code)
        for text in texts(value, its)
    )


def of_one(code: str, *asked: tuple[str, str]) -> Test:
    """That a reference leads to one resource which meets all that is asked."""

    def test(world: World, tree: Tree) -> bool:
        targets = [world._target(value) for value, _ in world.values(tree["resourceType"], tree, code)]
        return any(
            target is not None
            and all(
                name.partition(":")[0].partition(".")[0] in load().search_params(target["resourceType"])
                and world._meets(target["resourceType"], target, name, value)
                for name, value in asked
            )
            for target in targets
        )

    return test


TERMS: dict[str, list[tuple[str, Test]]] = {
    "Patient": [
        ("gender eq male", plainly("gender", "male")),
        ('name co "ill"', plainly("name:contains", "ill")),
        ("family sw mü", plainly("family", "mü")),
        ('family ew "er"', worded("family", lambda text: text.endswith("er"))),
        ("family ew tail", worded("family", lambda text: text.endswith("tail"))),
        (r'family sw "m\u00fc"', plainly("family", "mü")),
        ('family eq "MILLER"', worded("family", lambda text: text == "miller")),
        ("family eq mill", worded("family", lambda text: text == "mill")),
        ("birthdate ge 1985", plainly("birthdate", "ge1985")),
        ("birthdate ne 1980-01-01", plainly("birthdate", "ne1980-01-01")),
        ("birthdate po 1990", plainly("birthdate", "1990")),
        ("name pr true", plainly("name:missing", "false")),
        ("gender pr false", plainly("gender:missing", "true")),
        ("organization.name sw har", plainly("organization.name", "har")),
        ("organization:Organization.name co r", plainly("organization:Organization.name:contains", "r")),
        ("_has:Observation:subject:code eq a", plainly("_has:Observation:subject:code", "a")),
        ("organization re Organization/o1", plainly("organization", "Organization/o1")),
        ("_id eq p1", plainly("_id", "p1")),
        ("family ne miller", worded("family", lambda text: text != "miller")),
        ("family ne nobody", worded("family", lambda text: text != "nobody")),
    ],
    "Observation": [
        (f"code eq {SYSTEM}|a", plainly("code", f"{SYSTEM}|a")),
        ("status eq final", plainly("status", "final")),
        (f"value-quantity gt 5.4|{UCUM}|mmol/L", plainly("value-quantity", f"gt5.4|{UCUM}|mmol/L")),
        ("value-string ew positive", worded("value-string", lambda text: text.endswith("positive"))),
        ("subject.gender eq female", plainly("subject.gender", "female")),
        ("date eb 2024-02", plainly("date", "eb2024-02")),
        ("encounter.subject:Patient.name co an", plainly("encounter.subject:Patient.name:contains", "an")),
        ("component-code pr true", plainly("component-code:missing", "false")),
        (
            "subject[gender eq female or gender eq male].name co e",
            of_one("subject", ("gender", "female,male"), ("name:contains", "e")),
        ),
        (
            'encounter:Encounter[subject:Patient[birthdate ge 1980].gender eq female].subject.name co "an"',
            of_one(
                "encounter",
                ("subject:Patient.gender", "female"),
                ("subject:Patient.birthdate", "ge1980"),
                ("subject.name:contains", "an"),
            ),
        ),
    ],
}


def drawn(draw: random.Random, type: str, depth: int) -> tuple[str, Test]:
    """A filter and what it means; `and` and `or` from left to right."""
    text, test = _term(draw, type, depth)
    for _ in range(draw.choice([0, 0, 1, 2])):
        word = draw.choice(["and", "or"])
        other_text, other = _term(draw, type, depth)
        text, test = f"{text} {word} {other_text}", _both(word, test, other)
    return text, test


def _both(word: str, one: Test, other: Test) -> Test:
    if word == "and":
        return lambda world, tree: one(world, tree) and other(world, tree)
    return lambda world, tree: one(world, tree) or other(world, tree)


def _term(draw: random.Random, type: str, depth: int) -> tuple[str, Test]:
    kind = draw.choice(["plain", "plain", "bracket", "not"]) if depth < 3 else "plain"
    if kind == "plain":
        return draw.choice(TERMS[type])
    text, test = drawn(draw, type, depth + 1)
    if kind == "bracket":
        return f"({text})", test
    return f"not ( {text})", lambda world, tree: not test(world, tree)


class Known:
    def __init__(self, shelf: Shelf) -> None:
        trees = Drawing(23).trees()
        self.shelf = shelf
        shelf.put(*trees)
        self.whole = World(trees)
        self.opened = World([tree for tree in trees if HIDDEN not in tree.get("meta", {}).get("tag", ())])

    def narrow(self, type: str) -> Fragment | None:
        return self.shelf.search.condition(self.shelf.connection, type, [("_tag:not", "hidden")])


@pytest.fixture(scope="module", params=BOTH)
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    shelf = Shelf(place(request, tmp_path_factory.mktemp("filter")))
    yield Known(shelf)
    shelf.close()


@pytest.mark.parametrize("few", [1000, 0])
@pytest.mark.parametrize("all", [True, False])
def test_a_filter_is_answered_as_by_a_plain_look(
    known: Known, all: bool, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charthouse.search.resolve.FEW", few)
    draw = random.Random(3)
    world = known.whole if all else known.opened
    hits = 0
    for _ in range(250):
        type = draw.choice(["Patient", "Observation"])
        text, test = drawn(draw, type, 0)
        page = known.shelf.search.search(
            known.shelf.connection,
            type,
            [("_filter", text), ("_count", "100"), ("_total", "accurate")],
            narrow=None if all else known.narrow,
        )
        expected = sorted(tree["id"] for tree in world.by_type.get(type, ()) if test(world, tree))
        assert sorted(hit.stored.id for hit in page.entries) == expected, text
        assert page.total == len(expected)
        hits += bool(expected)
    assert hits > 100


PARSER = Parser(load(), Extractor(load(), ()), ())


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name", "too early"),
        ("name eq", "too early"),
        ("(name eq x", "not closed"),
        ("name eq x)", "too much"),
        ("name is x", '"is"'),
        ("nmae eq x", "nmae"),
        ('name eq "x', "no end"),
        ("name eq x and", "too early"),
        ("name[use eq official].given eq x", "no reference"),
        ("organization[name eq x].shoe eq x", "shoe"),
        ("organization[shoe eq x].name eq x", "shoe"),
        ("organization[name eq x] eq x", "followed by a dot"),
        ("organization[name eq x", "too early"),
        ("organization[name eq x].name eq x]", "too much"),
        ("organization.partof[name eq x].name eq x", "one reference"),
        ("gender in x", "url of a value set"),
        ("gender ss x", "system|code"),
        ("name ss x", '"ss"'),
        ("name gt x", '"gt"'),
        ("birthdate ge soon", "date"),
        ("name:exact eq x", "modifier"),
        ("not name eq x", "not"),
        ("name pr maybe", "true or false"),
        ("name eq ( x", "value"),
        ("()", "should be"),
        ("", "too early"),
        ("name.family eq x", "name"),
        ("organization.shoe eq x", "shoe"),
        ("(" * 30 + "name eq x" + ")" * 30, "brackets"),
        (" or ".join(["name eq x"] * 60), "comparisons"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_with_words(text: str, word: str) -> None:
    with pytest.raises(Problem) as failure:
        PARSER.query("Patient", [("_filter", text)])
    assert word in failure.value.issues[0].sentence()
    assert failure.value.issues[0].place == "_filter"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='()[]"\\ andornotpreqname.:_-1980', max_size=60) | st.text(max_size=30))
def test_any_filter_is_read_or_refused(text: str) -> None:
    query = PARSER.query("Patient", [("_filter", text)], lenient=True)
    assert query.ignored or query.criteria


RED, BLUE = "http://example.org/colours|red", "http://example.org/colours|blue"


def _concept(*codes: str) -> dict[str, object]:
    return {"coding": [{"system": "http://example.org/colours", "code": code} for code in codes]}


@pytest.fixture(scope="module", params=BOTH)
def coloured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    shelf = Shelf(place(request, tmp_path_factory.mktemp("unequal")))
    shelf.put(
        {"resourceType": "Patient", "id": "p1"}, {"resourceType": "Patient", "id": "p2"},
        {"resourceType": "Group", "id": "g1"},
        {"resourceType": "Observation", "id": "red", "code": _concept("red"), "subject": {"reference": "Patient/p1"}},
        {"resourceType": "Observation", "id": "both", "code": _concept("red", "blue"),
         "subject": {"reference": "Patient/p1/_history/1"}},
        {"resourceType": "Observation", "id": "blue", "code": _concept("blue"), "subject": {"reference": "Patient/p2"}},
        {"resourceType": "Observation", "id": "words", "code": {"text": "red"}, "subject": {"reference": "Group/g1"}},
        {"resourceType": "Patient", "id": "two", "identifier": [{"value": "a"}, {"value": "b"}]},
        {"resourceType": "Patient", "id": "one", "identifier": [{"value": "a"}]},
    )  # fmt: skip
    yield shelf
    shelf.close()


@pytest.mark.parametrize(
    ("type", "text", "found"),
    [
        ("Observation", f"code ne {RED}", "blue"),  # a concept of two codes is red as well
        ("Observation", f"code ne {BLUE}", "red"),
        ("Observation", "code ne green", "blue both red"),  # in words alone nothing is told
        ("Observation", "subject ne Patient/p1", "blue words"),  # a version of p1 is p1
        ("Observation", "patient ne Patient/p1", "blue"),  # a group is no patient
        ("Observation", "patient ne Patient/p9", "blue both red"),
        ("Patient", "identifier ne a", "two"),
        ("Observation", f"not (code ne {RED}) and subject ne Patient/p2", "both red words"),
    ],
)
def test_of_codes_and_references_another_one_is_found(
    coloured: Shelf, type: str, text: str, found: str
) -> None:
    asked = f"{type}?{urlencode({'_filter': text})}"
    assert sorted(coloured.ids(asked)) == sorted(found.split())

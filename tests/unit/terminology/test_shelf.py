"""A code system answers the same from the tables of either database and from memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from charthouse.db.connect import Connection
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.concept import COMMENT, DEFINITION, HEADING, INACTIVE
from charthouse.terminology.fill import remove
from charthouse.terminology.resident import Resident
from charthouse.terminology.shelf import Shelf
from charthouse.terminology.spans import Spans
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.conftest import BOTH, opened
from tests.unit.terminology.makers import COLOURS, Tree, colours, concept, load, system
from tests.unit.terminology.test_order import above as naive_above
from tests.unit.terminology.test_order import hierarchies

LOOK = 0.06  # seconds after which a change is seen


def tabled(tables: Connection, tree: Tree) -> CodeSystem:
    load(tables, tree)
    shelf = Shelf("loaded", tables.dialect, lambda: tables)
    return shelf.opened(
        next(each for each in shelf.releases(tree["url"]) if each.release.version == tree["version"])
    )


@pytest.fixture(params=["memory", *BOTH])
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CodeSystem]:
    """The colours, in each place."""
    if request.param == "memory":
        yield Resident(colours(), 1)
        return
    with opened(request.param, request, tmp_path) as tables:
        load(tables, system("http://example.org/before", concept("x"), concept("y")))  # ids do not begin at 1
        yield tabled(tables, colours())


def codes(held: CodeSystem, spans: Spans) -> list[str]:
    return [each.code for each in held.walk(spans)]


def id_of(held: CodeSystem, code: str) -> int:
    found = held.find(code)
    assert found is not None
    return found.id


def test_all_concepts_come_in_the_order_of_the_hierarchy(held: CodeSystem) -> None:
    assert codes(held, held.all()) == [
        "warm", "red", "crimson", "pink", "orange", "cold", "blue", "mixed", "purple", "Grey",
    ]  # fmt: skip


def test_a_concept_is_found_by_its_code_with_its_flags(held: CodeSystem) -> None:
    red, warm, pink = held.find("red"), held.find("warm"), held.find("pink")
    assert red is not None
    assert warm is not None
    assert pink is not None
    assert (red.display, red.is_active, red.is_selectable) == ("Red", True, True)
    assert not warm.is_selectable
    assert not pink.is_active
    assert held.find("RED") is None
    assert held.find("") is None
    assert held.find("no\x00thing") is None
    assert held.find("half \ud800") is None


def test_many_codes_are_found_at_once(held: CodeSystem) -> None:
    found = held.found(["blue", "no", "Grey", "x\x00"])
    assert {code: each.code for code, each in found.items()} == {"blue": "blue", "Grey": "Grey"}
    assert held.found([]) == {}


def test_hierarchy_is_told_along_every_parent(held: CodeSystem) -> None:
    concepts = {each.code: each for each in held.walk(held.all())}
    assert codes(held, held.below(concepts["warm"])) == ["warm", "red", "crimson", "pink", "orange", "purple"]
    assert codes(held, held.below(concepts["mixed"])) == ["orange", "mixed", "purple"]
    assert codes(held, held.above(concepts["purple"])) == ["warm", "red", "cold", "blue", "mixed", "purple"]
    assert held.parents(concepts["purple"])[0].code == "mixed"
    assert {each.code for each in held.parents(concepts["purple"])} == {"mixed", "red", "blue"}
    assert [each.code for each in held.children(concepts["red"])] == ["crimson", "pink", "purple"]
    assert held.parents(concepts["Grey"]) == held.children(concepts["Grey"]) == []


def test_names_and_properties_belong_to_their_concept(held: CodeSystem) -> None:
    red, crimson, orange = (id_of(held, code) for code in ("red", "crimson", "orange"))
    names = held.designations([red, crimson, orange])
    assert [(each.text, each.use) for each in names[red]] == [("The colour of blood.", DEFINITION)]
    assert [(each.text, each.language) for each in names[crimson]] == [("Rødlig", "da")]
    assert orange not in names
    properties = held.properties([crimson, orange, red])
    assert sorted(properties[crimson]) == [("wave", "long"), ("web", "true")]
    assert properties[orange] == [("wave", "long"), ("wave", "middle")]
    assert red not in properties


def test_concepts_are_found_by_property_and_by_flag(held: CodeSystem) -> None:
    assert codes(held, held.having("wave", "long")) == ["crimson", "orange"]
    assert codes(held, held.having("wave", "none")) == []
    assert codes(held, held.having("wave\x00", "long")) == []
    assert held.has_property("wave")
    assert not held.has_property("weight")
    assert not held.has_property("wave\x00")
    assert [value for _, value in held.values("wave")] == ["long", "long", "middle", "short"]
    assert codes(held, held.flagged(HEADING)) == ["warm", "cold"]
    assert codes(held, held.flagged(INACTIVE)) == ["pink"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["re"], ["red"]), (["mix", "col"], ["mixed"]), (["rødl"], ["crimson"]), (["ash"], ["Grey"]),
        (["gre"], ["Grey"]),
        (["blood"], []), (["ed"], []), (["red", "blue"], []), (["%"], []), (["_ed"], []),
    ],
)  # fmt: skip
def test_words_are_found_at_the_start_of_words_of_any_name(
    held: CodeSystem, words: list[str], expected: list[str]
) -> None:
    assert codes(held, held.named(words, held.all())) == expected


def test_words_are_looked_for_only_where_asked(held: CodeSystem) -> None:
    assert codes(held, held.named(["c"], Spans.of([id_of(held, "cold"), id_of(held, "blue")]))) == ["cold"]


def test_what_the_resource_says_of_itself_can_be_asked(held: CodeSystem) -> None:
    assert held.about()["property"][0]["code"] == "wave"
    assert held.release.url == COLOURS
    assert COMMENT not in held.about()


def test_case_is_overlooked_only_where_the_system_says_so(tables: Connection) -> None:
    concepts = [concept(code) for code in ("Ab", "ab", "CD", "eF")]
    tree = system("http://example.org/case", *concepts, caseSensitive=False)
    for held in (Resident(tree, 1), tabled(tables, tree)):
        found = [held.find(code) for code in ("Ab", "ab", "cd", "EF", "Ef", "x")]
        assert [each.code if each else None for each in found] == ["Ab", "ab", "CD", "eF", "eF", None]
        assert {code: each.code for code, each in held.found(["cd", "ab"]).items()} == {
            "cd": "CD",
            "ab": "ab",
        }


def test_words_are_found_among_many_concepts_by_either_way(tables: Connection) -> None:
    many = [
        concept(f"c{number}", display=f"Thing number {number:04} of the Straße") for number in range(2_500)
    ]
    held = tabled(tables, system("http://example.org/many", *many))
    assert codes(held, held.named(["0042"], held.all())) == ["c42"]
    assert codes(held, held.named(["c42"], held.all()))[0] == "c42"
    assert len(held.named(["number", "00"], held.all())) == 100
    assert len(held.named(["straß", "0007"], held.all())) == 1
    assert len(list(held.walk(held.all()))) == 2_500
    assert len(held.concepts(list(held.all().ids()))) == 2_500


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parents=hierarchies())
def test_subsumption_in_tables_is_walking_up(tables: Connection, parents: list[list[int]]) -> None:
    tree = system(
        "http://example.org/dag",
        *(concept(str(index), properties={"parent": [str(each) for each in own]} if own else {})
          for index, own in enumerate(parents)),
    )  # fmt: skip
    held = tabled(tables, tree)
    memory = Resident(tree, 1)
    for each in held.walk(held.all()):
        expected = {str(index) for index in naive_above(parents, int(each.code))}
        assert set(codes(held, held.above(each))) == expected
        own = memory.find(each.code)
        assert own is not None
        assert set(codes(memory, memory.above(own))) == expected
        below = {str(index) for index in range(len(parents)) if int(each.code) in naive_above(parents, index)}
        assert set(codes(held, held.below(each))) == set(codes(memory, memory.below(own))) == below


def day(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_of_several_versions_the_one_in_force_today_is_meant(tables: Connection) -> None:
    for version, since, until in (("2024", "2023-10-01", "2024-09-30"), ("2025", "2024-10-01", "2025-09-30"),
                                  ("2026", "2025-10-01", None)):  # fmt: skip
        load(tables, system(COLOURS, concept(version), version=version), valid_from=since, valid_until=until)
    moment = [day("2025-01-15")]
    asked = Terminology(None, lambda: tables, None, clock=lambda: moment[0])

    def meant() -> str:
        found = asked.system(COLOURS)
        assert found is not None
        return found.release.version

    assert meant() == "2025"
    moment[0] = day("2025-10-01")
    time.sleep(LOOK)
    assert meant() == "2026"
    moment[0] = day("2020-01-01")
    time.sleep(LOOK)
    assert meant() == "2026", "none is in force: the newest"
    assert asked.lookup(COLOURS, "2024", "2024").version == "2024"
    standings = asked.systems()
    assert [each.release.version for each in standings if each.is_chosen] == ["2026"]
    assert [each.is_in_force for each in standings] == [False] * 3


def test_without_dates_the_newest_version_is_meant(tables: Connection) -> None:
    for version in ("2.9", "2.10", "2.1"):
        load(tables, system(COLOURS, concept("a"), version=version))
    found = Terminology(None, lambda: tables).system(COLOURS)
    assert found is not None
    assert found.release.version == "2.10"


def test_a_release_is_seen_when_it_is_whole_and_gone_when_removed(tables: Connection) -> None:
    asked = Terminology(None, lambda: tables)
    assert asked.system(COLOURS) is None
    load(tables, colours())
    time.sleep(LOOK)
    assert asked.subsumes(COLOURS, "warm", "red") == "subsumes"
    tables.run("UPDATE term_system SET state = 0")
    time.sleep(LOOK)
    assert asked.system(COLOURS) is None
    tables.run("UPDATE term_system SET state = 1")
    remove(tables, COLOURS, "1")
    time.sleep(LOOK)
    assert asked.system(COLOURS) is None


def test_a_walk_reads_no_more_than_it_gives(tables: Connection) -> None:
    held = tabled(
        tables, system("http://example.org/long", *(concept(str(number)) for number in range(1_200)))
    )
    assert [each.code for each in islice(held.walk(held.all()), 3)] == ["0", "1", "2"]

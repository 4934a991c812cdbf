"""Codes are translated by maps in the record and by maps in tables."""

from __future__ import annotations

import pytest
import zstandard

from charthouse.base.errors import Category, Problem
from charthouse.db import queries
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import migrate, migrations
from charthouse.fhir.resource import dump
from charthouse.terminology.answers import Coding, Match
from charthouse.terminology.artifacts import Gathered
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.makers import COLOURS, Tree, colours, terminology

SHADE = "http://example.org/shade"
MAP, OTHER = "http://example.org/map", "http://example.org/other"


def conceptmap(*groups: Tree, url: str = MAP, **more: object) -> Tree:
    return {
        "resourceType": "ConceptMap", "url": url, "status": "active", "version": "1", "sourceUri": "http://example.org/from",
        "targetUri": "http://example.org/to", "group": list(groups), **more,
    }  # fmt: skip


def group(elements: dict[str, list[tuple[str, str]]], **more: object) -> Tree:
    """A group from OTHER to the colours."""
    return {
        "source": OTHER, "target": COLOURS,
        "element": [
            {"code": code, "target": [({"code": to} if to else {}) | {"equivalence": how} for to, how in targets]}
            for code, targets in elements.items()
        ],
        **more,
    }  # fmt: skip


SIMPLE = {
    "1": [("red", "equivalent")],
    "2": [("crimson", "wider"), ("pink", "narrower")],
    "3": [("", "unmatched")],
}


@pytest.fixture(params=["resource", "tables"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Terminology:
    """The same map in each place."""
    tree = conceptmap(group(SIMPLE))
    if request.param == "resource":
        return terminology(colours(), tree)
    connection = connect(Place(path=tmp_path_factory.mktemp("map") / "codes.db"), synchronous="OFF")
    migrate(connection, migrations("charthouse.terminology", "migrations", "sqlite"))
    store(connection, tree)
    return Terminology(None, lambda: connection, Gathered([colours()]))


def store(connection: Connection, tree: Tree) -> None:
    """Put a map into the tables, its elements under its url alone."""
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    groups = [{name: value for name, value in each.items() if name != "element"} for each in tree["group"]]
    body = zstandard.compress(dump(tree | {"group": groups}))
    connection.run(sql.put_artifact, ("ConceptMap", tree["url"], tree["version"], body))
    for each in tree["group"]:
        for element in each["element"]:
            for place, target in enumerate(element["target"]):
                connection.run(
                    sql.put_mapping,
                    (tree["url"], each["source"], element["code"], place, each["target"], target.get("code", ""),
                     target["equivalence"], ""),
                )  # fmt: skip


def found(asked: Terminology, code: str, **more: object) -> list[tuple[str, str | None]]:
    translation = asked.translate([Coding(OTHER, code)], **{"url": MAP, **more})  # type: ignore[arg-type]
    return [(match.equivalence, match.coding.code if match.coding else None) for match in translation.matches]


def test_a_code_is_translated_by_the_map_named(asked: Terminology) -> None:
    translation = asked.translate([Coding(OTHER, "1")], url=MAP)
    assert translation.result
    assert translation.matches == (Match("equivalent", Coding(COLOURS, "red", display="Red"), f"{MAP}|1"),)
    assert found(asked, "2") == [("wider", "crimson"), ("narrower", "pink")]


def test_no_match_is_told(asked: Terminology) -> None:
    for code in ("3", "9"):
        translation = asked.translate([Coding(OTHER, code)], url=MAP)
        assert not translation.result
        assert translation.message == "No mapping was found."
    assert found(asked, "3") == [("unmatched", None)]
    assert found(asked, "9") == []


def test_a_map_is_read_backwards_with_its_equivalences(asked: Terminology) -> None:
    translation = asked.translate([Coding(COLOURS, "crimson")], url=MAP, reverse=True)
    assert [(each.equivalence, each.coding) for each in translation.matches] == [
        ("narrower", Coding(OTHER, "2"))
    ]


@pytest.mark.parametrize(
    ("more", "is_found"),
    [
        ({"source": "http://example.org/from"}, True), ({"target": "http://example.org/to"}, True),
        ({"source": "http://example.org/from|3", "target": "http://example.org/to"}, True),
        ({"target_system": COLOURS}, True),
        ({"source": "http://example.org/to"}, False), ({"target_system": OTHER}, False),
        ({"target": "http://example.org/x"}, False),
    ],
)  # fmt: skip
def test_maps_are_found_by_what_they_are_between(
    asked: Terminology, more: dict[str, str], is_found: bool
) -> None:
    assert asked.translate([Coding(OTHER, "1")], **more).result is is_found  # type: ignore[arg-type]


def test_source_and_target_change_places_backwards(asked: Terminology) -> None:
    coding = [Coding(COLOURS, "red")]
    assert asked.translate(coding, source="http://example.org/to", target_system=OTHER, reverse=True).result
    assert not asked.translate(coding, source="http://example.org/from", reverse=True).result


def test_every_coding_of_a_concept_is_translated(asked: Terminology) -> None:
    translation = asked.translate(
        [Coding(OTHER, "1"), Coding(OTHER, "2"), Coding("x", "1"), Coding(OTHER, "1")], url=MAP
    )
    assert len(translation.matches) == 3


def test_a_map_that_is_not_at_hand_is_named(asked: Terminology) -> None:
    with pytest.raises(Problem) as caught:
        asked.translate([Coding(OTHER, "1")], url=f"{MAP}|9")
    assert caught.value.category is Category.NOT_FOUND
    assert caught.value.issues[0].value == f"{MAP}|9"


@pytest.mark.parametrize(
    ("unmapped", "expected"),
    [
        ({"mode": "provided"}, [("equal", "9")]), ({"mode": "fixed", "code": "Grey"}, [("inexact", "Grey")]),
        ({"mode": "other-map", "url": "http://example.org/map2"}, [("equivalent", "blue")]),
        ({"mode": "other-map", "url": MAP}, []), ({"mode": "other-map", "url": "http://example.org/none"}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_a_code_that_the_map_does_not_name_is_treated_as_it_says(
    unmapped: Tree, expected: list[tuple[str, str | None]]
) -> None:
    second = conceptmap(group({"9": [("blue", "equivalent")]}), url="http://example.org/map2")
    asked = terminology(colours(), conceptmap(group(SIMPLE, unmapped=unmapped)), second)
    assert found(asked, "9") == expected
    assert found(asked, "1") == [("equivalent", "red")]


def test_versions_of_a_map_do_not_mix() -> None:
    second = conceptmap(group({"1": [("blue", "equivalent")]}), version="2")
    asked = terminology(colours(), conceptmap(group(SIMPLE)), second)
    assert found(asked, "1") == [("equivalent", "blue")]
    assert found(asked, "1", url=f"{MAP}|1") == [("equivalent", "red")]


@pytest.mark.parametrize("broken", [{"group": {}}, {"group": [{"element": "x"}]}, {"group": [{"source": 3}]}])
def test_a_map_of_the_wrong_shape_is_a_problem_not_a_crash(broken: Tree) -> None:
    with pytest.raises(Problem) as caught:
        terminology(conceptmap() | broken).translate([Coding(OTHER, "1")], url=MAP)
    assert caught.value.category is Category.INVALID


def test_a_mapping_holds_where_what_it_depends_on_is_so() -> None:
    def target(code: str, *needs: tuple[str, str], gives: str = "") -> Tree:
        depends = [{"property": SHADE, "system": "urn:shades", "value": value} for _, value in needs]
        product = [{"property": "urn:mood", "value": gives}] if gives else []
        return {"code": code, "equivalence": "equivalent", "dependsOn": depends, "product": product}

    targets = [target("red", ("", "deep")), target("pink", ("", "pale"), gives="mild"), target("crimson")]
    tree = conceptmap({"source": OTHER, "target": COLOURS, "element": [{"code": "1", "target": targets}]})
    asked = terminology(colours(), tree)

    def matches(**known: object) -> list[str]:
        return [code or "" for _, code in found(asked, "1", **known)]

    assert matches() == ["red", "pink", "crimson"], "nothing is known that speaks against any"
    assert matches(known={SHADE: [Coding("urn:shades", "pale")]}) == ["pink", "crimson"]
    assert matches(known={SHADE: [Coding("urn:other", "pale")]}) == ["crimson"]
    assert matches(known={SHADE: [Coding("urn:shades", "x"), Coding("urn:shades", "deep")]}) == [
        "red",
        "crimson",
    ]
    assert matches(known={"urn:another": [Coding(None, "x")]}) == ["red", "pink", "crimson"]
    products = [match.products for match in asked.translate([Coding(OTHER, "1")], url=MAP).matches]
    assert products == [(), (("urn:mood", Coding(None, "mild")),), ()]

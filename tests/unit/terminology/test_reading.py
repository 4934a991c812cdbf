"""A CodeSystem resource becomes a release and rows."""

from __future__ import annotations

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.terminology import reading
from charthouse.terminology.concept import COMMENT, DEFINITION, HEADING, INACTIVE, Designation
from charthouse.terminology.resident import Resident
from tests.unit.terminology.makers import Tree, colours, concept, system

URL = "http://example.org/x"


def row(made: Tree, **more: Tree) -> reading.Row:
    return reading.rows(system(URL, made, **more))[0]


def test_nesting_gives_the_main_parent_and_properties_give_more() -> None:
    found = {row.code: row.parents for row in reading.rows(colours())}
    assert found["crimson"] == ("red",)
    assert found["orange"] == ("warm", "mixed")
    assert found["purple"] == ("mixed", "red", "blue")
    assert found["warm"] == ()


@pytest.mark.parametrize("name", ["subsumedBy", "parent"])
def test_a_parent_may_be_named_by_a_property(name: str) -> None:
    tree = system(URL, concept("a"), concept("b", properties={name: "a"}))
    assert reading.rows(tree)[1].parents == ("a",)


def test_a_child_may_be_named_by_its_parent() -> None:
    tree = system(URL, concept("a", properties={"child": ["b", "c"]}), concept("b"), concept("c"))
    assert [row.parents for row in reading.rows(tree)] == [(), ("a",), ("a",)]


def test_a_property_is_known_by_its_uri_whatever_it_is_called() -> None:
    declared = [{"code": "up", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"}]
    tree = system(URL, concept("a"), concept("b", properties={"up": "a"}), property=declared)
    assert reading.rows(tree)[1].parents == ("a",)


@pytest.mark.parametrize(
    ("properties", "flags"),
    [
        ({"notSelectable": True}, HEADING), ({"abstract": True}, HEADING), ({"notSelectable": False}, 0),
        ({"inactive": True}, INACTIVE), ({"inactive": False}, 0), ({"status": "retired"}, INACTIVE),
        ({"status": "deprecated"}, INACTIVE), ({"status": "inactive"}, INACTIVE), ({"status": "active"}, 0),
        ({"status": "retired", "notSelectable": True}, INACTIVE | HEADING),
    ],
)  # fmt: skip
def test_flags_tell_headings_and_ended_codes(properties: Tree, flags: int) -> None:
    assert row(concept("a", properties=properties)).flags == flags


def test_definition_comment_and_other_names_are_designations() -> None:
    comments = "http://hl7.org/fhir/StructureDefinition/codesystem-concept-comments"
    found = row(
        concept(
            "a", definition="What it is.", extension=[{"url": comments, "valueString": "Mind this."}],
            designation=[
                {"value": "B", "language": "nl", "use": {"system": "http://example.org/use", "code": "short"}},
                {"value": "C", "use": {"code": "own"}}, {"value": "D"},
            ],
        )
    )  # fmt: skip
    assert found.designations == (
        Designation("B", "nl", "http://example.org/use|short"), Designation("C", "", "own"), Designation("D"),
        Designation("What it is.", "", DEFINITION), Designation("Mind this.", "", COMMENT),
    )  # fmt: skip


def test_every_type_of_property_is_kept_as_text() -> None:
    values = {
        "valueCode": "x", "valueString": "a b", "valueInteger": 3, "valueBoolean": True, "valueDateTime": "2020-01-01",
        "valueCoding": {"system": "http://s", "code": "c"},
    }  # fmt: skip
    made = concept("a") | {"property": [{"code": name, name: value} for name, value in values.items()]}
    assert [value for _, value in row(made).properties] == [
        "x",
        "a b",
        "3",
        "true",
        "2020-01-01",
        "http://s|c",
    ]


def test_a_code_system_that_is_silent_about_case_takes_any() -> None:
    tree = system(URL, concept("a"))
    assert reading.release(tree).case_sensitive
    del tree["caseSensitive"]
    assert not reading.release(tree).case_sensitive


def test_the_release_keeps_what_the_resource_says_but_concepts_and_narrative() -> None:
    release = reading.release(system(URL, concept("a"), text={"div": "<div/>"}, copyright="Ours", title="T"))
    assert (release.title, release.notice, release.version) == ("T", "Ours", "1")
    assert "concept" not in release.about
    assert "text" not in release.about
    assert release.about["copyright"] == "Ours"


@pytest.mark.parametrize(
    "broken",
    [
        {"url": None}, {"url": ""}, {"url": 5}, {"concept": {"code": "a"}}, {"concept": ["a"]}, {"concept": [{}]},
        {"concept": [{"code": 1}]}, {"concept": [{"code": "a", "property": {}}]}, {"version": []},
        {"concept": [{"code": "a", "designation": [{"value": {}}]}]}, {"property": "x"}, {"title": {}},
        {"concept": [{"code": "a", "display": []}]}, {"concept": [{"code": "a", "concept": [None]}]},
    ],
)  # fmt: skip
def test_a_resource_of_the_wrong_shape_is_a_problem_not_a_crash(broken: Tree) -> None:
    tree = system(URL, concept("a")) | broken
    with pytest.raises(Problem) as caught:
        Resident(tree, 1)
    assert caught.value.category is Category.INVALID


def test_nesting_has_a_bottom() -> None:
    deep: Tree = concept("0")
    for number in range(1, 100):
        deep = concept(str(number), deep)
    with pytest.raises(Problem, match="levels deep"):
        reading.rows(system(URL, deep))

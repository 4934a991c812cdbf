"""Pages of a value set: text, languages, properties, supplements, limits."""

from __future__ import annotations

from typing import Any

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection
from charthouse.terminology.answers import Coding, Name, Property
from charthouse.terminology.artifacts import Gathered
from charthouse.terminology.extent import LIMIT
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.makers import (
    COLOURS,
    SET,
    Tree,
    colours,
    concept,
    drawn,
    listed,
    load,
    rule,
    system,
    terminology,
    valueset,
)


def codes(asked: Terminology, valueset: str | Tree = SET, **more: Any) -> list[str]:
    return [row.code for row in asked.expand(valueset, **more).rows]


def test_a_row_says_what_a_person_needs() -> None:
    expansion = terminology(colours(), valueset(drawn(COLOURS), title="All colours", version="3")).expand(SET)
    assert (expansion.url, expansion.version, expansion.title, expansion.total) == (
        SET,
        "3",
        "All colours",
        10,
    )
    assert expansion.used == (f"{COLOURS}|1",)
    assert expansion.is_whole
    warm, pink = expansion.rows[0], expansion.rows[3]
    assert (warm.system, warm.version, warm.code, warm.display) == (COLOURS, "1", "warm", "Warm")
    assert warm.is_abstract
    assert (pink.is_active, pink.is_abstract) == (False, False)
    assert warm.designations == warm.properties == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("re", ["red"]), ("colours mixed", ["mixed"]), ("RED", ["red"]), ("ash", ["Grey"]), ("ed", []), ("  ", None),
        ("!!", []), ("rødlig", ["crimson"]),
    ],
)  # fmt: skip
def test_a_filter_finds_the_start_of_words(text: str, expected: list[str] | None) -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS)))
    assert codes(asked, filter=text) == (expected if expected is not None else codes(asked))


def test_a_filter_looks_at_the_names_that_the_value_set_gives() -> None:
    named = {
        "system": COLOURS,
        "concept": [{"code": "red", "display": "Ruby"}, {"code": "none", "display": "Ruby too"}],
    }
    asked = terminology(colours(), valueset(named, listed(COLOURS, "blue")))
    assert codes(asked, filter="ruby") == ["red", "none"]
    assert codes(asked, filter="blu") == ["blue"]
    assert asked.expand(SET).rows[0].display == "Ruby"


def test_a_filter_and_pages_go_together() -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS)))
    page = asked.expand(SET, filter="r", count=1)
    assert page.total == 2
    assert [row.code for row in page.rows] == ["red"]
    assert codes(asked, filter="r", offset=1, count=1) == ["crimson"]


def test_headings_can_be_left_out_of_a_list_to_choose_from() -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS)))
    assert set(codes(asked)) - set(codes(asked, with_headings=False)) == {"warm", "cold"}


def test_designations_come_where_asked_without_definition() -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS, rule("concept", "is-a", "red"))))
    red, crimson, *_ = asked.expand(SET, designations=True).rows
    assert red.designations == ()
    assert crimson.designations == (Name("Rødlig", "da"),)


@pytest.mark.parametrize(
    ("language", "display"),
    [("da", "Rødlig"), ("da-DK", "Rødlig"), ("DA", "Rødlig"), ("fr", "Crimson"), ("", "Crimson")],
)
def test_the_display_is_in_the_language_asked_for_where_there_is_one(language: str, display: str) -> None:
    asked = terminology(colours(), valueset(listed(COLOURS, "crimson")))
    assert asked.expand(SET, language=language).rows[0].display == display
    assert asked.lookup(COLOURS, "crimson", language=language).display == display


def test_the_default_display_is_taken_where_it_is_in_that_language() -> None:
    asked = terminology(colours(language="da"), valueset(listed(COLOURS, "crimson")))
    assert asked.expand(SET, language="da").rows[0].display == "Crimson"


def test_properties_come_with_their_types_where_asked() -> None:
    asked = terminology(colours(), valueset(listed(COLOURS, "crimson", "warm")))
    crimson, warm = asked.expand(
        SET, properties=["wave", "web", "parent", "child", "notSelectable", "definition"]
    ).rows
    assert set(crimson.properties) == {
        Property("notSelectable", "false", "boolean"), Property("parent", "red", "code"),
        Property("wave", "long", "code"), Property("web", "true", "boolean"),
    }  # fmt: skip
    assert [(each.code, each.value) for each in warm.properties] == [
        ("notSelectable", "true"), ("child", "red"), ("child", "orange"),
    ]  # fmt: skip


def supplement() -> Tree:
    names = [{"value": "Rouge", "language": "fr"}]
    return system(
        "http://example.org/more", concept("red", properties={"mood": "angry"}, designation=names),
        content="supplement", supplements=COLOURS,
    )  # fmt: skip


def test_a_supplement_adds_names_and_properties_only_where_asked() -> None:
    asked = terminology(colours(), supplement(), valueset(listed(COLOURS, "red")))
    more: dict[str, Any] = {"designations": True, "properties": ["mood"], "language": "fr"}
    assert asked.expand(SET, **more).rows[0].display == "Red"
    row = asked.expand(SET, **more, supplements=["http://example.org/more"]).rows[0]
    assert row.display == "Rouge"
    assert row.designations == (Name("Rouge", "fr"),)
    assert row.properties == (Property("mood", "angry"),)
    looked = asked.lookup(COLOURS, "red", supplements=["http://example.org/more"])
    assert Property("mood", "angry") in looked.properties
    verdict = asked.validate_code(
        SET, [Coding(COLOURS, "red", display="rouge")], supplements=["http://example.org/more"]
    )
    assert not verdict.issues


def test_a_supplement_is_no_code_system_and_has_to_be_at_hand() -> None:
    asked = terminology(colours(), supplement(), valueset(drawn("http://example.org/more")))
    assert asked.system("http://example.org/more") is None
    assert asked.member(SET, "http://example.org/more", "red") is None
    with pytest.raises(Problem, match="supplement is not at hand"):
        asked.lookup(COLOURS, "red", supplements=["http://example.org/none"])


def test_a_large_value_set_has_to_be_paged_or_narrowed(tables: Connection) -> None:
    count = LIMIT + 500
    load(tables, system(COLOURS, concept("top", *(concept(f"c{number}") for number in range(count)))))
    asked = Terminology(None, lambda: tables)
    tree = valueset(drawn(COLOURS, rule("concept", "descendent-of", "top")))
    with pytest.raises(Problem) as caught:
        asked.expand(tree)
    assert (caught.value.category, caught.value.issues[0].code) == (Category.INVALID, "too-costly")
    assert "`count` and `offset`" in str(caught.value.issues[0].repair)
    with pytest.raises(Problem, match="at most 20000"):
        asked.expand(tree, count=LIMIT + 1)
    page = asked.expand(tree, offset=count - 2, count=10)
    assert page.total == count
    assert [row.code for row in page.rows] == [f"c{count - 2}", f"c{count - 1}"]
    assert codes(asked, tree, filter="c20499") == ["c20499"]
    assert codes(asked, tree, offset=count) == []
    assert asked.expand(tree, count=0).total == count
    with pytest.raises(Problem, match="More than 20000"):
        asked.below(COLOURS, "top")


@pytest.mark.parametrize("more", [{"offset": -1}, {"count": -1}])
def test_an_offset_or_count_below_zero_is_refused(more: dict[str, int]) -> None:
    with pytest.raises(Problem, match="cannot be below zero"):
        terminology(colours(), valueset(drawn(COLOURS))).expand(SET, **more)


def test_a_filter_longer_than_any_name_is_refused() -> None:
    with pytest.raises(Problem, match="at most 200"):
        terminology(colours(), valueset(drawn(COLOURS))).expand(SET, filter="a" * 300)


def test_a_value_set_that_is_not_at_hand_is_named() -> None:
    with pytest.raises(Problem) as caught:
        terminology().expand("http://example.org/none|3")
    assert caught.value.category is Category.NOT_FOUND
    assert caught.value.issues[0].value == "http://example.org/none|3"


def test_a_value_set_may_be_handed_in() -> None:
    asked = terminology(colours())
    assert codes(asked, valueset(listed(COLOURS, "red"))) == ["red"]
    assert asked.validate_code(valueset(listed(COLOURS, "red")), [Coding(COLOURS, "red")]).result is True


def test_the_same_page_is_the_same_object_until_something_changes() -> None:
    held = Gathered([colours(), valueset(drawn(COLOURS))])
    asked = Terminology(None, None, held)
    first = asked.expand(SET, count=3)
    assert asked.expand(SET, count=3) is first
    assert asked.expand(SET, count=4) is not first
    held.put(valueset(listed(COLOURS, "red")))
    assert codes(asked, count=3) == ["red"]

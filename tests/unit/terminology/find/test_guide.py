"""What a coder is told at a code."""

from __future__ import annotations

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.terminology.find.finder import Finder


def test_a_code_that_may_be_reported_lacks_nothing(finder: Finder) -> None:
    guide = finder.guide("icd-10-cm", "s83511a")
    assert (guide.code, guide.is_billable, guide.missing) == ("S83.511A", True, ())
    assert guide.sides == {"right": "S83.511A", "left": "S83.512A", "unspecified": "S83.519A"}


def test_a_heading_tells_the_next_character_and_the_seventh(finder: Finder) -> None:
    sixth, seventh = finder.guide("icd-10-cm", "S83.51").missing
    assert (sixth.position, [choice.characters for choice in sixth.choices]) == (6, ["1", "2", "9"])
    assert sixth.choices[0].code == "S83.511"
    assert seventh.position == 7
    assert [(choice.characters, choice.meaning, choice.code) for choice in seventh.choices] == [
        ("A", "initial encounter", ""), ("D", "subsequent encounter", ""), ("S", "sequela", "")
    ]  # fmt: skip


def test_placeholders_are_told_with_the_seventh_character(finder: Finder) -> None:
    (step,) = finder.guide("icd-10-cm", "W11").missing
    assert (step.position, step.choices[0].characters, step.choices[0].code) == (7, "XXXA", "W11.XXXA")
    assert step.choices[0].meaning == "initial encounter"


def test_below_a_chapter_codes_do_not_begin_with_its_own(finder: Finder) -> None:
    (step,) = finder.guide("icd-10-cm", "4").missing
    assert (step.position, step.choices[0].code) == (0, "E08-E13")


def test_notes_of_all_above_are_told_with_the_code_they_stand_at(finder: Finder) -> None:
    notes = finder.guide("icd-10-cm", "E11.40").notes
    assert [(note.kind, note.code, note.text) for note in notes] == [
        ("excludes1", "E11", "type 1 diabetes mellitus (E10.-)"),
        ("useAdditionalCode", "E11", "insulin (Z79.4)"),
        ("includes", "E11", "diabetes NOS"),
    ]
    assert {note.display for note in notes} == {"Type 2 diabetes mellitus"}


def test_inclusion_terms_are_told(finder: Finder) -> None:
    assert finder.guide("icd-10-cm", "J45.909").terms == ("Asthma NOS",)


def test_an_unknown_code_is_told(finder: Finder) -> None:
    with pytest.raises(Problem) as caught:
        finder.guide("icd-10-cm", "Q99")
    assert caught.value.category == Category.NOT_FOUND
    assert caught.value.issues[0].value == "Q99"

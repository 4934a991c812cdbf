"""The search over a small classification: what stands first, and that nothing breaks it."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection
from charthouse.terminology.concept import Row
from charthouse.terminology.fill import fill
from charthouse.terminology.find.finder import LONGEST, Finder
from charthouse.terminology.find.index import words
from tests.unit.terminology.find.small import filled, release, rows

FIRST = (
    # abbreviations
    ("t2dm", "E11.9"), ("htn", "I10"), ("chf", "I50.9"), ("sob", "R06.02"), ("t1dm", "E10.9"),
    ("asthma exac", "J45.901"), ("t2dm w neuropathy", "E11.40"), ("acl tear r knee initial", "S83.511A"),
    # lay words and words that mean the same
    ("high blood pressure", "I10"), ("ringing in ears", "H93.19"), ("short of breath", "R06.02"),
    # slips
    ("pnuemonia", "J18.9"), ("apendicitis", "K35.80"), ("diabetis", "E11.9"), ("fibromialgia", "M79.7"),
    ("shoulderpain", "M25.519"),
    # any order
    ("shoulder pain right", "M25.511"), ("right shoulder pain", "M25.511"), ("pain, shoulder, right", "M25.511"),
    # what a coder takes where nothing more is said
    ("diabetes", "E11.9"), ("asthma", "J45.909"), ("appendicitis", "K35.80"), ("heart failure", "I50.9"),
    ("anterior cruciate ligament sprain", "S83.519A"), ("cough", "R05.9"),
    # encounters, durations, status
    ("acl sprain left knee subsequent", "S83.512D"), ("acl sprain left knee sequela", "S83.512S"),
    ("cough x 3 months", "R05.3"), ("hx of breast cancer", "Z85.3"), ("family hx breast cancer", "Z80.3"),
    ("long term insulin", "Z79.4"), ("fell from ladder", "W11.XXXA"),
    # with and without
    ("diabetes with nephropathy", "E11.21"), ("appendicitis with perforation", "K35.32"),
    # the beginning of a word
    ("fibromy", "M79.7"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "code"), FIRST)
def test_the_right_code_comes_first(finder: Finder, text: str, code: str) -> None:
    assert [hit.code for hit in finder.find(text)][:1] == [code]


@pytest.mark.parametrize("typed", ["E11.40", "e11.40", "E1140", "e1140", " e1140 ", "e11.40."])
def test_a_code_comes_first_however_it_is_typed(finder: Finder, typed: str) -> None:
    hit = finder.find(typed)[0]
    assert hit.code == "E11.40"
    assert hit.why == ("code",)


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("e11.", ["E11", "E11.2", "E11.21", "E11.4", "E11.40", "E11.9"]), ("J4", ["J45", "J45.901", "J45.909"]),
        ("j4590", ["J45.901", "J45.909"]), ("s83511", ["S83.511", "S83.511A", "S83.511D", "S83.511S"]),
    ],
)  # fmt: skip
def test_a_part_of_a_code_gives_what_begins_so(finder: Finder, typed: str, codes: list[str]) -> None:
    assert [hit.code for hit in finder.find(typed) if hit.why == ("code",)] == codes


def test_a_code_among_words_comes_first(finder: Finder) -> None:
    codes = [hit.code for hit in finder.find("E11.9 heart failure")]
    assert codes[:2] == ["E11.9", "I50.9"]


def test_one_hit_stands_for_all_sides_and_names_them(finder: Finder) -> None:
    hits = finder.find("shoulder pain")
    assert [hit.code for hit in hits if hit.code.startswith("M25.51")] == ["M25.519"]
    assert hits[0].sides == {"right": "M25.511", "left": "M25.512", "unspecified": "M25.519"}


def test_the_side_asked_for_stands_for_the_condition(finder: Finder) -> None:
    for text, code in (("tinnitus both ears", "H93.13"), ("tinnitus l", "H93.12"), ("tinnitus", "H93.19")):
        hit = finder.find(text)[0]
        assert (hit.code, len(hit.sides)) == (code, 4)


def test_headings_are_left_out_where_only_billable_codes_are_wanted(finder: Finder) -> None:
    assert not all(hit.is_billable for hit in finder.find("diabetes", limit=50))
    for text in ("diabetes", "e11", "E11.2"):
        hits = finder.find(text, limit=50, only_billable=True)
        assert hits
        assert all(hit.is_billable for hit in hits)


def test_a_hit_tells_how_the_question_was_read(finder: Finder) -> None:
    assert "t2dm = type 2 diabetes mellitus" in finder.find("t2dm")[0].why
    assert "pnuemonia → pneumonia" in finder.find("pnuemonia")[0].why


def test_a_hit_tells_what_is_excluded_and_what_is_coded_first(finder: Finder) -> None:
    assert "Not with: type 1 diabetes mellitus (E10.-)" in finder.find("E11.9")[0].note
    assert finder.find("I50.9")[0].note == "Code first: heart failure due to hypertension (I11.0)."


def test_external_causes_come_only_when_they_are_asked_for(finder: Finder) -> None:
    assert not finder.find("knee sprain")[0].code.startswith("W")


def test_the_limit_is_kept(finder: Finder) -> None:
    assert len(finder.find("diabetes", limit=2)) == 2
    assert finder.find("diabetes", limit=0) == []


@pytest.mark.parametrize("text", ["", "   ", "\t\n", "…", "?!", "\0", "\ud800", "the of and"])
def test_a_text_without_words_finds_nothing(finder: Finder, text: str) -> None:
    assert finder.find(text) == []


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE term_word; --", '" OR 1=1', "%", "_", "a%", "*", "[", "\\", "diabetes'; --", "zzzz"],
)
def test_what_looks_like_a_statement_is_text(finder: Finder, text: str) -> None:
    finder.find(text)
    assert finder.find("diabetes")[0].code == "E11.9"


def test_a_long_text_is_refused_and_says_how_long_it_may_be(finder: Finder) -> None:
    with pytest.raises(Problem, match="200 characters") as caught:
        finder.find("x" * (LONGEST + 1))
    assert caught.value.category == Category.INVALID
    finder.find("diabetes " * (LONGEST // 9))


def test_an_unknown_system_is_told(finder: Finder) -> None:
    with pytest.raises(Problem, match="icd-10-pcs") as caught:
        finder.find("diabetes", ("icd-99",))
    assert caught.value.category == Category.INVALID
    with pytest.raises(Problem) as caught:
        finder.find("diabetes", ("icd-10-pcs",))
    assert caught.value.category == Category.NOT_FOUND


WORDS = "diabetes r l w/ w/o no not s/p hx of pain e11 t2dm initial x 3 months fracture open sprane shoulder stage ii"
QUESTIONS = st.lists(st.sampled_from(WORDS.split())).map(lambda words: " ".join(words)[:LONGEST])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=LONGEST) | QUESTIONS)
def test_no_text_breaks_the_search(finder: Finder, text: str) -> None:
    hits = finder.find(text)
    assert len({hit.code for hit in hits}) == len(hits)


def test_every_code_typed_in_full_comes_first(finder: Finder) -> None:
    for row in rows():
        for typed in (row.code, row.code.lower(), row.code.replace(".", "")):
            assert finder.find(typed)[0].code == row.code


def test_a_release_in_force_beats_one_that_has_ended(tables: Connection) -> None:
    old = [Row("X1", "Old cough"), Row("X2", "Fever")]
    fill(tables, release("2020", valid_from="2019-10-01", valid_until="2020-09-30"), old, words=words)
    fill(tables, release("2019"), [Row("Y1", "Cough")], words=words)
    finder = Finder(None, lambda: tables)
    assert [(hit.code, hit.version) for hit in finder.find("cough")] == [("Y1", "2019")]


def test_a_release_that_is_loaded_later_is_seen(tables: Connection) -> None:
    filled(tables)
    finder = Finder(None, lambda: tables)
    assert finder.find("cough")[0].version == "2026"
    fill(tables, release("2027"), [Row("Z1", "Cough")], words=words)
    time.sleep(0.1)  # it looks every 50 ms
    assert [(hit.code, hit.version) for hit in finder.find("cough")] == [("Z1", "2027")]


def test_what_a_site_loaded_beats_what_is_shipped(tables: Connection, finder: Finder) -> None:
    both = Finder(lambda: tables, lambda: tables) if tables.dialect == "sqlite" else finder
    assert both.find("cough")[0].code == "R05.9"


def test_a_release_without_a_word_index_is_searched_all_the_same(tables: Connection) -> None:
    fill(
        tables,
        release(url="http://example.org/places"),
        [Row("11", "Office"), Row("21", "Inpatient hospital")],
    )
    finder = Finder(None, lambda: tables)
    assert [hit.code for hit in finder.find("hospital", ("http://example.org/places",))] == ["21"]

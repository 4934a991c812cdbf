"""The guide as a document: the same numbers on page and paper, none of them in the words, all of them sourced."""

from __future__ import annotations

import re

import pytest

from charthouse.base.errors import Problem
from charthouse.render import plot
from charthouse.render.sheet import Sheet, as_csv
from charthouse.workforce import payback, places, printed
from charthouse.workforce.figure import Figure, Kind
from charthouse.workforce.guide import Note, Section, Table, Words, Writer, figures
from charthouse.workforce.shelf import Shelf
from charthouse.workforce.tiles import TILES

NUMBER = re.compile(r"\$\s?\d|\d\s?%|\d{2},\d{3}")


def texts(section: Section) -> list[str]:
    cells = [
        cell for block in section.blocks if isinstance(block, Table) for row in block.rows for cell in row
    ]
    return [
        part for words in (*section.text, *section.list, *cells) for part in words if isinstance(part, str)
    ]


@pytest.mark.parametrize("area", ["", "CA", "34980", "0100001", "VI"])
def test_every_number_of_the_guide_is_a_figure_with_a_source_that_is_listed(shelf: Shelf, area: str) -> None:
    document = Writer(shelf, area).write()
    listed = {one.id for one in document.sources}
    for section in document.sections:
        for figure in figures(section):
            assert figure.source in listed
            assert figure.kind in Kind
        for text in texts(section):
            if "standard error" not in text:  # a flag repeats the number of the table beside it
                assert not NUMBER.search(text), text


def said(words: Words) -> str:
    return "".join(part if isinstance(part, str) else part.said() for part in words)


def test_the_first_sentence_says_only_what_is_known_about_the_place(shelf: Shelf) -> None:
    ends = {
        "": "194,720 jobs under the name of medical records specialists.",
        "CA": "specialists, 18,700 of them in California.",
        "VI": "specialists; their number in the Virgin Islands is not released.",
    }
    for area, end in ends.items():
        document = Writer(shelf, area).write()
        assert said(document.sections[0].text[0]).endswith(end)
        assert all(part for _, words in document.glance for part in words)
    assert dict(document.glance)["Median wage a year, in the nation"]
    assert [block.said for block in document.sections[1].blocks if isinstance(block, Note)]


def test_how_far_pay_spreads_is_counted_from_the_release(shelf: Shelf) -> None:
    factors = next(one for one in Writer(shelf).write().sections if one.id == "factors")
    cells = [shelf.extract.cell("29-2072", one.code).wages[2].value for one in shelf.extract.states]
    known = [one for one in cells if one is not None]
    spread = round(max(known) / min(known), 1)
    assert f"is {spread} times the lowest among states" in said(factors.text[0])
    [measured] = {part.kind for part in factors.text[0] if isinstance(part, Figure)}
    assert measured is Kind.MEASURED


def test_columns_of_figures_stand_at_the_right_and_an_unreleased_row_says_so(shelf: Shelf) -> None:
    document = Writer(shelf, "34980").write()
    tables = {
        block.caption: block for one in document.sections for block in one.blocks if isinstance(block, Table)
    }
    [bands] = [one for caption, one in tables.items() if "classic bands" in caption]
    assert bands.numeric == (False, True, True, False)
    pay = printed.shaped(document)["sections"][1]["blocks"]
    [rows] = [one["rows"] for one in pay if one["kind"] == "wages" and "occupations" in one["caption"]]
    shut = [one for one in rows if not one["released"]]
    assert [(one["name"], one["box"]) for one in shut] == [("Information Security Analysts", None)]
    for one in rows:
        if one["box"]:
            assert 0 <= one["box"]["p10"] <= one["box"]["p50"] <= one["box"]["p90"] <= 1


def test_a_place_is_found_by_hyphens_and_by_dashes(shelf: Shelf) -> None:
    name = places.area(shelf.extract, "34980").name
    assert "–" in name
    assert places.area(shelf.extract, name) == places.area(shelf.extract, name.replace("–", "--"))


def test_the_guide_is_tagged_for_screen_readers_and_has_its_title(shelf: Shelf) -> None:
    made = printed.pdf(shelf.extract, Writer(shelf, "TX").write())
    assert made.startswith(b"%PDF-1.")
    assert b"/MarkInfo" in made or b"StructTreeRoot" in made
    assert b"pdfuaid" in made
    assert len(made) < 400_000


def test_a_name_in_the_data_is_never_read_as_a_command(shelf: Shelf) -> None:
    from datetime import date

    from charthouse.workforce import transcript
    from charthouse.workforce.continuing import Credit

    evil = Credit(1, "#eval(1)", date(2026, 1, 1), '#read("/etc/passwd") $x$ *b* <label> @ref', 1, None, "")
    made = transcript.pdf(shelf.extract, "#panic()", [], [evil], date(2026, 1, 2))
    assert made.startswith(b"%PDF-1.")


def test_every_state_but_three_territories_has_a_tile_of_its_own() -> None:
    assert len(set(TILES.values())) == len(TILES)
    assert set(places.POSTAL) - set(TILES) == {"GU", "VI"}


def test_payback_counts_what_it_says(shelf: Shelf) -> None:
    given = payback.read({"cost": "3,000", "months": "6", "now": "38000", "then": "45000", "kept": "80"})
    found = payback.payback(shelf.sources, given)
    assert found.spent.value == 3000
    assert found.kept.value == 5600
    assert found.years is not None
    assert found.years.value == 1.0
    assert found.five.value == 22_200
    assert payback.payback(shelf.sources, payback.read({"cost": "1", "now": "5", "then": "5"})).years is None
    with pytest.raises(Problem) as caught:
        payback.read({"cost": "nan"})
    assert caught.value.issues[0].place == "cost"


def test_a_table_to_take_away_holds_no_formula() -> None:
    body = as_csv(Sheet("x", ("a", "b"), [("=1+1", 2), ("@x", None), ("plain", -3)])).decode("utf-8-sig")
    assert body.splitlines()[1:] == ["'=1+1,2", "'@x,", "plain,-3"]


def test_scales_have_round_ends_that_hold_all_values() -> None:
    on = plot.scale([31_010, 151_520], 600)
    assert on.low <= 31_010 < 151_520 <= on.high
    assert on.at(on.low) == 0
    assert on.at(on.high) == 600
    assert plot.box(on, [1, 2, None, 4, 5]) is None
    assert plot.fifth(None, [1, 2]) == 0
    assert [plot.fifth(value, [10, 20]) for value in (5, 10, 25)] == [1, 2, 3]


def test_careers_hold_six_paths_and_only_occupations_of_the_extract(shelf: Shelf) -> None:
    assert [one.title for one in shelf.careers.paths] == [
        "Medical records technician", "Health information technician", "Medical coder", "EHR trainer",
        "Implementation specialist", "EHR analyst",
    ]  # fmt: skip
    used = {stands.soc for one in shelf.careers.all.values() for stands in one.occupations}
    assert used == set(shelf.extract.occupations)
    for name in ("careers.toml", "guide.toml"):
        words = "\n".join(line for line in shelf.extract.text(name).splitlines() if not line.startswith("#"))
        assert not NUMBER.search(words), name

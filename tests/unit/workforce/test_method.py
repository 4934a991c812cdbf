"""The salary method: its worked examples, what must always hold, and that no number goes without its source."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from charthouse.base.errors import Problem
from charthouse.workforce import places
from charthouse.workforce.bands import bands
from charthouse.workforce.curve import Curve
from charthouse.workforce.extract import POINTS, Amount, Cell
from charthouse.workforce.figure import Figure, Kind
from charthouse.workforce.question import EDUCATION
from charthouse.workforce.shelf import Shelf

LIBRARY = Shelf()
AREAS = [area.code for area in LIBRARY.extract.areas.values() if LIBRARY.extract.has("29-2072", area.code)]
areas = some.sampled_from(AREAS).map(lambda code: places.short(LIBRARY.extract.areas[code]))
employers = some.sampled_from(["", *places.EMPLOYERS])
words = some.fixed_dictionaries({
    "soc": some.sampled_from(list(LIBRARY.extract.occupations)), "area": areas, "industry": employers,
    "years": some.one_of(some.just(""), some.integers(0, 60).map(str)),
    "certified": some.sampled_from(["", "yes", "no"]), "education": some.sampled_from(["", *EDUCATION]),
})  # fmt: skip


def middle(**asked: str) -> float:
    answer = LIBRARY.answer({"soc": "29-2072", **asked})
    assert answer.median is not None
    return answer.median.value or 0


@pytest.mark.parametrize(
    ("years", "thousands"), [("0", 37.9), ("1", 41.3), ("3", 47.4), ("5", 52.3), ("10", 61.1), ("25", 65.3)]
)
def test_years_of_experience_give_the_worked_examples(years: str, thousands: float) -> None:
    assert middle(area="US", years=years, certified="yes", education="certificate") / 1000 == pytest.approx(
        thousands, abs=0.05
    )


def test_houston_with_all_factors_gives_the_worked_example() -> None:
    answer = LIBRARY.answer(
        {"area": "26420", "years": "4", "certified": "yes", "education": "associate", "industry": "hospital"}
    )
    assert [step.figure.value for step in answer.steps][2] == 49_408
    assert answer.median is not None
    assert (answer.median.value or 0) / 1000 == pytest.approx(62.2, abs=0.05)


def test_the_lowest_stacked_case_is_flagged_as_outside_what_is_published() -> None:
    answer = LIBRARY.answer(
        {"area": "US", "years": "0", "certified": "no", "education": "school", "industry": "physician-office"}
    )
    assert answer.median is not None
    assert answer.median.value == pytest.approx(30_100, abs=60)
    assert "outside-published-range" in {flag.code for flag in answer.flags}


def test_nashville_is_a_thin_cell_and_texas_is_none() -> None:
    assert "thin-cell" in {flag.code for flag in LIBRARY.answer({"area": "34980"}).flags}
    assert "thin-cell" not in {flag.code for flag in LIBRARY.answer({"area": "TX"}).flags}


def test_the_factors_are_those_of_the_method() -> None:
    method = LIBRARY.method
    assert method.certified(True) == pytest.approx(1.023, abs=0.0006)
    assert method.certified(False) == pytest.approx(0.922, abs=0.0006)
    found = {rung: method.education(rung) for rung in EDUCATION}
    assert found == pytest.approx(
        {"school": 0.923, "certificate": 1, "associate": 1.084, "bachelor": 1.174}, abs=0.0006
    )


def test_the_bands_are_repeated_exactly_and_ranked_where_one_asks() -> None:
    here = {
        "CA": (46.2, 67.1, 87.5),
        "TX": (36.8, 53.1, 68.6),
        "MS": (32.8, 44.1, 54.0),
        "35620": (40.7, 66.7, 87.9),
    }
    for area, thousands in here.items():
        found = bands(LIBRARY.method, places.area(LIBRARY.extract, area))
        assert [edge.figure.value for edge in found.edges] == [30_000, 40_000, 55_000, 70_000]
        assert [edge.nation.value for edge in found.edges] == [10, 16, 58, 81]
        assert found.edges[0].nation.note == "at or below p10"
        assert found.edges[0].same is None
        same = [(edge.same.value or 0) / 1000 for edge in found.edges if edge.same]
        assert same == pytest.approx(thousands, abs=0.06)
    assert [(band.low.value, band.high.value, band.is_open) for band in found.bands] == [
        (30_000, 40_000, False), (40_000, 55_000, False), (55_000, 70_000, True),
    ]  # fmt: skip


@given(areas, some.integers(0, 59), employers)
def test_more_years_never_pay_less(area: str, years: int, employer: str) -> None:
    # by employer the ratio changes along the ranks, so only all employers together are certain to rise
    fewer, more = (middle(area=area, years=str(one)) for one in (years, years + 1))
    assert fewer <= more


@given(some.sampled_from(AREAS), some.floats(0, 100), some.floats(0, 100))
def test_wages_rise_with_the_rank_and_stay_inside_what_is_published(
    area: str, one: float, other: float
) -> None:
    cell = LIBRARY.extract.cell("29-2072", area)
    if not cell.is_whole:
        return
    curve = Curve(cell)
    low, high = (curve.wage(rank).value for rank in sorted((one, other)))
    assert (cell.wages[0].value or 0) <= low <= high * (1 + 1e-12)
    assert high <= (cell.wages[-1].value or 0) * (1 + 1e-12)


@given(some.lists(some.integers(20_000, 300_000), min_size=5, max_size=5), some.floats(10, 90))
def test_reading_agrees_with_a_plain_interpolation_and_ranks_lead_back(wages: list[int], rank: float) -> None:
    wages = sorted(wages)
    nothing = Amount(None)
    curve = Curve(
        Cell(nothing, nothing, nothing, nothing, tuple(Amount(float(one)) for one in wages), nothing, nothing)
    )
    score = NormalDist().inv_cdf
    pairs = list(pairwise(zip(POINTS, wages, strict=True)))
    (low, below), (high, above) = next(pair for pair in pairs if pair[0][0] <= rank <= pair[1][0])
    share = (score(rank / 100) - score(low / 100)) / (score(high / 100) - score(low / 100))
    found = curve.wage(rank).value
    assert found == pytest.approx(below * (above / below) ** share)
    if len(set(wages)) == 5:
        assert curve.wage(curve.rank(found)).value == pytest.approx(found, rel=1e-6)


@given(words)
def test_nothing_lies_outside_the_published_range_without_a_flag(asked: dict[str, str]) -> None:
    answer = LIBRARY.answer(asked)
    codes = {flag.code for flag in answer.flags}
    if answer.median is None or answer.low is None or answer.high is None:
        assert "not-released" in codes
        return
    bottom, top = answer.wages.wages[0].value or 0, answer.wages.wages[-1].value or 0
    values = [one.value or 0 for one in (answer.low, answer.median, answer.high)]
    assert all(math.isfinite(value) and value > 0 for value in values)
    if any(value < bottom or value > top for value in values):
        assert "outside-published-range" in codes
    assert values == sorted(values)
    if answer.basis != answer.area:
        assert "fell-back" in codes
        assert answer.basis.kind in ("S", "N")


def numbers(tree: Any, path: str = "") -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every number in JSON, with the object that holds it."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield f"{path}.{name}", value, tree
            else:
                yield from numbers(value, f"{path}.{name}")
    elif isinstance(tree, list):
        for value in tree:
            yield from numbers(value, path)


@given(words)
def test_no_number_is_given_to_programs_without_source_year_and_kind(asked: dict[str, str]) -> None:
    answer = json.loads(LIBRARY.json(asked))
    known = {source["id"]: source for source in answer["sources"]}
    assert {"id", "year", "kind", "title", "trust"} <= set(answer["source"])
    published = ("percentiles", "mean", "jobs", "jobs_rse", "wage_rse", "per_1000", "location_quotient")
    for path, _, holder in numbers(
        {
            name: value
            for name, value in answer.items()
            if name not in (*published, "asked", "source", "sources")
        }
    ):
        at = path.rsplit(".", 1)[-1]
        if at in ("year",):
            continue
        assert at in ("value", "at_least"), path
        if at == "value":
            assert holder["source"] in known, path
            assert holder["year"] == known[holder["source"]]["year"]
            assert holder["kind"] in {kind.value for kind in Kind}
    for name in published[1:]:
        assert answer[name] is not None or answer["footnotes"][name]


def test_a_number_without_source_or_year_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="not shown"):
        Figure(1.0, "usd", "", 2025, Kind.PUBLISHED)
    with pytest.raises(ValueError, match="not shown"):
        Figure(1.0, "usd", "oews", 0, Kind.PUBLISHED)


WRONG: list[tuple[dict[str, str], str]] = [
    ({"area": "Springfield"}, "area"),
    ({"area": "ZZ"}, "area"),
    ({"area": "99999"}, "area"),
    ({"soc": "11-1011"}, "soc"),
    ({"soc": "'; --"}, "soc"),
    ({"industry": "nonsense"}, "industry"),
    ({"years": "-1"}, "years"),
    ({"years": "nan"}, "years"),
    ({"years": "inf"}, "years"),
    ({"certified": "maybe"}, "certified"),
    ({"education": "doctor"}, "education"),
    ({"role": "surgeon"}, "role"),
]


@pytest.mark.parametrize(("asked", "place"), WRONG)
def test_a_wrong_word_is_refused_and_named(asked: dict[str, str], place: str) -> None:
    with pytest.raises(Problem) as caught:
        LIBRARY.answer(asked)
    assert caught.value.issues[0].place == place


@given(
    some.dictionaries(
        some.sampled_from(["soc", "role", "area", "industry", "years", "certified", "education", "skills"]),
        some.text(max_size=40),
    )
)
def test_whatever_is_asked_gives_an_answer_or_says_what_is_wrong(asked: dict[str, str]) -> None:
    place = None
    try:
        json.loads(LIBRARY.json(asked))
    except Problem as failure:
        place = failure.issues[0].place
    assert place in (None, "soc", "role", "area", "industry", "years", "certified", "education")


def test_areas_are_found_by_code_number_and_name() -> None:
    found = {
        text: places.area(LIBRARY.extract, text).name
        for text in ("us", "ca", "California", "35620", "houston", "Nashville", "New York", "guam")
    }
    assert found["us"] == "National"
    assert found["ca"] == found["California"] == "California"
    assert found["35620"].startswith("New York-Newark")
    assert found["houston"].startswith("Houston-")
    assert found["Nashville"].startswith("Nashville-")
    assert found["New York"] == "New York"


def test_what_no_public_figure_tells_is_said(shelf: Shelf) -> None:
    answer = json.loads(shelf.json({"area": "US", "skills": "SQL"}))
    assert {one["what"] for one in answer["unknown"]} == {"cehrs", "skills", "demand"}
    same = json.loads(shelf.json({"area": "US"}))
    assert same["estimate"] == answer["estimate"]


def test_factors_of_another_occupation_are_not_applied_and_that_is_said() -> None:
    plain = LIBRARY.answer({"soc": "15-1211", "area": "US", "years": "5"})
    asked = LIBRARY.answer(
        {"soc": "15-1211", "area": "US", "years": "5", "certified": "yes", "education": "bachelor"}
    )
    assert plain.median == asked.median
    assert [flag.code for flag in asked.flags] == ["not-applied", "not-applied"]

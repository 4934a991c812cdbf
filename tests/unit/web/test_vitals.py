"""Vital signs and results: last value, usual or not, trend."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charthouse.web.chart.flowsheet import flowsheet, grouped, short_name
from charthouse.web.chart.plot import HEIGHT, WIDTH, Point, sparkline
from charthouse.web.chart.ranges import judge, limits
from charthouse.web.chart.vitals import sheet, vitals
from tests.unit.web.makers import CONTEXT, READER, concept, observation, pressure, quantity

ADULT = (1980, 3, 14)


def test_a_blood_pressure_is_one_value_and_judged_by_both_numbers() -> None:
    found = vitals(
        [pressure("b", "128", "96", "2026-11-12"), pressure("a", "148", "92", "2026-10-12")], READER, ADULT
    )
    assert (found[0].last.said, found[0].last.unit, found[0].last.judgement.word) == (
        "128/96",
        "mmHg",
        "high",
    )
    assert found[0].plot is not None
    assert len(found[0].plot.lines) == 2


def test_signs_come_in_a_fixed_order_with_the_newest_first_and_how_they_moved() -> None:
    trees = [
        observation("w1", "29463-7", "84.3", "kg", "2026-08-01"),
        observation("w2", "29463-7", "86.4", "kg", "2026-11-12"),
        observation("h", "8867-4", "78", "/min", "2026-11-12"),
    ]
    found = vitals(trees, READER, ADULT)
    assert [one.kind.label for one in found] == ["Heart rate", "Weight"]
    assert (found[1].last.said, found[1].change) == ("86.4", "up 2.1")


def test_what_was_entered_in_error_is_no_vital_sign() -> None:
    assert (
        vitals(
            [observation("w", "29463-7", "840", "kg", "2026-08-01", status="entered-in-error")], READER, ADULT
        )
        == []
    )


def test_an_adults_range_is_not_used_for_a_child_nor_for_another_unit() -> None:
    pulse = observation("h", "8867-4", "140", "/min", "2026-11-12")
    assert vitals([pulse], READER, (2026, 1, 1))[0].last.judgement.level == ""
    assert vitals([pulse], READER, ADULT)[0].last.judgement.level == "abnormal"
    fever = observation("t", "8310-5", "98.6", "[degF]", "2026-11-12")
    assert vitals([fever], READER, ADULT)[0].last.judgement.level == ""


def test_an_interpretation_wins_over_the_range() -> None:
    tree = observation("k", "2823-3", "4.0", "mmol/L", "2026-11-12", interpretation=[concept("", "HH")])
    assert judge(tree, Decimal("4.0"), limits(tree, READER)).level == "critical"


@pytest.mark.parametrize(
    ("value", "level", "sign"),
    [("3.4", "abnormal", "↓"), ("3.5", "usual", ""), ("5.1", "usual", ""), ("5.2", "abnormal", "↑")],
)
def test_a_value_is_judged_by_its_own_reference_range(value: str, level: str, sign: str) -> None:
    usual = [{"low": quantity("3.5", "mmol/L"), "high": quantity("5.1", "mmol/L")}]
    tree = observation("k", "2823-3", value, "mmol/L", "2026-11-12", referenceRange=usual)
    verdict = judge(tree, Decimal(value), limits(tree, READER))
    assert (verdict.level, verdict.sign) == (level, sign)


def test_a_range_that_is_not_the_normal_one_is_not_used() -> None:
    tree = observation(
        "k",
        "1",
        "9",
        "x",
        "2026-11-12",
        referenceRange=[{"type": concept("", "therapeutic"), "high": quantity("5", "x")}],
    )
    assert limits(tree, READER).said == ""


def test_a_trend_stays_in_its_box_and_shows_the_usual_range() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    points = [Point(at + day * 86400, Decimal(value)) for day, value in enumerate((70, 90, 120))]
    drawn = sparkline([points], Decimal(60), Decimal(100))
    assert drawn is not None
    for pair in drawn.lines[0].split():
        across, down = (float(part) for part in pair.split(","))
        assert 0 <= across <= WIDTH
        assert 0 <= down <= HEIGHT
    assert drawn.height > 0
    assert drawn.ends[0][0] == max(float(pair.split(",")[0]) for pair in drawn.lines[0].split())


def test_one_value_is_no_trend_and_equal_values_are_a_level_line() -> None:
    assert sparkline([[Point(0, Decimal(5))]]) is None
    flat = sparkline([[Point(0, Decimal(5)), Point(10, Decimal(5))]])
    assert flat is not None
    assert len({pair.split(",")[1] for pair in flat.lines[0].split()}) == 1


def test_results_lie_side_by_side_newest_at_the_right() -> None:
    trees = [
        observation(
            f"a{day}",
            "4548-4",
            f"7.{day}",
            "%",
            f"2026-0{day}-01",
            "Hemoglobin A1c/Hemoglobin.total in Blood",
        )
        for day in (3, 1, 2)
    ]
    made = flowsheet(trees, CONTEXT)
    assert made.days == ("2026-01-01", "2026-02-01", "2026-03-01")
    assert [cell.said if cell else "" for cell in made.rows[0].cells] == ["7.1", "7.2", "7.3"]
    assert made.rows[0].name == "Hemoglobin A1c"


def test_days_beyond_the_columns_are_counted_and_stay_in_the_trend() -> None:
    trees = [observation(f"a{day}", "x", str(day), "u", f"2026-01-{day:02d}") for day in range(1, 11)]
    made = flowsheet(trees, CONTEXT, columns=3)
    assert (len(made.days), made.older) == (3, 7)
    assert made.rows[0].plot is not None
    assert len(made.rows[0].plot.lines[0].split()) == 10


def test_with_few_rows_the_critical_and_abnormal_ones_stay() -> None:
    trees = [
        observation("n", "n", "1", "u", "2026-03-03", "Newest"),
        observation("a", "a", "1", "u", "2026-03-02", "Abnormal", interpretation=[concept("", "H")]),
        observation("c", "c", "1", "u", "2026-03-01", "Critical", interpretation=[concept("", "LL")]),
    ]
    made = flowsheet(trees, CONTEXT, rows=2)
    assert {row.name for row in made.rows} == {"Abnormal", "Critical"}
    assert made.tests == 3


def test_a_second_result_on_one_day_is_counted_and_the_later_one_shown() -> None:
    trees = [
        observation("a", "x", "1", "u", "2026-01-01T08:00:00Z"),
        observation("b", "x", "2", "u", "2026-01-01T18:00:00Z"),
    ]
    cell = flowsheet(trees, CONTEXT).rows[0].cells[0]
    assert cell is not None
    assert (cell.said, cell.more) == ("2", 1)


def test_a_mistaken_result_is_struck_and_takes_no_part_in_the_trend() -> None:
    trees = [
        observation("a", "x", "1", "u", "2026-01-01"),
        observation("b", "x", "900", "u", "2026-01-02", status="entered-in-error"),
    ]
    row = flowsheet(trees, CONTEXT).rows[0]
    assert row.cells[1] is not None
    assert row.cells[1].struck
    assert row.plot is None


def test_tests_that_share_a_short_name_get_their_long_names_back() -> None:
    trees = [
        observation("a", "a", "1", "mg/dL", "2026-01-01", "Glucose [Mass/volume] in Blood"),
        observation("b", "b", "1", "mg/dL", "2026-01-01", "Glucose [Mass/volume] in Serum or Plasma"),
    ]
    assert {row.name for row in flowsheet(trees, CONTEXT).rows} == {
        "Glucose [Mass/volume] in Blood",
        "Glucose [Mass/volume] in Serum or Plasma",
    }


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("Leukocytes [#/volume] in Blood by Automated count", "Leukocytes"),
        ("Bilirubin.total [Mass/volume] in Serum or Plasma", "Bilirubin"),
        ("Glucose [Mass/volume] in Urine by Test strip", "Glucose in Urine"),
        ("Glucose", "Glucose"),
    ],
)
def test_laboratory_names_are_shortened_for_the_eye_but_never_lose_the_specimen(
    full: str, short: str
) -> None:
    assert short_name(full) == short


def test_rows_keep_together_by_the_report_that_lists_them() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "code": concept("Lipid Panel"),
        "result": [{"reference": "Observation/b"}],
    }
    trees = [
        observation("a", "a", "1", "u", "2026-01-01", "A"),
        observation("b", "b", "1", "u", "2026-01-01", "B"),
    ]
    made = flowsheet(trees, CONTEXT, groups=grouped([report]))
    assert [(row.group, row.name) for row in made.rows] == [("Lipid Panel", "B"), ("", "A")]


def test_the_vitals_sheet_calls_signs_by_their_plain_names() -> None:
    made = sheet(
        [
            pressure("b", "128", "76", "2026-11-12"),
            observation("x", "99999-9", "3", "u", "2026-11-12", "Odd sign"),
        ],
        CONTEXT,
        ADULT,
    )
    assert [(row.name, row.last.said) for row in made.rows] == [
        ("Blood pressure", "128/76"),
        ("Odd sign", "3"),
    ]

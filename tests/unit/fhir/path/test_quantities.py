"""Quantities with UCUM behind them: FHIRPath N1 4.1.9, 5.5.7, 6.1, 6.2, 6.6, and R4's Quantity."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Env
from charthouse.fhir.path.quantity import MAX_UNIT
from charthouse.terminology.ucum import Ucum
from tests.unit.fhir.path.ask import PATIENT, refusal

KNOWING = Env(units=Ucum())


def shown(expression: str, tree: dict[str, Any] = PATIENT) -> list[str]:
    """The results as text."""
    found = path.compile(expression, tree["resourceType"], load()).items(tree, KNOWING)
    return [str(item.value).lower() if isinstance(item.value, bool) else str(item.value) for item in found]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("3 'm' + 3 'cm'", "303 'cm'"),
        ("3 'm' - 3 'cm'", "297 'cm'"),
        ("0 'm' + 3 'cm'", "3 'cm'"),
        ("3 'cm' - 0 'm'", "3 'cm'"),
        ("1 'g' + 1 'kg'", "1001 'g'"),
        ("1 year + 6 months", "18 months"),
        ("2 days + 3 hours", "51 hours"),
        ("1 '[iU]' + 1 '[IU]'", "2 '[iU]'"),
        ("1 'kg' + 1 'm'", None),
        ("37 'Cel' + 1 'K'", None),
        ("1 'zz' + 1 'kg'", None),
        ("1 year + 1 'a'", None),
    ],
)
def test_a_sum_has_the_more_granular_unit(expression: str, expected: str | None) -> None:
    assert shown(expression) == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("12 'cm' * 3 'cm'", "36 'cm2'"),
        ("3 'cm' * 12 'cm2'", "36 'cm3'"),
        ("12 'cm2' / 3 'cm'", "4 'cm'"),
        ("100 'mg' / 2 'mL'", "50 'mg/mL'"),
        ("6 'mg/mL' * 2 'mL'", "12 'mg'"),
        ("6 'm.s-1' * 2 's'", "12 'm'"),
        ("1 '/cm' * 2 'cm'", "2 '1'"),
        ("6 / 2 'min'", "3 '/min'"),
        ("6 'mm[Hg]' * 2 's'", "12 'mm[Hg].s'"),
        ("6 '10*3/uL' * 2 's'", "12 '(10*3/uL).(s)'"),
        ("6 'mg/{d}' / 2 's'", "3 '(mg/{d})/(s)'"),
        ("2 'm' * 2 days", None),
        ("2 'm' / 0 's'", None),
    ],
)
def test_a_product_has_the_product_of_the_units(expression: str, expected: str | None) -> None:
    assert shown(expression) == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 year = 12 months", True),
        ("1 year = 365 days", True),
        ("1 month = 30 days", True),
        ("1 month > 29 days", True),
        ("1 week = 7 'd'", True),
        ("1 year = 1 'a'", None),
        ("1 year > 1 'a'", None),
        ("1 year ~ 1 'a'", True),
        ("1 month ~ 1 'mo'", True),
        ("1 'a' = 365.25 'd'", True),
        ("1 day != 24 hours", False),
        ("1 'mmol/L' = 0.001 'mol/L'", True),
        ("1 'mmol/L' > 0.9 'umol/mL'", True),
        ("100 'mg/dL' = 1 'g/L'", True),
        ("37 'Cel' = 98.6 '[degF]'", True),
        ("38 'Cel' > 100 '[degF]'", True),
        ("36.5 'Cel' ~ 97.7 '[degF]'", True),
        ("1 'cm2' = 1 'cm'", False),
        ("1 'cm2' > 1 'cm'", None),
        ("1 '[iU]' = 1 'U'", False),
        ("1 'zz' = 1 'mg'", None),
        ("9 '[degR]' = 5 'K'", True),
        ("(1 'g' | 1000 'mg').count() = 1", True),
        ("1 'g' in (3 'kg' | 1000 'mg')", True),
    ],
)
def test_quantities_compare_as_far_as_their_units_can(expression: str, expected: bool | None) -> None:
    assert shown(expression) == ([] if expected is None else [str(expected).lower()])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 'mmol/L'.toQuantity('umol/L')", "1000 'umol/L'"),
        ("37 'Cel'.toQuantity('[degF]')", "98.6 '[degF]'"),
        ("90 'min'.toQuantity('hours')", "1.5 hours"),
        ("'4 days'.toQuantity('h')", "96 'h'"),
        ("1 'kg'.toQuantity('m')", None),
        ("1 'kg'.convertsToQuantity('g')", "true"),
        ("1 'kg'.convertsToQuantity('s')", "false"),
    ],
)
def test_a_quantity_is_brought_to_another_unit(expression: str, expected: str | None) -> None:
    assert shown(expression) == ([] if expected is None else [expected])


@pytest.mark.parametrize("unit", ["year", "months", "'wk'", "1 'd'"])
def test_days_cannot_be_added_to_a_time_of_day(unit: str) -> None:
    span = unit if unit[0] == "1" else f"1 {unit}"
    assert "time of day" in str(refusal(f"@T10:00 + {span}"))
    assert "hour, minute" in str(refusal(f"@T10:00:00 - {span}"))


def observation(value: str, code: str, **more: Any) -> dict[str, Any]:
    quantity = {"value": Decimal(value), "system": "http://unitsofmeasure.org", "code": code, **more}
    return {"resourceType": "Observation", "valueQuantity": quantity}


def test_the_quantities_of_a_record_are_compared_by_their_codes() -> None:
    weight = observation("185", "[lb_av]", unit="lbs")
    assert shown("value > 83 'kg'", weight) == ["true"]
    assert shown("value = 83.91458845 'kg'", weight) == ["true"]
    assert shown("value = 5 years", observation("5", "a")) == ["true"]
    assert shown("value > 5 'mg'", observation("6", "mg", comparator="<")) == []


def test_a_unit_never_grows_without_end() -> None:
    numbers = " | ".join(str(number) for number in range(40))
    assert shown(f"({numbers}).aggregate($total * $total, 1 '{{a}}')") == []
    assert shown(f"({numbers}).aggregate(1 '{{a}}' * $total, 1 '{{a}}')") == []
    long = shown("(1|2|3|4|5|6).aggregate($total * 1 '{a}', 1 '{a}')")
    assert long
    assert len(long[0]) < MAX_UNIT + 10


CODES = st.sampled_from(["mg", "g", "kg", "[lb_av]", "ug", "[oz_av]"])
VALUES = st.decimals(min_value=0, max_value=1000, places=3)


@given(VALUES, CODES, VALUES, CODES)
def test_order_equality_and_sums_agree(one: Decimal, code: str, other: Decimal, second: str) -> None:
    left, right = f"{one:f} '{code}'", f"{other:f} '{second}'"
    answers = [shown(f"{left} {op} {right}")[0] for op in ("<", "=", ">")]
    assert sorted(answers) == ["false", "false", "true"]
    assert shown(f"({left} + {right}) >= {left}") == ["true"]
    assert shown(f"({left} + {right}) ~ ({right} + {left})") == ["true"]

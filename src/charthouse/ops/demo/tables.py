"""The demo's vocabulary: conditions, tests, drugs and vaccines, read from the tables in `data`.

This material contains content from LOINC (http://loinc.org). LOINC is copyright (c) Regenstrief
Institute, Inc. and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is
available at no cost under the license at http://loinc.org/license. LOINC(R) is a registered United
States trademark of Regenstrief Institute, Inc.

Drug codes are RxNorm (U.S. National Library of Medicine, public domain), vaccine codes CVX (CDC),
diagnoses ICD-10-CM (CDC/CMS), procedures ICD-10-PCS and HCPCS Level II (CMS). Where a row has no
code the record carries words only. Ages in `vaccines.json` are the lowest, in months.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Test:
    """One measured laboratory test; `low` and `high` bound the reference range, `panic_*` the critical values."""

    code: str
    name: str
    text: str
    unit: str
    ucum: str
    digits: int
    low: float | None
    high: float | None
    panic_low: float | None
    panic_high: float | None


@dataclass(frozen=True, slots=True)
class Panel:
    """Tests ordered and reported together; `section` is the part of the laboratory."""

    code: str | None
    name: str
    text: str
    section: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Medicine:
    """A drug as this clinic prescribes it; `per` is d, wk or prn, `brief` the wording of a note."""

    code: str | None
    name: str
    text: str
    dose: float
    unit: str
    route: str
    times: int
    per: str
    how: str
    brief: str


@dataclass(frozen=True, slots=True)
class Vaccine:
    """A vaccine product; `youngest` is the lowest age in months."""

    code: str
    name: str
    text: str
    maker: str
    route: str
    volume: str
    lot: str
    youngest: float


@cache
def load(name: str) -> Any:
    """The parsed table `data/<name>.json`; it is shared, so nobody changes it."""
    return json.loads(
        resources.files(__package__).joinpath("data").joinpath(f"{name}.json").read_text("utf-8")
    )


@cache
def tests() -> dict[str, Test]:
    """Measured tests by the demo's own key."""
    return {key: Test(*row) for key, row in load("labs").items()}


@cache
def panels() -> dict[str, Panel]:
    """Panels by the demo's own key."""
    return {
        key: Panel(row[0], row[1] or row[2], row[2], row[3], tuple(row[4]))
        for key, row in load("panels").items()
    }


@cache
def findings() -> dict[str, tuple[str | None, str, str, str]]:
    """Tests answered in words: code, LOINC name, short text, section."""
    return {key: (row[0], row[1] or row[2], row[2], row[3]) for key, row in load("findings").items()}


@cache
def medicines() -> dict[str, Medicine]:
    """Drugs by the demo's own key."""
    return {key: Medicine(row[0], row[1] or row[2], *row[2:]) for key, row in load("drugs").items()}


@cache
def vaccines() -> dict[str, Vaccine]:
    """Vaccines by the demo's own key."""
    return {key: Vaccine(*row) for key, row in load("vaccines").items()}


@cache
def conditions() -> dict[str, tuple[str, str]]:
    """ICD-10-CM code to its official title and what a chart calls it."""
    return {key: (row[0], row[1]) for key, row in load("conditions").items()}


@cache
def _ranges() -> dict[str, list[tuple[str, float, float, float | None, float | None]]]:
    return {key: [tuple(row) for row in rows] for key, rows in load("ranges").items()}


@cache
def normal(key: str, sex: str, years: int) -> tuple[float | None, float | None]:
    """Reference range of a test for a sex (FHIR gender) and completed years of age."""
    for row_sex, youngest, oldest, low, high in _ranges().get(key, ()):
        if row_sex in ("any", sex) and youngest <= years < max(oldest, youngest + 1):
            return low, high
    return tests()[key].low, tests()[key].high

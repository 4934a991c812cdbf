"""Laboratory work: orders, results that agree with each other and with the life, and reports."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments, tables
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import LOINC, coded, hl7, number, quantity, ref, words
from charthouse.ops.demo.life import Life
from charthouse.ops.demo.plan import Finding, Visit

# orders older than that many years were not carried over from the old system
ORDERS_YEARS: Final = 2.0
_FLAGS: Final = {"H": "High", "L": "Low", "HH": "Critical high", "LL": "Critical low", "A": "Abnormal"}


@cache
def _baselines() -> dict[str, tuple[float, float, float, float]]:
    return {key: tuple(row) for key, row in tables.load("baselines").items()}


def egfr(creatinine: float, years: int, sex: str) -> float:
    """Filtration rate by the CKD-EPI creatinine equation of 2021, mL/min/1.73 m2."""
    female = sex == "female"
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    share = creatinine / kappa
    rate: float = 142 * min(share, 1.0) ** alpha * max(share, 1.0) ** -1.2 * 0.9938**years
    return rate * 1.012 if female else rate


def creatinine_for(rate: float, years: int, sex: str) -> float:
    """The creatinine (mg/dL) at which `egfr` gives `rate`."""
    low, high = 0.2, 12.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if egfr(middle, years, sex) > rate else (low, middle)
    return low


def _steady(life: Life, key: str, day: date) -> float:
    """A value of the life's track, or around a level of the person's own."""
    if key in life.tracks:
        return life.value(key, day)
    male, female, between, within = _baselines()[key]
    if key not in life.bases:
        life.bases[key] = life.chance.near(male if life.person.sex == "male" else female, between)
    return max(life.chance.near(life.bases[key], within), 0.0)


def _value(life: Life, key: str, day: date, found: dict[str, float], forced: dict[str, float]) -> float:
    """One test's value; what follows from other tests is computed from them as reported."""
    if key in forced:
        return forced[key]
    if key == "egfr":
        return egfr(found["creatinine"], life.age(day), life.person.sex)
    if key == "creatinine" and (rate := life.tracks.get("egfr")):
        return creatinine_for(life.chance.near(rate.at(day), rate.noise), life.age(day), life.person.sex)
    if key == "creatinine" and life.age(day) < 18:
        return 0.25 + 0.03 * life.age(day) + life.chance.near(0, 0.02)
    if key == "glucose" and (a1c := life.tracks.get("a1c")):
        return max(74.0, (28.7 * a1c.at(day) - 46.7) * 0.88 + life.chance.near(0, 8))
    if key == "chloride":
        bicarbonate = found.setdefault("co2", float(round(_steady(life, "co2", day))))
        return found["sodium"] - bicarbonate - life.chance.near(10.5, 0.8)
    if key == "ldl":
        return found["cholesterol"] - found["hdl"] - round(found["triglycerides"] / 5)
    if key == "cholesterol":
        low, good, fat = (_steady(life, name, day) for name in ("ldl", "hdl", "triglycerides"))
        found["hdl"], found["triglycerides"] = float(round(good)), float(round(fat))
        return round(low) + found["hdl"] + round(found["triglycerides"] / 5)
    if key == "hematocrit":
        return found["hemoglobin"] * 2.98 + life.chance.near(0, 0.25)
    if key == "rbc":
        hemoglobin = found.setdefault("hemoglobin", round(_steady(life, "hemoglobin", day), 1))
        found.setdefault("mcv", round(_steady(life, "mcv", day), 1))
        return hemoglobin * 2.98 / found["mcv"] * 10
    return found[key] if key in found else _steady(life, key, day)


def flag(value: Decimal, low: float | None, high: float | None, test: tables.Test) -> str | None:
    """HL7 interpretation code, nothing where the value is within its range."""
    exact = float(value)
    if test.panic_high is not None and exact >= test.panic_high:
        return "HH"
    if test.panic_low is not None and exact <= test.panic_low:
        return "LL"
    if high is not None and exact > high:
        return "H"
    if low is not None and exact < low:
        return "L"
    return None


def _range(low: float | None, high: float | None, test: tables.Test) -> list[Tree]:
    if low is None and high is None:
        return []
    row: Tree = {}
    if low is not None:
        row["low"] = quantity(number(low, test.digits), test.unit, test.ucum)
    if high is not None:
        row["high"] = quantity(number(high, test.digits), test.unit, test.ucum)
    ends = [f"{number(end, test.digits)}" if end is not None else "" for end in (low, high)]
    row["text"] = (
        f"{ends[0]} to {ends[1]}"
        if all(ends)
        else (f"{ends[0]} or more" if ends[0] else f"{ends[1]} or less")
    )
    return [row]


def interpretation(code: str | None) -> list[Tree]:
    """An Observation.interpretation of one code, or nothing."""
    return [hl7("v3-ObservationInterpretation", code, _FLAGS[code])] if code else []


def _observation(chart: Chart, visit: Visit, code: Tree, taken: datetime, issued: datetime) -> Tree:
    return {
        "status": "final",
        "category": [hl7("observation-category", "laboratory", "Laboratory")],
        "code": code,
        "subject": chart.subject(),
        "encounter": ref(visit.reference) if visit.reference and visit.start <= taken <= visit.end else None,
        "effectiveDateTime": moments.stamp(taken),
        "issued": moments.stamp(issued),
        "performer": [chart.clinic.organization("lab")],
    }


def draw(
    life: Life,
    chart: Chart,
    visit: Visit,
    panels: list[str],
    taken: datetime,
    issued: datetime,
    ordered: datetime,
) -> None:
    """Order, draw and report panels."""
    found: dict[str, float] = {}
    for key in panels:
        panel = tables.panels()[key]
        code = coded(LOINC, panel.code, panel.name, panel.text)
        recent = moments.years_before(life.today, taken.date()) < ORDERS_YEARS
        order = order_test(chart, visit, code, ordered, "completed") if recent else None
        results = []
        for name in panel.tests:
            test = tables.tests()[name]
            exact = number(max(_value(life, name, taken.date(), found, visit.forced), 0.0), test.digits)
            found[name] = float(exact)
            low, high = tables.normal(name, life.person.sex, life.age(taken.date()))
            body = _observation(chart, visit, coded(LOINC, test.code, test.name, test.text), taken, issued)
            body["valueQuantity"] = quantity(exact if test.digits else int(exact), test.unit, test.ucum)
            body["interpretation"] = interpretation(flag(exact, low, high, test))
            body["referenceRange"] = _range(low, high, test)
            chart.result(name, taken, float(exact))
            results.append(chart.add("Observation", body))
        report(chart, visit, code, order, results, taken, issued)


def report(
    chart: Chart,
    visit: Visit,
    code: Tree,
    order: str | None,
    results: list[str],
    taken: datetime,
    issued: datetime,
) -> str:
    """The laboratory's DiagnosticReport over some results."""
    return chart.add(
        "DiagnosticReport",
        {
            "basedOn": [ref(order)] if order else None,
            "status": "final",
            "category": [hl7("v2-0074", "LAB", "Laboratory")],
            "code": code,
            "subject": chart.subject(),
            "encounter": ref(visit.reference)
            if visit.reference and visit.start <= taken <= visit.end
            else None,
            "effectiveDateTime": moments.stamp(taken),
            "issued": moments.stamp(issued),
            "performer": [chart.clinic.organization("lab")],
            "result": [ref(result) for result in results],
        },
    )


def order_test(chart: Chart, visit: Visit, code: Tree, when: datetime, status: str) -> str:
    """The order for a laboratory test."""
    return chart.add(
        "ServiceRequest",
        {
            "status": status,
            "intent": "order",
            "category": [words("Laboratory")],
            "code": code,
            "subject": chart.subject(),
            "authoredOn": moments.stamp(when),
            "requester": chart.clinic.practitioner(visit.who),
            "performer": [chart.clinic.organization("lab")],
            "reasonReference": [ref(problem.reference) for problem in visit.about[:1] if problem.reference],
        },
    )


def finding(chart: Chart, visit: Visit, found: Finding, taken: datetime, issued: datetime) -> None:
    """A test answered in words, with its report."""
    loinc, name, text, section = tables.findings()[found.key]
    code = coded(LOINC, loinc, name, text)
    body = _observation(chart, visit, code, taken, issued)
    body["valueCodeableConcept"] = words(found.value)
    body["interpretation"] = interpretation("A" if found.abnormal else None)
    if section == "microbiology":
        body["referenceRange"] = [{"text": "Negative"}] if found.value in ("Negative", "Positive") else []
    result = chart.add("Observation", body)
    report(chart, visit, coded(LOINC, loinc, name, text), None, [result], taken, issued)

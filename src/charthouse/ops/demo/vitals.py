"""Vital signs, as the FHIR vital signs profile has them, with values that fit the life."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import growth, moments
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import LOINC, concept, hl7, number, quantity, ref
from charthouse.ops.demo.life import Life
from charthouse.ops.demo.plan import Visit

# key -> (LOINC, name, text, digits, unit, UCUM)
SIGNS: Final = {
    "hr": ("8867-4", "Heart rate", "Heart rate", 0, "beats/min", "/min"),
    "rr": ("9279-1", "Respiratory rate", "Respiratory rate", 0, "breaths/min", "/min"),
    "temp": ("8310-5", "Body temperature", "Temperature", 1, "°C", "Cel"),
    "weight": ("29463-7", "Body weight", "Weight", 1, "kg", "kg"),
    "height": ("8302-2", "Body height", "Height", 1, "cm", "cm"),
    "bmi": ("39156-5", "Body mass index (BMI) [Ratio]", "BMI", 1, "kg/m2", "kg/m2"),
    "head": ("9843-4", "Head Occipital-frontal circumference", "Head circumference", 1, "cm", "cm"),
    "fundus": ("11881-0", "Uterus Fundal height Tape measure", "Fundal height", 0, "cm", "cm"),
    "fhr": ("55283-6", "Fetal Heart rate", "Fetal heart rate", 0, "beats/min", "/min"),
}
_LIKE_VITALS: Final = frozenset({"fundus", "fhr"})
_PULSE: Final = (
    (0.1, 140, 44),
    (1, 128, 36),
    (2, 112, 28),
    (5, 98, 23),
    (9, 88, 20),
    (13, 80, 18),
    (200, 72, 16),
)


def height(life: Life, day: date) -> float:
    """Height in cm on a day."""
    if "height" in life.tracks and life.age(day) >= 18:
        return life.tracks["height"].at(day)
    return growth.expected("height", life.person.sex, moments.months(life.person.born, day), life.z[0])


def weight(life: Life, day: date) -> float:
    """Weight in kg on a day, before the noise of the scale."""
    if "weight" in life.tracks and life.age(day) >= 18:
        return life.tracks["weight"].at(day)
    return growth.expected("weight", life.person.sex, moments.months(life.person.born, day), life.z[1])


def wanted(life: Life, visit: Visit) -> list[str]:
    """Which signs are taken at a visit."""
    months = moments.months(life.person.born, visit.day)
    if visit.kind in ("phone", "video", "counseling"):
        return []
    if visit.kind == "anticoag":
        return ["bp", "hr"]
    if visit.kind in ("prenatal", "postpartum"):
        return ["bp", "weight"] + (
            ["hr", "height", "bmi", "temp"] if visit.reason.startswith("First") else []
        )
    if months < 24:
        return (
            ["hr", "rr", "temp", "weight", "height", "head"]
            if visit.kind == "well-child"
            else ["hr", "rr", "temp", "spo2", "weight"]
        )
    if visit.kind == "well-child":
        return (["bp"] if months >= 36 else []) + ["hr", "weight", "height", "bmi"]
    if visit.kind in ("acute", "emergency", "inpatient"):
        return (["bp"] if months >= 36 else []) + ["hr", "rr", "temp", "spo2", "weight"][
            : 5 if months < 216 or visit.kind == "inpatient" else 4
        ]
    if visit.kind in ("new", "physical"):
        return ["bp", "hr", "rr", "temp", "spo2", "weight", "height", "bmi"]
    lungs = ["spo2"] if "spo2" in life.tracks else []
    if visit.kind == "nurse":
        return ["bp", "hr"]
    return ["bp", "hr", *lungs, "weight", "bmi"] + (["temp", "rr"] if life.chance.odds(0.35) else [])


def take(life: Life, chart: Chart, visit: Visit, moment: datetime, signs: list[str], who: str) -> None:
    """Measure and write; the values also go to `visit.measured` for the note."""
    years = moments.months(life.person.born, moment.date()) / 12
    pulse, breaths = next((pulse, breaths) for limit, pulse, breaths in _PULSE if years < limit)
    values = _values(life, chart, visit, moment, float(pulse), float(breaths))
    for sign in signs:
        if sign == "bp":
            _pressure(life, chart, visit, moment, who, years)
        elif sign == "spo2":
            value = round(
                min(
                    100.0,
                    visit.forced.get("spo2")
                    or (
                        life.value("spo2", moment.date())
                        if "spo2" in life.tracks
                        else life.chance.near(98.2, 0.7)
                    ),
                )
            )
            _saturation(chart, visit, moment, who, value)
        elif sign == "bmi":
            tall = chart.last("height", moment)
            heavy = chart.last("weight", moment)
            if tall and heavy:
                write(chart, visit, moment, who, "bmi", heavy[1] / (tall[1] / 100) ** 2)
        else:
            write(chart, visit, moment, who, sign, values[sign])


def _values(
    life: Life, chart: Chart, visit: Visit, moment: datetime, pulse: float, breaths: float
) -> dict[str, float]:
    day, chance, forced = moment.date(), life.chance, visit.forced
    months = moments.months(life.person.born, day)
    fever = forced.get("temp")
    found = {
        "hr": life.value("hr", day)
        if "hr" in life.tracks and months >= 216
        else chance.near(pulse, pulse * 0.07),
        "rr": chance.near(breaths, breaths * 0.06),
        "temp": fever or chance.near(36.7, 0.18),
        "weight": chance.near(weight(life, day), weight(life, day) * (0.004 if months >= 24 else 0.002)),
        "height": height(life, day),
        "head": growth.expected("head", life.person.sex, months, life.z[0]),
    }
    if fever and fever > 37.9:
        found["hr"] += (fever - 37.0) * 10
    if months >= 24 and (before := chart.last("height", moment)) and life.age(day) >= 20:
        found["height"] = before[1]
    return found | forced


def _body(
    chart: Chart, visit: Visit, moment: datetime, who: str, code: Tree, survey: str = "vital-signs"
) -> Tree:
    return {
        "status": "final",
        "category": [
            hl7("observation-category", survey, "Vital Signs" if survey == "vital-signs" else "Exam")
        ],
        "code": code,
        "subject": chart.subject(),
        "encounter": ref(visit.reference) if visit.reference else None,
        "effectiveDateTime": moments.stamp(moment),
        "issued": moments.stamp(moment + timedelta(minutes=2)),
        "performer": [chart.clinic.practitioner(who)],
    }


def write(chart: Chart, visit: Visit, moment: datetime, who: str, sign: str, value: float) -> str:
    """One measured sign."""
    code, name, text, digits, unit, ucum = SIGNS[sign]
    if sign == "weight" and moments.months(chart.person.born, moment.date()) < 24:
        digits = 2
    exact = number(value, digits)
    reading: Decimal | int = exact if digits else int(exact)
    survey = "exam" if sign in _LIKE_VITALS else "vital-signs"
    body = _body(chart, visit, moment, who, concept(LOINC, code, name, text), survey)
    body["valueQuantity"] = quantity(reading, unit, ucum)
    chart.result(sign, moment, float(exact))
    visit.measured[sign] = str(reading)
    return chart.add("Observation", body)


def _saturation(chart: Chart, visit: Visit, moment: datetime, who: str, value: int) -> None:
    code = concept(LOINC, "2708-6", "Oxygen saturation in Arterial blood", "Oxygen saturation")
    code["coding"].append(
        concept(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry")["coding"][0]
    )
    body = _body(chart, visit, moment, who, code)
    body["valueQuantity"] = quantity(value, "%", "%")
    chart.result("spo2", moment, value)
    visit.measured["spo2"] = str(value)
    chart.add("Observation", body)


def _pressure(life: Life, chart: Chart, visit: Visit, moment: datetime, who: str, years: float) -> None:
    day = moment.date()
    if "sbp" in life.tracks and years >= 18:
        upper, lower = life.value("sbp", day), life.value("dbp", day)
    else:
        upper, lower = (
            life.chance.near(86 + 1.9 * min(years, 17), 4),
            life.chance.near(52 + 1.1 * min(years, 17), 4),
        )
    systolic = round(visit.forced.get("sbp", upper))
    diastolic = min(round(visit.forced.get("dbp", lower)), systolic - 22)
    body = _body(
        chart,
        visit,
        moment,
        who,
        concept(LOINC, "85354-9", "Blood pressure panel with all children optional", "Blood pressure"),
    )
    body["component"] = [
        {
            "code": concept(LOINC, "8480-6", "Systolic blood pressure", "Systolic"),
            "valueQuantity": quantity(systolic, "mmHg", "mm[Hg]"),
        },
        {
            "code": concept(LOINC, "8462-4", "Diastolic blood pressure", "Diastolic"),
            "valueQuantity": quantity(diastolic, "mmHg", "mm[Hg]"),
        },
    ]
    chart.result("sbp", moment, systolic)
    chart.result("dbp", moment, diastolic)
    visit.measured["bp"] = f"{systolic}/{diastolic}"
    chart.add("Observation", body)


def line(visit: Visit) -> str:
    """The signs of a visit as one line of a note."""
    found = visit.measured
    parts = []
    for key, before, after in (
        ("bp", "BP ", ""),
        ("hr", "HR ", ""),
        ("rr", "RR ", ""),
        ("temp", "T ", " °C"),
        ("spo2", "SpO2 ", " %"),
        ("weight", "weight ", " kg"),
        ("height", "height ", " cm"),
        ("bmi", "BMI ", ""),
        ("head", "head circumference ", " cm"),
        ("fundus", "fundal height ", " cm"),
        ("fhr", "fetal heart rate ", ""),
    ):
        if key in found:
            parts.append(f"{before}{found[key]}{after}")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]

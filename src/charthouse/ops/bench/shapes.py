"""The thirty questions of a clinic's day, and what each must find, counted from the rows of a `Ledger`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final
from urllib.parse import quote, urlencode

from charthouse.ops.bench import invented
from charthouse.ops.bench.invented import LOINC, UCUM
from charthouse.ops.bench.ledger import Fact, Ledger
from charthouse.ops.bench.practice import (
    AHEAD,
    CHANGED,
    DAYS,
    FORMS,
    ICD,
    OWN,
    PANEL,
    PAPERS,
    TODAY,
    practitioner,
)

Ask = dict[str, Any]  # the values of one question: those of the address, and what its test looks at besides
USUAL: Final = 20  # matches on a page where `_count` is not given

VITALS: Final = tuple(code for code, *_ in invented.MEASURES[:9])
LABS: Final = tuple(code for code, *_ in invented.MEASURES[9:])
PRESSURE, SUGAR, VITAMIN = "8480-6", "4548-4", "1989-3"


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of question.

    `asks` are the parameters, with slots for what `draw` gives; `why` is who asks it and for what. What it finds
    are the resources of type `of` that meet `test`; only those of the patient `number` are looked at where the
    question names one. `order` is that of the moments on a page (-1 the newest first, 0 none), `along` counts what
    comes with a page that holds all matches, `pages` is the number of the page that is asked for, and `weight` how
    often it is asked in a day, in a hundred questions.
    """

    name: str
    why: str
    of: str
    asks: tuple[tuple[str, str], ...]
    draw: Callable[[Random, Ledger], Ask]
    test: Callable[[Fact, Ask], bool]
    weight: int
    order: int = 0
    along: Callable[[Ledger, Ask, Sequence[Fact]], int] | None = None
    pages: int = 1
    must: float | None = None  # ms that the p50 must stay below

    @property
    def count(self) -> int:
        """Matches on a page; 0 where only their number is asked for."""
        asked = dict(self.asks)
        return 0 if asked.get("_summary") == "count" else int(asked.get("_count", USUAL))

    def path(self, ask: Ask, *more: tuple[str, str]) -> str:
        """The address of a question; `more` are further parameters."""
        pairs = [(name, text.format_map(ask)) for name, text in (*self.asks, *more)]
        return f"/fhir/{self.of}?{urlencode(pairs, quote_via=quote, safe='|$,:/')}"

    def found(self, ledger: Ledger, ask: Ask) -> list[Fact]:
        """What a question finds."""
        rows = ledger.of(self.of, ask["number"]) if "number" in ask else ledger.all(self.of)
        return [fact for fact in rows if self.test(fact, ask)]


# -- what is asked about


def _whose(number: int) -> Ask:
    return {"number": number, "patient": invented.patient_id(number), "identifier": f"{number:08d}"}


def someone(random: Random, ledger: Ledger) -> Ask:
    """A patient."""
    return _whose(random.randrange(ledger.patients))


def _person(random: Random, ledger: Ledger) -> Fact:
    """A patient whose family name begins no other's, for names end with a number."""
    number = random.randrange(ledger.patients // 10, ledger.patients)
    return ledger.of("Patient", number)[0]


def _named(random: Random, ledger: Ledger) -> Ask:
    person = _person(random, ledger)
    family = person.code.rstrip("0123456789")
    return {
        "family": person.code,
        "start": family,
        "few": family[:3],
        "middle": person.code[2:],
        "born": person.at,
    }


def _chained(random: Random, ledger: Ledger) -> Ask:
    person = _person(random, ledger)
    return {"family": person.code, "number": person.number}


def _measured(random: Random, ledger: Ledger) -> Ask:
    """A patient, and a measurement that was made of them before."""
    ask = someone(random, ledger)
    code = random.choice(ledger.of("Observation", ask["number"])).code
    return ask | {"code": code, "since": str(TODAY - timedelta(days=365 * random.randrange(5, 18)))}


def _panel(random: Random, ledger: Ledger) -> Ask:
    """A patient, and some codes of one order."""
    codes = random.sample(LABS, 5)
    return someone(random, ledger) | {"codes": codes, "listed": ",".join(f"{LOINC}|{code}" for code in codes)}


def _years(random: Random, ledger: Ledger) -> Ask:
    first = 2006 + random.randrange(17)
    return someone(random, ledger) | {"first": f"{first}-07-01", "last": f"{first + 3}-06-30"}


def _paper(random: Random, ledger: Ledger) -> Ask:
    return someone(random, ledger) | {"code": random.choice(PAPERS)[0]}


def _seen(random: Random, ledger: Ledger) -> Ask:
    """A visit of a patient."""
    ask = someone(random, ledger)
    return ask | {"visit": random.choice(ledger.of("Encounter", ask["number"])).id}


def _recently(random: Random, ledger: Ledger) -> Ask:  # noqa: ARG001 - as all others
    return {"day": str(TODAY - timedelta(days=random.randrange(30)))}


def _desk(random: Random, ledger: Ledger) -> Ask:
    """A practitioner, and a day."""
    who = practitioner(random.randrange(ledger.patients))
    return {"who": who, "day": str(TODAY + timedelta(days=random.randrange(-AHEAD, AHEAD)))}


def _season(random: Random, ledger: Ledger) -> Ask:  # noqa: ARG001 - as all others
    """Three months somewhere in the twenty years."""
    first = TODAY - timedelta(days=random.randrange(90, DAYS))
    return {"code": PRESSURE, "first": str(first), "last": str(first + timedelta(days=91))}


def _year(random: Random, ledger: Ledger) -> Ask:  # noqa: ARG001 - as all others
    first = date(2007 + random.randrange(18), 1, 1)
    return {
        "code": random.choice(VITALS),
        "first": str(first),
        "last": str(first.replace(year=first.year + 1)),
    }


def _measured_at_all(random: Random, ledger: Ledger) -> Ask:  # noqa: ARG001 - as all others
    having = frozenset(fact.number for fact in ledger.all("Observation") if fact.code == VITAMIN)
    return {"code": VITAMIN, "having": having}


def _nothing(random: Random, ledger: Ledger) -> Ask:  # noqa: ARG001 - as all others
    return {}


def _changed(random: Random, ledger: Ledger) -> Ask:  # noqa: ARG001 - as all others
    """The measurements of the first patient that were corrected last (see `practice.corrected`)."""
    first = ledger.of("Observation", 0)[:CHANGED]
    return {"since": ledger.since, "changed": frozenset(fact.id for fact in first)}


def _form(random: Random, ledger: Ledger) -> Ask:
    return {"url": f"{FORMS}{random.randrange((ledger.patients + PANEL - 2) // PANEL or 1)}"}


def _visit_along(ledger: Ledger, ask: Ask, found: Sequence[Fact]) -> int:  # noqa: ARG001 - as all others
    """The patient of a visit, and what was measured and found out in it."""
    rows = [*ledger.of("Observation", ask["number"]), *ledger.of("Condition", ask["number"])]
    return 1 + len([fact for fact in rows if fact.visit == ask["visit"]])


def _others(ledger: Ledger, ask: Ask, found: Sequence[Fact]) -> int:  # noqa: ARG001 - as all others
    return len({name for fact in found for name in fact.others})


def _patients(ledger: Ledger, ask: Ask, found: Sequence[Fact]) -> int:  # noqa: ARG001 - as all others
    return len({fact.visit for fact in found})


def _day(fact: Fact) -> str:
    return fact.at[:10]


def _begins(fact: Fact, ask: Ask, name: str) -> bool:
    return fact.code.lower().startswith(ask[name].lower())


PATIENT: Final = ("patient", "{patient}")
NEWEST: Final = ("_sort", "-date")

SHAPES: Final = (
    Shape(
        "patient by number", "the card is read at the front desk",
        "Patient", (("identifier", OWN + "|{identifier}"),), someone, lambda fact, ask: True, 6,
    ),
    Shape(
        "patient by name and birth date", "somebody calls and says who they are",
        "Patient", (("name", "{start}"), ("birthdate", "{born}")), _named,
        lambda fact, ask: _begins(fact, ask, "start") and fact.at == ask["born"], 6,
    ),
    Shape(
        "patients by start of name", "three letters typed into the search box",
        "Patient", (("name", "{few}"),), _named, lambda fact, ask: _begins(fact, ask, "few"), 5,
    ),
    Shape(
        "patients by part of name", "a name that was understood by half",
        "Patient", (("name:contains", "{middle}"),), _named,
        lambda fact, ask: ask["middle"].lower() in fact.code.lower(), 1,
    ),
    Shape(
        "patients without telephone", "whom no reminder will reach",
        "Patient", (("phone:missing", "true"),), _nothing, lambda fact, ask: fact.status == "unreachable", 1,
    ),
    Shape(
        "vital signs of a chart", "the chart is opened",
        "Observation", (PATIENT, ("category", "vital-signs"), NEWEST), someone,
        lambda fact, ask: fact.kind == "vital-signs", 9, -1,
    ),
    Shape(
        "trend of one measurement", "how it went since a day",
        "Observation", (PATIENT, ("code", LOINC + "|{code}"), ("date", "ge{since}"), NEWEST, ("_count", "100")),
        _measured, lambda fact, ask: fact.code == ask["code"] and fact.at >= ask["since"], 8, -1,
    ),
    Shape(
        "results of an order", "the values of one panel",
        "Observation", (PATIENT, ("code", "{listed}"), NEWEST, ("_count", "50")), _panel,
        lambda fact, ask: fact.code in ask["codes"], 5, -1,
    ),
    Shape(
        "active problems", "the chart is opened",
        "Condition", (PATIENT, ("clinical-status", "active")), someone, lambda fact, ask: fact.status == "active", 8,
    ),
    Shape(
        "active medications", "the chart is opened, with who prescribed them",
        "MedicationRequest", (PATIENT, ("status", "active"), ("_include", "MedicationRequest:requester")), someone,
        lambda fact, ask: fact.status == "active", 8, along=_others,
    ),
    Shape(
        "allergies", "the chart is opened; before anything is prescribed",
        "AllergyIntolerance", (PATIENT,), someone, lambda fact, ask: True, 8,
    ),
    Shape(
        "immunizations", "before a vaccine is given",
        "Immunization", (PATIENT, NEWEST), someone, lambda fact, ask: True, 3, -1,
    ),
    Shape(
        "visits between two days", "a summary for another clinic",
        "Encounter", (PATIENT, ("date", "ge{first}"), ("date", "le{last}"), NEWEST), _years,
        lambda fact, ask: ask["first"] <= _day(fact) <= ask["last"], 3, -1,
    ),
    Shape(
        "documents of one kind", "the last consult note is looked for",
        "DocumentReference", (PATIENT, ("type", LOINC + "|{code}"), NEWEST), _paper,
        lambda fact, ask: fact.code == ask["code"], 3, -1,
    ),
    Shape(
        "a visit with all that belongs to it", "the visit is opened",
        "Encounter",
        (
            ("_id", "{visit}"), ("_include", "Encounter:patient"), ("_revinclude", "Observation:encounter"),
            ("_revinclude", "Condition:encounter"),
        ),
        _seen, lambda fact, ask: fact.id == ask["visit"], 4, along=_visit_along,
    ),
    Shape(
        "high blood pressures of a patient", "is the treatment working",
        "Observation", (PATIENT, ("code-value-quantity", f"{LOINC}|{PRESSURE}$gt140.5")), someone,
        lambda fact, ask: fact.code == PRESSURE and float(fact.value or 0) > 140.5, 2,
    ),
    Shape(
        "laboratory results of a day", "the work list of who signs results",
        "Observation", (("category", "laboratory"), ("date", "{day}"), ("_count", "50")), _recently,
        lambda fact, ask: fact.kind == "laboratory" and _day(fact) == ask["day"], 3,
    ),
    Shape(
        "appointments of a day", "the schedule of a practitioner, with the patients",
        "Appointment",
        (
            ("practitioner", "{who}"), ("date", "{day}"), ("status:not", "cancelled"), ("_sort", "date"),
            ("_include", "Appointment:patient"),
        ),
        _desk,
        lambda fact, ask: _day(fact) == ask["day"] and ask["who"] in fact.others and fact.status != "cancelled", 4, 1,
        along=_patients,
    ),
    Shape(
        "measurements by the patient's number", "an interface that knows only the number",
        "Observation", (("patient.identifier", OWN + "|{identifier}"), ("code", LOINC + "|{code}")), _measured,
        lambda fact, ask: fact.code == ask["code"], 2,
    ),
    Shape(
        "problems by the patient's name", "a question by telephone",
        "Condition", (("subject:Patient.name", "{family}"),), _chained, lambda fact, ask: True, 1,
    ),
    Shape(
        "patients who had a measurement", "whose vitamin D is known",
        "Patient", (("_has:Observation:patient:code", LOINC + "|{code}"),), _measured_at_all,
        lambda fact, ask: fact.number in ask["having"], 1,
    ),
    Shape(
        "poorly controlled diabetes", "everybody whose HbA1c was above 9 %",
        "Observation", (("code", f"{LOINC}|{SUGAR}"), ("value-quantity", f"gt9.005|{UCUM}|%")), _nothing,
        lambda fact, ask: fact.code == SUGAR and float(fact.value or 0) > 9.005, 1,
    ),
    Shape(
        "one measurement of a season", "a report on quality, the newest first",
        "Observation",
        (("code", LOINC + "|{code}"), ("date", "ge{first}"), ("date", "lt{last}"), NEWEST, ("_count", "50")), _season,
        lambda fact, ask: fact.code == ask["code"] and ask["first"] <= fact.at < ask["last"], 1, -1,
    ),
    Shape(
        "newest laboratory results", "what came in last, over all patients",
        "Observation", (("category", "laboratory"), NEWEST, ("_count", "50")), _nothing,
        lambda fact, ask: fact.kind == "laboratory", 2, -1,
    ),
    Shape(
        "fifth page of the visits", "somebody leafs through the latest visits",
        "Encounter", (("class", "AMB"), NEWEST), _nothing, lambda fact, ask: fact.code == "AMB", 1, -1, pages=5,
    ),
    Shape(
        "exact number of a year's measurements", "a figure for a report, with its first page",
        "Observation",
        (("code", LOINC + "|{code}"), ("date", "ge{first}"), ("date", "lt{last}"), ("_total", "accurate")), _year,
        lambda fact, ask: fact.code == ask["code"] and ask["first"] <= fact.at < ask["last"], 1, must=50,
    ),
    Shape(
        "exact number of all measurements", "how large the record is",
        "Observation", (("_summary", "count"), ("_total", "accurate")), _nothing, lambda fact, ask: True, 1, must=2,
    ),
    Shape(
        "measurements changed since", "another system keeps its copy current",
        "Observation", (("_lastUpdated", "ge{since}"),), _changed, lambda fact, ask: fact.id in ask["changed"], 1,
    ),
    Shape(
        "problems coded for billing", "everything that has a code of ICD-10-CM",
        "Condition", (("code", ICD + "|"), ("_count", "50")), _nothing, lambda fact, ask: bool(fact.kind), 1,
    ),
    Shape(
        "form by its address", "the intake form is opened",
        "Questionnaire", (("url", "{url}"),), _form, lambda fact, ask: fact.code == ask["url"], 1,
    ),
)  # fmt: skip

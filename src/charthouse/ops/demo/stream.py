"""The demo as transaction Bundles: the clinic first, then a patient each; later versions on request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments, person, scribe, visits
from charthouse.ops.demo.chance import Chance
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.clinic import Clinic
from charthouse.ops.demo.coding import BASE
from charthouse.ops.demo.diary import Booking, Diary
from charthouse.ops.demo.life import Life
from charthouse.ops.demo.plan import Allergy
from charthouse.ops.demo.tables import load
from charthouse.ops.demo.threads import build

PATIENTS: Final = 34
_ALLERGIES: Final = ("penicillin", "sulfa", "codeine", "latex", "shellfish", "amoxicillin")


def bundles(seed: int, patients: int, today: date) -> Iterator[Tree]:
    """The clinic's Bundle, then one transaction Bundle of PUT entries for each of `patients` patients.

    The first `PATIENTS` are the cast, always the same people; the others are drawn. Everything is fixed by
    `seed` and `today`; ids depend on the seed alone, so that a link to a chart outlives the day.
    """
    clinic = Clinic(seed)
    diary = Diary(clinic, today, load("cast")[:patients])
    yield _transaction([*clinic.resources(), *diary.resources()])
    for number in range(patients):
        yield _transaction(chart(clinic, diary, number, today).trees.values())


def revisions(seed: int, today: date, patients: int = PATIENTS) -> Iterator[Tree]:
    """Later Bundles of PUT updates, to be applied in order after `bundles(seed, patients, today)`.

    Each changes one resource (or a result and its report): an address, a refined problem, a corrected
    result, a newborn's name, a signed draft, a mother linked to her child.
    """
    clinic = Clinic(seed)
    diary = Diary(clinic, today, load("cast")[:patients])
    steps: dict[tuple[int, int], list[Tree]] = {}
    charts: list[Chart] = []
    for number in range(min(patients, len(load("cast")))):
        written = chart(clinic, diary, number, today)
        charts.append(written)
        for step, tree in written.revised:
            steps.setdefault((step, number), []).append(tree)
    if link := _mother(charts):
        steps[90, 0] = [link]
    for key in sorted(steps):
        yield _transaction(steps[key])


def chart(clinic: Clinic, diary: Diary, number: int, today: date) -> Chart:
    """The chart of one patient."""
    chance = Chance(f"{clinic.seed}/{number}")
    cast = load("cast")
    if number < len(cast):
        life = _cast_life(cast[number], number, today, chance, diary.bookings(number))
        bookings = diary.bookings(number)
    else:
        life, bookings = _drawn_life(number, today, chance), []
    newborn = any(visit.thread == "birth" for visit in life.visits)
    visits.fill(life, newborn or (life.age(today) < 18 and bool(life.visits)))
    for thread in life.threads:
        thread.settle(life)
    return scribe.write(life, clinic, bookings)


def _cast_life(
    row: Mapping[str, Any], number: int, today: date, chance: Chance, bookings: list[Booking]
) -> Life:
    life = Life(person.from_cast(row, number, today, chance), today, chance, row["joined"])
    for fact in row.get("allergies", ()):
        since = moments.ago(today, fact[1]) if len(fact) > 1 else None
        life.allergies.append(Allergy(fact[0], since, fact[2] if len(fact) > 2 else ""))
    life.family = [(name, code, icd, text) for name, code, icd, text in row.get("relatives", ())]
    life.operations = [(text, str(today.year - years)) for text, years in row.get("operations", ())]
    life.social = list(row.get("social", ()))
    for booking in bookings:
        status = row.get("today", {}).get("visit")
        if booking.start.date() == today and status:
            visit = life.visit(
                today,
                booking.reason,
                booking.kind,
                who=booking.who,
                hour=(booking.start.hour, booking.start.minute),
            )
            visit.status = status
            visit.forced = dict(row.get("force", {}))
            visit.panels = list(row["today"].get("panels", ()))
            visit.heard = [row["today"]["heard"]] if "heard" in row["today"] else []
            visit.thought = [tuple(row["today"]["thought"])] if "thought" in row["today"] else []
    _weave(life, row["threads"])
    return life


def _weave(life: Life, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    for name, values in rows:
        thread = build(name, values, life.chance)
        life.threads.append(thread)
        thread.plan(life)
    for fact in life.allergies:
        if fact.key in ("bee", "peanut", "shellfish"):
            life.threads.append(build("reaction", {"allergy": fact.key}, life.chance))


def _drawn_life(number: int, today: date, chance: Chance) -> Life:
    """A life of chance from `data/archetypes.json`."""
    rows = load("archetypes")
    row = chance.choices(rows, [row["share"] for row in rows])[0]
    sex = row.get("sex") or chance.pick(("female", "male"))
    years = chance.between(*row["ages"])
    joined = min(chance.between(1.5, 6.5), max(years - 0.01, 0.05) if years < 6 else 6.5)
    life = Life(person.drawn(number, sex, years, today, chance), today, chance, joined)
    if chance.odds(0.62):
        life.allergies = [Allergy("none")]
    elif chance.odds(0.6 if years > 12 else 0.25):
        known = _ALLERGIES if years > 12 else ("amoxicillin", "peanut")
        since = today - timedelta(days=round(chance.between(0.05, 0.7) * min(years, joined + 20) * 365))
        if years > 1.5:
            life.allergies = [Allergy(chance.pick(known), since)]
    if chance.odds(0.35):
        life.family = [
            chance.pick(
                (
                    ("Mother", "MTH", "E11.9", "Type 2 diabetes"),
                    ("Father", "FTH", "I10", "High blood pressure"),
                    ("Mother", "MTH", "E03.9", "Thyroid disease"),
                    ("Father", "FTH", "I25.10", "Heart disease"),
                )
            )
        ]
    _weave(life, row["threads"])
    return life


def _mother(charts: list[Chart]) -> Tree | None:
    """The mother's Patient with a link to herself as her child's RelatedPerson."""
    for mother in charts:
        for child in charts:
            for tree in child.trees.values():
                if (
                    tree["resourceType"] == "RelatedPerson"
                    and tree["name"][0]["text"] == mother.person.name
                    and (child.person.line == mother.person.line)
                ):
                    patient = mother.trees[mother.subject()["reference"]]
                    return {
                        **patient,
                        "link": [
                            {
                                "other": {
                                    "reference": f"RelatedPerson/{tree['id']}",
                                    "display": f"Mother of {child.person.name}",
                                },
                                "type": "seealso",
                            }
                        ],
                    }
    return None


def _transaction(trees: Iterable[Tree]) -> Tree:
    """A transaction Bundle that puts each resource under its own id."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"{BASE}{tree['resourceType']}/{tree['id']}",
                "resource": tree,
                "request": {"method": "PUT", "url": f"{tree['resourceType']}/{tree['id']}"},
            }
            for tree in trees
        ],
    }

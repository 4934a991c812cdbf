"""`bench patients`: how fast and how surely a person at the front desk finds a patient among 100,000.

Asked through the door like any search of a page, audited, by somebody whom no policy bounds and by a clinician
whose policy looks at each row. The floor is the plain search by the start of a name, through the same door.
"""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from charthouse.access.actor import SYSTEM, Actor
from charthouse.access.sessions import SCOPES
from charthouse.ops.bench import crowd, invented, kept
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import PERSON, ROLE, WHOLE, changes
from charthouse.ops.bench.place import Place
from charthouse.ops.bench.unaudited import PROFILE
from charthouse.search.people.look import People

if TYPE_CHECKING:
    from charthouse.app import Clinic

PATIENTS: Final = 100_000
ASKED: Final = 240  # searches of a run
AT_ONCE: Final = 500  # patients that are written in one transaction
FEW: Final = 5
TODAY: Final = date(2026, 1, 2)
MUST: Final = 50.0  # ms


class Asked(NamedTuple):
    """What is typed, for whom (an id), and a name's start for the plain search."""

    text: str
    who: str
    family: str


Find = Callable[[Asked], Awaitable[Sequence[str]]]


def measure(bench: Bench) -> list[Figure]:
    """ms for a search, how often the right patient is among the first five, seconds and bytes to be ready."""
    count = min(PATIENTS, bench.resources)
    place = _record(bench, count)
    clinic = bench.opened(place)
    try:
        with asyncio.Runner() as runner:
            return runner.run(_measured(bench, clinic, count))
    finally:
        clinic.close()
        kept.tidy(place)


async def _measured(bench: Bench, clinic: Clinic, count: int) -> list[Figure]:
    whole, bound = (_actor(clinic, name) for name in (WHOLE, PERSON))
    begun = time.perf_counter()
    await clinic.gate.find(whole, "zz", TODAY)
    ready = time.perf_counter() - begun
    times: dict[str, list[Run]] = {"unbounded": [], "clinician": []}
    shares: list[Run] = []
    for number in range(bench.runs):
        bench.round("patients", number)
        asked = questions(count, number)
        floor = await _times(asked, lambda one: _plainly(clinic, whole, one))
        for name, actor in (("unbounded", whole), ("clinician", bound)):
            found = await _times(asked, lambda one, actor=actor: _ids(clinic, actor, one))  # type: ignore[misc]
            floors = {"plain_name_start_ms": floor.at(50)}
            times[name].append(Run(found.at(50), found.at(50), found.at(95), found.at(99), floors))
            if actor is whole:
                shares.append(Run(found.share, floors={"plain_name_start": floor.share}))
    notes = {"patients": count, "searches": ASKED, "unready_seconds": round(ready, 2)}
    return [
        *(
            Figure(f"patient search, {name}", "ms", runs, Goal(MUST, MUST / 4, MUST, low=True), notes)
            for name, runs in times.items()
        ),
        Figure("right patient in the first five", "%", shares, Goal(95), notes),
        Figure("words and numbers in memory", "MB", [Run(_held_mb(clinic))], Goal(aim=100, low=True), notes),
    ]


def _held_mb(clinic: Clinic) -> float:
    """What the search holds of the record. The size of the process would not tell: it has room from before."""
    tracemalloc.start()
    try:
        people = People(clinic.record.reader, clinic.place.dialect)
        people.refresh(clinic.record.connection())
        return tracemalloc.get_traced_memory()[0] / 1e6
    finally:
        tracemalloc.stop()


class _Times:
    """How long searches took, in ms, and how many of them found who was meant."""

    def __init__(self, times: Sequence[float], right: int) -> None:
        self._times = sorted(times)
        self.share = 100 * right / len(times)

    def at(self, percent: int) -> float:
        return self._times[min(len(self._times) - 1, len(self._times) * percent // 100)]


async def _times(asked: Sequence[Asked], find: Find) -> _Times:
    times: list[float] = []
    right = 0
    for one in asked:
        begun = time.perf_counter()
        found = await find(one)
        times.append((time.perf_counter() - begun) * 1000)
        right += one.who in found[:FEW]
    return _Times(times, right)


async def _ids(clinic: Clinic, actor: Actor, asked: Asked) -> list[str]:
    return [hit.stored.id for hit in (await clinic.gate.find(actor, asked.text, TODAY)).hits]


async def _plainly(clinic: Clinic, actor: Actor, asked: Asked) -> list[str]:
    page = await clinic.gate.search(actor, "Patient", [("name", asked.family), ("_count", "20")])
    return [found.stored.id for found in page.entries]


def questions(patients: int, seed: int) -> list[Asked]:
    """Searches for people of the crowd, in the ways of a front desk: names in any order, begun, mistyped, with a
    date of birth; phones, record numbers."""
    random = invented.chance(3_000_000 + seed)
    return [_question(crowd.person(random.randrange(patients)), place, random) for place in range(ASKED)]


def _question(tree: crowd.Tree, place: int, random: Random) -> Asked:
    name, born = tree["name"][0], tree["birthDate"]
    family, given = name["family"].lower(), name["given"][0].lower()
    phone, mrn = tree["telecom"][0]["value"], tree["identifier"][0]["value"]
    year, month, day = born.split("-")
    usual = f"{int(month)}/{int(day)}/{year[2:]}"
    text = (
        f"{given} {family} {year}", f"{family}, {given} {usual}", f"{family[:3]} {given[:3]} {year}",
        f"{_slip(family, random)} {given} {usual}", f"{family} {_slip(given, random)} {born}",
        f"{_slip(family, random)} {year}-{month}-{day}", phone, f"{family} {phone[-4:]}", mrn, mrn.lstrip("0") or "0",
        usual, f"{family} {given}",
    )[place % 12]  # fmt: skip
    return Asked(text, tree["id"], family)


def _slip(word: str, random: Random) -> str:
    """`word` with two letters turned, or one left out or doubled."""
    if len(word) < FEW:
        return word
    at = random.randrange(1, len(word) - 2)
    return random.choice((
        word[:at] + word[at + 1] + word[at] + word[at + 2 :], word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
    ))  # fmt: skip


def _actor(clinic: Clinic, name: str) -> Actor:
    account = clinic.people.find(name)
    if account is None:
        raise LookupError(name)
    return Actor(account.id, name, account.roles, "web", SCOPES, session="session:1")


def _record(bench: Bench, count: int) -> Place:
    """The kept record of so many people; made where there is none."""
    label = f"people-{'postgres-' if bench.url else ''}{count}-{crowd.GENERATOR}{kept.version(bench)}"
    place = Place(bench.cache / label, bench.url, f"charthouse_bench_{label}".replace("-", "_"))
    if bench.fresh:
        place.remove()
    place.make()
    clinic = bench.opened(place)
    is_made = clinic.about.get(kept.FACT) == "finished"
    clinic.close()
    if is_made:
        return place
    place.remove()
    place.make()
    bench.say(f"patients: making a record of {count:,} patients in {place.folder}, kept for the next run")
    clinic = bench.opened(place)
    try:
        clinic.write(lambda connection: clinic.people.add(connection, PERSON, "Bench", [ROLE]))
        clinic.write(lambda connection: clinic.people.add(connection, WHOLE, "Bench", ["administrator"]))
        intake = clinic.intake(SYSTEM, PROFILE)
        for start in range(0, count, AT_ONCE):
            people = map(crowd.person, range(start, min(count, start + AT_ONCE)))
            intake.submit(changes(intake.preparer, people, 0)).result()
        clinic.record.state(kept.FACT, "finished")
    finally:
        clinic.close()
    place.settle()
    return place

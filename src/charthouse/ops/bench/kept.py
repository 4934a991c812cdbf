"""Large records, made once and kept for the next run under a name that says what made them."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from charthouse.access.actor import SYSTEM
from charthouse.base import clock
from charthouse.ops.bench import invented, practice
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.house import Size, changes, found
from charthouse.ops.bench.place import Place
from charthouse.ops.bench.practice import Practice
from charthouse.ops.bench.unaudited import PROFILE
from charthouse.store import record as store

if TYPE_CHECKING:
    from charthouse.app import Clinic

FACT: Final = "bench"
SINCE: Final = "bench_since"  # when everything was there, in ms since 1970; what was changed later is `late`
PAUSE: Final = 0.01  # seconds between the last write and the moment after which something was changed
TOLD: Final = 10.0  # seconds between two words about progress


def sized(resources: int) -> Practice:
    """A clinic of about so many resources, 400 for each patient."""
    return Practice(max(1, round(resources / practice.EACH)))


def record(bench: Bench, name: str, size: Size) -> Place:
    """The kept record of that size; made where there is none, or where the last one was not finished."""
    kind = f"{name}-{'postgres-' if bench.url else ''}{size.resources}"
    place = _place(bench, f"{kind}-{version(bench)}")
    if bench.fresh:
        place.remove()
    place.make()
    if _finished(bench, place):
        bench.say(f"{name}: the record of {size.resources:,} resources in {place.folder} is used again")
        return place
    place.remove()
    for other in bench.cache.glob(f"{kind}-{'[0-9a-f]' * 8}"):
        _place(bench, other.name).remove()  # of another generator or schema: nobody will use it again
    place.make()
    bench.say(
        f"{name}: making a record of {size.resources:,} resources in {place.folder}, kept for the next run"
    )
    begun = told = time.monotonic()

    def progress(done: int) -> None:
        nonlocal told
        now = time.monotonic()
        if done and now - told > TOLD:
            told = now
            rate = done / (now - begun)
            left = (size.resources - done) / rate
            bench.say(f"{name}: {done:,} resources, {rate:,.0f}/s, {left:.0f} s left")

    found(bench, place, size, progress)
    clinic = bench.opened(place)
    try:
        clinic.record.state(SINCE, str(_late(clinic, size)))
        clinic.record.state(FACT, "finished")
    finally:
        clinic.close()
    return place


def _place(bench: Bench, label: str) -> Place:
    return Place(bench.cache / label, bench.url, f"charthouse_bench_{label}".replace("-", "_"))


def since(bench: Bench, place: Place) -> int:
    """When everything in the record was there, in ms since 1970."""
    clinic = bench.opened(place)
    try:
        return int(clinic.about[SINCE])
    finally:
        clinic.close()


def _late(clinic: Clinic, size: Size) -> int:
    """Correct a few measurements of the first patient; when that began, in ms since 1970."""
    time.sleep(PAUSE)
    begun = clock.now()
    intake = clinic.intake(SYSTEM, PROFILE)
    intake.submit(changes(intake.preparer, practice.corrected(size.chart(0)), 1)).result()
    return begun


def tidy(place: Place) -> None:
    """Throw away the audit of the reads that were measured, which would grow with every run."""
    for file in place.folder.glob("audit.db*"):
        file.unlink()


def version(bench: Bench) -> str:
    """Eight digits that change with the generator and with the schema of the record."""
    dialect = "postgres" if bench.url else "sqlite"
    text = "".join(step.sql for step in store.steps(dialect))
    return sha256(f"{invented.GENERATOR}{text}".encode()).hexdigest()[:8]


def _finished(bench: Bench, place: Place) -> bool:
    clinic = bench.opened(place)
    try:
        return clinic.about.get(FACT) == "finished"
    finally:
        clinic.close()

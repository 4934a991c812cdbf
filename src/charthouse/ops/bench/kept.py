"""Large records, made once and kept for the next run under a name that says what made them."""

from __future__ import annotations

import shutil
import time
from hashlib import sha256
from typing import Final

from charthouse.ops.bench import invented
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.house import Size, found
from charthouse.ops.bench.place import Place
from charthouse.store import record as store

EACH: Final = 1 + invented.ENCOUNTERS + invented.CONDITIONS + invented.OBSERVATIONS
FACT: Final = "bench"
TOLD: Final = 10.0  # seconds between two words about progress


def sized(resources: int) -> Size:
    """A record of about so many resources, 400 for each patient."""
    return Size(
        max(1, round(resources / EACH)), invented.ENCOUNTERS, invented.CONDITIONS, invented.OBSERVATIONS
    )


def record(bench: Bench, name: str, size: Size) -> Place:
    """The kept record of that size; made where there is none, or where the last one was not finished."""
    label = f"{name}-{size.resources}-{version(bench)}"
    place = Place(bench.cache / label, bench.url, f"charthouse_bench_{label}".replace("-", "_"))
    if bench.fresh:
        place.remove()
    place.make()
    if _finished(bench, place):
        bench.say(f"{name}: the record of {size.resources:,} resources in {place.folder} is used again")
        return place
    place.remove()
    for other in bench.cache.glob(f"{name}-{size.resources}-*"):
        shutil.rmtree(other)  # of another generator or schema: nobody will use it again
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
        clinic.record.state(FACT, "finished")
    finally:
        clinic.close()
    return place


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

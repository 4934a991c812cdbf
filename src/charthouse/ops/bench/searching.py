"""`bench search`: Observations of one patient and one code, in a large record, at random."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from charthouse.db import queries
from charthouse.db.connect import connect
from charthouse.ops.bench import daily, disk, invented, kept, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal
from charthouse.ops.bench.house import House, constant
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.place import Place
from charthouse.ops.bench.reading import CONNECTIONS, as_run, ceiling, sent, usual_size, warm

if TYPE_CHECKING:
    from charthouse.app import Clinic

COUNT: Final = 20
PATIENTS: Final = 1500  # asked about, at most
EACH: Final = 8  # codes of each of them


Pair = tuple[int, int, str, str]  # key of the patient, number of the code, id of the patient, LOINC code


def measure(bench: Bench) -> list[Figure]:
    """Searches of one kind per second, then the questions of a day (see `daily`)."""
    return [rate(bench), *daily.measure(bench)]


def rate(bench: Bench) -> Figure:
    """Searches per second that find 1 to 20 Observations."""
    size = kept.sized(bench.resources)
    place = kept.record(bench, "search", size)
    home = House(bench, place, size)
    params, asked = _asked(bench, place, size.patients)
    paths = [_path(patient, code) for _, _, patient, code in asked]
    file = load.write(bench.work / "search.txt", [Request("GET", path) for path in paths])
    try:
        with home.served() as server:
            page = usual_size(server, paths[:50], home.credentials)
            floor = load.write(bench.work / "constant.txt", [Request("GET", f"/{page}")])
            with constant(bench, page) as nothing:
                warm(bench, server, file, home.headers)
                runs = []
                for number in range(bench.runs):
                    bench.round("search", number)
                    floors = {
                        **ceiling(bench, sent(bench, nothing, floor, (), bench.short).rate),
                        "bare_sql": bare(place, params, asked, bench.short),
                        "fdatasync_p50_ms": disk.sync_ms(bench.work),
                    }
                    runs.append(as_run(sent(bench, server, file, home.headers, bench.seconds), floors))
    finally:
        kept.tidy(place)
    notes = {
        "client": bench.client, "resources": size.resources, "searches": len(paths), "bytes": page,
        "connections": CONNECTIONS, "record_bytes": place.bytes(),
    }  # fmt: skip
    return Figure("search", "requests/s", runs, Goal(2000, 4000, 40), notes)


def bare(place: Place, params: tuple[int, int], asked: list[Pair], seconds: int) -> float:
    """The same questions as one plain SQL statement each, one after the other in one process, per second."""
    random = invented.chance(11)
    with closing(connect(place.database)) as connection:
        find = queries.load(__package__, "searching", connection.dialect).find
        done = 0
        begun = time.perf_counter()
        while (lasted := time.perf_counter() - begun) < seconds:
            patient, code, *_ = asked[int(random.random() * len(asked))]
            connection.run(find, (params[0], patient, params[1], code, COUNT))
            done += 1
        return done / lasted


def _asked(bench: Bench, place: Place, patients: int) -> tuple[tuple[int, int], list[Pair]]:
    """The numbers of the two parameters, and patients and codes with 1 to 20 Observations, at random."""
    clinic = bench.opened(place)
    try:
        return _params(clinic), _pairs(clinic, _params(clinic), patients)
    finally:
        clinic.close()


def _params(clinic: Clinic) -> tuple[int, int]:
    sources = clinic.record.extractor.sources("Observation")
    connection = clinic.record.connection()
    sql = queries.load(__package__, "searching", connection.dialect)
    numbers = []
    for name in ("patient", "code"):
        row = connection.one(sql.param, ("Observation", sources[name].codes[0]))
        if row is None:
            raise LookupError(name)
        numbers.append(int(row[0]))
    return numbers[0], numbers[1]


def _pairs(clinic: Clinic, params: tuple[int, int], patients: int) -> list[Pair]:
    connection = clinic.record.connection()
    sql = queries.load(__package__, "searching", connection.dialect)
    random = invented.chance(7)
    found: list[Pair] = []
    for number in random.sample(range(patients), min(PATIENTS, patients)):
        id = invented.patient_id(number)
        row = connection.one(sql.patient, ("Patient", id))
        if row is None:
            raise LookupError(id)
        codes = connection.run(sql.codes, (params[0], row[0], params[1], COUNT))
        chosen = random.sample(codes, min(EACH, len(codes)))
        found += [(row[0], code, id, text) for code, text in chosen]
    random.shuffle(found)
    return found


def _path(patient: str, code: str) -> str:
    asked = {"patient": patient, "code": f"{invented.LOINC}|{code}", "_count": COUNT}
    return f"/fhir/Observation?{urlencode(asked)}"

"""`bench access`: what guarding the record costs, each figure a percentage beside the rates it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from charthouse.ops.bench import disk, invented, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import House, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.reading import CONNECTIONS, sent, warm

PAGE: Final = 20  # resources on a page of a search
AIM: Final = 35  # percent; the audit is on the disk before the answer leaves


def measure(bench: Bench) -> list[Figure]:
    """The cost of the durable read audit, of reads and of searches."""
    with house(bench, "access") as home:
        return audited(bench, home)
        # Policies on and off are measured here, too, over the same record: `guarded(bench, home)`.


def audited(bench: Bench, home: House) -> list[Figure]:
    """How many percent of reads and of searches the read audit takes: the same load on both servers, in turns."""
    loads = {"read": _reads(bench, home), "search": _searches(bench, home)}
    runs: dict[str, list[Run]] = {name: [] for name in loads}
    with home.unaudited() as bare, home.served() as server:
        for file in loads.values():
            warm(bench, server, file, home.headers)
            warm(bench, bare, file, home.headers)
        for number in range(bench.runs):
            bench.round("access", number)
            for name, file in loads.items():
                runs[name].append(_cost(bench, home, server, bare, file))
    notes = {"client": bench.client, "resources": home.size.resources, "connections": CONNECTIONS}
    return [
        Figure(f"audit of {name}", "% of the rate", made, Goal(aim=AIM, low=True), notes)
        for name, made in runs.items()
    ]


def _cost(bench: Bench, home: House, server: Server, bare: Server, file: Path) -> Run:
    """One load on the server without audit, then on that with it: the part of the rate that is gone, in percent."""
    without = sent(bench, bare, file, home.headers, bench.seconds)
    within = sent(bench, server, file, home.headers, bench.seconds)
    floors = {"audited": within.rate, "unaudited": without.rate, "fdatasync_p50_ms": disk.sync_ms(bench.work)}
    return Run(100 * (1 - within.rate / without.rate), within.p50, within.p95, within.p99, floors)


def _reads(bench: Bench, home: House) -> Path:
    return load.write(
        bench.work / "access-read.txt", [Request("GET", f"/fhir/{id}") for id in home.size.ids()]
    )


def _searches(bench: Bench, home: House) -> Path:
    people = (invented.patient_id(number) for number in range(home.size.patients))
    asked = [Request("GET", f"/fhir/Observation?patient={id}&_count={PAGE}") for id in people]
    return load.write(bench.work / "access-search.txt", asked)

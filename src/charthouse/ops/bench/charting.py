"""`bench chart`: the first page of the chart of a patient with many visits, as a signed-in clinician gets it."""

from __future__ import annotations

from charthouse.ops.bench import disk, invented, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import Size, constant, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.reading import sent, warm
from charthouse.ops.bench.wrong import wrong


def measure(bench: Bench) -> list[Figure]:
    """The p95 of the page in ms, from one client, one page after the other."""
    visits = bench.encounters
    with (
        house(bench, "chart", _size(visits)) as home,
        home.served() as server,
    ):
        path = f"/chart/{invented.patient_id(0)}"
        headers = (home.sign_in(server),)
        status, _, page = server.ask(path, dict([headers[0].split(": ", 1)]))
        if status != 200 or b"Heart rate" not in page:
            raise wrong(f"the chart page answered {status} without the patient's measurements")
        file = load.write(bench.work / "chart.txt", [Request("GET", path)])
        floor = load.write(bench.work / "constant.txt", [Request("GET", f"/{len(page)}")])
        runs = []
        with constant(bench, len(page)) as nothing:
            warm(bench, server, file, headers, connections=1)
            for number in range(bench.runs):
                bench.round("chart", number)
                floors = {
                    "constant_bytes_p95_ms": sent(bench, nothing, floor, (), bench.short, connections=1).p95,
                    "fdatasync_p50_ms": disk.sync_ms(bench.work),
                }
                answered = sent(bench, server, file, headers, bench.seconds, connections=1)
                runs.append(Run(answered.p95, answered.p50, answered.p95, answered.p99, floors))
    notes = {
        "client": bench.client,
        "encounters": visits,
        "resources": home.size.resources,
        "bytes": len(page),
    }
    return [Figure("chart page, p95", "ms", runs, Goal(150, low=True), notes)]


def _size(visits: int) -> Size:
    """One patient with so many visits, and what goes with them."""
    return Size(1, visits, max(1, visits // 20), visits * 4, extras=max(1, visits // 10))

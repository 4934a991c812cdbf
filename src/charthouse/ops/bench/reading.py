"""`bench read`: reads by id over 16 connections, at random over a whole record."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from charthouse.ops.bench import disk, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import constant, house
from charthouse.ops.bench.load import Answered, Request
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.wrong import wrong

CONNECTIONS: Final = 16
SAMPLE: Final = 50
WARMING: Final = 3  # seconds


def measure(bench: Bench) -> list[Figure]:
    """Reads per second: audited, beside the same without audit and beside constant bytes of the same size."""
    with house(bench, "read") as home:
        ids = list(home.size.ids())
        file = load.write(bench.work / "read.txt", [Request("GET", f"/fhir/{id}") for id in ids])
        with home.unaudited() as bare, home.served() as server:
            size = usual_size(server, [f"/fhir/{id}" for id in ids[:: len(ids) // SAMPLE]], home.credentials)
            with constant(bench, size) as nothing:
                floor = load.write(bench.work / "constant.txt", [Request("GET", f"/{size}")])
                warm(bench, server, file, home.headers)
                warm(bench, bare, file, home.headers)
                runs = []
                for number in range(bench.runs):
                    bench.round("read", number)
                    floors = {
                        **ceiling(bench, sent(bench, nothing, floor, (), bench.short).rate),
                        "unaudited_read": sent(bench, bare, file, home.headers, bench.short).rate,
                        "fdatasync_p50_ms": disk.sync_ms(bench.work),
                    }
                    runs.append(as_run(sent(bench, server, file, home.headers, bench.seconds), floors))
    notes = {"client": bench.client, "resources": len(ids), "bytes": size, "connections": CONNECTIONS}
    return [Figure("read", "requests/s", runs, Goal(5000, 7500), notes)]


def sent(
    bench: Bench, server: Server, file: Path, headers: tuple[str, ...], seconds: int,
    *, connections: int = CONNECTIONS, order: str = "random",
) -> Answered:  # fmt: skip
    """One load on a server."""
    return load.send(
        server.port,
        file,
        connections=connections,
        seconds=seconds,
        headers=headers,
        order=order,
        by=bench.client,
    )


def warm(
    bench: Bench, server: Server, file: Path, headers: tuple[str, ...], *, connections: int = CONNECTIONS
) -> None:
    """A load that does not count: caches fill, threads and their connections begin, statements are prepared."""
    sent(bench, server, file, headers, WARMING, connections=connections)


def as_run(answered: Answered, floors: dict[str, float], *, each: int = 1) -> Run:
    """A load as a run; `each` is how many resources one answer stands for."""
    return Run(answered.rate * each, answered.p50, answered.p95, answered.p99, floors)


def usual_size(server: Server, paths: list[str], headers: dict[str, str]) -> int:
    """The mean size of the answers to `paths`, in bytes; at least what a constant answer needs."""
    sizes = []
    for path in paths:
        status, _, body = server.ask(path, headers)
        if status != 200:
            raise wrong(f"a sample answered {status}")
        sizes.append(len(body))
    return max(100, sum(sizes) // len(sizes))


def ceiling(bench: Bench, rate: float) -> dict[str, float]:
    """The floor of constant bytes; with our own client it is also the most this client could have counted."""
    return {"constant_bytes": rate} | ({"client_ceiling": rate} if bench.client == "socket" else {})

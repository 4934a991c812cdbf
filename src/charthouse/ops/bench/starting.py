"""`bench start`: from the start of the process to its first answers, and the memory it then holds."""

from __future__ import annotations

import time

from charthouse.ops.bench import disk, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import House, constant, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.machine import resident_mb
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.reading import sent
from charthouse.ops.bench.wrong import wrong


def measure(bench: Bench) -> list[Figure]:
    """Seconds to the first answer (`/healthz`) and to the first read with a token; MB when idle and after work."""
    first: list[Run] = []
    read: list[Run] = []
    idle: list[Run] = []
    after: list[Run] = []
    with house(bench, "start") as home:
        ids = list(home.size.ids())
        asked = [Request("GET", f"/fhir/{id}") for id in ids]
        asked += [
            Request("GET", f"/fhir/Observation?patient={id[8:]}&_count=20") for id in ids if id[:3] == "Pat"
        ]
        load.write(bench.work / "start.txt", asked)
        for number in range(bench.runs):
            bench.round("start", number)
            floors = {"fdatasync_p50_ms": disk.sync_ms(bench.work)}
            with constant(bench, 100) as nothing:
                floors["constant_bytes_s"] = nothing.seconds
                bare = resident_mb(nothing.pid)
            with home.served() as server:
                first.append(Run(server.seconds, floors=floors))
                read.append(Run(_first_read(home, server, ids[0]), floors=floors))
                memory = {} if bare is None else {"constant_bytes_mb": bare}
                _note(idle, server, memory)
                sent(bench, server, bench.work / "start.txt", home.headers, bench.short)
                _note(after, server, memory)
    goal = Goal(150, 100, low=True)
    shown = [
        Figure("start to first answer", "s", first, Goal(2, 1, low=True)),
        Figure("start to first read", "s", read, Goal(2, 1, low=True)),
    ]
    if idle:
        shown += [Figure("memory, idle", "MB", idle, goal), Figure("memory, after work", "MB", after, goal)]
    return shown


def _first_read(home: House, server: Server, id: str) -> float:
    status, _, _ = server.ask(f"/fhir/{id}", home.credentials)
    if status != 200:
        raise wrong(f"the first read answered {status}")
    return time.perf_counter() - server.begun


def _note(runs: list[Run], server: Server, floors: dict[str, float]) -> None:
    found = resident_mb(server.pid)
    if found is not None:
        runs.append(Run(found, floors=floors))

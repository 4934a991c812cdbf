"""`bench transaction`: transaction Bundles of 50 resources that refer to each other, from one client and from four."""

from __future__ import annotations

from typing import Final

from charthouse.fhir.resource import dump
from charthouse.ops.bench import disk, invented, load, rows
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.creating import check, count
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import House, constant, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.reading import as_run, ceiling, sent

ENTRIES: Final = 50
OBSERVATIONS: Final = ENTRIES - 3  # beside a visit and two problems
BUNDLES: Final = 400
GOALS: Final = {1: Goal(2000, 4000), 4: Goal(2500, 4000)}


def measure(bench: Bench) -> list[Figure]:
    """Resources per second by number of clients."""
    with house(bench, "transaction") as home:
        bodies = [
            dump(invented.transaction(seed, home.size.patients, ENTRIES)).decode() for seed in range(BUNDLES)
        ]
        size = sum(map(len, bodies)) // len(bodies)
        file = load.write(bench.work / "transaction.txt", [Request("POST", "/fhir", body) for body in bodies])
        floor = load.write(
            bench.work / "constant.txt", [Request("POST", f"/{size}", body) for body in bodies]
        )
        runs: dict[int, list[Run]] = {clients: [] for clients in GOALS}
        with home.served() as server, constant(bench, size) as nothing:
            sent(bench, server, file, home.headers, bench.short, connections=1, order="0")
            for number in range(bench.runs):
                bench.round("transaction", number)
                for clients in GOALS:
                    constants = sent(bench, nothing, floor, (), bench.short, connections=clients).rate
                    floors = {
                        **ceiling(bench, constants * ENTRIES),
                        "fdatasync_p50_ms": disk.sync_ms(bench.work),
                    }
                    runs[clients].append(_run(bench, home, server, clients, floors))
        bench.say("transaction: the same rows once more, inserted raw")
        raw = rows.floor(bench, home.place, interaction="transaction", most=BUNDLES)
    notes = {"client": bench.client, "entries": ENTRIES, "bytes": size}
    return [
        Figure(
            f"transaction, {clients} client{'s' * (clients > 1)}", "resources/s",
            [Run(run.value, run.p50, run.p95, run.p99, {**run.floors, "raw_inserts": raw}) for run in found],
            GOALS[clients], notes | {"connections": clients},
        )
        for clients, found in runs.items()
    ]  # fmt: skip


def _run(bench: Bench, home: House, server: Server, clients: int, floors: dict[str, float]) -> Run:
    before = count(home, server, "Observation")
    answered = sent(bench, server, file=bench.work / "transaction.txt", headers=home.headers, seconds=bench.seconds,
                    connections=clients)  # fmt: skip
    check(home, server, before, answered.requests * OBSERVATIONS)
    return as_run(answered, floors, each=ENTRIES)

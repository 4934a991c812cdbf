"""`bench create`: new Observations of 1.5 KB over 16 connections, no two alike in a row."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final

from charthouse.fhir.resource import dump
from charthouse.ops.bench import disk, invented, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal
from charthouse.ops.bench.house import House, constant, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.reading import CONNECTIONS, as_run, ceiling, sent
from charthouse.ops.bench.wrong import wrong

BODIES: Final = 20_000


def measure(bench: Bench) -> list[Figure]:
    """Creates per second; what was answered as created is counted in the record afterwards."""
    with house(bench, "create") as home:
        texts = bodies(home.size.patients)
        size = sum(map(len, texts)) // len(texts)
        file = load.write(
            bench.work / "create.txt", [Request("POST", "/fhir/Observation", body) for body in texts]
        )
        floor = load.write(
            bench.work / "constant.txt", [Request("POST", f"/{size}", body) for body in texts[:2000]]
        )
        with home.served() as server, constant(bench, size) as nothing:
            runs = []
            place = sent(bench, server, file, home.headers, bench.short, order="0").requests
            for number in range(bench.runs):
                bench.round("create", number)
                floors = {
                    **ceiling(bench, sent(bench, nothing, floor, (), bench.short, order="0").rate),
                    "fdatasync_p50_ms": disk.sync_ms(bench.work),
                }
                before = count(home, server, "Observation")
                answered = sent(bench, server, file, home.headers, bench.seconds, order=str(place))
                check(home, server, before, answered.requests)
                place += answered.requests
                runs.append(as_run(answered, floors))
    notes = {"client": bench.client, "bytes": size, "connections": CONNECTIONS}
    return [Figure("create", "resources/s", runs, Goal(1200, 2500, 60), notes)]


def bodies(patients: int) -> list[str]:
    """Observations of about 1.5 KB as JSON, the same in every run."""
    random = invented.chance(3)
    return [
        dump(
            invented.long_observation(
                random, f"Patient/{invented.patient_id(random.randrange(patients))}",
                invented.START + timedelta(minutes=random.randrange(10_000_000)),
            )
        ).decode()
        for _ in range(BODIES)
    ]  # fmt: skip


def count(home: House, server: Server, type: str) -> int:
    """How many resources of a type the server tells there are."""
    _, _, body = server.ask(f"/fhir/{type}?_summary=count", home.credentials)
    return int(json.loads(body)["total"])


def check(home: House, server: Server, before: int, answered: int) -> None:
    """Every answered create must be in the record: a figure of lost writes is none."""
    found = count(home, server, "Observation") - before
    if found < answered:
        raise wrong(f"{answered} creates were answered, {found} are there")

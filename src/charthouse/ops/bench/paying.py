"""`bench salary`: answers about pay, each worked out in full and as they repeat, through a served clinic."""

from __future__ import annotations

from charthouse.ops.bench import disk, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import SMALL, constant, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.reading import sent, warm
from charthouse.ops.bench.wrong import wrong

ADDRESS = "/salary.json"
_PLACES = ("US", "CA", "TX", "MS", "35620", "26420", "34980", "41940")
_EMPLOYERS = ("", "hospital", "physician-office", "federal")
_EDUCATION = ("", "certificate", "associate", "bachelor")


def questions() -> list[str]:
    """Some thousand different ones, as people put them."""
    return [
        f"{ADDRESS}?area={place}&industry={employer}&years={years}&education={education}&certified={certified}"
        for years in range(31)
        for place in _PLACES
        for employer in _EMPLOYERS
        for education in _EDUCATION
        for certified in ("yes",)
    ]


def measure(bench: Bench) -> list[Figure]:
    """Answers a second with 8 clients, and the p99 in ms."""
    with house(bench, "salary", SMALL) as home, home.served() as server:
        headers = (home.sign_in(server),)
        paths = questions()
        status, _, body = server.ask(paths[0], dict([headers[0].split(": ", 1)]))
        if status != 200 or b"percentiles" not in body:
            raise wrong(f"the question about pay was answered {status}")
        file = load.write(bench.work / "salary.txt", [Request("GET", path) for path in paths])
        floor = load.write(bench.work / "constant.txt", [Request("GET", f"/{len(body)}")])
        runs = []
        with constant(bench, len(body)) as nothing:
            warm(bench, server, file, headers, connections=8)
            for number in range(bench.runs):
                bench.round("salary", number)
                floors = {
                    "constant_bytes_per_s": sent(bench, nothing, floor, (), bench.short, connections=8).rate,
                    "fdatasync_p50_ms": disk.sync_ms(bench.work),
                }
                got = sent(bench, server, file, headers, bench.seconds, connections=8)
                runs.append(Run(got.rate, got.p50, got.p95, got.p99, floors))
    notes = {"client": bench.client, "questions": len(paths), "bytes": len(body)}
    return [Figure("answers about pay", "/s", runs, Goal(3000, p99=5), notes)]

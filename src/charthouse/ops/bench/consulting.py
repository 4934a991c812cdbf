"""`bench terminology`: codes checked and value sets expanded over HTTP, and what a loaded guide takes."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from charthouse.ops.bench import disk, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import House, constant, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.machine import resident_mb
from charthouse.ops.bench.process import Server, charthouse, timed
from charthouse.ops.bench.reading import CONNECTIONS, as_run, ceiling, sent, usual_size, warm

ICD: Final = "http://hl7.org/fhir/sid/icd-10-cm"
# Value sets of the standard of different size, whose codes are listed in the standard itself.
SETS: Final = tuple(
    f"http://hl7.org/fhir/ValueSet/{name}"
    for name in ("observation-status", "administrative-gender", "marital-status", "encounter-status", "event-status",
                 "goal-status", "request-intent", "name-use", "contact-point-system", "languages")
)  # fmt: skip
LETTERS: Final = "ABCDEFGHIJKLMNRSTZ"
GUIDE: Final = "us_core_610.tgz"  # in the folder of public material; without it nothing is installed


def measure(bench: Bench) -> list[Figure]:
    """Answers per second for single codes of ICD-10-CM and for whole value sets; seconds and MB of a guide."""
    with house(bench, "terminology") as home:
        installed = _install(bench, home)
        with home.served() as server:
            figures = [
                _figure(bench, home, server, "validate-code", _checks(), Goal(3000)),
                _figure(bench, home, server, "expand", _expansions(), Goal(1500)),
            ]
            memory = resident_mb(server.pid)
    held = [] if memory is None else [
        Figure("memory, terminology at work", "MB", [Run(memory)], Goal(250, low=True), {"guide": bool(installed)})
    ]  # fmt: skip
    return [*figures, *installed, *held]


def _install(bench: Bench, home: House) -> list[Figure]:
    """The seconds that `charthouse ig install` takes for a large guide, where there is one."""
    guide = None if bench.material is None else bench.material.parent / "us-core" / GUIDE
    if guide is None or not guide.is_file():
        bench.say("terminology: no guide to install here")
        return []
    seconds, _ = timed(charthouse("ig", "install", str(guide), *home.place.options))
    start, _ = timed(charthouse("ig", "list", *home.place.options))
    return [
        Figure("install a guide", "s", [Run(seconds, floors={"start_and_list": start})], Goal(5, low=True),
               {"guide": guide.name})
    ]  # fmt: skip


def _figure(bench: Bench, home: House, server: Server, name: str, asked: list[Request], goal: Goal) -> Figure:
    file = load.write(bench.work / f"{name}.txt", asked)
    size = usual_size(server, [one.path for one in asked[:20]], home.credentials)
    floor = load.write(bench.work / "constant.txt", [Request("GET", f"/{size}")])
    runs = []
    with constant(bench, size) as nothing:
        warm(bench, server, file, home.headers)
        for number in range(bench.runs):
            bench.round(name, number)
            floors = {
                **ceiling(bench, sent(bench, nothing, floor, (), bench.short).rate),
                "fdatasync_p50_ms": disk.sync_ms(bench.work),
            }
            runs.append(as_run(sent(bench, server, file, home.headers, bench.seconds), floors))
    notes = {"client": bench.client, "questions": len(asked), "bytes": size, "connections": CONNECTIONS}
    return Figure(name, "requests/s", runs, goal, notes)


def _checks() -> list[Request]:
    """Codes that look like those of ICD-10-CM, about half of which there are, asked of the code system."""
    place = f"/fhir/CodeSystem/$validate-code?url={quote(ICD, safe='')}"
    codes = [
        f"{letter}{number:02d}.{last}"
        for letter in LETTERS
        for number in range(0, 100, 3)
        for last in range(4)
    ]
    return [Request("GET", f"{place}&code={code}") for code in codes]


def _expansions() -> list[Request]:
    return [Request("GET", f"/fhir/ValueSet/$expand?url={quote(url, safe='')}") for url in SETS]

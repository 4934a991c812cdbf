"""`bench access`: what guarding the record costs, each figure a percentage beside the rates it is made of."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from charthouse.access.actor import SYSTEM
from charthouse.fhir.bundle import Entry
from charthouse.fhir.resource import Tree
from charthouse.ops.bench import disk, invented, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import PERSON, WHOLE, House, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.reading import CONNECTIONS, sent, warm

PAGE: Final = 20  # resources on a page of a search
SEALED: Final = 500  # labelled resources beside the open ones
LEFT: Final = 0.8  # of the rate, with policies that look at every row
AIM: Final = 35  # percent; the audit is on the disk before the answer leaves


def measure(bench: Bench) -> list[Figure]:
    """The cost of the durable read audit, and of policies that look at every row, for reads and for searches."""
    with house(bench, "access") as home:
        return [*audited(bench, home), *guarded(bench, home)]


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


def guarded(bench: Bench, home: House) -> list[Figure]:
    """What is left of the rates for a clinician, whose policy looks at labels, care and consents of every row, beside
    an administrator, whom none bounds: the same load on the same server, in turns."""
    loads = {"read": _reads(bench, home), "search": _searches(bench, home)}
    runs: dict[str, list[Run]] = {name: [] for name in loads}
    _seal(bench, home)
    with home.served() as server:
        bound, whole = ((home.sign_in(server, person),) for person in (PERSON, WHOLE))
        for file in loads.values():
            for who in (whole, bound):
                warm(bench, server, file, who)
        for number in range(bench.runs):
            bench.round("access", number)
            for name, file in loads.items():
                # each comes first as often as the other: what one leaves behind burdens the next
                order = (whole, bound) if number % 2 == 0 else (bound, whole)
                first, second = (sent(bench, server, file, who, bench.seconds) for who in order)
                without, within = (first, second) if number % 2 == 0 else (second, first)
                floors = {"unbounded": without.rate, "bounded": within.rate}
                runs[name].append(Run(within.rate / without.rate, within.p50, within.p95, within.p99, floors))
    notes = {"client": bench.client, "sealed": SEALED, "connections": CONNECTIONS}
    return [
        Figure(f"policies on {name}", "of the rate", made, Goal(LEFT, 0.95), notes)
        for name, made in runs.items()
    ]


def _seal(bench: Bench, home: House) -> None:
    """Give the policies something to look for: labelled measurements, a closed chart, and a consent that denies."""
    whose = {"reference": f"Patient/{invented.patient_id(0)}"}
    trees: list[Tree] = [
        {"resourceType": "Patient", "id": "bench-closed", "meta": _label("VIP")},
        {
            "resourceType": "Consent", "id": "bench-denied", "status": "active", "category": [{"text": "Privacy"}],
            "patient": {"reference": "Patient/bench-closed"}, "scope": {"coding": [{"code": "patient-privacy"}]},
            "policyRule": {"text": "Opt-out"}, "provision": {"type": "deny"},
        },
    ]  # fmt: skip
    trees += [
        {
            "resourceType": "Observation", "id": f"bench-sealed-{number}", "status": "final", "subject": whose,
            "code": {"text": "Sealed"}, "meta": _label("ETH"),
        }
        for number in range(SEALED)
    ]  # fmt: skip
    entries = [
        Entry("PUT", tree["resourceType"], tree["id"], tree, index=place) for place, tree in enumerate(trees)
    ]
    clinic = bench.opened(home.place)
    try:
        asyncio.run(clinic.gate.commit(SYSTEM, entries, interaction="transaction"))
    finally:
        clinic.close()


def _label(code: str) -> Tree:
    return {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code}]}


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

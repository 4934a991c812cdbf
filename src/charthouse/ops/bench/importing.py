"""`bench import`: `charthouse import` of a hundred patients into a new record, and what they take on the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from charthouse.fhir.resource import dump
from charthouse.ops.bench import disk, rows
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import empty
from charthouse.ops.bench.place import Place
from charthouse.ops.bench.process import charthouse, timed
from charthouse.ops.bench.wrong import wrong

BUNDLES: Final = 100
SMALLEST: Final = '{"resourceType": "Basic", "id": "one", "code": {"text": "one"}}'


def measure(bench: Bench) -> list[Figure]:
    """Resources per second with and without the start of the process, the share of the floor, bytes per resource."""
    material, source = _material(bench)
    whole: list[Run] = []
    work: list[Run] = []
    share: list[Run] = []
    size: list[Run] = []
    found = 0
    for number in range(bench.runs):
        bench.round("import", number)
        place = empty(bench, f"import-{number}")
        try:
            start = _start(bench, place, number)
            seconds, found = _import(bench, place, material)
            raw = rows.floor(bench, place, interaction="import", most=1_000_000)
            floors = {"raw_inserts": raw, "fdatasync_p50_ms": disk.sync_ms(bench.work)}
            whole.append(Run(found / seconds, floors=floors))
            work.append(Run(found / max(0.001, seconds - start), floors={**floors, "start_seconds": start}))
            share.append(Run(found / seconds / raw, floors={"raw_inserts": raw}))
            size.append(Run(place.bytes() / found))
        finally:
            place.remove()
    notes = {"material": source, "resources": found}
    return [
        Figure("import", "resources/s", whole, Goal(4000, 8000), notes),
        Figure("import, without process start", "resources/s", work, notes=notes),
        Figure("import, share of raw inserts", "ratio", share, Goal(0.4), notes),
        Figure("disk", "bytes/resource", size, Goal(2000, 1200, low=True), notes),
    ]


def _material(bench: Bench) -> tuple[list[Path], str]:
    """The files to import, and where they come from."""
    if bench.material is not None:
        return [bench.material], bench.material.name
    folder = bench.work / "material"
    folder.mkdir(exist_ok=True)
    bench.say(f"import: making {BUNDLES} bundles, for there are no public ones here")
    for number, bundle in enumerate(bench.bundles(BUNDLES)):
        (folder / f"{number:04d}.json").write_bytes(dump(bundle))
    return [folder], "made up"


def _start(bench: Bench, place: Place, number: int) -> float:
    """What `charthouse import` takes for a file with next to nothing in it, into a record of its own."""
    bare = empty(bench, f"start-{number}")
    file = bench.work / "one.json"
    file.write_text(SMALLEST, encoding="utf-8")
    try:
        for target in (bare, place):
            timed(charthouse("init", *target.options))
        return _import(bench, bare, [file])[0]
    finally:
        bare.remove()


def _import(bench: Bench, place: Place, files: list[Path]) -> tuple[float, int]:
    """Import into a new record: the seconds of the process, and the resources that are there after it."""
    refused = bench.work / "refused.ndjson"
    seconds, printed = timed(
        charthouse("import", *map(str, files), *place.options, "--refused", str(refused), "--json")
    )
    report = json.loads(printed)
    if report["refused"]:
        raise wrong(f"{report['refused']} resources were refused")
    return seconds, int(report["created"]) + int(report["versions"])

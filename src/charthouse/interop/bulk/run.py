"""One import from start to end: reading, making ready (in other processes where it pays), writing, telling."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import hashlib
import os
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from charthouse.access.actor import SYSTEM
from charthouse.access.intake import under_way
from charthouse.access.preparer import Preparer
from charthouse.interop.bulk import sent, worker
from charthouse.interop.bulk.importer import Importer, Totals
from charthouse.interop.bulk.ready import Kitchen, Ready
from charthouse.interop.bulk.refused import Refused
from charthouse.interop.bulk.sources import Document, Refusal, documents, total_size

WORTH_PROCESSES: Final = (
    1_000_000  # packed bytes below which starting other processes takes longer than it saves
)
AHEAD: Final = 4  # documents being made ready for each process


def load(
    clinic: Any,
    paths: list[Path],
    *,
    refused: Path,
    new_ids: str | None = None,
    as_sent: bool = False,
    processes: int = 0,
    quiet: bool = False,
) -> dict[str, Any]:
    """Import everything below `paths`; returns the report that `told` puts into words."""
    with _collecting():
        return _load(clinic, paths, refused, new_ids, as_sent=as_sent, processes=processes, quiet=quiet)


@contextmanager
def _collecting() -> Iterator[None]:
    """Look for cycles less often for the time of an import."""
    before = gc.get_threshold()
    gc.set_threshold(*worker.COLLECTING)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _load(
    clinic: Any,
    paths: list[Path],
    refused: Path,
    new_ids: str | None,
    *,
    as_sent: bool,
    processes: int,
    quiet: bool,
) -> dict[str, Any]:
    intake = clinic.intake(SYSTEM)
    paths = [Path(os.path.abspath(path)) for path in paths]  # however they are named, what is done is known
    size = total_size(paths)
    name = _run_name(paths, new_ids, as_sent=as_sent)
    with _alone(clinic, name), Refused(refused) as sheet, _bar(quiet) as bar:
        task = bar.add_task("import", total=size, found=0, rate=0.0)
        marks = intake.marks(name)

        def advance(totals: Totals, done: int) -> None:
            bar.update(task, advance=done, found=totals.found)
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(task, rate=totals.found / elapsed if elapsed else 0.0)

        importer = Importer(intake, marks, sheet, advance)
        if as_sent:
            asyncio.run(sent.run(clinic.gate, documents(paths), marks, importer))
        else:
            if intake.has_patients():
                _meet_patients(paths, intake.preparer, new_ids, importer)
            with closing(_units(paths, intake, new_ids, _processes(processes, size), importer)) as units:
                importer.run(units)
        marks.clear()
    totals = importer.totals
    return {
        "found": totals.found, "created": totals.created, "versions": totals.versions, "equal": totals.equal,
        "refused": totals.refused, "overlays": importer.overlays, "by_type": dict(sorted(totals.by_type.items())),
        "refused_file": str(refused) if totals.refused else None,
    }  # fmt: skip


def told(report: dict[str, Any]) -> Iterator[str]:
    """The report in lines for a person."""
    yield f"{report['found']:>9} found"
    yield f"{report['created']:>9} created"
    yield f"{report['versions']:>9} became the next version of a resource with other content"
    yield f"{report['equal']:>9} already here with the same content"
    yield f"{report['refused']:>9} refused" + (
        f", see {report['refused_file']}" if report["refused_file"] else ""
    )
    for patient, fields in report["overlays"].items():
        yield f"          possible overlay of {patient}: {', '.join(fields)} contradict"


def _run_name(paths: list[Path], new_ids: str | None, *, as_sent: bool) -> str:
    """What a stopped import must have in common with the one that goes on."""
    text = "\n".join([str(path) for path in paths] + [str(new_ids), str(as_sent)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextmanager
def _alone(clinic: Any, name: str) -> Iterator[None]:
    """Hold the run in a data folder: two processes at it would do each unit twice, or stop each other."""
    if clinic.settings.database_url:
        yield  # its marks see to it
        return
    with (clinic.settings.data / "import.lock").open("a+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(name[:12], 16))
        except OSError:
            raise under_way() from None
        yield


def _bar(quiet: bool) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.fields[found]:>9,} resources"), BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]:>7,.0f}/s"), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(), disable=quiet, transient=False,
    )  # fmt: skip


def _processes(asked: int, size: int) -> int:
    if asked:
        return asked
    return 1 if size < WORTH_PROCESSES else max(1, min(4, os.cpu_count() or 1))


def _units(
    paths: list[Path], intake: Any, new_ids: str | None, processes: int, importer: Importer
) -> Generator[Ready, None, None]:
    """The units of all documents in order; documents that cannot be read are refused on the way."""
    found = documents(paths)
    if processes == 1 or intake.needs_record:
        kitchen = Kitchen(intake.preparer.definitions, intake.preparer, new_ids)
        for document in found:
            if isinstance(document, Refusal):
                importer.refuse(document)
            else:
                yield from kitchen.units(document)
        return
    began = intake.own()
    with ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=worker.begin,
        initargs=(*intake.alone, began, new_ids),
    ) as pool:
        waiting: deque[tuple[Document, Future[list[Ready]]]] = deque()
        for document in found:
            if isinstance(document, Refusal):
                importer.refuse(document)
                continue
            own = intake.own()
            later = None if own == began else own  # they rarely change, and take their time to send
            waiting.append((document, pool.submit(worker.cook, document, later)))
            while len(waiting) > AHEAD * processes or (waiting and waiting[0][1].done()):
                yield from _served(*waiting.popleft())
        while waiting:
            yield from _served(*waiting.popleft())


def _served(document: Document, future: Future[list[Ready]]) -> Iterator[Ready]:
    for ready in future.result():
        yield replace(ready, content=document.content)


def _meet_patients(paths: list[Path], preparer: Preparer, new_ids: str | None, importer: Importer) -> None:
    """Compare every Patient with who is here before anything is written, whatever the order of the files."""
    kitchen = Kitchen(preparer.definitions, preparer, new_ids)
    for document in documents(paths):
        if isinstance(document, Refusal) or not _mentions_patients(document):
            continue
        importer.meet(kitchen.patients(document))


def _mentions_patients(document: Document) -> bool:
    return b'"Patient"' in document.content or (document.is_xml and b"<Patient" in document.content)

"""Doing what the search index lacks: in the background of a serving process, or by a command that waits for it."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from charthouse.base import log
from charthouse.base.errors import Category, Problem
from charthouse.db.trouble import Collision
from charthouse.store.index.sources import OWN
from charthouse.store.parameters import EVERYTHING, Waiting
from charthouse.store.record import Record
from charthouse.store.reindex import Reindex

FILE: Final = "reindex.lock"
PAUSE: Final = 1.0  # seconds between two looks for work
LATER: Final = 5.0  # ... after a failure, or where another process is at it
LEAST_REST: Final = 0.002
BARRIER: Final = 0.05  # seconds until it is looked again whether earlier writers have ended


@dataclass(slots=True)
class Report:
    """What was done: resources gone through by type, index rows that changed, and the seconds it took."""

    resources: dict[str, int] = field(default_factory=dict)
    changed: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """All resources."""
        return sum(self.resources.values())


def told(one: Waiting) -> dict[str, Any]:
    """One that is not complete, for people and programs."""
    name = one.code.partition(OWN)[0]
    return {
        "type": one.type, "parameter": name, "percent": 0 if one.mark < 0 else one.percent, "done": one.done,
        "of": one.live, "searches_say_so": one.code != EVERYTHING,
    }  # fmt: skip


def status(record: Record) -> list[dict[str, Any]]:
    """What is not complete, with how much of it is done."""
    return [told(one) for one in record.parameters.passes(record.connection())]


def again(record: Record, types: Sequence[str] = ()) -> None:
    """Have all rows of these types (all that there are, where none is given) made anew, or go on with that."""
    tallies = record.reader.tallies(record.connection())
    with closing(Reindex(record)) as reindex:
        reindex.again([type for type in tallies if not types or type in types])


@contextmanager
def alone(record: Record, reindex: Reindex) -> Iterator[bool]:
    """Whether no other process is at this record's index; nobody else is for as long as this lasts."""
    folder = record.place.path.parent if record.place.path is not None else None
    if folder is None:
        yield reindex.hold()
        return
    with (folder / FILE).open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def run(
    record: Record,
    types: Sequence[str] = (),
    progress: Callable[[Report, int], None] = lambda report, left: None,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Do all that waits (of `types`, where some are given), and return when nothing does; where another process is
    at it, wait for that. `progress(report, left)` hears how many resources are left. Writers are let in between."""
    report, begin = Report(), time.monotonic()
    with closing(Reindex(record)) as reindex:
        while not should_stop():
            with alone(record, reindex) as is_mine:
                if is_mine and _finish(reindex, types, report, progress, should_stop):
                    break
            left = _left(reindex, types)
            progress(report, left)
            if not left and not any(not types or one.type in types for one in reindex.waiting()):
                break
            time.sleep(PAUSE)
    report.seconds = time.monotonic() - begin
    return report


def _finish(
    reindex: Reindex,
    types: Sequence[str],
    report: Report,
    progress: Callable[[Report, int], None],
    should_stop: Callable[[], bool],
) -> bool:
    """Slice after slice until nothing waits; whether it came to that."""
    while not should_stop():
        try:
            done = reindex.step(types)
        except (Problem, Collision) as failure:
            if isinstance(failure, Problem) and failure.category not in (Category.BUSY, Category.TOO_COSTLY):
                raise
            time.sleep(PAUSE)
            continue
        if done is None:
            return True
        if not done.resources and not done.seconds:
            time.sleep(BARRIER)
            continue
        report.resources[done.type] = report.resources.get(done.type, 0) + done.resources
        report.changed += done.changed
        progress(report, _left(reindex, types))
        time.sleep(max(LEAST_REST, done.seconds))  # half of the time belongs to others
    return False


def _left(reindex: Reindex, types: Sequence[str]) -> int:
    """How many resources are still to be gone through."""
    left: dict[str, int] = {}
    for one in reindex.waiting():
        if not types or one.type in types:
            left[one.type] = max(left.get(one.type, 0), 0, one.live - one.done)
    return sum(left.values())


class Background:
    """A thread that does what waits, for the serving process; it sleeps where nothing does."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._log = log.get("reindex")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="reindex", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the slice under way; what is left goes on with the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _serve(self) -> None:
        pause = PAUSE
        while not self._stop.wait(pause):
            try:
                pause = LATER if self._work() is None else PAUSE
            except Exception as error:  # noqa: BLE001 - whatever went wrong, the next attempt must come
                self._log.error("reindex.failed", failure=error)
                pause = LATER

    def _work(self) -> Report | None:
        """Do what waits; None where another process is at it."""
        if not self._record.parameters.passes(self._record.connection()):
            return Report()
        report, begin = Report(), time.monotonic()
        with closing(Reindex(self._record)) as reindex, alone(self._record, reindex) as is_mine:
            if not is_mine:
                return None
            self._log.info("reindex.begun", waiting=len(reindex.waiting()))
            _finish(reindex, (), report, lambda report, left: None, self._stop.is_set)
        seconds = round(time.monotonic() - begin, 1)
        self._log.info("reindex.done", resources=report.total, rows=report.changed, seconds=seconds)
        return report

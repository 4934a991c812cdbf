"""The records that are measured: made for the purpose, filled through the intake door, and served for real."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from os import getpid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from charthouse.access.actor import SYSTEM
from charthouse.access.intake import Change, Intake, Written
from charthouse.access.preparer import Preparer
from charthouse.ops.bench import invented, process
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.place import Place
from charthouse.ops.bench.process import Server, charthouse, free_port, running
from charthouse.ops.bench.unaudited import PROFILE
from charthouse.ops.bench.wrong import wrong
from charthouse.validation.validator import Level

if TYPE_CHECKING:
    from charthouse.app import Clinic

WORTH_PROCESSES: Final = 50_000  # resources below which other processes are not worth their start
AHEAD: Final = 4
PERSON: Final = "bench.clinician"
ROLE: Final = "clinician"
WHOLE: Final = "bench.administrator"  # whom no policy bounds

_preparer: Preparer  # of a worker process, set once when it starts


@dataclass(frozen=True, slots=True)
class Size:
    """How many patients, and how many visits, problems, measurements and `invented.extras` each of them has."""

    patients: int
    visits: int
    problems: int
    measures: int
    extras: int = 0

    @property
    def resources(self) -> int:
        """All together."""
        return self.patients * (
            1 + self.visits + self.problems + self.measures + self.extras * len(invented.EXTRAS)
        )

    def chart(self, number: int) -> Iterator[invented.Tree]:
        """Everything of the patient of that number."""
        return invented.chart(number, self.visits, self.problems, self.measures, self.extras)

    def ids(self) -> Iterator[str]:
        """Type and id of each, as in an address."""
        for number in range(self.patients):
            yield f"Patient/{invented.patient_id(number)}"
            yield from (f"Encounter/bench-{number}-{place}" for place in range(self.visits))
            yield from (f"Condition/bench-{number}-c{place}" for place in range(self.problems))
            yield from (f"Observation/bench-{number}-o{place}" for place in range(self.measures))


SMALL: Final = Size(100, 10, 9, 100)  # 12,000 resources


class House:
    """A record with its token, ready to be served."""

    def __init__(self, bench: Bench, place: Place, size: Size) -> None:
        self.bench = bench
        self.place = place
        self.size = size
        words = charthouse("token", *place.options, "--client", "bench", "--scope", "system/*.cruds")
        self.token = process.timed(words, place.settings)[1].strip()

    @property
    def headers(self) -> tuple[str, ...]:
        """What a client that may do everything sends."""
        return (f"Authorization: Bearer {self.token}", "Content-Type: application/fhir+json")

    @property
    def credentials(self) -> dict[str, str]:
        """The same for `Server.ask`."""
        return dict(line.split(": ", 1) for line in self.headers)

    @contextmanager
    def served(self) -> Iterator[Server]:
        """`charthouse serve` on a free port."""
        port = free_port()
        words = charthouse("serve", *self.place.options, "--port", str(port))
        with running(words, port, self.bench.work, settings=self.place.settings) as server:
            yield server

    @contextmanager
    def unaudited(self) -> Iterator[Server]:
        """The same record, or a copy of it, served without its read audit."""
        twin = self.place.twin(f"{self.place.folder.name}-unaudited")
        port = free_port()
        try:
            with running(self.bench.unaudited(twin, port), port, self.bench.work) as server:
                yield server
        finally:
            if twin != self.place:
                twin.remove()

    def sign_in(self, server: Server, person: str = PERSON) -> str:
        """A session of a clinician, or of another person: the Cookie header that carries it."""
        link = process.timed(charthouse("token", *self.place.options, "--user", person))[1].strip()
        status, headers, _ = server.ask(link[link.index("/", 8) :])
        if status != 303:
            raise wrong(f"signing in answered {status}")
        return "Cookie: " + "; ".join(cookie.split(";", 1)[0] for cookie in headers.get_all("set-cookie", []))


@contextmanager
def constant(bench: Bench, size: int) -> Iterator[Server]:
    """The server of constant bytes."""
    port = free_port()
    command = [sys.executable, "-m", "charthouse.ops.bench.constant", str(port)]
    with running(command, port, bench.work, f"/{size}") as server:
        yield server


def empty(bench: Bench, name: str) -> Place:
    """A new place of that name for the time of this run; nothing is in it yet."""
    schema = f"charthouse_bench_{getpid()}_{name.replace('-', '_')}"
    return Place(bench.work / name, bench.url, schema).make()


@contextmanager
def house(bench: Bench, name: str, size: Size = SMALL, key_file: Path | None = None) -> Iterator[House]:
    """A new record of that size, gone after the `with`; encrypted where a key is given."""
    place = replace(empty(bench, name), key_file=key_file)
    try:
        bench.say(f"{name}: making a record of {size.resources:,} resources")
        found(bench, place, size, lambda done: None)
        yield House(bench, place, size)
    finally:
        place.remove()


def found(bench: Bench, place: Place, size: Size, progress: Callable[[int], None]) -> None:
    """Make the record of `place`: its clinician, and its patients through the intake door."""
    clinic = bench.opened(place)
    try:
        clinic.record.state("profile", PROFILE)
        clinic.write(lambda connection: clinic.people.add(connection, PERSON, "Bench", [ROLE]))
        clinic.write(lambda connection: clinic.people.add(connection, WHOLE, "Bench", ["administrator"]))
        fill(clinic, size, progress)
    finally:
        clinic.close()
    place.settle()


def fill(clinic: Clinic, size: Size, progress: Callable[[int], None]) -> None:
    """Write the charts of all patients, each in one transaction; `progress` gets the resources so far."""
    intake = clinic.intake(SYSTEM, PROFILE)
    under_way: deque[Future[list[Written]]] = deque()
    done = 0
    for changes in _prepared(intake, size):
        under_way.append(intake.submit(changes))
        while len(under_way) > AHEAD:
            done += len(under_way.popleft().result())
            progress(done)
    while under_way:
        done += len(under_way.popleft().result())
    progress(done)


def _prepared(intake: Intake, size: Size) -> Iterator[list[Change]]:
    if size.resources < WORTH_PROCESSES:
        for number in range(size.patients):
            yield chart(intake.preparer, number, size)
        return
    with ProcessPoolExecutor(
        2, mp_context=get_context("spawn"), initializer=_open, initargs=intake.alone
    ) as pool:
        waiting: deque[Future[list[Change]]] = deque()
        for number in range(size.patients):
            waiting.append(pool.submit(_chart, number, size))
            if len(waiting) > 8 * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def chart(preparer: Preparer, number: int, size: Size) -> list[Change]:
    """The chart of one patient as changes for the intake."""
    return changes(preparer, size.chart(number), 0)


def changes(preparer: Preparer, trees: Iterable[invented.Tree], expected: int) -> list[Change]:
    """Resources as changes for the intake; `expected` is the version that each of them has by now."""
    make = partial(Change, "PUT")
    return [
        make(tree["resourceType"], tree["id"], preparer(tree, tree["resourceType"]), expected=expected)
        for tree in trees
    ]


def _open(dictionaries: Sequence[tuple[int, bytes]], bases: Sequence[str], level: Level) -> None:
    global _preparer  # noqa: PLW0603 - the worker process is this preparer
    _preparer = Preparer.alone(dictionaries, bases, level)


def _chart(number: int, size: Size) -> list[Change]:
    return chart(_preparer, number, size)

"""`bench search`, second part: the thirty questions of a clinic's day in a large record and in a small one.

Each question is asked alone, over one connection; then all of them together, as often as a day asks them: at a fixed
rate, and as fast as the server answers. Before anything is timed every answer is compared with what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from charthouse.ops.bench import asking, disk, invented, kept, load
from charthouse.ops.bench.asking import Question
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import House, constant
from charthouse.ops.bench.ledger import Ledger
from charthouse.ops.bench.load import Answered, Request
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.reading import CONNECTIONS, as_run, sent, warm
from charthouse.ops.bench.shapes import SHAPES, Shape
from charthouse.ops.bench.wrong import wrong

ALONE: Final = 50  # ms that the p99 of a question asked alone stays below
TOGETHER: Final = 100  # the same in the load of a day
OFFERED: Final = 50  # requests a second that a day has at its busiest
GROWTH: Final = 2  # times that a question may take longer in the large record, where its answer is no longer
LONGER: Final = 1.2  # times from which on an answer counts as longer
MIXED: Final = 4_000  # requests in the file of a day


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of one shape to one server: their file, and how long the answers are in the middle."""

    shape: Shape
    file: Path
    paths: Sequence[str]
    found: float
    length: float


@dataclass(frozen=True, slots=True)
class Clinic:
    """A record that is served, with the questions to it."""

    home: House
    server: Server
    asked: Mapping[str, Asked]


@dataclass(frozen=True, slots=True)
class Round:
    """What one run gave: of each question its times in the small record and in the large one, and the load of a day."""

    alone: Mapping[str, tuple[Answered, Answered]]
    offered: Answered
    filled: Answered
    floors: Mapping[str, float]


def measure(bench: Bench) -> list[Figure]:
    """A figure for each question, how much slower it becomes, and the load of a day."""
    sizes = sorted({min(bench.small, bench.resources), bench.resources})
    with ExitStack() as stack:
        clinics = [stack.enter_context(_clinic(bench, size)) for size in sizes]
        small, large = clinics[0], clinics[-1]
        nothing = stack.enter_context(constant(bench, 1000))
        day = load.write(bench.work / "day.txt", _day(large))
        warm(bench, large.server, day, large.home.headers)
        rounds = []
        for number in range(bench.runs):
            bench.round("search, a day's questions", number)
            rounds.append(_round(bench, small, large, nothing, day))
    figures = [_figure(shape, rounds, small, large) for shape in SHAPES]
    notes = {"resources": large.home.size.resources, "client": bench.client, "connections": CONNECTIONS}
    offered = [
        Run(one.offered.p50, one.offered.p50, one.offered.p95, one.offered.p99, one.floors) for one in rounds
    ]
    filled = [as_run(one.filled, dict(one.floors)) for one in rounds]
    return [
        *figures,
        _growth(figures),
        Figure(f"search, a day's load at {OFFERED}/s", "ms", offered, Goal(p99=TOGETHER, low=True), notes),
        Figure("search, a day's load at most", "requests/s", filled, Goal(), notes),
    ]


def _round(bench: Bench, small: Clinic, large: Clinic, nothing: Server, day: Path) -> Round:
    floors = _floors(bench, nothing)
    alone: dict[str, tuple[Answered, Answered]] = {}
    for shape in SHAPES:
        there = _alone(bench, large, shape)
        alone[shape.name] = (there if small is large else _alone(bench, small, shape), there)
    headers = large.home.headers
    offered = load.offer(
        large.server.port,
        day,
        rate=OFFERED,
        connections=CONNECTIONS,
        seconds=2 * bench.seconds,
        headers=headers,
    )
    return Round(alone, offered, sent(bench, large.server, day, headers, bench.seconds), floors)


@contextmanager
def _clinic(bench: Bench, resources: int) -> Iterator[Clinic]:
    """A served record whose answers were found to be right; `Problem(fault)` with the first that are not."""
    size = kept.sized(resources)
    place = kept.record(bench, "search", size)
    bench.say(f"search: counting what must be found among {size.resources:,} resources")
    moment = datetime.fromtimestamp(kept.since(bench, place) / 1000, UTC)
    since = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    try:
        home = House(bench, place, size)
        with home.served() as server:
            yield Clinic(home, server, questions_of(bench, home, server, Ledger(size, since)))
    finally:
        kept.tidy(place)


def questions_of(bench: Bench, home: House, server: Server, ledger: Ledger) -> dict[str, Asked]:
    """The questions of all shapes, after a look at each answer."""
    made: dict[str, Asked] = {}
    differences: list[str] = []
    for number, shape in enumerate(SHAPES):
        questions = asking.questions(shape, ledger)
        paths: list[str] = []
        for question in questions:
            path, found = asking.page(server, home.credentials, question)
            paths.append(path)
            differences += found
        file = bench.work / f"shape-{home.size.resources}-{number}.txt"
        load.write(file, [Request("GET", path) for path in paths])
        made[shape.name] = Asked(
            shape, file, paths, median(len(one.found) for one in questions),
            median(_length(one) for one in questions),
        )  # fmt: skip
    if differences:
        for text in differences:
            bench.say(f"search: WRONG: {text}")
        raise wrong(f"{len(differences)} answers are wrong, e.g. {'; '.join(differences[: asking.TOLD])}")
    return made


def _length(question: Question) -> float:
    """How long an answer is: what is on its page, and what was counted for it where the number was asked for."""
    counted = any(name == "_total" for name, _ in question.shape.asks)
    return len(question.found) if counted else min(question.shape.count, len(question.found))


def _alone(bench: Bench, clinic: Clinic, shape: Shape) -> Answered:
    seconds = max(1, bench.seconds // 5)
    file = clinic.asked[shape.name].file
    return sent(bench, clinic.server, file, clinic.home.headers, seconds, connections=1)


def _floors(bench: Bench, nothing: Server) -> dict[str, float]:
    """What an answer takes on this machine when there is nothing to find, and a page on its disk."""
    floor = load.write(bench.work / "constant.txt", [Request("GET", "/1000")])
    return {
        "constant_bytes_ms": sent(bench, nothing, floor, (), 1, connections=1).p50,
        "fdatasync_p50_ms": disk.sync_ms(bench.work),
    }


def _day(clinic: Clinic) -> Iterator[Request]:
    """Questions of all shapes, as often as a day asks each of them."""
    random = invented.chance(29)
    for shape in random.choices(SHAPES, weights=[shape.weight for shape in SHAPES], k=MIXED):
        yield Request("GET", random.choice(clinic.asked[shape.name].paths))


def _figure(shape: Shape, rounds: Sequence[Round], small: Clinic, large: Clinic) -> Figure:
    """One question: the p50 in the large record, beside that in the small one."""
    runs = []
    for one in rounds:
        here, there = one.alone[shape.name]
        floors = {"small_ms": here.p50, "growth": there.p50 / here.p50, **one.floors}
        runs.append(Run(there.p50, there.p50, there.p95, there.p99, floors))
    before, after = small.asked[shape.name], large.asked[shape.name]
    notes = {
        "why": shape.why, "search": f"{shape.of}?{'&'.join('='.join(pair) for pair in shape.asks)}",
        "questions": len(after.paths), "found": after.found, "found_in_small": before.found,
        "resources": large.home.size.resources, "resources_of_small": small.home.size.resources,
        "answer_grows": after.length > LONGER * max(before.length, 1),
    }  # fmt: skip
    return Figure(f"search: {shape.name}", "ms", runs, Goal(shape.must, p99=ALONE, low=True), notes)


def _growth(figures: Sequence[Figure]) -> Figure:
    """The most that a question whose answer is no longer takes longer in the large record."""
    grown = {figure.name: figure.floors["growth"] for figure in figures if not figure.notes["answer_grows"]}
    worst = sorted(grown, key=lambda name: -grown[name])
    notes = {"worst": {name: round(grown[name], 2) for name in worst[:5]}, "questions": len(grown)}
    return Figure("search, most growth", "times", [Run(grown[worst[0]])], Goal(GROWTH, low=True), notes)

"""`bench codes`: how often the search for codes finds the right one, and how fast, in the shipped file.

The phrases and their codes were written down before the search was made, by someone who had not seen it;
half of them were held out of all tuning.
"""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

from charthouse.db import queries
from charthouse.db.connect import Connection, Place
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.wrong import wrong
from charthouse.terminology.find.finder import Finder
from charthouse.terminology.shelf import Shipped

HALVES: Final = ("tune", "held")
FEW: Final = 5  # codes that are looked at for "in the first five"

_SYSTEM: Final = "icd-10-cm"
_SYSTEMS: Final = ("icd-10-cm", "icd-10-pcs")  # searched together where time is measured
_ASKED: Final = 20
_PARTS: Final = re.compile(r"[;, ]+")
_WORDS: Final = re.compile(r"[a-z0-9]+")


class Phrase(NamedTuple):
    """What somebody looks for, and the codes that answer it."""

    text: str
    codes: frozenset[str]


class Score(NamedTuple):
    """Of some phrases the share (percent) whose code came first, and among the first five; ms for each."""

    first: float
    few: float
    times: list[float]


Search = Callable[[str], Sequence[str]]


def measure(bench: Bench) -> list[Figure]:
    """Right codes first and among the first five (percent), and ms for a search of both systems."""
    file = Path(str(resources.files("charthouse.terminology") / "codes.db"))
    if not file.exists():
        raise wrong("there is no shipped file of code systems; build the program first", value=file)
    shares: dict[tuple[str, str], list[Run]] = {}
    times: list[Run] = []
    with closing(Shipped(Place(path=file, is_fixed=True))) as shipped:
        finder = Finder(shipped.connection)
        plain = plainly(shipped.connection(), finder.lexicon(_SYSTEM).system.system.id)
        finder.find("fever", _SYSTEMS)  # reads the words
        for number in range(bench.runs):
            bench.round("codes", number)
            slow: list[float] = []
            for half in HALVES:
                asked = phrases(half)
                found = score(asked, lambda text: [hit.code for hit in finder.find(text, (_SYSTEM,), _ASKED)])
                floor = score(asked, plain)
                slow += floor.times
                shares.setdefault((half, "first"), []).append(
                    Run(found.first, floors={"plain_words": floor.first})
                )
                shares.setdefault((half, "first five"), []).append(
                    Run(found.few, floors={"plain_words": floor.few})
                )
            both = score(
                [each for half in HALVES for each in phrases(half)],
                lambda text: [hit.code for hit in finder.find(text, _SYSTEMS, _ASKED)],
            ).times  # fmt: skip
            times.append(Run(
                _percentile(both, 50), _percentile(both, 50), _percentile(both, 95), _percentile(both, 99),
                {"plain_words_ms": _percentile(slow, 50)},
            ))  # fmt: skip
    goals = {("held", "first"): Goal(70), ("held", "first five"): Goal(90)}
    return [
        *(
            Figure(f"right code {place}, {half} half", "%", runs, goals.get((half, place), Goal()))
            for (half, place), runs in shares.items()
        ),
        Figure("search for a code", "ms", times, Goal(aim=10, p99=30, low=True), {"systems": list(_SYSTEMS)}),
    ]


def phrases(half: str) -> list[Phrase]:
    """The phrases of a half (`tune` or `held`) of `phrases.csv`."""
    text = (resources.files("charthouse.ops.bench") / "phrases.csv").read_text(encoding="utf-8")
    return [
        Phrase(row["phrase"], frozenset({row["code"], *_PARTS.split(row["also"])} - {""}))
        for row in csv.DictReader(text.splitlines())
        if row["half"] == half
    ]


def score(asked: Sequence[Phrase], search: Search) -> Score:
    """How a search does on some phrases."""
    first = few = 0
    times: list[float] = []
    for phrase in asked:
        begun = time.perf_counter()
        codes = search(phrase.text)
        times.append((time.perf_counter() - begun) * 1000)
        first += bool(phrase.codes & set(codes[:1]))
        few += bool(phrase.codes & set(codes[:FEW]))
    return Score(100 * first / len(asked), 100 * few / len(asked), times)


def plainly(connection: Connection, system: int) -> Search:
    """The floor: codes whose display has every word of the phrase, the shortest first."""
    sql = queries.load(__package__, "coding", "sqlite")

    def search(text: str) -> list[str]:
        words = json.dumps(_WORDS.findall(text.lower()))
        return [code for (code,) in connection.run(sql.plain, (system, words, FEW))]

    return search


def _percentile(values: Sequence[float], percent: int) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, len(ranked) * percent // 100)]

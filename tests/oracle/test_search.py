"""The search and a naive evaluator answer the same, for searches drawn from every cell that R4 lets a client ask."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.oracle.cells import CELLS, REFUSED, Cell, Query
from tests.oracle.conftest import LIMIT, House
from tests.oracle.held import fold, measures, strings
from tests.oracle.ranges import DAY, date_spans
from tests.oracle.several import mixed, of

EACH, MIXED = 2, 60  # searches of each cell, and of several parameters, in an ordinary run
EACH_SOAKED, MIXED_SOAKED = 25, 2000
_EPOCH = date(1970, 1, 1).toordinal() * DAY


def _now() -> int:
    return _EPOCH + time.time_ns() // 1000


def _many(count: int, strategy: Any, check: Callable[[Query], None], *, is_fixed: bool) -> None:
    """Check `count` searches that the strategy draws; the same ones in every run where it `is_fixed`."""
    phases = [Phase.generate] if is_fixed else [Phase.generate, Phase.shrink]

    @settings(
        max_examples=count, database=None, deadline=None, derandomize=is_fixed, phases=phases,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def each(query: Query) -> None:
        check(query)

    each()


class Bench:
    """Asks both, compares, and keeps count."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.drawing = house.drawing
        self.drawn: Counter[Cell] = Counter()
        self.found: Counter[Cell] = Counter()

    def compare(self, query: Query) -> None:
        """Both find the same, in an order that `_sort` asks for, and each once though the pages are short."""
        asked = [(name, value) for name, value in query.params if name != "_sort"]
        if query.cells[0] in REFUSED and self._is_refused(query):
            self.drawn.update(query.cells)
            return
        wanted = self.house.oracle.answer(query.type, asked, _now())
        is_walked = query.cells[0].kind == "_sort" or len(query.params) > 1
        count = max(len(wanted) // 3, 5) if is_walked else LIMIT
        found = self.house.ask(query.type, query.params, count)
        self.drawn.update(query.cells)
        self.found.update(query.cells if wanted else ())
        assert len(found) == len(set(found)), f"twice in {query}"
        many, missed = sorted(set(found) - wanted), sorted(wanted - set(found))
        assert set(found) == wanted, f"{query}\n too many: {many[:5]}\n missed: {missed[:5]}"
        for name, value in query.params:
            if name == "_sort":
                self.ordered(query.type, value, found)

    def _is_refused(self, query: Query) -> bool:
        """Whether it is answered with 400 and a word on what is not supported."""
        answer = self.house.caller.get(query.type, params=list(query.params))
        if answer.status_code != 400:
            return False
        assert answer.json()["issue"][0]["code"] in ("not-supported", "value"), answer.text
        return True

    def ordered(self, type: str, key: str, found: list[str]) -> None:
        """What has a value stands before what has none, and the values do not go back."""
        code, is_down = key.removeprefix("-"), key.startswith("-")
        keys = [self._key(type, one, code, is_down) for one in found]
        held = [one for one in keys if one is not None]
        assert keys[: len(held)] == held, f"{type}?_sort={key}: something without a value is not at the end"
        assert held == sorted(held, reverse=is_down), f"{type}?_sort={key}: {held[:20]}"

    def _key(self, type: str, id: str, code: str, is_down: bool) -> Any:
        """What a resource is sorted by: of several values the one that comes first, of a range its start."""
        oracle = self.house.oracle
        param = oracle.values.param(type, code)
        assert param is not None
        found: list[Any] = []
        for value in oracle.values.of(oracle.trees[f"{type}/{id}"], code):
            match param.type:
                case "date":
                    found += [one.low for one in date_spans(value.type, value.data)]
                case "number" | "quantity":
                    found += [one.low for one, _ in measures(value)]
                case "string":
                    found += [fold(one) for one in strings(value)]
                case "token":
                    codes = [one for _, one in oracle.tokens(value) if one]
                    found += [one.casefold() for one in codes] if value.type == "string" else codes
                case _:
                    found.append(value.data)
        return (max if is_down else min)(found) if found else None

    def table(self) -> str:
        """Every cell with how many searches were drawn of it, and how many found something."""
        lines = [f"{'kind':12} {'modifier':10} {'prefix':6} {'form':22} {'drawn':>6} {'found':>6}"]
        lines += [
            f"{cell.kind:12} {cell.modifier:10} {cell.prefix:6} {cell.form:22} "
            f"{self.drawn[cell]:6} {self.found[cell]:6}"
            for cell in sorted({*CELLS, *REFUSED})
        ]
        total = sum(self.drawn.values())
        return "\n".join([*lines, f"{len(self.drawn)} cells, {total} parameters drawn"])


def _run(house: House, each: int, together: int, *, is_fixed: bool) -> Bench:
    bench = Bench(house)
    for cell in (*CELLS, *REFUSED):
        _many(each if cell in CELLS else 1, of(bench.drawing, cell), bench.compare, is_fixed=is_fixed)
    _many(together, mixed(bench.drawing), bench.compare, is_fixed=is_fixed)
    print(f"\n{bench.table()}")
    missed = [cell for cell in (*CELLS, *REFUSED) if not bench.drawn[cell]]
    assert not missed, f"legal, but not drawn: {missed}"
    return bench


def test_the_search_finds_what_looking_at_every_resource_finds(house: House) -> None:
    _run(house, EACH, MIXED, is_fixed=True)


@pytest.mark.soak
def test_the_search_finds_the_same_for_thousands_of_searches(house: House) -> None:
    bench = _run(house, EACH_SOAKED, MIXED_SOAKED, is_fixed=False)
    barren = [cell for cell in CELLS if not bench.found[cell]]
    assert not barren, f"drawn, but never with a result: {barren}"


def test_the_oracle_knows_nothing_of_the_program_but_the_definitions() -> None:
    for path in Path(__file__).parent.glob("*.py"):
        if path.name not in ("conftest.py", Path(__file__).name):
            used = set(re.findall(r"(?:from|import) (charthouse[.\w]*)", path.read_text("utf-8")))
            assert used <= {"charthouse.fhir.definitions"}, path.name

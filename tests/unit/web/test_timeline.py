"""The timeline: pages that neither repeat nor miss an entry."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charthouse.web.chart.timeline import Cut, Month, cut, left, months
from tests.unit.web.makers import CONTEXT, READER, concept, observation, pressure


def visit(id: str, when: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "class": {"code": "AMB"},
        "period": {"start": when} if when else {},
    }


def shot(id: str, when: str) -> dict[str, Any]:
    return {
        "resourceType": "Immunization",
        "id": id,
        "status": "completed",
        "vaccineCode": concept("Flu"),
        "occurrenceDateTime": when,
    }


@dataclass
class Window:
    """A page as the view makes it: what is cut, then read."""

    cut: Cut

    @property
    def months(self) -> tuple[Month, ...]:
        return months(self.cut, CONTEXT)

    @property
    def before(self) -> str:
        return self.cut.before


def window(found: Mapping[str, Sequence[Any]], unfinished: Sequence[str], *, before: str = "") -> Window:
    return Window(cut(found, unfinished, READER, before=before))


def test_entries_are_grouped_by_month_newest_first() -> None:
    made = window({"v": [visit("a", "2026-11-12"), visit("b", "2026-11-03"), visit("c", "2026-09-01")]}, [])
    assert [(month.name, [entry.id for entry in month.entries]) for month in made.months] == [
        ("Nov 2026", ["a", "b"]),
        ("Sep 2026", ["c"]),
    ]
    assert made.before == ""


def test_a_page_ends_where_a_type_was_not_read_further() -> None:
    found = {
        "v": [visit("a", "2026-11-12"), visit("b", "2026-10-01")],
        "s": [shot("x", "2026-11-01"), shot("y", "2026-01-01")],
    }
    made = window(found, ["v"])
    assert [entry.id for month in made.months for entry in month.entries] == ["a", "x"]
    assert made.before == "2026-10-01T00:00:00.000Z"
    assert left(found["v"], made.before, READER)


def test_vital_signs_taken_together_are_one_entry() -> None:
    category = [concept("", "vital-signs")]
    trees = [
        pressure("b", "128", "76", "2026-11-12T08:42:00Z") | {"category": category},
        observation("w", "29463-7", "86.4", "kg", "2026-11-12T08:42:00Z", category=category),
    ]
    entries = window({"o": trees}, []).months[0].entries
    assert [entry.title for entry in entries] == ["Vital signs"]
    assert "Weight 86.4 kg" in entries[0].detail


def test_results_that_a_report_lists_are_not_listed_again() -> None:
    report = {
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": concept("Panel"),
        "effectiveDateTime": "2026-11-12", "result": [{"reference": "Observation/a"}],
    }  # fmt: skip
    trees = [
        observation("a", "a", "1", "u", "2026-11-12"),
        observation("b", "b", "1", "u", "2026-11-12", "Alone"),
    ]
    entries = window({"o": trees, "r": [report]}, []).months[0].entries
    assert sorted(entry.title for entry in entries) == ["Alone", "Panel"]


def test_an_entry_without_a_date_comes_once_at_the_very_end() -> None:
    found = {"v": [visit("a", "2026-11-12"), visit("u", "")]}
    assert [month.name for month in window(found, ["v"]).months] == []
    assert [month.name for month in window(found, []).months] == ["Nov 2026", "No date"]


def walk(types: Mapping[str, Sequence[dict[str, Any]]], size: int) -> list[str]:
    """All pages of a chart as the view reads them: from where each query stands, `size` at a time."""
    stands, before, seen = dict.fromkeys(types, 0), "", []
    for _ in range(1000):
        reach = dict.fromkeys(stands, size)
        while True:
            found = {name: types[name][at : at + reach[name]] for name, at in stands.items()}
            unfinished = [name for name, at in stands.items() if at + reach[name] < len(types[name])]
            made = window(found, unfinished, before=before)
            if made.cut.trees or not unfinished:
                break
            reach = {name: count + size for name, count in reach.items()}
        seen += [entry.id for month in made.months for entry in month.entries]
        if not made.before:
            return seen
        for name in list(stands):
            if not left(found[name], made.before, READER):
                stands[name] += len(found[name])
                if stands[name] >= len(types[name]):
                    del stands[name]
        before = made.before
    raise AssertionError("the walk does not end")


def test_a_walk_through_a_whole_chart_shows_every_entry_exactly_once() -> None:
    chance = random.Random(7)
    for _ in range(40):
        types: dict[str, list[dict[str, Any]]] = {"v": [], "s": []}
        for number in range(chance.randrange(60)):
            when = f"20{chance.randrange(10, 13)}-{chance.randrange(1, 4):02d}-{chance.randrange(1, 5):02d}"
            types["v"].append(visit(f"v{number}", when if chance.random() > 0.1 else ""))
            types["s"].append(shot(f"s{number}", when))
        types["v"].sort(key=lambda tree: tree["period"].get("start", ""), reverse=True)
        types["s"].sort(key=lambda tree: tree["occurrenceDateTime"], reverse=True)
        everything = sorted(tree["id"] for trees in types.values() for tree in trees)
        assert sorted(walk(types, chance.choice((3, 7, 20)))) == everything

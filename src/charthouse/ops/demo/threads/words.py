"""Turns of phrase that several threads use."""

from __future__ import annotations

from datetime import date

from charthouse.ops.demo import medications
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.life import Life
from charthouse.ops.demo.plan import Visit


def capital(text: str) -> str:
    """`text` with its first letter raised."""
    return text[:1].upper() + text[1:]


def regimen(life: Life, visit: Visit, *keys: str, keep: bool = True) -> str:
    """What happens to some drugs at a visit: start, change, stop, or continue."""
    rows = []
    started = [drug for drug in visit.started if drug.key.startswith(keys)]
    stopped = [drug for drug in visit.stopped if drug.key.startswith(keys)]
    for drug in started:
        stem = drug.key.split("-")[0]
        old = next((other for other in stopped if other.key.split("-")[0] == stem), None)
        if old:
            stopped.remove(old)
            rows.append(f"Change to {medications.brief(drug)}.")
        else:
            rows.append(f"Start {medications.brief(drug)}.")
    rows += [
        f"Stop {medications.brief(drug)} ({drug.because[:1].lower()}{drug.because[1:]})." for drug in stopped
    ]
    going = [
        medications.brief(drug)
        for drug in life.running(visit.day)
        if drug.key.startswith(keys) and drug not in started
    ]
    if keep and going:
        rows.append(f"Continue {listed(going)}.")
    return " ".join(rows)


def listed(things: list[str]) -> str:
    """a, b and c."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def recent(chart: Chart, key: str, visit: Visit, days: int = 14) -> float | None:
    """A value that is new for this visit."""
    row = chart.last(key, visit.end)
    return row[1] if row and (visit.start - row[0]).days <= days else None


def known(chart: Chart, key: str, visit: Visit) -> float | None:
    """The newest value known at a visit, however old."""
    row = chart.last(key, visit.end)
    return row[1] if row else None


def trend(chart: Chart, key: str, visit: Visit, step: float) -> str:
    """Up from / down from the value before, where it moved by more than `step`."""
    now, before = chart.last(key, visit.end), chart.last(key, visit.end, 1)
    if not now or not before or abs(now[1] - before[1]) < step:
        return ""
    return f"{'up' if now[1] > before[1] else 'down'} from {before[1]:g}"


def said_before(visit: Visit, day: date | None) -> bool:
    """Whether a day lies before a visit."""
    return day is not None and day < visit.day

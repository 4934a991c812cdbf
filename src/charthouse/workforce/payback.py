"""Whether a programme is worth its price: when the extra pay has covered it, by assumptions that are all shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import invalid
from charthouse.workforce.figure import Figure, Kind, Sources

MOST: Final = 1_000_000
FIELDS: Final = {
    "cost": "Fees, books and examination (US dollars)",
    "months": "Months it takes",
    "lost": "Pay given up meanwhile, in a month (US dollars)",
    "now": "Pay now, in a year (US dollars)",
    "then": "Pay after, in a year (US dollars)",
    "kept": "Share of extra pay that is left after taxes (percent)",
}


@dataclass(frozen=True, slots=True)
class Payback:
    """What comes out. `years` is None where the extra pay is nothing: then it never pays back in money."""

    spent: Figure
    gain: Figure
    kept: Figure
    years: Figure | None
    five: Figure
    ten: Figure


def read(words: Mapping[str, str]) -> dict[str, float]:
    """The assumptions in a query; raises `Problem(invalid)`. What is empty counts as nothing, `kept` as all."""
    found = {}
    for name in FIELDS:
        text = words.get(name, "").strip().replace(",", "").lstrip("$")
        try:
            value = float(text or (100 if name == "kept" else 0))
        except ValueError:
            value = -1.0
        most = {"kept": 100, "months": 240}.get(name, MOST)
        if not 0 <= value <= most:
            raise invalid(
                "value",
                "This is no amount that can be counted with.",
                place=name,
                value=text,
                repair=f"Give a number from 0 to {most:,}.",
            )
        found[name] = value
    return found


def payback(sources: Sources, given: Mapping[str, float]) -> Payback:
    """Count it. Nothing is discounted and pay does not grow; both are said beside the answer."""

    def usd(value: float) -> Figure:
        return sources.figure(round(value), "usd", "asked", kind=Kind.MEASURED)

    spent = given["cost"] + given["months"] * given["lost"]
    gain = given["then"] - given["now"]
    kept = gain * given["kept"] / 100
    years = None
    if kept > 0:
        years = sources.figure(
            round(spent / kept + given["months"] / 12, 1), "years", "asked", kind=Kind.MEASURED
        )
    over = {span: kept * max(0.0, span - given["months"] / 12) - spent for span in (5, 10)}
    return Payback(usd(spent), usd(gain), usd(kept), years, usd(over[5]), usd(over[10]))

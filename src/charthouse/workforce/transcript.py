"""The transcript of a person's continuing education, as a document to hand in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from charthouse.render import paper
from charthouse.workforce.extract import Extract
from charthouse.workforce.planner import Credit, Held


def pdf(extract: Extract, name: str, held: Sequence[Held], credits: Sequence[Credit], today: date) -> bytes:
    """The transcript as PDF/UA-1."""
    return paper.pdf(extract.file("transcript.typ"), shaped(name, held, credits, today))


def shaped(name: str, held: Sequence[Held], credits: Sequence[Credit], today: date) -> dict[str, Any]:
    """The same as plain data."""
    known = [one.name for one in held]
    return {
        "name": name,
        "day": today.isoformat(),
        "held": [
            {
                "name": one.name,
                "rule": one.rule,
                "said": f"{one.earned:g} of {one.credits:g} credits from {one.begins} to the day before {one.ends}",
                "rows": _rows([each for each in credits if each.credential == one.name]),
            }
            for one in held
        ],
        "others": _rows([each for each in credits if each.credential not in known]),
    }


def _rows(credits: Sequence[Credit]) -> list[list[str]]:
    return [
        [one.day.isoformat(), one.title, f"{one.credits:g}", "kept" if one.media else "none"]
        for one in sorted(credits, key=lambda one: one.day)
    ]

"""The transcript of a person's continuing education, as a document to hand in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from charthouse.render import paper
from charthouse.workforce.continuing import Credit, Held
from charthouse.workforce.extract import Extract


def pdf(extract: Extract, name: str, held: Sequence[Held], credits: Sequence[Credit], today: date) -> bytes:
    """The transcript as PDF/UA-1."""
    return paper.pdf(extract.file("transcript.typ"), shaped(name, held, credits, today))


def shaped(name: str, held: Sequence[Held], credits: Sequence[Credit], today: date) -> dict[str, Any]:
    """The same as plain data: what counts for each credential within its period, and what does not."""
    known = {one.name for one in held}
    return {
        "name": name,
        "day": _day(today),
        "held": [
            {
                "name": one.name,
                "facts": [
                    ["Period", f"{_day(one.begins)} to {_day(one.ends - timedelta(days=1))}"],
                    ["Wanted", f"{one.credits:g} credits"],
                    ["Entered", f"{one.earned:g} credits" + _missing(one)],
                    *(
                        [["Counted", f"{one.hours:g} contact hours make one credit"]]
                        if one.hours != 1
                        else []
                    ),
                    *([["Rule as entered", one.rule]] if one.rule else []),
                ],
                "rows": _rows(_of(one, credits, inside=True)),
                "total": f"{one.earned:g}",
                "outside": _rows(_of(one, credits, inside=False)),
            }
            for one in held
        ],
        "others": _rows([each for each in credits if each.credential not in known], named=True),
    }


def _of(held: Held, credits: Sequence[Credit], *, inside: bool) -> list[Credit]:
    return [
        one
        for one in credits
        if one.credential == held.name and (held.begins <= one.day < held.ends) == inside
    ]


def _missing(held: Held) -> str:
    return f", {held.missing:g} still missing" if held.missing else ", complete"


def _rows(credits: Sequence[Credit], *, named: bool = False) -> list[list[str]]:
    return [
        [
            _day(one.day),
            f"{one.title} ({one.credential})" if named else one.title,
            "" if one.hours is None else f"{one.hours:g}",
            f"{one.credits:.4g}",
            "kept" if one.media else "none",
        ]
        for one in sorted(credits, key=lambda one: one.day)
    ]


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"

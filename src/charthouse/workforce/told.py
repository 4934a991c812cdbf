"""An answer as programs read it: plain JSON in which every number stands with its source, year and kind."""

from __future__ import annotations

from typing import Any

import msgspec

from charthouse.workforce import places
from charthouse.workforce.bands import bands
from charthouse.workforce.extract import POINTS, Amount, Cell
from charthouse.workforce.figure import Source
from charthouse.workforce.method import NATIONAL_ONLY, Answer, Method

UNKNOWN = (
    ("cehrs", "No public figure exists for what the CEHRS certificate itself adds to pay."),
    ("skills", "No public figure exists for single skills: they change the occupation, not a coefficient."),
    ("demand", "No public figure turns demand into pay. The location quotient is context only."),
)


class Teller:
    """Tells answers of one method."""

    def __init__(self, method: Method) -> None:
        about = method.extract.about
        self._method = method
        self._cited = {one.id: _raw(cited(one)) for one in method.sources}
        release = {"release": about["release"], "notice": about["notice"]}
        self._source = _raw(cited(method.sources["oews"]) | release)
        self._unknown = _raw([{"what": what, "said": said} for what, said in UNKNOWN])
        self._banded: dict[
            tuple[str, str], msgspec.Raw
        ] = {}  # by occupation and area: a few thousand at most

    def told(self, answer: Answer) -> dict[str, Any]:
        """The whole answer, for `msgspec.json`; parts that many answers share are encoded already."""
        method, question, cell = self._method, answer.question, answer.cell
        is_local_industry = answer.industry is not None and answer.area.kind != "N"
        notes = {
            name: (NATIONAL_ONLY if is_local_industry else method.footnote(one.footnote))
            for name, one in _named(cell).items()
            if one.value is None or one.footnote
        }
        found: dict[str, Any] = {
            "soc": question.soc,
            "title": method.extract.occupations[question.soc],
            "role": question.role or None,
            "area": places.short(answer.area),
            "area_name": _name(answer),
            "area_kind": answer.area.word,
            "industry": answer.industry.code if answer.industry else None,
            "industry_name": answer.industry.name if answer.industry else None,
            "source": self._source,
            "percentiles": {f"p{point}": plain(one) for point, one in zip(POINTS, cell.wages, strict=True)},
            "mean": plain(cell.mean),
            "jobs": plain(cell.jobs),
            "jobs_rse": plain(cell.jobs_rse),
            "wage_rse": plain(cell.wage_rse),
            "per_1000": plain(cell.per_1000),
            "location_quotient": plain(cell.quotient),
            "footnotes": notes,
            "asked": _asked(answer),
            "estimate": None,
            "flags": [],
            "unknown": self._unknown,
        }
        if answer.low is not None and answer.median is not None and answer.high is not None:
            found["estimate"] = {
                "low": answer.low.json(),
                "median": answer.median.json(),
                "high": answer.high.json(),
                "wages_of": places.short(answer.basis),
            }
        found["steps"] = [
            {"step": step.label, **step.figure.json(), "said": step.said} for step in answer.steps
        ]
        found["flags"] = [{"code": flag.code, "said": flag.said} for flag in answer.flags]
        found["bands"] = self._bands(answer)
        used = {step.figure.source for step in answer.steps} | {
            "oews",
            "bands",
            "reading",
            "median2021",
            "range",
        }
        found["sources"] = [raw for id, raw in self._cited.items() if id in used]
        return found

    def _bands(self, answer: Answer) -> msgspec.Raw:
        key = (answer.question.soc, answer.basis.code)
        if key not in self._banded:
            self._banded[key] = _raw(_banded(self._method, answer))
        return self._banded[key]


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def cited(source: Source) -> dict[str, Any]:
    """A source as programs read it."""
    shown = {
        "id": source.id,
        "title": source.title,
        "publisher": source.publisher,
        "year": source.year,
        "kind": source.kind.value,
        "trust": source.trust,
    }
    return (
        shown
        | ({"address": source.address} if source.address else {})
        | ({"note": source.note} if source.note else {})
    )


def plain(amount: Amount) -> Any:
    """A published number: null where it was not released, `{"at_least": N}` where it was cut off."""
    if amount.value is None:
        return None
    value = int(amount.value) if amount.value == int(amount.value) else amount.value
    return {"at_least": value} if amount.is_floor else value


def _named(cell: Cell) -> dict[str, Amount]:
    wages = {f"p{point}": one for point, one in zip(POINTS, cell.wages, strict=True)}
    return wages | {
        "mean": cell.mean,
        "jobs": cell.jobs,
        "jobs_rse": cell.jobs_rse,
        "wage_rse": cell.wage_rse,
        "per_1000": cell.per_1000,
        "location_quotient": cell.quotient,
    }


def _name(answer: Answer) -> str:
    return "United States" if answer.area.kind == "N" else answer.area.name


def _asked(answer: Answer) -> dict[str, Any]:
    question = answer.question
    return {
        "years": question.years,
        "certified": question.certified,
        "education": question.education or None,
        "skills": list(question.skills),
    }


def _banded(method: Method, answer: Answer) -> dict[str, Any] | None:
    """The bands against the wages of an answer; None for another occupation than theirs."""
    soc = method.factors["bands"]["occupation"]
    if answer.question.soc != soc or not answer.wages.is_whole:
        return None
    found = bands(method, answer.basis)
    return {
        "source": "bands",
        "wages_of": places.short(found.area),
        "bands": [
            {
                "name": one.name,
                "years": one.years,
                "low": one.low.json(),
                "high": one.high.json(),
                "and_more": one.is_open,
            }
            for one in found.bands
        ],
        "edges": [
            {
                "edge": one.figure.json(),
                "national_rank": one.nation.json(),
                "rank_here": one.here.json(),
                "same_rank_here": one.same.json() if one.same else None,
                "indexed_2021": one.indexed.json(),
            }
            for one in found.edges
        ],
    }

"""`bench fhirpath`: expressions evaluated per second in one process, compiled before and read anew each time."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, Final, cast

from charthouse.base.errors import Problem
from charthouse.fhir import definitions as r4
from charthouse.fhir import path, resource
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.wrong import wrong

CASES: Final = "fhirpath"  # the folder of the published cases, beside the other public material
TIMES: Final = 3  # as fast as the other engine
_PATIENT: Final = b"""{"resourceType":"Patient","id":"p","active":true,"gender":"female","birthDate":"1980-02-29",
"identifier":[{"use":"usual","system":"http://example.org/mrn","value":"12345"}],
"name":[{"use":"official","family":"Okafor","given":["Ada","Ngozi"]},{"use":"nickname","given":["Addy"]}],
"telecom":[{"system":"phone","value":"555-0100","use":"home"},{"system":"email","value":"ada@example.org"}],
"address":[{"use":"home","line":["1 High Street"],"city":"Springfield","postalCode":"12345"}],
"contact":[{"relationship":[{"text":"mother"}],"name":{"family":"Okafor","given":["Ife"]}}],
"managingOrganization":{"reference":"Organization/1"}}"""
_OBSERVATION: Final = b"""{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p"},
"category":[{"coding":[{"system":"http://example.org/category","code":"vital-signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}],"text":"Weight"},
"effectiveDateTime":"2026-01-02T09:30:00Z","valueQuantity":{"value":72.5,"unit":"kg",
"system":"http://unitsofmeasure.org","code":"kg"},"component":[{"code":{"text":"a"},"valueString":"x"}]}"""
_ASKED: Final = (
    (_PATIENT, """id; Patient.name.given; name.where(use = 'official').given.first(); name.given.count();
        telecom.where(system = 'phone').value; birthDate < @2000-01-01; birthDate + 18 years; gender = 'female';
        name.exists(family = 'Okafor'); name.all(given.exists()); address.city.upper(); name.given.distinct();
        name.select(given.first() + ' ' + family); identifier.value.length() > 3; contact.name.family | name.family;
        name.given.select(substring(0, 1)); iif(active, 'a', 'b'); name[0].given[1]; telecom[0].value.matches('[0-9]+');
        descendants().count(); name.given.where($this.startsWith('A')); (1 | 2 | 3).aggregate($this + $total, 0);
        name.family.exists() and name.given.exists(); name.given.first().replace('d', 't'); children().count() > 3"""),
    (_OBSERVATION, """status; Observation.value.value > 70; (value as Quantity).unit; value is Quantity;
        code.coding.where(system = 'http://loinc.org').code; subject.reference.startsWith('Patient/');
        effective.toString().substring(0, 4).toInteger() = 2026; category.coding.code contains 'vital-signs';
        component.value.ofType(string); code.text & ' ' & status; value.value.round(0) + 1.5; 2 * 3 + 4 div 3;
        component.where(code.text = 'a').exists(); hasMember.empty() or derivedFrom.empty();
        effective > @2020-01-01T00:00:00Z"""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One expression on one resource; `floats` is the same tree as the other engine wants it."""

    text: str
    tree: dict[str, Any]
    floats: Any


Ask = Callable[[Any], object]
Engine = Callable[[str, str], Ask]  # (expression, type of the resource) -> compiled


def measure(bench: Bench) -> list[Figure]:
    """Evaluations per second; the floor is fhirpathpy on the same expressions, where it is installed."""
    cases, origin = chosen(bench.material)
    rival = other()
    able = [case for case in cases if _answers(ours, case.text, case.tree)]
    if rival is not None:
        able = [case for case in able if _answers(rival, case.text, case.floats)]
    if not able:
        raise wrong("none of the expressions can be evaluated")
    compiled = [(ours(case.text, case.tree["resourceType"]), case.tree) for case in able]
    rivals = [] if rival is None else [(rival(case.text, ""), case.floats) for case in able]
    hot, cold = [], []
    for number in range(bench.runs):
        bench.round("fhirpath", number)
        floors = ({}, {}) if rival is None else (
            {"fhirpathpy": _rate(lambda: _evaluated(rivals), len(able), bench.short)},
            {"fhirpathpy": _rate(lambda: _read(rival, able, is_ours=False), len(able), bench.short)},
        )  # fmt: skip
        hot.append(Run(_rate(lambda: _evaluated(compiled), len(able), bench.short), floors=floors[0]))
        cold.append(
            Run(_rate(lambda: _read(ours, able, is_ours=True), len(able), bench.short), floors=floors[1])
        )
    notes = {"expressions": len(able), "from": origin, "of": len(cases)}
    return [
        Figure("fhirpath", "evaluations/s", hot, _goal(hot), notes),
        Figure("fhirpath, read anew", "evaluations/s", cold, _goal(cold), notes),
    ]


def _goal(runs: Sequence[Run]) -> Goal:
    floors = [run.floors["fhirpathpy"] for run in runs if run.floors]
    return Goal(TIMES * median(floors)) if floors else Goal()


def chosen(material: Path | None) -> tuple[list[Case], str]:
    """The published cases where they are, else a list of our own; and which of them."""
    folder = None if material is None else material.parent / CASES
    if folder is not None and (folder / "tests-fhir-r4.xml").is_file():
        return list(_published(folder)), "official cases"
    found = [
        Case(text.strip(), tree, _floats(tree))
        for content, texts in _ASKED
        for tree in (resource.parse(content),)
        for text in texts.split(";")
    ]
    return found, "own list"


def _published(folder: Path) -> Iterator[Case]:
    """The cases that have an answer; without trace(), which the other engine prints."""
    from lxml import etree

    trees: dict[str, tuple[dict[str, Any], Any]] = {}
    for node in etree.parse(folder / "tests-fhir-r4.xml").getroot().iter("test"):
        expression = node.find("expression")
        if expression is None or expression.get("invalid") or node.get("invalid"):
            continue
        name = (node.get("inputfile") or "patient-example.xml").replace(".xml", ".json")
        if name not in trees:
            tree = resource.parse((folder / "input" / name).read_bytes())
            trees[name] = tree, _floats(tree)
        if expression.text and "trace(" not in expression.text:
            yield Case(expression.text, *trees[name])


def _floats(value: Any) -> Any:
    """Decimals as floats, which the other engine wants."""
    if isinstance(value, dict):
        return {key: _floats(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_floats(part) for part in value]
    return float(value) if isinstance(value, Decimal) else value


def ours(text: str, kind: str) -> Ask:
    """An expression compiled by this program."""
    found: Ask = path.compile(text, kind, r4.load()).typed
    return found


def other() -> Engine | None:
    """The other engine, with its model of R4; None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import fhirpathpy
            from fhirpathpy.models import models
        except ImportError:
            return None

    def compiled(text: str, _: str) -> Ask:
        return cast("Ask", fhirpathpy.compile(text, models["r4"]))

    return compiled


def _answers(engine: Engine, text: str, tree: Any) -> bool:
    """Whether an engine evaluates an expression at all; what the other one raises is anything."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            engine(text, tree["resourceType"])(tree)
        except (Problem, RecursionError):
            return False
        except Exception:  # noqa: BLE001  the other engine's
            return False
    return True


def _evaluated(compiled: Sequence[tuple[Ask, Any]]) -> None:
    for ask, tree in compiled:
        ask(tree)


def _read(engine: Engine, cases: Sequence[Case], *, is_ours: bool) -> None:
    for case in cases:
        tree = case.tree if is_ours else case.floats
        engine(case.text, tree["resourceType"])(tree)


def _rate(work: Callable[[], None], count: int, seconds: float) -> float:
    """How many of `count` expressions a pass are done in a second, the passes of `seconds` taken together."""
    rounds, begun = 0, time.perf_counter()
    while True:
        work()
        rounds += 1
        passed = time.perf_counter() - begun
        if passed >= seconds:
            return rounds * count / passed

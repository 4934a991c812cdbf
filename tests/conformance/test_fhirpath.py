"""The published FHIRPath cases for R4, and another engine's opinion on search parameters.

All cases run with `strict=True`: what a case marks as invalid must be refused by the same engine
that answers the others. Every case that does not give what it says is named below with the reason.
"""

from __future__ import annotations

import copy
import warnings
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from charthouse.base.errors import Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path.dates import TIME, Temporal
from charthouse.fhir.path.item import Item
from charthouse.fhir.path.quantity import Quantity
from charthouse.fhir.path.values import pair
from charthouse.fhir.resource import parse
from charthouse.terminology.ucum import Ucum
from tests.conformance.material import folder, synthea

CASES = 935
KNOWING = path.Env(units=Ucum())
BOUNDARY = (
    "0.0 is no bound of what 0.0034 may stand for (0.00335 to 0.00345); other cases round outward as we do"
)
EXPLAINED = {
    "testPlus/testPlusDate19": "N1 6.6.7 drops the fraction only above seconds, so 0.1 's' counts",
    "LowBoundary/LowBoundaryDecimal15": BOUNDARY,
    "HighBoundary/HighBoundaryDecimal15": BOUNDARY,
    "HighBoundary/HighBoundaryDecimal16": BOUNDARY,
}
FLOOR = CASES - len(EXPLAINED)  # 931, 99.6 %


def written(item: Item) -> str:
    """A result as the cases write it."""
    value = item.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Temporal):
        return f"@T{value}" if value.kind == TIME else f"@{value}"
    if isinstance(value, Quantity):
        return str(value)
    if item.type in ("date", "dateTime", "instant"):
        return f"@{value}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


class Case:
    """One published case."""

    def __init__(self, group: str, node: Any) -> None:
        self.name = f"{group}/{node.get('name')}"
        self.node = node
        self.expression = node.find("expression").text or ""
        self.is_invalid = bool(node.find("expression").get("invalid") or node.get("invalid"))
        self.expected = [(output.get("type"), output.text or "") for output in node.findall("output")]

    def tree(self) -> dict[str, Any]:
        """The input, from the JSON copy beside the XML."""
        name = self.node.get("inputfile")
        if not name:
            return {"resourceType": "Patient"}
        return parse((folder("fhirpath") / "input" / name.replace(".xml", ".json")).read_bytes())

    def results(self) -> list[tuple[str, str]]:
        """What this engine gives."""
        tree = self.tree()
        expression = path.compile(self.expression, tree["resourceType"], load(), strict=True)
        if self.node.get("predicate") == "true":
            return [("boolean", str(bool(expression.truth(tree, KNOWING))).lower())]
        found = [(pair(item)[1], written(item)) for item in expression.items(tree, KNOWING)]
        return sorted(found) if self.node.get("ordered") == "false" else found

    def fault(self) -> str | None:
        """What is wrong with our answer, or None."""
        try:
            found = self.results()
        except Problem as failure:
            return None if self.is_invalid else str(failure)
        if self.is_invalid:
            return f"should be refused, gives {found}"
        expected = sorted(self.expected) if self.node.get("ordered") == "false" else self.expected
        is_same = len(found) == len(expected) and all(
            text == wanted and form in (None, kind)
            for (kind, text), (form, wanted) in zip(found, expected, strict=True)
        )
        return None if is_same else f"should give {expected}, gives {found}"


def cases() -> list[Case]:
    root = etree.parse(folder("fhirpath") / "tests-fhir-r4.xml").getroot()
    return [
        Case(group.get("name") or "", node) for group in root.iter("group") for node in group.iter("test")
    ]


def test_the_published_cases_give_what_they_should_but_for_those_explained() -> None:
    found = {case.name: fault for case in cases() if (fault := case.fault()) is not None}
    count = len(cases())
    print(f"FHIRPath R4: {count - len(found)} of {count} cases")
    assert count == CASES
    surprises = [f"{name}: {fault}" for name, fault in found.items() if name not in EXPLAINED]
    assert not surprises, "\n".join(surprises)
    assert set(found) == set(EXPLAINED), "a case explained as failing passes now: take it off the list"
    assert count - len(found) >= FLOOR


def test_cases_that_are_valid_give_the_same_without_strictness() -> None:
    for case in cases():
        if case.is_invalid or case.name in EXPLAINED:
            continue
        tree = case.tree()
        kinds = (tree["resourceType"], "Resource")  # known beforehand, or told by the value only
        expressions = [path.compile(case.expression, kind, load()) for kind in kinds]
        answers = [[(pair(item)[1], written(item)) for item in one.items(tree)] for one in expressions]
        strict = path.compile(case.expression, tree["resourceType"], load(), strict=True).items(tree)
        wanted = [(pair(item)[1], written(item)) for item in strict]
        if "now()" not in case.expression:
            assert answers == [wanted, wanted], case.name


def few_of_each(count: int) -> list[dict[str, Any]]:
    """Some resources of every type in the Synthea set."""
    seen: Counter[str] = Counter()
    found: list[dict[str, Any]] = []
    for _, bundle in synthea(bundles_per_archive=2):
        for entry in bundle["entry"]:
            resource = entry["resource"]
            seen[resource["resourceType"]] += 1
            if seen[resource["resourceType"]] <= count:
                found.append(resource)
    return found


def test_the_shortcut_for_paths_gives_what_the_full_machinery_gives() -> None:
    compared = 0
    for resource in few_of_each(40):
        kind = resource["resourceType"]
        for code, param in load().search_params(kind).items():
            if param.expression:
                expression = path.compile(param.expression, kind, load())
                full = [pair(item) for item in expression.items(resource) if item.value is not None]
                assert expression.typed(resource) == full, (kind, code)
                compared += len(full)
    assert compared > 5_000


def plain(value: Any) -> Any:
    """Values as both engines can give them: the other one turns decimals into text."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_another_engine_finds_the_same_values_for_search_parameters() -> None:
    """Known differences, kept out: it has no resolve(), and no abstract type at the head of a path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fhirpathpy = pytest.importorskip("fhirpathpy")
        models = pytest.importorskip("fhirpathpy.models").models
    compared = 0
    for resource in few_of_each(3):
        kind = resource["resourceType"]
        as_floats = parse_floats(resource)
        for code, param in load().search_params(kind).items():
            if not param.expression or "resolve()" in param.expression:
                continue
            ours = path.compile(param.expression, kind, load()).values(resource)
            text = param.expression.replace("DomainResource.", f"{kind}.").replace("Resource.", f"{kind}.")
            theirs = fhirpathpy.evaluate(copy.deepcopy(as_floats), text, None, models["r4"])
            assert plain(ours) == plain(theirs), (kind, code, param.expression)
            compared += len(ours)
    assert compared > 400


def parse_floats(value: Any) -> Any:
    """Decimals as floats, which the other engine wants."""
    if isinstance(value, dict):
        return {key: parse_floats(part) for key, part in value.items()}
    if isinstance(value, list):
        return [parse_floats(part) for part in value]
    return float(value) if isinstance(value, Decimal) else value

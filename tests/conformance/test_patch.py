"""The published patch cases: FHIRPath Patch 33 of 33, JSON Patch 16 of 16."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from charthouse.base.errors import Problem
from charthouse.fhir.definitions import load
from charthouse.fhir.patch import fhirpath_patch, json_patch
from charthouse.fhir.xml import from_xml
from tests.conformance.material import folder

FHIRPATH_CASES = 33
JSON_CASES = 16


def without_edges(tree: Any) -> Any:
    """The same tree, white space in narrative counted as XHTML counts it."""
    if isinstance(tree, dict):
        return {
            key: " ".join(value.replace("><", "> <").split()) if key == "div" else without_edges(value)
            for key, value in tree.items()
        }
    return [without_edges(value) for value in tree] if isinstance(tree, list) else tree


def element(case: Any, name: str) -> dict[str, Any] | None:
    """The resource in one part of a case, as a tree."""
    holder = case.find(name)
    if holder is None or len(holder) == 0:
        return None
    return from_xml(etree.tostring(holder[0], with_tail=False), load())


def test_every_published_fhirpath_patch_case_gives_what_it_should() -> None:
    cases = etree.parse(folder("fhirpath") / "patch" / "fhir-patch-tests.xml").getroot().findall("case")
    assert len(cases) == FHIRPATH_CASES
    failed: list[str] = []
    for case in cases:
        before, patch = element(case, "input"), element(case, "diff")
        assert before is not None
        assert patch is not None
        untouched = deepcopy(before)
        expected = element(case, "output")
        try:
            found = fhirpath_patch(before, patch, load())
        except Problem as failure:
            if expected is not None:
                failed.append(f"{case.get('name')}: {failure}")
        else:
            if expected is None or without_edges(found) != without_edges(expected):
                failed.append(f"{case.get('name')}: {found}")
        assert before == untouched
    assert not failed, "\n".join(failed)


def test_every_published_json_patch_case_gives_what_it_should() -> None:
    text = (folder("fhirpath") / "patch" / "json-patch-tests.json").read_text()
    cases = json.loads(text, parse_float=Decimal)
    assert len(cases) == JSON_CASES
    for case in cases:
        untouched = deepcopy(case["doc"])
        if "error" in case:
            with pytest.raises(Problem) as caught:
                json_patch(case["doc"], case["patch"])
            assert "Operation 0" in str(caught.value), case["comment"]
        else:
            assert json_patch(case["doc"], case["patch"]) == case["expected"], case["comment"]
        assert case["doc"] == untouched

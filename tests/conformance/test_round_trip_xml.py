"""Public resources keep every value and every decimal digit from JSON to XML and back."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from lxml import etree

from charthouse.fhir.definitions import load
from charthouse.fhir.resource import dump, parse
from charthouse.fhir.xml import from_xml, to_xml
from tests.conformance import material

DEFINITIONS = load()


def ordered(value: Any) -> Any:
    """`value` with the keys of objects sorted, as their order means nothing."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def padded(value: Any) -> Any:
    """`value` with each `_name` array as long as its `name`: a missing tail and nulls mean the same."""
    if isinstance(value, list):
        return [padded(item) for item in value]
    if not isinstance(value, dict):
        return value
    full = {key: padded(item) for key, item in value.items()}
    for key, item in full.items():
        if key.startswith("_") and isinstance(item, list):
            item.extend([None] * (len(full.get(key[1:], [])) - len(item)))
    return full


def text(tree: Any) -> bytes:
    """One spelling of a tree: equal bytes mean equal values, JSON types and decimal digits."""
    return dump(ordered(padded(tree)))


def assert_round_trip(name: str, tree: dict[str, Any]) -> None:
    before = dump(tree)
    body = to_xml(tree, DEFINITIONS)
    assert dump(tree) == before, name
    assert text(from_xml(body, DEFINITIONS)) == text(tree), name
    assert_order(etree.fromstring(body, etree.XMLParser(resolve_entities=False, huge_tree=True)), name)


def assert_order(root: Any, name: str) -> None:
    """Each element of the resource types stands in the order of the definitions, read by another parser."""
    for node in root.iter("{http://hl7.org/fhir}*"):
        local = etree.QName(node).localname
        if not DEFINITIONS.is_resource(local):
            continue
        type_def = DEFINITIONS.type(local)
        stems = list(type_def.elements)
        places = []
        for child in node:
            tag = etree.QName(child).localname
            places.append(stems.index(type_def.choice[tag][0] if tag in type_def.choice else tag))
        assert places == sorted(places), f"{name}: {local}"


def test_synthea_bundles_survive_xml_with_every_digit() -> None:
    count = 0
    for name, bundle in material.synthea(bundles_per_archive=2):
        assert_round_trip(name, bundle)
        count += len(bundle["entry"])
    assert count > 1000


def test_each_synthea_type_survives_xml_by_itself() -> None:
    seen: dict[str, int] = {}
    for name, bundle in material.synthea(bundles_per_archive=5):
        for entry in bundle["entry"]:
            kind = entry["resource"]["resourceType"]
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] <= 100:
                assert_round_trip(f"{name} {kind}", entry["resource"])
    assert len(seen) == 16


def test_us_core_examples_survive_xml_with_every_digit() -> None:
    count = 0
    for name, body in material.us_core():
        assert_round_trip(name, parse(body))
        count += 1
    assert count == 183


def test_fhirpath_inputs_survive_xml_with_every_digit() -> None:
    count = 0
    for name, body in material.fhirpath_inputs(".json"):
        assert_round_trip(name, parse(body))
        count += 1
    assert count == 11


def plain(value: Any) -> Any:
    """`value` as two authors' copies may be compared: narrative by its XML, text without its line breaks.

    XML turns a line break inside an attribute into a space, and the copies were made with other tools.
    """
    if isinstance(value, dict):
        return {key: canonical(item) if key == "div" else plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return re.sub(r"\s+", " ", value) if isinstance(value, str) else value


def canonical(div: str) -> str:
    return re.sub(r"\s+", "", ET.canonicalize(div))


def test_the_xml_of_a_resource_reads_like_the_json_copy_beside_it() -> None:
    copies = dict(material.fhirpath_inputs(".json"))
    count = 0
    for name, body in material.fhirpath_inputs(".xml"):
        given = parse(copies[name.removesuffix(".xml") + ".json"])
        assert text(plain(from_xml(body, DEFINITIONS))) == text(plain(given)), name
        count += 1
    assert count == 7

"""Resources grown at random from the definitions, with a note of every spot where one could be broken."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from charthouse.fhir.definitions import Definitions, Element

VALUES: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [-(2**31), -1, 0, 2**31 - 1],
    "unsignedInt": [0, 2**31 - 1],
    "positiveInt": [1, 2**31 - 1],
    "decimal": [0, -7, Decimal("72.50"), Decimal("1E-8"), 10**20],
    "date": ["1905", "2024-02", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"],
    "dateTime": ["2024", "2024-02", "2024-02-29", "2024-02-29T23:59:60Z", "2015-02-07T13:28:17.239+14:00"],
    "instant": ["2015-02-07T13:28:17.239+02:00", "2024-02-29T00:00:00Z"],
    "time": ["00:00:00", "23:59:59.999"],
    "id": ["a", "A-1.b", "x" * 64],
    "oid": ["urn:oid:2.16.840.1.113883", "urn:oid:1.0"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "code": ["a", "two words", "a/b+c", "ü"],
    "uri": ["http://example.org/a?b=c#d", "urn:oid:1.2.3", "#p1", "ü"],
    "url": ["http://example.org", "mailto:a@b"],
    "canonical": ["http://example.org/ValueSet/x|1.0", "#vs"],
    "base64Binary": ["QQ==", "QUJD", "QUJD\nQUJD", "QUJDRA=="],
    "string": ["a", "  padded ", "tab\tline\nnext\r\n", "é😀\u2028", "x" * 300],
    "markdown": ["# title\n\n* one", "|a|b|"],
    "xhtml": ['<div xmlns="http://www.w3.org/1999/xhtml"><p>a &amp; <b>b</b><br/></p></div>'],
}


@dataclass
class Spot:
    """A property of an object in the tree: how to reach it, and where a finding about it must point."""

    holder: dict[str, Any]
    name: str
    place: str
    type: str
    many: bool
    required: bool
    primitive: bool
    choice: bool
    owner: str


@dataclass
class Grown:
    """A resource and its spots."""

    tree: dict[str, Any]
    spots: list[Spot] = field(default_factory=list)


class Grower:
    """Grows resources of every type; the same seed gives the same resource."""

    def __init__(self, definitions: Definitions, seed: int) -> None:
        self.definitions = definitions
        self.random = random.Random(seed)
        self.spots: list[Spot] = []

    def grow(self, name: str) -> Grown:
        tree = self.resource(name, name, 0)
        return Grown(tree, self.spots)

    def resource(self, name: str, place: str, depth: int) -> dict[str, Any]:
        node: dict[str, Any] = {"resourceType": name}
        self.fill(node, name, place, depth)
        return node

    def fill(self, node: dict[str, Any], type_name: str, place: str, depth: int) -> None:
        type_def = self.definitions.type(type_name)
        for element in type_def.elements.values():
            chance = 0.55 if depth == 0 else 0.3 / depth
            wanted = element.min > 0 or (depth < 5 and self.random.random() < chance)
            if not wanted or element.max == 0 or (element.name == "contained" and depth > 0):
                continue
            name, kind = element.name, element.types[0]
            if element.is_choice:
                name, kind = self.random.choice(
                    [(each, found) for each, (stem, found) in type_def.choice.items() if stem == element.name]
                )
            self.place(node, element, name, kind, type_name, f"{place}.{element.name}", depth)
        if len(node.keys() - {"id"}) == 0 and type_name != "Element":
            node["extension"] = [{"url": "http://example.org/a", "valueBoolean": True}]

    def place(
        self, node: dict[str, Any], element: Element, name: str, kind: str, owner: str, place: str, depth: int
    ) -> None:
        many = element.max != 1
        count = self.random.randint(1, 2) if many and depth < 4 else 1
        primitive = self.definitions.type(kind).kind == "primitive-type"
        places = [f"{place}[{index}]" if many else place for index in range(count)]
        items = [
            self.value(element, kind) if primitive else self.object(element, kind, inner, depth)
            for inner in places
        ]
        node[name] = items if many else items[0]
        self.spots.append(
            Spot(node, name, place, kind, many, element.min > 0, primitive, element.is_choice, owner)
        )
        if primitive and kind != "xhtml" and not element.is_attribute and self.random.random() < 0.15:
            beside: list[Any] = [
                {"extension": [{"url": "http://example.org/beside", "valueString": "x"}]} for _ in items
            ]
            if many and count > 1:
                self.random.choice((beside, items))[0] = None
                node[name] = items
            node["_" + name] = beside if many else beside[0]

    def value(self, element: Element, kind: str) -> Any:
        if kind == "code" and element.strength == "required" and element.binding:
            codes = self.definitions.codes(element.binding)
            if codes:
                return self.random.choice(sorted(codes))
        return self.random.choice(VALUES[kind])

    def object(self, element: Element, kind: str, place: str, depth: int) -> dict[str, Any]:
        if self.definitions.type(kind).kind == "resource":
            inner = self.resource(self.random.choice(("Basic", "Observation", "Patient")), place, depth + 2)
            if element.name == "contained":
                inner["id"] = "inner"
            return inner
        node: dict[str, Any] = {}
        self.fill(node, kind, place, depth + 1)
        return node

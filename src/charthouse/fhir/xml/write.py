"""Trees to FHIR XML, elements in the order of the definitions (R4 xml.html)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from charthouse.base.errors import Problem, invalid
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.resource import MAX_DEPTH, Tree, dump
from charthouse.fhir.xml.layout import FHIR, Field, layout
from charthouse.fhir.xml.narrative import fault, in_xml

# White space is written as references: a parser would turn it into spaces inside an attribute.
_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def to_xml(tree: Tree, definitions: Definitions, *, pretty: bool = False) -> bytes:
    """The resource `tree` as UTF-8 XML, decimals with their digits, narrative as given; `pretty` indents.

    The tree should have passed `validation.structure`. Raises `Problem(invalid)` with the place for
    what has no form in XML: unknown elements and types, values of the wrong JSON type, characters
    that XML cannot hold, narrative that is not well-formed.
    """
    writer = _Writer(definitions, pretty)
    writer.resource(tree, 0)
    return "".join(writer.parts).encode("utf-8")


class _Writer:
    """The text written so far and the path to where it is being written."""

    def __init__(self, definitions: Definitions, pretty: bool) -> None:
        self.definitions = definitions
        self.parts = ['<?xml version="1.0" encoding="UTF-8"?>']
        self.path: list[str] = []
        self.margin = "\n" if pretty else ""
        self.indent = "  " if pretty else ""

    def open(self, tag: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self.refuse(f"The resource is nested more than {MAX_DEPTH} levels deep.", None)
        self.parts.append(f"{self.margin}{self.indent * depth}<{tag}")

    def close(self, tag: str, depth: int) -> None:
        self.parts.append(f"{self.margin}{self.indent * depth}</{tag}>")

    def resource(self, node: Any, depth: int) -> None:
        name = node.get("resourceType") if isinstance(node, dict) else None
        if not isinstance(name, str) or not self.definitions.is_resource(name):
            raise self.refuse("This is not a resource of a known type.", name)
        root = not self.path
        if root:
            self.path.append(name)
        self.open(name, depth)
        self.parts.append(f' xmlns="{FHIR}">' if root else ">")
        self.fields(node, name, depth)
        self.close(name, depth)

    def element(self, field: Field, node: Any, depth: int) -> None:
        if not isinstance(node, dict):
            raise self.refuse("An object was expected here.", node)
        fields = layout(self.definitions, field.type)
        self.open(field.name, depth)
        inner = False
        for name, value in node.items():
            if name in fields and fields[name].form == "attribute":
                self.parts.append(f' {name}="{self.text(value)}"')
            else:
                inner = True
        if not inner:
            self.parts.append("/>")
            return
        self.parts.append(">")
        self.fields(node, field.type, depth)
        self.close(field.name, depth)

    def fields(self, node: Tree, type_name: str, depth: int) -> None:
        """The child elements of `node`, sorted into the order of its type."""
        fields = layout(self.definitions, type_name)
        found: dict[Field, None] = {}
        for name in node:
            field = fields.get(name) or fields.get(name.removeprefix("_"))
            if field is not None and (field.name == name or field.form == "value"):
                found[field] = None
            elif name != "resourceType":
                raise self.refuse(f'{type_name} has no element "{name}".', name)
        for field in sorted(found, key=lambda each: each.order):
            if field.form != "attribute":
                self.path.append(field.name)
                self.field(field, node.get(field.name), node.get("_" + field.name), depth + 1)
                self.path.pop()

    def field(self, field: Field, value: Any, extra: Any, depth: int) -> None:
        """One element, or each of its repetitions; `extra` is what JSON keeps under the name with `_`."""
        if not field.many:
            self.one(field, value, extra, depth)
            return
        values = [] if value is None else value
        extras = [] if extra is None else extra
        if not isinstance(values, list) or not isinstance(extras, list):
            raise self.refuse("An array was expected here.", value)
        for index in range(max(len(values), len(extras))):
            one = values[index] if index < len(values) else None
            beside = extras[index] if index < len(extras) else None
            self.one(field, one, beside, depth)

    def one(self, field: Field, value: Any, extra: Any, depth: int) -> None:
        if field.form == "value":
            self.value(field, value, extra, depth)
        elif field.form == "object":
            self.element(field, value, depth)
        elif field.form == "xhtml":
            self.narrative(value, depth)
        else:
            self.open(field.name, depth)
            self.parts.append(">")
            self.resource(value, depth + 1)
            self.close(field.name, depth)

    def value(self, field: Field, value: Any, extra: Any, depth: int) -> None:
        extra = {} if extra is None else extra
        if not isinstance(extra, dict) or (value is None and not extra):
            raise self.refuse("This element has neither a value nor an extension.", extra)
        self.open(field.name, depth)
        if "id" in extra:
            self.parts.append(f' id="{self.text(extra["id"])}"')
        if value is not None:
            self.parts.append(f' value="{self.text(value)}"')
        if extra.keys() - {"id"}:
            self.parts.append(">")
            self.fields(extra, "Element", depth)
            self.close(field.name, depth)
        else:
            self.parts.append("/>")

    def narrative(self, div: Any, depth: int) -> None:
        wrong = "it is not a string." if not isinstance(div, str) else fault(div)
        if wrong is not None:
            raise self.refuse(f"The narrative cannot be written as XML: {wrong}", None)
        self.parts.append(f"{self.margin}{self.indent * depth}{in_xml(div)}")

    def text(self, value: Any) -> str:
        """A primitive value as the inside of an attribute."""
        if isinstance(value, str):
            bad = _NOT_XML.search(value)
            if bad is not None:
                raise self.refuse(f"XML cannot hold the character U+{ord(bad[0]):04X}.", None)
            return value.translate(_ESCAPES)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | Decimal):
            return dump(value).decode()
        raise self.refuse("A plain value was expected here.", value)

    def refuse(self, message: str, value: object) -> Problem:
        shown = value if isinstance(value, str) else None
        return invalid("structure", message, place=".".join(self.path) or None, value=shown)

"""How the elements of a FHIR type stand in XML: order, attributes, what wraps a resource (R4 xml.html)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from charthouse.fhir.definitions import Definitions

FHIR: Final = "http://hl7.org/fhir"
XHTML: Final = "http://www.w3.org/1999/xhtml"
WHOLE: Final = frozenset({"integer", "unsignedInt", "positiveInt"})

Form = Literal["value", "object", "resource", "xhtml", "attribute"]


class Field(NamedTuple):
    """One element as it is written: `name` is its JSON name and its tag."""

    name: str
    type: str
    many: bool
    form: Form
    order: int


@lru_cache(maxsize=2048)
def layout(definitions: Definitions, name: str) -> Mapping[str, Field]:
    """The fields of type `name` by JSON name, each choice under each of its names; KeyError if unknown."""
    type_def = definitions.type(name)
    choices: dict[str, list[tuple[str, str]]] = {}
    for json_name, (stem, kind) in type_def.choice.items():
        choices.setdefault(stem, []).append((json_name, kind))
    fields: dict[str, Field] = {}
    for order, element in enumerate(type_def.elements.values()):
        pairs = choices[element.name] if element.is_choice else [(element.name, element.types[0])]
        for json_name, kind in pairs:
            form: Form = "attribute" if element.is_attribute else _form(definitions, kind)
            fields[json_name] = Field(json_name, kind, element.max != 1, form, order)
    return fields


def _form(definitions: Definitions, kind: str) -> Form:
    if kind == "xhtml":
        return "xhtml"
    type_def = definitions.type(kind)
    if type_def.kind == "primitive-type":
        return "value"
    return "resource" if type_def.kind == "resource" else "object"

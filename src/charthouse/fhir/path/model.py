"""What FHIRPath needs to know of the FHIR types: which element lies behind a name, and what is a kind of what.

R4 fhirpath.html ("Using FHIR types in expressions", "Polymorphism") and FHIRPath N1 2.1 and 6.3.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from charthouse.fhir.definitions import Definitions, TypeDef

SYSTEM: Final = "System."
# FHIR primitive -> the System type it stands for in operators
_SYSTEM_OF: Final = {
    "boolean": "Boolean", "integer": "Integer", "positiveInt": "Integer", "unsignedInt": "Integer",
    "decimal": "Decimal", "date": "Date", "dateTime": "DateTime", "instant": "DateTime", "time": "Time",
}  # fmt: skip
SYSTEM_TYPES: Final = ("Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity")
# System type -> the FHIR type a result of it is given out as
FHIR_OF: Final = {
    "System.Boolean": "boolean", "System.String": "string", "System.Integer": "integer", "System.Decimal": "decimal",
    "System.Date": "date", "System.DateTime": "dateTime", "System.Time": "time", "System.Quantity": "Quantity",
}  # fmt: skip
# Elements of these types hold what only the value itself can tell.
ABSTRACT: Final = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})
TYPE_INFO: Final = "System.SimpleTypeInfo"
_FEW: Final = 8
_TYPE_INFO_ELEMENTS: Final = {
    "namespace": "System.String",
    "name": "System.String",
    "baseType": "System.String",
}


class Key(msgspec.Struct, frozen=True, gc=False):
    """One JSON property: its name, the name of its companion (`_birthDate`) if primitive, and the type in it."""

    name: str
    hidden: str | None
    type: str


class Step(msgspec.Struct, frozen=True, gc=False):
    """Where to look for an element: one key, or one for each type of a choice."""

    name: str
    keys: tuple[Key, ...]
    is_many: bool
    by_name: dict[str, Key]

    @property
    def types(self) -> frozenset[str]:
        """The types that can be found."""
        return frozenset(key.type for key in self.keys)

    def keys_in(self, tree: dict[str, Any]) -> tuple[Key, ...]:
        """The keys worth a look in `tree`: of a wide choice only those that are there."""
        if len(self.keys) <= _FEW:
            return self.keys
        found = {self.by_name[name] for name in tree if name in self.by_name}
        return tuple(found) if len(found) < 2 else tuple(key for key in self.keys if key in found)


def _step(name: str, keys: tuple[Key, ...], is_many: bool) -> Step:
    names = {key.name: key for key in keys} | {key.hidden: key for key in keys if key.hidden}
    return Step(name, keys, is_many, names)


class TypeTest(msgspec.Struct, frozen=True):
    """A type named in an expression: `names` are all it may mean (`Quantity` is in FHIR and in System)."""

    text: str
    names: frozenset[str]


class Model:
    """Type knowledge over one set of definitions; what it has looked up it keeps."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.type_names = frozenset(definitions.type_names)
        self._steps: dict[tuple[str, str], Step | None] = {}
        self._inside: dict[str, tuple[dict[str, int], tuple[Step, ...]]] = {}
        self._ancestors: dict[str, frozenset[str]] = {}
        self._primitives: dict[str, bool] = {}

    def step(self, type_name: str, name: str) -> Step | None:
        """How to get from `type_name` to its element `name` (a choice by its stem); None if there is none."""
        try:
            return self._steps[type_name, name]
        except KeyError:
            found = self._steps[type_name, name] = self._find(type_name, name)
            return found

    def _find(self, type_name: str, name: str) -> Step | None:
        definition = self.definition(type_name)
        if definition is None:
            kind = _TYPE_INFO_ELEMENTS.get(name) if type_name == TYPE_INFO else None
            return None if kind is None else _step(name, (Key(name, None, kind),), False)
        if definition.kind == "primitive-type" and name == "value":
            return _step(name, (Key(name, None, system_of(type_name) or SYSTEM + "String"),), False)
        element = definition.elements.get(name)
        if element is None:
            return None
        if element.is_choice:
            pairs = [(key, kind) for key, (stem, kind) in definition.choice.items() if stem == name]
        else:
            pairs = [(name, kind) for kind in element.types[:1]]
        keys = tuple(Key(key, f"_{key}" if self.is_primitive(kind) else None, kind) for key, kind in pairs)
        return _step(name, keys, element.max != 1)

    def names(self, type_name: str) -> tuple[str, ...]:
        """The elements of a type, in the order of its definition; `value` of a primitive is none of them."""
        definition = self.definition(type_name)
        if definition is None:
            return tuple(_TYPE_INFO_ELEMENTS) if type_name == TYPE_INFO else ()
        if definition.kind == "primitive-type":
            return tuple(name for name in definition.elements if name != "value")
        return tuple(definition.elements)

    def inside(self, type_name: str) -> tuple[dict[str, int], tuple[Step, ...]]:
        """(JSON property -> place in the steps, the steps to every element in the order of the definition)."""
        found = self._inside.get(type_name)
        if found is None:
            steps = tuple(step for name in self.names(type_name) if (step := self.step(type_name, name)))
            places = {key: place for place, step in enumerate(steps) for key in step.by_name}
            found = self._inside[type_name] = places, steps
        return found

    def definition(self, type_name: str) -> TypeDef | None:
        """The definition of a FHIR type or backbone path; None if there is none."""
        if type_name.startswith(SYSTEM):
            return None
        try:
            return self.definitions.type(type_name)
        except KeyError:
            return None

    def is_primitive(self, type_name: str) -> bool:
        """Whether values of this FHIR type are a JSON scalar with a companion object."""
        found = self._primitives.get(type_name)
        if found is None:
            definition = self.definition(type_name)
            found = self._primitives[type_name] = (
                definition is not None and definition.kind == "primitive-type"
            )
        return found

    def ancestors(self, type_name: str) -> frozenset[str]:
        """The type itself and all it derives from."""
        found = self._ancestors.get(type_name)
        if found is None:
            names = {type_name}
            definition = self.definition(type_name)
            while definition is not None and definition.base is not None:
                names.add(definition.base)
                definition = self.definition(definition.base)
            if type_name.startswith(SYSTEM):
                names.add("System.Any")
            found = self._ancestors[type_name] = frozenset(names)
        return found

    def runtime_type(self, declared: str, value: Any) -> str:
        """The type of a value found where `declared` stands: a resource says itself what it is."""
        if declared in ABSTRACT and type(value) is dict:
            named = value.get("resourceType")
            if type(named) is str and self.definitions.is_resource(named):
                return named
        return declared

    def resolve(self, namespace: str | None, name: str) -> TypeTest | None:
        """The types that a type specifier means; None if FHIR has no such type.

        Without a namespace FHIR's types come first, then System's (R4 fhirpath.html). A name
        that System does not have is no error: nothing is of that type.
        """
        text = f"{namespace}.{name}" if namespace else name
        names: set[str] = set()
        if namespace != "System" and name in self.type_names:
            names.add(name)
        if namespace == "System" or (namespace is None and (not names or name == "Quantity")):
            if name in SYSTEM_TYPES or name == "Any":
                names.add(SYSTEM + name)
            elif namespace == "System":
                return TypeTest(text, frozenset())
        return TypeTest(text, frozenset(names)) if names else None

    def is_kind(self, type_name: str, test: TypeTest) -> bool:
        """`is`: the type or one that it derives from."""
        return not test.names.isdisjoint(self.ancestors(type_name))

    def is_selected(self, type_name: str, test: TypeTest) -> bool:
        """`as` and `ofType`: like `is`, but a primitive must be of that very type.

        The published R4 cases want `gender.as(string)` empty although a code is a string.
        """
        if type_name in test.names:
            return True
        return not self.is_primitive(type_name) and self.is_kind(type_name, test)


@functools.cache
def model_of(definitions: Definitions) -> Model:
    """The one model of these definitions."""
    return Model(definitions)


@functools.cache
def system_of(type_name: str) -> str | None:
    """The System type (`System.DateTime`) that values of a type are taken as in operators; None for complex ones."""
    if type_name.startswith(SYSTEM):
        return type_name if type_name != TYPE_INFO else None
    if type_name in _SYSTEM_OF:
        return SYSTEM + _SYSTEM_OF[type_name]
    if type_name in STRINGS:
        return SYSTEM + "String"
    return SYSTEM + "Quantity" if type_name in QUANTITIES else None


STRINGS: Final = frozenset(
    {"string", "code", "id", "uri", "url", "canonical", "uuid", "oid", "markdown", "base64Binary", "xhtml"}
)
QUANTITIES: Final = frozenset(
    {"Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity"}
)
TEXTUAL: Final = STRINGS | {"System.String"}
BOOLEANS: Final = frozenset({"boolean", "System.Boolean"})
Tree = Mapping[str, Any]

"""FHIRPath Patch: add, insert, delete, replace and move, told as Parameters (R4 fhirpatch.html)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from charthouse.base.errors import Problem, invalid
from charthouse.fhir import path
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.patch.content import Content, content_of, json_key
from charthouse.fhir.patch.copying import check_depth, clone, shown
from charthouse.fhir.patch.places import Place, add_to, delete, lists_at, replace
from charthouse.fhir.path.item import Item
from charthouse.fhir.path.model import Model, model_of
from charthouse.fhir.path.nodes import Member, Node
from charthouse.fhir.resource import Tree

MAX_OPERATIONS: Final = 1000


def fhirpath_patch(tree: Tree, parameters: Any, definitions: Definitions) -> Tree:
    """`tree` with the operations of `parameters` applied in order; all of them or none. Neither argument is changed.

    Raises Problem(invalid) that names the operation (from 0), its path and the value where
    Parameters are not a patch (code `structure`) or an operation does not fit the resource (code `business-rule`).
    """
    if not isinstance(parameters, dict) or parameters.get("resourceType") != "Parameters":
        raise invalid("structure", "A FHIRPath Patch is a Parameters resource.", value=shown(parameters))
    given = parameters.get("parameter", [])
    if not isinstance(given, list) or len(given) > MAX_OPERATIONS:
        raise invalid(
            "structure",
            f"A patch is a list of at most {MAX_OPERATIONS} operations.",
            place="Parameters.parameter",
        )
    document: Tree = clone(tree)
    kind = document.get("resourceType")
    if not isinstance(kind, str) or not definitions.is_resource(kind):
        raise invalid("structure", "Only a resource can be patched.", place="resourceType", value=shown(kind))
    for number, parameter in enumerate(given):
        _Operation.read(number, parameter, definitions).apply(document, kind)
    check_depth(document)
    return document


@dataclass(frozen=True, slots=True)
class _Operation:
    """One `operation` parameter, its parts by name."""

    number: int
    name: str
    path: str
    parts: dict[str, Any]
    definitions: Definitions

    @classmethod
    def read(cls, number: int, parameter: Any, definitions: Definitions) -> _Operation:
        """Check one parameter of the patch."""
        where = f"Parameters.parameter[{number}]"
        if not isinstance(parameter, dict) or parameter.get("name") != "operation":
            found = parameter.get("name") if isinstance(parameter, dict) else parameter
            raise invalid(
                "structure", f"Parameter {number} is no operation.", place=where, value=shown(found)
            )
        parts: dict[str, Any] = {}
        listed = parameter.get("part")
        for part in listed if isinstance(listed, list) else ():
            name = part.get("name") if isinstance(part, dict) else None
            if not isinstance(name, str) or name in parts:
                raise invalid(
                    "structure",
                    f"Operation {number} has a part without name, or one twice.",
                    place=where,
                    value=shown(name),
                )
            parts[name] = part
        name, text = parts.get("type", {}).get("valueCode"), parts.get("path", {}).get("valueString")
        if not isinstance(name, str) or name not in _APPLY:
            repair = f"Use one of {', '.join(_APPLY)}."
            raise invalid(
                "structure",
                f"Operation {number} has no known type.",
                place=where,
                value=shown(name),
                repair=repair,
            )
        if not isinstance(text, str):
            raise invalid(
                "structure", f"Operation {number} ({name}) has no path.", place=where, value=shown(text)
            )
        return cls(number, name, text, parts, definitions)

    def fail(
        self, message: str, value: Any = None, *, code: str = "business-rule", repair: str | None = None
    ) -> Problem:
        """The Problem of this operation."""
        text = None if value is None else shown(value)
        return invalid(
            code,
            f"Operation {self.number} ({self.name} {self.path}): {message}",
            place=self.path,
            value=text,
            repair=repair,
        )

    def apply(self, document: Tree, kind: str) -> None:
        """Carry the operation out on `document`."""
        try:
            node = path.parse(self.path)
            _APPLY[self.name](self, document, kind, node)
        except Problem as failure:
            if failure.issues[0].message.startswith("Operation "):
                raise
            raise self.fail(
                failure.issues[0].message, failure.issues[0].value, code=failure.issues[0].code
            ) from None

    @property
    def model(self) -> Model:
        """What is known of the FHIR types."""
        return model_of(self.definitions)

    def found(self, node: Node, document: Tree, kind: str) -> list[Item]:
        """What the path leads to in the document as it is now."""
        items = path.compile(node, kind, self.definitions, strict=True).items(document)
        if any(item.parent is None and item.value is not document for item in items):
            raise self.fail("the path leads to a computed value, not to an element.")
        return items

    def one(self, node: Node, document: Tree, kind: str) -> Item:
        """The one element that the path must lead to."""
        items = self.found(node, document, kind)
        if not items:
            raise self.fail(
                "there is nothing at this path.", repair="Add the element that should hold it first."
            )
        if len(items) > 1:
            raise self.fail(
                f"the path leads to {len(items)} elements, and must lead to one.",
                repair="Add an index or a condition.",
            )
        return items[0]

    def content(self, holder_type: str, name: str) -> Content:
        """The value to put under `name` of `holder_type`."""
        part = self.parts.get("value")
        if part is None:
            raise self.fail("a value is missing.", code="structure")
        return content_of(self.model, part, holder_type, name, self.fail)

    def integer(self, name: str) -> int:
        """A part that must be an integer."""
        value = self.parts.get(name, {}).get("valueInteger")
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fail(f"{name} must be given as valueInteger.", value, code="structure")
        return value


def _add(operation: _Operation, document: Tree, kind: str, node: Node) -> None:
    name = operation.parts.get("name", {}).get("valueString")
    if not isinstance(name, str):
        raise operation.fail("the name of the element to add is missing.", name, code="structure")
    holder = operation.one(node, document, kind)
    name = _stem(operation, holder.type, name)
    add_to(operation.model, holder, operation.content(holder.type, name), operation.fail)


def _stem(operation: _Operation, type_name: str, name: str) -> str:
    """The element's name: for a choice without its type, which the value tells."""
    if operation.model.step(type_name, name) is not None:
        return name
    definition = operation.model.definition(type_name)
    if definition is not None and name in definition.choice:
        return definition.choice[name][0]
    raise operation.fail(f"{type_name} has no element of this name.", name)


def _list(operation: _Operation, document: Tree, kind: str, node: Node) -> tuple[Item, str, Place]:
    """The element that holds the list of the path, the list's name, and its place."""
    if not isinstance(node, Member):
        raise operation.fail(
            "the path must name the list itself.", repair="Leave index and conditions at its end out."
        )
    holder = Item(document, kind) if node.base is None else operation.one(node.base, document, kind)
    name = _stem(operation, holder.type, node.name)
    step = operation.model.step(holder.type, name)
    if step is None or not step.is_many:
        raise operation.fail("this element is no list.", node.name)
    return holder, name, lists_at(holder, json_key(step, None))


def _insert(operation: _Operation, document: Tree, kind: str, node: Node) -> None:
    index = operation.integer("index")
    holder, name, place = _list(operation, document, kind, node)
    if not 0 <= index <= place.length:
        raise operation.fail(f"the index must be from 0 to {place.length}.", index)
    place.insert(index, operation.content(holder.type, name))


def _move(operation: _Operation, document: Tree, kind: str, node: Node) -> None:
    source, destination = operation.integer("source"), operation.integer("destination")
    _, _, place = _list(operation, document, kind, node)
    for index in (source, destination):
        if not 0 <= index < place.length:
            raise operation.fail(f"source and destination must be from 0 to {place.length - 1}.", index)
    place.move(source, destination)


def _delete(operation: _Operation, document: Tree, kind: str, node: Node) -> None:
    """Nothing at the path is as good as deleted."""
    items = operation.found(node, document, kind)
    if len(items) > 1:
        raise operation.fail(
            f"the path leads to {len(items)} elements, and only one can be deleted.", repair="Add an index."
        )
    for item in items:
        if item.parent is None:
            raise operation.fail("the resource itself cannot be deleted by a patch.", repair="Use DELETE.")
        delete(operation.model, item)


def _replace(operation: _Operation, document: Tree, kind: str, node: Node) -> None:
    item = operation.one(node, document, kind)
    if item.parent is None:
        raise operation.fail("the resource itself cannot be replaced by a patch.", repair="Use PUT.")
    replace(operation.model, item, operation.content(item.parent.type, item.key))


_APPLY: Final[dict[str, Callable[[_Operation, Tree, str, Node], None]]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}

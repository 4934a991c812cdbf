"""Values of an expression as parts of a Parameters resource, in the form that FHIRPath Lab reads."""

from __future__ import annotations

import re
from typing import Any, Final

from charthouse.base.errors import Category, problem
from charthouse.fhir import resource
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.path.item import Item
from charthouse.fhir.path.values import pair
from charthouse.fhir.resource import Tree

_LAB: Final = "http://fhir.forms-lab.com/StructureDefinition/"
JSON_VALUE: Final = f"{_LAB}json-value"
XML_VALUE: Final = f"{_LAB}xml-value"
PATH: Final = f"{_LAB}resource-path"
_TEMPORAL: Final = frozenset({"date", "dateTime", "instant", "time"})


def place(item: Item, tree: Tree) -> str | None:
    """Where `item` stands in `tree` (`Patient.name[0]`); None for what was computed, or came from elsewhere."""
    top = item
    while top.parent is not None:
        top = top.parent
    return item.place() if top.value is tree else None


class Parts:
    """Makes the parts of one answer about `tree`, of at most `size` bytes in all."""

    def __init__(self, definitions: Definitions, tree: Tree, size: int) -> None:
        choices = definitions.type("Parameters.parameter").choice
        self._definitions = definitions
        self._keys = {kind: key for key, (_, kind) in choices.items()}
        self._tree = tree
        self._size = size
        self._left = size
        self._weights: dict[int, tuple[int, Any]] = {}  # with what was weighed, so that it keeps its id

    def of(self, item: Item) -> Tree:
        """`item` as a part named by its type: `value[x]`, or `resource`, or JSON text for what has neither.

        Raises Problem(too_costly) when the answer has grown too big.
        """
        value, kind = pair(item)
        part: Tree = {"name": kind}
        stands = place(item, self._tree)
        extensions = [] if stands is None else [{"url": PATH, "valueString": stands}]
        key = self._keys.get(kind)
        self._weigh(value)
        if isinstance(value, dict) and self._definitions.is_resource(kind):
            part["resource"] = value
        elif key is not None and self._is_fit(kind, value):
            part |= self._value(key, value, item.extra)
        elif value is not None:
            extensions.append({"url": JSON_VALUE, "valueString": resource.dump(value).decode()})
        if value == "":
            part = {"name": "empty-string"}
        return {"extension": extensions, **part} if extensions else part

    def _value(self, key: str, value: Any, extra: Any) -> Tree:
        found: Tree = {} if value is None else {key: value}
        if isinstance(extra, dict):
            self._weigh(extra)
            found[f"_{key}"] = extra
        return found

    def _is_fit(self, kind: str, value: Any) -> bool:
        """Whether value[x] can hold it: an object for a complex type, and for dates what FHIR can write.

        A time without seconds has a place in FHIRPath only.
        """
        definition = self._definitions.type(kind)
        is_primitive = definition.kind == "primitive-type"
        if kind in _TEMPORAL and isinstance(value, str):
            return re.fullmatch(definition.regex or "", value) is not None
        return not isinstance(value, list) and isinstance(value, dict) is not is_primitive

    def _weigh(self, value: Any) -> None:
        """Take what `value` weighs from what is left."""
        if isinstance(value, dict | list):
            if id(value) not in self._weights:
                self._weights[id(value)] = len(resource.dump(value)), value
            weight = self._weights[id(value)][0]
        else:
            weight = len(value) if isinstance(value, str) else 16
        self._left -= weight + 64
        if self._left < 0:
            raise problem(
                Category.TOO_COSTLY, "too-costly", f"The answer is longer than {self._size} bytes.",
                repair="Narrow the path, or count() first.",
            )  # fmt: skip

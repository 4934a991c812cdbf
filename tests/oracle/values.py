"""What a search parameter finds in a resource: its FHIRPath, evaluated by fhirpathpy on the tree, and nothing else.

Where fhirpathpy (2.2) or the published expression does not do what R4 means, the expression is put right first:

| written | read as | why |
|---|---|---|
| `x as T`, `x.as(T)` | `x.ofType(T)` | `as` takes one item and raises on more; R4's parameters mean each of many |
| `as(DateTime)` | `ofType(dateTime)` | code-value-date names a type that is none |
| `Resource.x` | `Patient.x` | an abstract root leaves fhirpathpy without a type for what it finds |
| `resolve() is T` | the type that a reference to us names | resolve() is not built in; of others we know no type |
| `a | b` | each by itself | a union loses the types of what it unites |
| null in a list | left out | fhirpathpy takes the place of an extension alone for a value |
| the `_x` beside an `x` | left out | fhirpathpy counts it as one more item, typed like `x` |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fhirpathpy import apply_parsed_path
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models
from fhirpathpy.parser import parse

from charthouse.fhir.definitions import Definitions, SearchParam

Tree = dict[str, Any]
_MODEL = models["r4"]
_AS = re.compile(r"\(?([\w.]+) as (\w+)\)?")
_TARGET = re.compile(r"([A-Z]\w+)/[A-Za-z0-9.-]{1,64}(?:/_history/[^/]+)?")


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its FHIR type and what stands there. `path` is where, for a code whose system is implied."""

    type: str
    data: Any
    path: str = ""


@lru_cache(None)
def _branches(expression: str, type: str) -> tuple[Any, ...]:
    """The expression, put right and parsed; the branches of a union by themselves."""
    expression = re.sub(r"\bResource\.", f"{type}.", expression).replace("DateTime", "dateTime")
    expression = re.sub(r"\.as\((\w+)\)", r".ofType(\1)", expression)
    expression = _AS.sub(r"(\1.ofType(\2))", expression)
    assert not re.search(r"\([^)]*\|", expression), f"a union inside parentheses: {expression}"
    return tuple(parse(branch) for branch in expression.split(" | "))


@dataclass
class Values:
    """The values of parameters in resources; each is looked up once. `base` is the address of the server."""

    definitions: Definitions
    base: str
    _found: dict[tuple[int, str], list[Value]] = field(default_factory=dict)
    _bases: dict[tuple[int, str], list[Any]] = field(default_factory=dict)

    def param(self, type: str, code: str) -> SearchParam | None:
        """The parameter `code` of a resource type."""
        return self.definitions.search_params(type).get(code)

    def of(self, tree: Tree, code: str) -> list[Value]:
        """What the parameter finds in the resource."""
        param = self.param(tree["resourceType"], code)
        return [] if param is None or param.expression is None else self.at(param.expression, tree, tree)

    def bases(self, tree: Tree, expression: str) -> list[Any]:
        """The elements that a composite puts its parts together in; each can be given to `at`."""
        key = (id(tree), expression)
        if key not in self._bases:
            self._bases[key] = [
                tree if isinstance(one, ResourceNode) and one.data is tree else one
                for one in self._evaluated(expression, tree, tree)
            ]
        return self._bases[key]

    def at(self, expression: str, base: Any, tree: Tree) -> list[Value]:
        """What `expression` finds from `base` on, in the resource `tree`; both live as long as this does."""
        key = (id(base), expression)
        if key not in self._found:
            self._found[key] = [
                _value(one) for one in self._evaluated(expression, base, tree) if _is_there(one)
            ]
        return self._found[key]

    def _evaluated(self, expression: str, base: Any, tree: Tree) -> list[Any]:
        options = {"returnRawData": True, "userInvocationTable": {"resolve": {"fn": self._resolved}}}
        return [
            one
            for branch in _branches(expression, tree["resourceType"])
            for one in apply_parsed_path(base, branch, {"resource": tree}, _MODEL, options)
        ]

    def _resolved(self, references: list[Any]) -> list[ResourceNode]:
        """Stand-ins for what the references lead to, by the type that they name."""
        texts = (one.get("reference", "") for one in references if isinstance(one, Mapping))
        found = (_TARGET.fullmatch(text.removeprefix(f"{self.base}/")) for text in texts)
        return [ResourceNode({"resourceType": match[1]}, match[1]) for match in found if match]


def _is_there(found: Any) -> bool:
    """Whether it is a value, and not what stands beside one (`_birthDate`) or for none."""
    data = found.data if isinstance(found, ResourceNode) else found
    is_bare = isinstance(data, Mapping) and not data.keys() - {"extension", "id"}
    return data is not None and not is_bare


def _value(found: Any) -> Value:
    if not isinstance(found, ResourceNode):
        return Value("boolean" if isinstance(found, bool) else type(found).__name__, found)
    path = re.sub(r"\[\d+\]", "", found.propName or "")
    return Value(found.path or "", found.data, path)

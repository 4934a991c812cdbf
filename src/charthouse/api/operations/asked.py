"""What an operation was asked: its parameters, from an address or from a Parameters resource (R4 operations.html)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from charthouse.api import body
from charthouse.api.request import Request
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.fhir.resource import Tree

Value = Any
_TRUE: Final = {"true": True, "false": False}


class Asked:
    """The parameters of one call by name; whatever is asked for and has the wrong shape is refused by name."""

    def __init__(self, known: Iterable[str], given: Sequence[tuple[str, Value]], size: int = 0) -> None:
        """`given` are names with their values, `size` the bytes of the body they came in.

        Raises `Problem(unsupported)` for a name not in `known`.
        """
        self.size = size
        self._known = tuple(known)
        self._values: dict[str, list[Value]] = {}
        for name, value in given:
            if name not in self._known:
                raise problem(
                    Category.UNSUPPORTED, "not-supported", "This operation has no such parameter.",
                    place=name, value=name, repair=f"It takes {', '.join(self._known)}.",
                )  # fmt: skip
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def all(self, name: str) -> list[Value]:
        """Every value of a parameter."""
        return self._values.get(name, [])

    def one(self, name: str) -> Value:
        """The value, or None. Raises `Problem(invalid)` where it was given more than once."""
        found = self._values.get(name, [])
        if len(found) > 1:
            raise invalid("value", f"{name} may be given once.", place=name, value=f"{len(found)} times")
        return found[0] if found else None

    def text(self, name: str) -> str | None:
        """A string, code, uri or date."""
        found = self.one(name)
        if found is not None and not isinstance(found, str):
            raise _shape(name, found, "a text")
        return found

    def texts(self, name: str) -> list[str]:
        """All texts of a parameter that may repeat."""
        for found in self.all(name):
            if not isinstance(found, str):
                raise _shape(name, found, "a text")
        return self.all(name)

    def needed(self, name: str) -> str:
        """A text that must be there."""
        found = self.text(name)
        if not found:
            raise invalid("required", f"{name} is missing.", place=name, repair=f"Give the parameter {name}.")
        return found

    def switch(self, name: str, default: bool = False) -> bool:
        """True or false; a text in an address."""
        found = self.one(name)
        found = _TRUE.get(found, found) if isinstance(found, str) else found
        if found is not None and not isinstance(found, bool):
            raise _shape(name, found, "true or false")
        return default if found is None else found

    def number(self, name: str, most: int) -> int | None:
        """A whole number from 0 to `most`."""
        found = self.one(name)
        if isinstance(found, str) and found.isdecimal() and len(found) < 10:
            found = int(found)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= most:
            raise _shape(name, found, f"a whole number from 0 to {most}")
        return found

    def tree(self, name: str) -> Tree | None:
        """A complex value (Coding, CodeableConcept) or a resource."""
        found = self.one(name)
        if found is not None and not isinstance(found, dict):
            raise _shape(name, found, "an object")
        return found


async def asked(request: Request, known: Iterable[str], *, bare: str | None = None) -> Asked:
    """The parameters of a request; `bare` names the one that a body which is no Parameters stands for."""
    given: list[tuple[str, Value]] = list(request.params)
    content = b""
    if request.method == "POST":
        content = await request.content()
        if content:
            tree = await body.tree(content, body.kind(request.headers), request.context.definitions)
            given += sent(tree, bare)
        elif bare is not None and not given:
            raise invalid("required", "The request has no body.", place="body", repair=f"Send the {bare}.")
    return Asked(known, given, len(content))


def sent(tree: Tree, bare: str | None) -> list[tuple[str, Value]]:
    """Name and value of each parameter in a body; a body that is no Parameters stands for the one named `bare`."""
    if tree["resourceType"] != "Parameters":
        if bare is None:
            raise invalid(
                "value", "The body of this operation is a Parameters resource.", place="resourceType",
                value=tree["resourceType"], repair='Send {"resourceType": "Parameters", "parameter": […]}.',
            )  # fmt: skip
        return [(bare, tree)]
    found = tree.get("parameter", [])
    if not isinstance(found, list):
        raise invalid("structure", "Parameters.parameter is a list.", place="Parameters.parameter")
    return [_part(each, f"Parameters.parameter[{index}]") for index, each in enumerate(found)]


def _part(part: Any, place: str) -> tuple[str, Value]:
    """Name and value of a parameter: a value of any type, a resource, or its parts as a list of pairs."""
    name = part.get("name") if isinstance(part, dict) else None
    if not isinstance(name, str):
        raise invalid("required", "A parameter needs a name.", place=f"{place}.name")
    if "resource" in part:
        return name, part["resource"]
    if "part" in part and isinstance(part["part"], list):
        return name, [_part(each, f"{place}.part[{index}]") for index, each in enumerate(part["part"])]
    values = [value for key, value in part.items() if key.startswith("value")]
    if len(values) != 1:
        raise invalid("structure", f"{name} needs one value.", place=place, repair="Give it one value[x].")
    return name, values[0]


def parameter(name: str, value: Value, kind: str | None = None) -> Tree:
    """One parameter of an answer; `kind` names the type where Python's does not tell it (`code`, `uri`)."""
    if isinstance(value, list):
        return {"name": name, "part": value}
    if kind is None:
        kind = (
            "boolean" if isinstance(value, bool)
            else "integer" if isinstance(value, int)
            else "decimal" if isinstance(value, Decimal)
            else "string"
        )  # fmt: skip
    if kind == "resource":
        return {"name": name, "resource": value}
    return {"name": name, f"value{kind[0].upper()}{kind[1:]}": value}


def answer(parts: Iterable[Tree | None]) -> Tree:
    """A Parameters resource of those parts that there are."""
    found = [part for part in parts if part is not None]
    return {"resourceType": "Parameters", **({"parameter": found} if found else {})}


def _shape(name: str, found: Any, wanted: str) -> Problem:
    told = found if isinstance(found, str | int | bool | Decimal) else type(found).__name__
    return invalid("value", f"{name} must be {wanted}.", place=name, value=told)

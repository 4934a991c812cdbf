"""Code systems and value sets made for the tests of terminology."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charthouse.db.connect import Connection
from charthouse.terminology import reading
from charthouse.terminology.artifacts import Gathered
from charthouse.terminology.fill import fill
from charthouse.terminology.terminology import Terminology

Tree = dict[str, Any]

COLOURS = "http://example.org/colours"
SET = "http://example.org/set"


def concept(code: str, *nested: Tree, **more: Any) -> Tree:
    """A concept; `more` are its elements, `properties` a mapping of code or boolean properties."""
    properties = more.pop("properties", {})
    made: Tree = {"code": code, "display": code.capitalize(), **more}
    if properties:
        made["property"] = [
            {"code": name, ("valueBoolean" if isinstance(value, bool) else "valueCode"): value}
            for name, values in properties.items()
            for value in (values if isinstance(values, list) else [values])
        ]
    if nested:
        made["concept"] = list(nested)
    return made


def system(url: str, *concepts: Tree, **more: Any) -> Tree:
    """A CodeSystem."""
    return {
        "resourceType": "CodeSystem", "url": url, "version": "1", "name": "Example", "status": "active",
        "content": "complete", "caseSensitive": True, "concept": list(concepts), **more,
    }  # fmt: skip


def valueset(*includes: Tree, url: str = SET, exclude: Sequence[Tree] = (), **more: Any) -> Tree:
    """A ValueSet."""
    compose: Tree = {"include": list(includes)}
    if exclude:
        compose["exclude"] = list(exclude)
    if "inactive" in more:
        compose["inactive"] = more.pop("inactive")
    return {"resourceType": "ValueSet", "url": url, "status": "active", "compose": compose, **more}


def listed(url: str, *codes: str, **more: Any) -> Tree:
    """An include of some codes."""
    return {"system": url, "concept": [{"code": code} for code in codes], **more}


def rule(property: str, op: str, value: str) -> Tree:
    """A filter."""
    return {"property": property, "op": op, "value": value}


def drawn(url: str, *rules: Tree, **more: Any) -> Tree:
    """An include by filters; without any, of the whole code system."""
    return {"system": url, **({"filter": list(rules)} if rules else {}), **more}


def colours(**more: Any) -> Tree:
    """Every kind of thing a code system can have: headings, ended codes, two parents, names, properties."""
    danish = {"language": "da", "value": "Rødlig"}
    return system(
        COLOURS,
        concept(
            "warm",
            concept(
                "red",
                concept("crimson", properties={"web": True, "wave": "long"}, designation=[danish]),
                concept("pink", properties={"status": "retired"}),
                definition="The colour of blood.",
            ),
            concept("orange", properties={"parent": "mixed", "wave": ["long", "middle"]}),
            properties={"notSelectable": True},
        ),
        concept("cold", concept("blue", properties={"wave": "short"}), properties={"notSelectable": True}),
        concept("mixed", concept("purple", properties={"parent": ["red", "blue"]}), display="Mixed colours"),
        concept("Grey", designation=[{"value": "Ashen tone"}]),
        property=[{"code": "wave", "type": "code"}, {"code": "web", "type": "boolean"}],
        **more,
    )


def terminology(*resources: Tree, **more: Any) -> Terminology:
    """A terminology of resources in memory."""
    return Terminology(None, None, Gathered(resources), **more)


def load(connection: Connection, tree: Tree, **more: Any) -> int:
    """Put a CodeSystem into the tables; `more` are elements of its release."""
    release = reading.release(tree)
    changed: Mapping[str, Any] = {name: getattr(release, name) for name in release.__struct_fields__} | more
    return fill(connection, type(release)(**changed), reading.rows(tree), replace=True)

"""A resource as an outline in words: every element it has, none of their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from charthouse.fhir.definitions import Definitions, TypeDef
from charthouse.fhir.resource import Tree
from charthouse.web import codes, labels
from charthouse.web.chart.entry import Context
from charthouse.web.record import extensions, values

MOST: Final = 4000
# What stands at the foot of a record: about the record, not about the patient.
LAST: Final = ("contained", "text", "meta", "implicitRules", "language")
HIDDEN: Final = frozenset({"resourceType", "id"})
PRIMITIVES: Final = "primitive-type"


@dataclass(frozen=True, slots=True)
class Node:
    """A line (`text`), a group (`nodes`), or both. `href` leads to what it names; `note` is small print."""

    label: str
    text: str = ""
    note: str = ""
    href: str = ""
    kind: str = ""
    nodes: tuple[Node, ...] = field(default=())


@dataclass(slots=True)
class Budget:
    """How many lines may still be made: one resource can hold a million elements, a page cannot."""

    left: int = MOST
    cut: bool = False

    def take(self) -> bool:
        """Whether one more line may be made."""
        self.left -= 1
        self.cut = self.cut or self.left < 0
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Outline:
    """`body` in the order of the definition, `foot` what is about the record itself; `cut` if it was too much to show.

    `files` are the Attachment trees with content, in the order of their addresses.
    """

    body: tuple[Node, ...]
    foot: tuple[Node, ...]
    cut: bool
    files: tuple[dict[str, Any], ...] = ()


def outline(tree: Tree, definitions: Definitions, context: Context) -> Outline:
    """The outline of a whole resource."""
    budget = Budget()
    writer = _Writer(definitions, context, budget, f"/record/{tree.get('resourceType')}/{tree.get('id')}")
    nodes = list(writer.resource(tree))
    body = tuple(node for name, node in nodes if name not in LAST)
    foot = tuple(node for last in LAST for name, node in nodes if name == last)
    return Outline(body, foot, budget.cut, tuple(writer.files))


class _Writer:
    """Walks one tree beside its definition."""

    def __init__(self, definitions: Definitions, context: Context, budget: Budget, page: str) -> None:
        self._definitions = definitions
        self._context = context
        self._budget = budget
        self._page = page
        self.files: list[dict[str, Any]] = []

    def resource(self, tree: Tree) -> Iterator[tuple[str, Node]]:
        """(element, node) for each element of a resource, in the order of its definition."""
        kind = str(tree.get("resourceType", ""))
        if self._definitions.is_resource(kind):
            yield from self._elements(tree, self._definitions.type(kind), kind)

    def _elements(
        self, tree: Mapping[str, Any], shape: TypeDef, path: str, skip: frozenset[str] = HIDDEN
    ) -> Iterator[tuple[str, Node]]:
        order = {name: place for place, name in enumerate(shape.elements)}

        def place(key: str) -> int:
            name = key.lstrip("_")
            return order.get(shape.choice[name][0] if name in shape.choice else name, len(order))

        for key in sorted(tree, key=place):
            name = key.removeprefix("_")
            told = name in skip
            if key in skip or (key != name and name in tree and not told):
                continue
            beside = tree.get("_" + name)
            value = None if told else tree.get(name)
            if name in shape.choice:
                stem, kind = shape.choice[name]
                yield from ((stem, node) for node in self._values(value, beside, kind, f"{path}.{stem}"))
            elif name in shape.elements:
                kinds = shape.elements[name].types
                binding = (
                    shape.elements[name].binding if shape.elements[name].strength == "required" else None
                )
                kind = kinds[0] if kinds else "string"
                if name in ("extension", "modifierExtension"):
                    yield from ((name, node) for node in self._extensions(value, name == "modifierExtension"))
                else:
                    yield from (
                        (name, node) for node in self._values(value, beside, kind, f"{path}.{name}", binding)
                    )

    def _values(
        self, value: Any, beside: Any, kind: str, path: str, binding: str | None = None
    ) -> Iterator[Node]:
        """The nodes of one element, one for each of its values."""
        label = labels.element(path)
        many = value if isinstance(value, list) else [value]
        extras = beside if isinstance(beside, list) else [beside]
        for place in range(max(len(many), len(extras))):
            if not self._budget.take():
                return
            one = many[place] if place < len(many) else None
            extra = extras[place] if place < len(extras) else None
            node = self._value(one, kind, path, label, binding)
            added = (
                tuple(self._extensions((extra or {}).get("extension"), False))
                if isinstance(extra, dict)
                else ()
            )
            if added:
                missing = "" if node.text or node.nodes else "not recorded"
                node = Node(
                    node.label, node.text or missing, node.note, node.href, node.kind, (*node.nodes, *added)
                )
            if node.text or node.nodes:
                yield node

    def _value(self, value: Any, kind: str, path: str, label: str, binding: str | None) -> Node:
        if value is None:
            return Node(label)
        if kind == "Resource" and isinstance(value, dict):
            inner = str(value.get("resourceType", ""))
            nodes = tuple(node for name, node in self.resource(value) if name != "meta")
            return (
                Node(labels.one(inner), kind="group", nodes=nodes)
                if nodes
                else Node(labels.one(inner), "empty")
            )
        if not isinstance(value, dict):
            if kind == "code" and path.endswith(".language"):
                return Node(label, codes.language(value))
            return Node(
                label,
                values.primitive(value, kind, self._context, self._meaning(binding)),
                kind=values.shape(kind),
            )
        known = values.known(kind)
        if known is None:
            shape = self._shape(kind)
            return Node(
                label,
                kind="group",
                nodes=tuple(node for _, node in self._elements(value, shape, path, frozenset())),
            )
        said = known(value, self._context)
        href = said.href
        if kind == "Attachment" and (value.get("data") or value.get("url")):
            href = f"{self._page}/file/{len(self.files)}"
            self.files.append(value)
        rest: tuple[Node, ...] = ()
        if any(key not in said.used and key != "id" for key in value):
            rest = tuple(
                node for _, node in self._elements(value, self._shape(kind), kind, said.used | {"id"})
            )
        return Node(label, said.text, said.note, href, said.kind, rest)

    def _shape(self, kind: str) -> TypeDef:
        return self._definitions.type(kind)

    def _meaning(self, binding: str | None) -> Mapping[str, str]:
        if not binding:
            return {}
        return {one.code: one.display for one in self._definitions.concepts(binding) or () if one.display}

    def _extensions(self, found: Any, modifier: bool) -> Iterator[Node]:
        for one in found or ():
            if not self._budget.take():
                return
            label = extensions.label(one.get("url"))
            note = "changes what this record means" if modifier else ""
            inner = tuple(self._extensions(one.get("extension"), False))
            key = next((key for key in one if key.startswith("value")), "")
            if not key:
                yield Node(label, note=note, kind="group", nodes=inner)
                continue
            stem, kind = self._definitions.type("Extension").choice.get(key, ("value", "string"))
            node = self._value(one[key], kind, f"Extension.{stem}", label, None)
            word = extensions.meaning(one.get("url")).get(str(one[key]))
            node = Node(label, word) if word else node
            yield Node(label, node.text, note or node.note, node.href, node.kind, (*node.nodes, *inner))


def plain(nodes: tuple[Node, ...], above: str = "") -> Iterator[tuple[str, str]]:
    """(label with the groups above it, text) of every line, for comparing."""
    for node in nodes:
        label = f"{above} › {node.label}" if above else node.label
        if node.text:
            yield label, f"{node.text} ({node.note})" if node.note else node.text
        yield from plain(node.nodes, label)


def code_of(tree: Tree) -> str:
    """The main code of a resource for its heading, e.g. `I10`."""
    return codes.code_line(
        tree.get("code") or tree.get("vaccineCode") or tree.get("medicationCodeableConcept")
    )

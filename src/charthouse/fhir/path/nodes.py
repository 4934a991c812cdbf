"""The syntax tree of FHIRPath, one frozen class per form, so that any target can be compiled from it.

Follows the grammar of FHIRPath N1 (v2.0.0, appendix B). `x.is(T)`, `x.as(T)` and `x.ofType(T)`
have one form whether written as operator or function; brackets leave no node. `at` is the
offset in the text, and no part of what makes two trees equal.

Nothing in the tree belongs to one target. Another one, such as SQL, hands `Compiler` a table of its own
from node class to builder (as `language.FORMS` is for closures) and asks `model` for types and steps;
every class is listed there, and `parts` and `walk` reach every node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from charthouse.fhir.path.dates import Temporal
from charthouse.fhir.path.quantity import Quantity

Value = bool | int | Decimal | str | Temporal | Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Any part of an expression."""

    at: int = field(default=0, compare=False, repr=False)

    def parts(self) -> Iterator[Node]:
        """The direct children, in the order they were written."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A written value; `kind` is the System type without its namespace, e.g. `Integer`."""

    kind: str
    value: Value


@dataclass(frozen=True, slots=True)
class Empty(Node):
    """`{}`."""


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`%name`."""

    name: str


@dataclass(frozen=True, slots=True)
class This(Node):
    """`$this`."""


@dataclass(frozen=True, slots=True)
class Position(Node):
    """`$index`."""


@dataclass(frozen=True, slots=True)
class Total(Node):
    """`$total`."""


@dataclass(frozen=True, slots=True)
class Based(Node):
    """A form that continues from `base`; None is the focus (what `$this` is here)."""

    base: Node | None

    def parts(self) -> Iterator[Node]:
        """See `Node.parts`."""
        if self.base is not None:
            yield self.base


@dataclass(frozen=True, slots=True)
class Member(Based):
    """`base.name`; without a base also the name of a type, as in `Patient.name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call(Based):
    """`base.name(args)`."""

    name: str
    args: tuple[Node, ...]

    def parts(self) -> Iterator[Node]:
        """See `Node.parts`."""
        if self.base is not None:
            yield self.base
        yield from self.args


@dataclass(frozen=True, slots=True)
class TypeName:
    """`FHIR.Patient`, `System.String`, or only `Patient`."""

    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class TypeOperation(Based):
    """`is`, `as` or `ofType` (`op`) of `base`."""

    op: str
    type: TypeName


@dataclass(frozen=True, slots=True)
class Indexer(Node):
    """`base[index]`."""

    base: Node
    index: Node

    def parts(self) -> Iterator[Node]:
        """See `Node.parts`."""
        yield self.base
        yield self.index


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`+operand` or `-operand`."""

    op: str
    operand: Node

    def parts(self) -> Iterator[Node]:
        """See `Node.parts`."""
        yield self.operand


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left op right`, all operators but `is` and `as`."""

    op: str
    left: Node
    right: Node

    def parts(self) -> Iterator[Node]:
        """See `Node.parts`."""
        yield self.left
        yield self.right


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything in it, without recursion."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(found.parts())


def depth(node: Node) -> int:
    """The number of levels of `node`."""
    level = [node]
    levels = 0
    while level:
        levels += 1
        level = [part for found in level for part in found.parts()]
    return levels

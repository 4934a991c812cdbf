"""Reads the text of an expression into its syntax tree (FHIRPath N1, appendix B)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from charthouse.fhir.path import quantity
from charthouse.fhir.path.dates import parse_literal
from charthouse.fhir.path.nodes import (
    Binary,
    Call,
    Empty,
    Indexer,
    Literal,
    Member,
    Node,
    Position,
    This,
    Total,
    TypeName,
    TypeOperation,
    Unary,
    Variable,
    depth,
)
from charthouse.fhir.path.tokens import Token, refusal, tokens

MAX_NESTING: Final = 50
MAX_DEPTH: Final = 150
MAX_INTEGER: Final = 2**31 - 1

# operator -> how tightly it binds; `is` and `as` stand among them (N1 6.8)
_STRENGTH: Final = {
    "implies": 1, "or": 2, "xor": 2, "and": 3, "in": 4, "contains": 4,
    "=": 5, "~": 5, "!=": 5, "!~": 5, "<=": 6, "<": 6, ">": 6, ">=": 6,
    "|": 7, "is": 8, "as": 8, "+": 9, "-": 9, "&": 9, "*": 10, "/": 10, "div": 10, "mod": 10,
}  # fmt: skip
_UNARY_STRENGTH: Final = 11
# Words that are operators, and yet may be names where no operator can stand (rule `identifier`).
_ALLOWED_NAMES: Final = frozenset({"as", "is", "contains", "in"})
_WORDS: Final = frozenset({"true", "false"} | {word for word in _STRENGTH if word.isalpha()}) - _ALLOWED_NAMES
_TYPE_FUNCTIONS: Final = frozenset({"is", "as", "ofType"})
_TEMPORAL_KINDS: Final = {"date": "Date", "datetime": "DateTime", "time": "Time"}


def parse(text: str) -> Node:
    """The final syntax tree of `text`.

    Raises `Problem(invalid)` with line and column on anything the grammar does not have, on a
    type that is no name, and on nesting beyond what any real expression needs.
    """
    reader = _Reader(text)
    node = reader.expression(0)
    reader.expect_end()
    if depth(node) > MAX_DEPTH:
        raise refusal(text, node.at, f"The expression has more than {MAX_DEPTH} levels")
    return node


class _Reader:
    """A cursor over the tokens, with one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.next = 0
        self.nesting = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        found = self.tokens[self.next]
        self.next += 1
        return found

    def is_mark(self, mark: str) -> bool:
        return self.token.kind == "mark" and self.token.text == mark

    def expect(self, mark: str, purpose: str) -> Token:
        if not self.is_mark(mark):
            raise refusal(self.text, self.token.at, f"{mark} is missing {purpose}")
        return self.take()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise refusal(
                self.text, self.token.at, "The expression should end or go on with an operator here"
            )

    def expression(self, strength: int) -> Node:
        """Everything that binds more tightly than `strength`."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise refusal(self.text, self.token.at, f"Brackets are nested more than {MAX_NESTING} deep")
        left = self.unary()
        while True:
            token = self.token
            found = _STRENGTH.get(token.text) if token.kind in ("mark", "name") else None
            if found is None or found <= strength:
                self.nesting -= 1
                return left
            self.take()
            if token.text in ("is", "as"):
                left = TypeOperation(left, token.text, self.type_name(), at=token.at)
            else:
                left = Binary(token.text, left, self.expression(found), at=token.at)

    def unary(self) -> Node:
        token = self.token
        if token.kind == "mark" and token.text in ("+", "-"):
            self.take()
            return Unary(token.text, self.expression(_UNARY_STRENGTH - 1), at=token.at)
        return self.postfix()

    def postfix(self) -> Node:
        node = self.term()
        while True:
            if self.is_mark("."):
                self.take()
                node = self.invocation(node)
            elif self.is_mark("["):
                at = self.take().at
                index = self.expression(0)
                self.expect("]", "after the index")
                node = Indexer(node, index, at=at)
            else:
                return node

    def term(self) -> Node:
        token = self.token
        if token.kind in ("name", "quoted", "dollar"):
            return self.invocation(None)
        self.take()
        if token.kind == "string":
            return Literal("String", token.text, at=token.at)
        if token.kind == "number":
            return self.number(token)
        if token.kind in _TEMPORAL_KINDS:
            return self.temporal(token)
        if token.kind == "variable":  # `%vs-…` and `%ext-…` as R4 writes them, without quotes
            return Variable(token.text[1:], at=token.at)
        if token.kind == "mark" and token.text == "(":
            node = self.expression(0)
            self.expect(")", "to close the bracket")
            return node
        if token.kind == "mark" and token.text == "{":
            self.expect("}", "after { (only the empty collection {} is written so)")
            return Empty(at=token.at)
        if token.kind == "mark" and token.text == "%":
            return self.variable(token.at)
        raise refusal(self.text, token.at, "A value, name or bracket is expected here")

    def variable(self, at: int) -> Node:
        token = self.take()
        if token.kind not in ("name", "quoted", "string"):
            raise refusal(self.text, token.at, "A name is expected after %")
        return Variable(token.text, at=at)

    def invocation(self, base: Node | None) -> Node:
        """A member, a function or a `$` word; after a dot any word is a name."""
        token = self.take()
        if token.kind == "dollar" and base is None:
            return self.dollar(token)
        if token.kind not in ("name", "quoted"):
            raise refusal(self.text, token.at, "A name is expected here")
        if token.kind == "name" and base is None:
            if token.text in ("true", "false"):
                return Literal("Boolean", token.text == "true", at=token.at)
            if token.text in _WORDS:
                raise refusal(
                    self.text, token.at, f"{token.text} is an operator", "Write a name like that as `name`."
                )
        if not self.is_mark("("):
            return Member(base, token.text, at=token.at)
        if token.text in _TYPE_FUNCTIONS:
            return self.type_function(base, token)
        return Call(base, token.text, self.arguments(), at=token.at)

    def dollar(self, token: Token) -> Node:
        if token.text == "$this":
            return This(at=token.at)
        if token.text == "$index":
            return Position(at=token.at)
        if token.text == "$total":
            return Total(at=token.at)
        raise refusal(self.text, token.at, "There are only $this, $index and $total")

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(", "before the arguments")
        found: list[Node] = []
        if not self.is_mark(")"):
            found.append(self.expression(0))
            while self.is_mark(","):
                self.take()
                found.append(self.expression(0))
        self.expect(")", "after the arguments")
        return tuple(found)

    def type_function(self, base: Node | None, token: Token) -> Node:
        self.expect("(", "before the type")
        name = self.type_name()
        self.expect(")", "after the type")
        return TypeOperation(base, token.text, name, at=token.at)

    def type_name(self) -> TypeName:
        first = self.name_of_type()
        if not self.is_mark("."):
            return TypeName(None, first)
        if first not in ("FHIR", "System"):
            raise refusal(
                self.text, self.token.at, f"{first} is no namespace", "Types are in FHIR or System."
            )
        self.take()
        return TypeName(first, self.name_of_type())

    def name_of_type(self) -> str:
        token = self.take()
        if token.kind not in ("name", "quoted"):
            raise refusal(self.text, token.at, "The name of a type is expected here")
        return token.text

    def number(self, token: Token) -> Node:
        value = Decimal(token.text)
        unit = self.token
        if unit.kind == "string":
            self.take()
            if not unit.text.strip():
                raise refusal(self.text, unit.at, "A unit may not be empty", "Write '1' for no unit.")
            return Literal("Quantity", quantity.of_unit(value, unit.text), at=token.at)
        if unit.kind == "name" and (word := quantity.calendar_word(unit.text)) is not None:
            self.take()
            return Literal("Quantity", quantity.Quantity(value, word, True), at=token.at)
        if "." in token.text:
            return Literal("Decimal", value, at=token.at)
        if value > MAX_INTEGER:
            raise refusal(
                self.text, token.at, f"Integers end at {MAX_INTEGER}", "Write it as a decimal, with .0."
            )
        return Literal("Integer", int(value), at=token.at)

    def temporal(self, token: Token) -> Node:
        value = parse_literal(token.text[1:])
        if value is None:
            raise refusal(self.text, token.at, "There is no such date or time")
        return Literal(_TEMPORAL_KINDS[token.kind], value, at=token.at)

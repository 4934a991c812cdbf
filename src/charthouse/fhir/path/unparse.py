"""Writes a syntax tree back as text that parses to the same tree, for messages and tools."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from charthouse.fhir.path.dates import DATETIME, TIME, Temporal
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
)
from charthouse.fhir.path.quantity import Quantity

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED: Final = frozenset(
    {"true", "false", "and", "or", "xor", "implies", "div", "mod", "is", "as", "in", "contains"}
)
_FIXED: Final = {Empty: "{}", This: "$this", Position: "$index", Total: "$total"}


def unparse(node: Node) -> str:
    """The expression as text, brackets around every operation inside another."""
    fixed = _FIXED.get(type(node))
    if fixed is not None:
        return fixed
    if isinstance(node, Literal):
        return _literal(node)
    if isinstance(node, Variable):
        return f"%{_name(node.name)}"
    if isinstance(node, Indexer):
        return f"{_operand(node.base)}[{unparse(node.index)}]"
    if isinstance(node, Unary):
        return f"{node.op}{_operand(node.operand)}"
    if isinstance(node, Binary):
        return f"{_operand(node.left)} {node.op} {_operand(node.right)}"
    return _based(node)


def _based(node: Node) -> str:
    if not isinstance(node, Member | Call | TypeOperation):
        raise TypeError(f"{type(node).__name__} has no text")
    start = "" if node.base is None else f"{_operand(node.base)}."
    if isinstance(node, Call):
        return f"{start}{_name(node.name)}({', '.join(unparse(arg) for arg in node.args)})"
    if isinstance(node, TypeOperation):
        return f"{start}{node.op}({_type(node.type)})"
    return f"{start}{_name(node.name)}"


def _operand(node: Node) -> str:
    is_open = isinstance(node, Binary | Unary) or (
        isinstance(node, Literal) and node.kind in ("Quantity", "Integer")
    )
    return f"({unparse(node)})" if is_open else unparse(node)


def _type(name: TypeName) -> str:
    return f"{name.namespace}.{_name(name.name)}" if name.namespace else _name(name.name)


def _name(name: str) -> str:
    return name if _PLAIN.match(name) and name not in _RESERVED else f"`{_escaped(name, '`')}`"


def _escaped(text: str, quote: str) -> str:
    for character, code in (
        ("\\", "\\\\"),
        (quote, f"\\{quote}"),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
    ):
        text = text.replace(character, code)
    return text


def _literal(node: Literal) -> str:
    value = node.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{_escaped(value, chr(39))}'"
    if isinstance(value, Temporal):
        text = str(value)
        if value.kind == TIME:
            return f"@T{text}"
        return f"@{text}T" if value.kind == DATETIME and "T" not in text else f"@{text}"
    if isinstance(value, Quantity):
        return (
            f"{value.value:f} {value.unit}"
            if value.is_calendar
            else f"{value.value:f} '{_escaped(value.unit or '1', chr(39))}'"
        )
    return f"{value:f}" if isinstance(value, Decimal) else str(value)

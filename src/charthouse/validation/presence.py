"""Constraints decided by looking at which elements are there: the cheap part of FHIRPath, exact or silent.

Most constraints of the standard only ask what exists, or compare a code with a word. For an object of
sound shape a `Mask` tells which answers such an expression can have, without evaluating it; what it
cannot see it leaves open. (FHIRPath N1: logic with three values 6.5, empty input of functions 5.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from charthouse.fhir.path.model import STRINGS, Model, Step
from charthouse.fhir.path.nodes import Binary, Call, Indexer, Literal, Member, Node, This, TypeOperation, walk

TRUE: Final = 1
FALSE: Final = 2
NOTHING: Final = 4  # the empty collection
ANY: Final = TRUE | FALSE | NOTHING

Object = dict[str, Any]
Mask = Callable[[Object], int]
Gather = Callable[[Object], tuple[list[Object], bool]]

_EXACT: Final = frozenset({TRUE, FALSE, NOTHING})
# What a function gives for the empty collection; every other function is taken to be unknown.
_ON_NOTHING: Final = {
    "exists": FALSE, "empty": TRUE, "hasValue": FALSE, "all": TRUE, "isDistinct": TRUE, "not": NOTHING,
    **dict.fromkeys(
        ("where", "select", "first", "last", "tail", "single", "skip", "take", "ofType", "as", "resolve", "trace",
         "children", "descendants", "repeat", "extension", "matches", "startsWith", "endsWith", "contains", "length",
         "substring", "toString", "toInteger", "toDecimal", "lower", "upper", "replace", "replaceMatches", "distinct",
         "intersect"), NOTHING,
    ),
}  # fmt: skip
_COMPARISONS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_WORDS: Final = STRINGS - {"base64Binary", "xhtml"}


def heads(node: Node) -> tuple[str, ...]:
    """The elements that an expression speaks of, as far as it begins with their names."""
    found = [part.name for part in walk(node) if isinstance(part, Member) and part.base is None]
    return tuple(dict.fromkeys(found[::-1]))


class Presence:
    """Masks for expressions on objects of one type."""

    def __init__(self, model: Model, type_name: str) -> None:
        self._model = model
        self._type = type_name

    def mask(self, node: Node) -> Mask:
        """Which of TRUE, FALSE and NOTHING `node` can be on an object of sound shape."""
        found = self._binary(node) if isinstance(node, Binary) else None
        if isinstance(node, Call):
            found = self._call(node)
        return found or self._unless_absent(node)

    def _binary(self, node: Binary) -> Mask | None:
        if node.op in _TABLES:
            return _joined(_TABLES[node.op], _SHORT.get(node.op), self.mask(node.left), self.mask(node.right))
        if node.op == "in":
            words = _words(node.right)
            return None if words is None else self._compared(node.left, words)
        if node.op not in ("=", "!="):
            return None
        right = node.right
        if isinstance(right, Literal) and isinstance(right.value, (bool, str)):
            found = self._compared(node.left, frozenset({right.value}))
        elif _is_question(node.left) and _is_question(right):
            found = _joined(_EQUAL, None, self.mask(node.left), self.mask(right))
        else:
            return None
        return found if node.op == "=" or found is None else _turned(found)

    def _call(self, node: Call) -> Mask | None:
        if node.args or node.base is None:
            return None
        if node.name == "not":
            return _turned(self.mask(node.base))
        if node.name not in ("exists", "empty", "hasValue"):
            return None
        found = self._existing(node.base, needs_value=node.name == "hasValue")
        return found if found is None or node.name != "empty" else _turned(found)

    def _existing(self, node: Node, *, needs_value: bool) -> Mask | None:
        step = self._step(node)
        if step is not None:
            if needs_value and (step.is_many or len(step.keys) > 1 or step.keys[0].hidden is None):
                return None
            return _there([step.keys[0].name] if needs_value else _names(step))
        gathered = None if needs_value else self._gathered(node)
        return None if gathered is None else _some(gathered[0])

    def _compared(self, node: Node, wanted: frozenset[str | bool]) -> Mask | None:
        """A single word or Boolean compared with literals."""
        step = self._step(node)
        if step is None or step.is_many or len(step.keys) > 1:
            return None
        key = step.keys[0]
        if key.type != "boolean" if isinstance(next(iter(wanted)), bool) else key.type not in _WORDS:
            return None
        name, hidden = key.name, key.hidden

        def mask(tree: Object) -> int:
            value = tree.get(name)
            if value is None:
                return ANY if hidden in tree else NOTHING
            return TRUE if value in wanted else FALSE

        return mask

    def _gathered(self, node: Node) -> tuple[Gather, str] | None:
        """The objects on a path, some of them chosen by `where`; and their type."""
        if isinstance(node, Call) and node.name == "where" and len(node.args) == 1 and node.base is not None:
            source = self._gathered(node.base)
            if source is None:
                return None
            return _chosen(source[0], Presence(self._model, source[1]).mask(node.args[0])), source[1]
        if not isinstance(node, Member):
            return None
        above = None if node.base is None else self._gathered(node.base)
        if node.base is not None and above is None:
            return None
        step = self._model.step(self._type if above is None else above[1], node.name)
        if step is None or len(step.keys) > 1 or step.keys[0].hidden is not None:
            return None
        kind = step.keys[0].type
        definition = self._model.definition(kind)
        if definition is None or definition.kind == "resource":
            return None
        return _members(None if above is None else above[0], step.name, is_many=step.is_many), kind

    def _step(self, node: Node) -> Step | None:
        """The element that a bare name, or a name after the type's own, means."""
        if not isinstance(node, Member):
            return None
        is_own = node.base is None or isinstance(node.base, This) or node.base == Member(None, self._type)
        return self._model.step(self._type, node.name) if is_own else None

    def _unless_absent(self, node: Node) -> Mask:
        """Anything, but for what is known where the element is missing that it begins with."""
        head, answer = _absent(node)
        step = self._model.step(self._type, head) if head else None
        if step is None or answer not in _EXACT:
            return lambda tree: ANY
        names = frozenset(_names(step))

        def mask(tree: Object) -> int:
            return answer if names.isdisjoint(tree) else ANY

        return mask


def _absent(node: Node) -> tuple[str | None, int]:
    """The element that `node` begins with, and what it gives where that is missing (ANY = unknown)."""
    if isinstance(node, Member) and node.base is None:
        return node.name, NOTHING
    base = node.left if isinstance(node, Binary) else getattr(node, "base", None)
    if not isinstance(base, Node):
        return None, ANY
    head, before = _absent(base)
    if isinstance(node, Call) and node.name == "not" and before != NOTHING:
        return head, _swapped(before)
    return head, _on_nothing(node) if before == NOTHING else ANY


def _on_nothing(node: Node) -> int:
    """What `node` gives where that which it continues from is empty."""
    if isinstance(node, Call):
        return _ON_NOTHING.get(node.name, ANY)
    if isinstance(node, Binary):
        return NOTHING if node.op in _COMPARISONS or node.op == "in" else ANY
    return NOTHING if isinstance(node, (Member, TypeOperation, Indexer)) else ANY


def _is_question(node: Node) -> bool:
    return isinstance(node, Call) and node.name in ("exists", "empty", "hasValue", "not")


def _words(node: Node) -> frozenset[str | bool] | None:
    """The words of `('a' | 'b')`."""
    if isinstance(node, Literal):
        return frozenset({node.value}) if isinstance(node.value, str) and node.kind == "String" else None
    if not (isinstance(node, Binary) and node.op == "|"):
        return None
    left, right = _words(node.left), _words(node.right)
    return None if left is None or right is None else left | right


def _names(step: Step) -> list[str]:
    return [key.name for key in step.keys] + [key.hidden for key in step.keys if key.hidden]


def _there(names: list[str]) -> Mask:
    if len(names) == 1:
        name = names[0]
        return lambda tree: TRUE if name in tree else FALSE
    if len(names) == 2:
        one, other = names
        return lambda tree: TRUE if one in tree or other in tree else FALSE
    wanted = frozenset(names)
    return lambda tree: FALSE if wanted.isdisjoint(tree) else TRUE


def _members(above: Gather | None, name: str, *, is_many: bool) -> Gather:
    def own(tree: Object) -> list[Object]:
        found = tree.get(name)
        return [] if found is None else found if is_many else [found]

    def gather(tree: Object) -> tuple[list[Object], bool]:
        if above is None:
            return own(tree), False
        holders, is_open = above(tree)
        return [one for holder in holders for one in own(holder)], is_open

    return gather


def _chosen(source: Gather, criterion: Mask) -> Gather:
    def gather(tree: Object) -> tuple[list[Object], bool]:
        items, is_open = source(tree)
        found = []
        for item in items:
            answer = criterion(item)
            if answer == TRUE:
                found.append(item)
            elif answer & TRUE:
                is_open = True
        return found, is_open

    return gather


def _some(gather: Gather) -> Mask:
    def mask(tree: Object) -> int:
        items, is_open = gather(tree)
        return TRUE if items else TRUE | FALSE if is_open else FALSE

    return mask


def _joined(table: list[list[int]], short: int | None, left: Mask, right: Mask) -> Mask:
    def mask(tree: Object) -> int:
        one = left(tree)
        return one if one == short else table[one][right(tree)]

    return mask


def _turned(mask: Mask) -> Mask:
    return lambda tree: _swapped(mask(tree))


def _swapped(answers: int) -> int:
    return (answers & NOTHING) | (FALSE if answers & TRUE else 0) | (TRUE if answers & FALSE else 0)


def _table(of: Callable[[bool | None, bool | None], bool | None]) -> list[list[int]]:
    """The answers that can come of two sets of answers."""
    values = {TRUE: True, FALSE: False, NOTHING: None}
    answers = {True: TRUE, False: FALSE, None: NOTHING}

    def joined(one: int, other: int) -> int:
        found = 0
        for left, a in values.items():
            for right, b in values.items():
                if one & left and other & right:
                    found |= answers[of(a, b)]
        return found

    return [[joined(one, other) for other in range(ANY + 1)] for one in range(ANY + 1)]


def _and(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    return True if a or b else None if a is None or b is None else False


def _xor(a: bool | None, b: bool | None) -> bool | None:
    return None if a is None or b is None else a is not b


def _implies(a: bool | None, b: bool | None) -> bool | None:
    return _or(None if a is None else not a, b)


def _equal(a: bool | None, b: bool | None) -> bool | None:
    return None if a is None or b is None else a is b


_TABLES: Final = {"and": _table(_and), "or": _table(_or), "xor": _table(_xor), "implies": _table(_implies)}
_EQUAL: Final = _table(_equal)
_SHORT: Final = {"and": FALSE, "or": TRUE}

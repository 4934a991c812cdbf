"""JSON Patch (RFC 6902) with JSON Pointer (RFC 6901) on a tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.fhir.patch.copying import check_depth, clone, shown, size
from charthouse.fhir.resource import Tree

MAX_OPERATIONS: Final = 1000
MAX_VALUES: Final = 1_000_000  # of the document while it is being patched: copies can double it each time

END: Final = "-"  # the place after the last element
_INDEX: Final = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")


def json_patch(tree: Tree, operations: Sequence[Any]) -> Tree:
    """`tree` with `operations` applied in order; all of them or none. Neither argument is changed.

    Raises Problem(invalid) that names the operation (from 0), the path and the value where an
    operation is malformed (code `structure`), or cannot be applied or fails its test (code `business-rule`).
    """
    if not isinstance(operations, list | tuple):
        raise invalid("structure", "A JSON Patch is a list of operations.", value=shown(operations))
    if len(operations) > MAX_OPERATIONS:
        raise invalid("too-long", f"A patch may have {MAX_OPERATIONS} operations.", value=len(operations))
    document: Any = clone(tree)
    room = MAX_VALUES - size(document)
    for number, content in enumerate(operations):
        operation = _read(number, content)
        if operation.name == "copy":
            room -= size(_get(operation, document, operation.start))
            if room < 0:
                raise problem(
                    Category.TOO_COSTLY, "too-costly", f"Operation {number} makes the document too big."
                )
        try:
            document = _APPLY[operation.name](operation, document)
        except RecursionError:
            raise operation.fail("the document has become too deep.") from None
    check_depth(document)
    if not isinstance(document, dict):
        raise invalid(
            "business-rule", "The patch leaves no object, but a resource is one.", value=shown(document)
        )
    return document


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation, read; `start` is `from`."""

    number: int
    name: str
    path: str
    tokens: tuple[str, ...]
    start: tuple[str, ...] = ()
    value: Any = None

    def fail(self, message: str, value: Any = None, repair: str | None = None) -> Problem:
        """The Problem of an operation that cannot be applied."""
        text = None if value is None else shown(value)
        return invalid(
            "business-rule",
            _sentence(self.number, self.name, self.path, message),
            place=self.path,
            value=text,
            repair=repair,
        )


def _sentence(number: int, name: str, path: str, message: str) -> str:
    return f"Operation {number} ({name} {path!r}): {message}"


def _read(number: int, content: Any) -> _Operation:
    """Check the members of one operation; members that RFC 6902 does not know are ignored."""
    if not isinstance(content, Mapping):
        raise invalid(
            "structure", f"Operation {number} is not an object.", place=f"[{number}]", value=shown(content)
        )
    name, path = content.get("op"), content.get("path")
    if not isinstance(name, str) or name not in _APPLY:
        raise invalid(
            "structure",
            f"Operation {number} has no operation that JSON Patch knows.",
            place=f"[{number}].op",
            value=shown(name),
            repair=f"Use one of {', '.join(_APPLY)}.",
        )
    tokens = _pointer(number, name, "path", path)
    start: tuple[str, ...] = ()
    if name in ("move", "copy"):
        start = _pointer(number, name, "from", content.get("from"))
    elif name != "remove" and "value" not in content:
        raise invalid(
            "structure", _sentence(number, name, str(path), "a value is missing."), place=f"[{number}].value"
        )
    return _Operation(number, name, str(path), tokens, start, content.get("value"))


def _pointer(number: int, name: str, member: str, text: Any) -> tuple[str, ...]:
    """The reference tokens of a JSON Pointer, escapes undone."""
    if not isinstance(text, str) or (text and not text.startswith("/")) or _BAD_ESCAPE.search(text):
        raise invalid(
            "structure",
            f"Operation {number} ({name}): {member} is no JSON Pointer.",
            place=f"[{number}].{member}",
            value=shown(text),
            repair="Write / before each name or index; ~1 stands for /, ~0 for ~.",
        )
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:])


def _step(operation: _Operation, holder: Any, token: str, path: str) -> Any:
    """The value under one token, which must exist."""
    if isinstance(holder, dict):
        if token not in holder:
            raise operation.fail(f"there is nothing at {path!r}.", token)
        return holder[token]
    if isinstance(holder, list):
        return holder[_index(operation, token, len(holder) - 1)]
    raise operation.fail(f"{path!r} leads into {shown(holder)}, which holds nothing.", token)


def _index(operation: _Operation, token: str, last: int) -> int:
    if not _INDEX.match(token):
        raise operation.fail("this is no index of an array.", token, "Use 0, 1, 2 …")
    if int(token) > last:
        raise operation.fail(f"the array ends at {last}." if last >= 0 else "the array is empty.", token)
    return int(token)


def _get(operation: _Operation, document: Any, tokens: tuple[str, ...]) -> Any:
    value = document
    for place, token in enumerate(tokens, 1):
        value = _step(operation, value, token, "/" + "/".join(tokens[:place]))
    return value


def _put(operation: _Operation, document: Any, value: Any) -> Any:
    """`add`: a member is set, an array gets one element more."""
    if not operation.tokens:
        return value
    holder, token = _get(operation, document, operation.tokens[:-1]), operation.tokens[-1]
    if isinstance(holder, dict):
        holder[token] = value
    elif isinstance(holder, list):
        holder.insert(len(holder) if token == END else _index(operation, token, len(holder)), value)
    else:
        raise operation.fail(f"{shown(holder)} holds nothing, so nothing can be added to it.", token)
    return document


def _take(operation: _Operation, document: Any, tokens: tuple[str, ...]) -> Any:
    """Remove and return what is there."""
    if not tokens:
        raise operation.fail("the whole resource cannot be taken away.", repair="Use DELETE.")
    holder, token = _get(operation, document, tokens[:-1]), tokens[-1]
    _step(operation, holder, token, "/" + "/".join(tokens))
    return holder.pop(token) if isinstance(holder, dict) else holder.pop(int(token))


def _add(operation: _Operation, document: Any) -> Any:
    return _put(operation, document, clone(operation.value))


def _remove(operation: _Operation, document: Any) -> Any:
    _take(operation, document, operation.tokens)
    return document


def _replace(operation: _Operation, document: Any) -> Any:
    if not operation.tokens:
        return clone(operation.value)
    holder, token = _get(operation, document, operation.tokens[:-1]), operation.tokens[-1]
    _step(operation, holder, token, operation.path)
    holder[token if isinstance(holder, dict) else int(token)] = clone(operation.value)
    return document


def _move(operation: _Operation, document: Any) -> Any:
    if operation.tokens == operation.start:
        _get(operation, document, operation.start)
        return document
    if operation.tokens[: len(operation.start)] == operation.start:
        raise operation.fail("a value cannot be moved into itself.", "/" + "/".join(operation.start))
    return _put(operation, document, _take(operation, document, operation.start))


def _copy(operation: _Operation, document: Any) -> Any:
    return _put(operation, document, clone(_get(operation, document, operation.start)))


def _test(operation: _Operation, document: Any) -> Any:
    found = _get(operation, document, operation.tokens)
    if not is_same(found, operation.value):
        raise operation.fail(f"the value there is not {shown(operation.value)}.", found)
    return document


def is_same(one: Any, other: Any) -> bool:
    """Equality of RFC 6902 section 4.6: numbers by value, objects in any order, and no type stands for another."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(part, other[key]) for key, part in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return one == other
    return type(one) is type(other) and bool(one == other)


_APPLY: Final[dict[str, Callable[[_Operation, Any], Any]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}

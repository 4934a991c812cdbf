"""The parameters about the result: how many, in what order, with what total, and what comes along."""

from __future__ import annotations

from charthouse.base.errors import Problem, invalid
from charthouse.search.known import LATER, SHAPING, Book, Known, too_many, unsupported
from charthouse.search.query import (
    MAX_COUNT,
    MAX_INCLUDES,
    MAX_SORT_KEYS,
    Include,
    Kind,
    Query,
    SortKey,
    Total,
)


def take(book: Book, query: Query, name: str, text: str) -> bool:
    """Take in a parameter about the result, and say whether it was one."""
    code, _, modifier = name.partition(":")
    if code in SHAPING:
        query.others.append((name, text))
        return True
    if code not in ("_count", "_total", "_sort", "_include", "_revinclude"):
        return False
    if modifier and code in ("_include", "_revinclude"):
        raise unsupported(
            f'The modifier ":{modifier}" is not supported on "{code}".',
            name,
            "Leave it out, and include each step by itself.",
        )
    if modifier:
        raise invalid("value", f'"{code}" has no modifier ":{modifier}".', place=name, value=modifier)
    if not text:
        raise invalid("value", f'"{name}" has no value.', place=name)
    if code == "_count":
        query.count = _count(text)
    elif code == "_total":
        query.total = _total(text)
    elif code == "_sort":
        query.sort = _sort(book, query.type, text)
    else:
        query.includes.append(_include(book, query.type, code, text))
        if len(query.includes) > MAX_INCLUDES:
            raise too_many("The search has too many includes", code, MAX_INCLUDES)
    query.used.append((name, text))
    return True


def _count(text: str) -> int:
    """`_count`: 0 asks for the total only; more than the most is the most."""
    if not text.isascii() or not text.isdigit():
        raise invalid(
            "value", '"_count" takes a whole number.', place="_count", value=text, repair="Write e.g. 50."
        )
    return min(int(text), MAX_COUNT) if len(text) < 20 else MAX_COUNT


def _total(text: str) -> Total:
    if text not in ("none", "estimate", "accurate"):
        raise invalid(
            "value",
            '"_total" takes none, estimate or accurate.',
            place="_total",
            value=text,
            repair="Use one of them.",
        )
    return Total(text)


def _sort(book: Book, type: str, text: str) -> tuple[SortKey, ...]:
    """The keys of `_sort` (R4 search.html#sort)."""
    known = book.of(type)
    keys: dict[str, SortKey] = {}
    parts = text.split(",")
    if len(parts) > MAX_SORT_KEYS:
        raise too_many(f'"_sort" has {len(parts)} keys', "_sort", MAX_SORT_KEYS)
    for part in parts:
        descending = part.startswith("-")
        code = part[1:] if descending else part
        param = known.get(code)
        if param is None:
            raise _unsortable(book, type, code, text)
        keys.setdefault(part, SortKey(code, param.kind, param.source, descending))
    return tuple(keys.values())


def _unsortable(book: Book, type: str, code: str, text: str) -> Problem:
    plain, colon, _ = code.partition(":")
    if colon or code in LATER:
        return unsupported(f'Sorting by "{code}" is not supported.', "_sort", "Sort by a plain parameter.")
    repair = book.missing(type, plain).issues[0].repair
    return invalid(
        "not-found", f'{type} cannot be sorted by "{code}".', place="_sort", value=text, repair=repair
    )


def _include(book: Book, type: str, name: str, text: str) -> Include:
    """`Type:parameter[:Target]` of `_include` or `_revinclude` (R4 search.html#include)."""
    reverse = name == "_revinclude"
    parts = text.split(":")
    if "*" in parts:
        raise unsupported(
            f'The wildcard of "{name}" is not supported.', name, "Name the parameters one by one."
        )
    if len(parts) not in (2, 3) or not all(parts):
        raise invalid(
            "value",
            f'"{name}" takes Type:parameter or Type:parameter:Target.',
            place=name,
            value=text,
            repair=f"Write e.g. {name}=Observation:subject.",
        )
    source_type, code, *rest = parts
    for part in (source_type, *rest):
        if not book.definitions.is_resource(part):
            raise invalid("value", f'"{part}" is not a resource type.', place=name, value=text)
    if not reverse and source_type != type:
        raise invalid(
            "value",
            f'"_include" starts from {source_type}, but {type} is searched.',
            place=name,
            value=text,
            repair=f"Begin with {type}, or use _revinclude.",
        )
    param = book.of(source_type).get(code)
    if param is None:
        raise book.missing(source_type, code)
    target = rest[0] if rest else None
    _check_ends(param, source_type, type if reverse else target, name, text)
    if reverse and target not in (None, type):
        raise invalid(
            "value",
            f'"_revinclude" asks for references to {target}, but {type} is searched.',
            place=name,
            value=text,
            repair=f"End with :{type}, or leave the end out.",
        )
    return Include(text, reverse, source_type, param.source, target or param.source.target)


def _check_ends(param: Known, source_type: str, target: str | None, name: str, text: str) -> None:
    """Refuse what can never come along: no reference, or one that does not go to `target`."""
    if param.kind is not Kind.REFERENCE:
        raise invalid("value", f'"{source_type}:{param.code}" is no reference.', place=name, value=text)
    if target is not None and not param.refers_to(target):
        raise invalid(
            "value",
            f'"{source_type}:{param.code}" does not refer to {target}.',
            place=name,
            value=text,
            repair=f"It refers to {', '.join(param.targets[:8])}.",
        )

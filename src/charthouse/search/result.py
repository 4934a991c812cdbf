"""The parameters about the result: how many, in what order, with what total, and what comes along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from charthouse.base.errors import Problem, invalid, shorten
from charthouse.search.known import LATER, RESULT, SHAPING, Book, Known, too_many, unsupported
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
    if code not in RESULT:
        return False
    if modifier and code in ("_include", "_revinclude"):
        if modifier != "iterate":
            raise unsupported(
                f'The modifier ":{modifier}" is not supported on "{code}".',
                name,
                "Use :iterate, or leave it out.",
            )
        modifier = ""
    if modifier:
        raise invalid("value", f'"{code}" has no modifier ":{modifier}".', place=name, value=modifier)
    if not text:
        raise invalid("value", f'"{name}" has no value.', place=name)
    if code == "_count":
        query.count = _count(text)
    elif code == "_total":
        query.total = _total(text)
    elif code == "_sort":
        query.sort = _sort(book, query, text)
    elif code in ("_contained", "_containedType", "_score", "_query"):
        _choose(query, code, text)
    else:
        query.includes.append(_include(book, query, name, text))
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
    return Total(_one_of("_total", text, ("none", "estimate", "accurate")))


def _choose(query: Query, code: str, text: str) -> None:
    """Take in a parameter that is one of a few words."""
    if code == "_contained":
        chosen = _one_of(code, text, ("false", "true", "both"))
        query.contained = "" if chosen == "false" else chosen
    elif code == "_containedType":
        query.opens = _one_of(code, text, ("container", "contained")) == "contained"
    elif code == "_score":
        query.scores = _one_of(code, text, ("true", "false")) == "true"
    else:
        raise _unnamed(query, text)


def _one_of(name: str, text: str, words: Sequence[str]) -> str:
    if text not in words:
        raise invalid(
            "value",
            f'"{name}" takes {", ".join(words[:-1])} or {words[-1]}.',
            place=name,
            value=text,
            repair="Use one of them.",
        )
    return text


def _unnamed(query: Query, text: str) -> Problem:
    """The refusal of a named query (R4 search.html#query) where none was found, or none can be."""
    return unsupported(
        f'"_query" cannot be asked here, or names no query of {query.type}. Found: {shorten(text)}.',
        "_query",
        "Leave it out and use the parameters of the type; named queries are in the CapabilityStatement.",
    )


def _sort(book: Book, query: Query, text: str) -> tuple[SortKey, ...]:
    """The keys of `_sort` (R4 search.html#sort)."""
    type = query.type
    known = book.of(type)
    keys: dict[str, SortKey] = {}
    parts = text.split(",")
    if len(parts) > MAX_SORT_KEYS:
        raise too_many(f'"_sort" has {len(parts)} keys', "_sort", MAX_SORT_KEYS)
    for part in parts:
        descending = part.startswith("-")
        code = part[1:] if descending else part
        param = known.get(code)
        if param is None or param.is_sound or param.kind in (Kind.COMPOSITE, Kind.SPECIAL, Kind.WORDS):
            raise _unsortable(book, type, code, text)
        if len(query.types) > 1 and param.kind not in (Kind.ID, Kind.UPDATED):
            raise unsupported(
                f'A search over several types cannot be sorted by "{code}".',
                "_sort",
                "Sort by _id or _lastUpdated.",
            )
        keys.setdefault(part, SortKey(code, param.kind, param.source, descending))
    return tuple(keys.values())


def _unsortable(book: Book, type: str, code: str, text: str) -> Problem:
    plain, colon, _ = code.partition(":")
    if code == "_score":
        # a score changes with every word that is written, and a page begins where another ends
        return unsupported(
            'Sorting by "_score" is not supported.', "_sort", "Leave it out; each match tells its score."
        )
    if colon or code in LATER or code in book.of(type):
        return unsupported(f'Sorting by "{code}" is not supported.', "_sort", "Sort by a plain parameter.")
    repair = book.missing(type, plain).issues[0].repair
    return invalid(
        "not-found", f'{type} cannot be sorted by "{code}".', place="_sort", value=text, repair=repair
    )


def _include(book: Book, query: Query, name: str, text: str) -> Include:
    """`Type:parameter[:Target]`, `Type:*` or `*` of `_include` or `_revinclude` (R4 search.html#include)."""
    reverse = name.startswith("_revinclude")
    iterates = name.endswith(":iterate")
    types = query.types or (query.type,)
    if text == "*":
        found = (
            _referring(book, types)
            if reverse
            else [(type, one) for type in types for one in _references(book, type)]
        )
        return _made(query, reverse, found, None, iterates)
    parts = text.split(":")
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
    if not reverse and source_type not in types and not iterates:
        raise invalid(
            "value",
            f'"{name}" starts from {source_type}, but {types[0]} is searched.',
            place=name,
            value=text,
            repair=f"Begin with {types[0]}, or use _revinclude.",
        )
    target = rest[0] if rest else None
    if code == "*":
        return _made(
            query, reverse, [(source_type, one) for one in _references(book, source_type)], target, iterates
        )
    param = book.of(source_type).get(code)
    if param is None:
        raise book.missing(source_type, code)
    if reverse and not iterates:
        if target is not None and target not in types:
            raise invalid(
                "value",
                f'"{name}" asks for references to {target}, but {types[0]} is searched.',
                place=name,
                value=text,
                repair=f"End with :{types[0]}, or leave the end out.",
            )
        for type in types if target is None and len(types) == 1 else (target,):
            _check_ends(param, source_type, type, name, text)
    else:
        _check_ends(param, source_type, target, name, text)
    return _made(query, reverse, [(source_type, param)], target or param.source.target, iterates)


def _made(
    query: Query, reverse: bool, found: Iterable[tuple[str, Known]], target: str | None, iterates: bool
) -> Include:
    """The include, with what it rests on noted."""
    pairs = list(found)
    query.touched += [(type, param.code) for type, param in pairs]
    return Include(reverse, tuple((type, param.source) for type, param in pairs), target, iterates)


def _references(book: Book, type: str) -> list[Known]:
    """The reference parameters of a type."""
    return [param for param in book.of(type).values() if param.kind is Kind.REFERENCE]


def _referring(book: Book, targets: Sequence[str]) -> list[tuple[str, Known]]:
    """The reference parameters of all types that can lead to one of `targets`."""
    return [
        (type, param)
        for type in book.definitions.resource_types
        for param in _references(book, type)
        if any(param.refers_to(target) for target in targets)
    ]


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

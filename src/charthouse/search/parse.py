"""From the parameters of a request to a `Query`: nothing is guessed, nothing is silently left out (R4 search.html)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from charthouse.base.errors import Problem, invalid
from charthouse.fhir.definitions import Definitions
from charthouse.search import result, values
from charthouse.search.known import LATER, Book, Known, too_many, unsupported
from charthouse.search.query import MAX_CRITERIA, MAX_LISTED, MAX_RANGES, Criterion, Kind, Query
from charthouse.store.index import Extractor

Params = Sequence[tuple[str, str]]

_MODIFIERS: Final = frozenset((
    "missing", "exact", "contains", "not", "text", "in", "not-in", "below", "above", "type", "identifier",
    "of-type", "iterate", "recurse",
))  # fmt: skip
_LISTED: Final = frozenset((Kind.TOKEN, Kind.REFERENCE, Kind.URI, Kind.ID))  # whose alternatives are one list
_USABLE_MODIFIERS: Final[Mapping[Kind, str]] = {
    Kind.STRING: "Leave the modifier out (start of the text) or use :exact.",
    Kind.TOKEN: "Leave the modifier out or use :not, :in, :not-in, :below or :above.",
    Kind.REFERENCE: "Leave the modifier out or name a type, e.g. :Patient.",
}


class Parser:
    """Reads searches by the definitions; `bases` are the addresses under which this record is served."""

    def __init__(self, definitions: Definitions, extractor: Extractor, bases: Collection[str] = ()) -> None:
        self._book = Book(definitions, extractor, bases)

    def query(self, type: str, params: Params, *, lenient: bool = False) -> Query:
        """The query for `params` on `type`.

        Raises `Problem(invalid)` for what is wrong and `Problem(unsupported)` for what is right but
        not answered here, naming the parameter. With `lenient` such parameters are left out and
        reported in `Query.ignored` (R4 search.html#errors).
        """
        known = self._book.of(type)
        query = Query(type)
        for name, text in params:
            try:
                if name[:1] == "_" and result.take(self._book, query, name, text):
                    continue
                query.criteria.append(self._criterion(type, known, name, text))
                if len(query.criteria) > MAX_CRITERIA:
                    raise too_many("The search has too many conditions", name, MAX_CRITERIA)
            except Problem as failure:
                if not lenient:
                    raise
                query.ignored += failure.issues
                continue
            query.used.append((name, text))
        if ("_summary", "count") in query.others:
            query.count = 0
        return query

    def _criterion(self, type: str, known: Mapping[str, Known], name: str, text: str) -> Criterion:
        param = known.get(name)
        negated = False
        if param is None:
            param, negated = self._modified(type, known, name)
        if not text:
            raise invalid(
                "value",
                f'"{name}" has no value.',
                place=name,
                repair="Give it a value or leave the parameter out.",
            )
        _check_text(name, text)
        read = param.read
        if "," not in text:
            return Criterion(name, param.kind, param.source, (read(name, text),), negated)
        parts = values.alternatives(text)
        if "" in parts:
            raise invalid(
                "value",
                f'"{name}" has an empty value between commas.',
                place=name,
                value=text,
                repair="Remove the comma, or write \\, for a comma inside a value.",
            )
        most = MAX_LISTED if param.kind in _LISTED else MAX_RANGES
        if len(parts) > most:
            raise too_many(f'"{name}" has {len(parts)} values', name, most)
        found = dict.fromkeys(read(name, part) for part in parts)
        return Criterion(name, param.kind, param.source, tuple(found), negated)

    def _modified(self, type: str, known: Mapping[str, Known], name: str) -> tuple[Known, bool]:
        """The parameter behind a name with a modifier, and whether it is negated; else the reason why not."""
        code, _, modifier = name.partition(":")
        param = known.get(code)
        if "." in name and code not in LATER:
            raise _chain(known, name)
        if param is None:
            raise self._book.missing(type, code, name)
        if modifier == "exact" and param.kind is Kind.STRING:
            return param._replace(read=values.exact), False
        if modifier == "not" and param.kind is Kind.TOKEN:
            return param, True
        if modifier in values.AMONG and param.kind is Kind.TOKEN:
            return param._replace(read=values.AMONG[modifier]), modifier == "not-in"
        if param.kind is Kind.REFERENCE and self._book.definitions.is_resource(modifier):
            if not param.refers_to(modifier):
                raise invalid(
                    "value",
                    f'"{code}" does not refer to {modifier}.',
                    place=name,
                    value=modifier,
                    repair=f"It refers to {', '.join(param.targets[:8])}.",
                )
            return param._replace(read=self._book.reference_reader((modifier,))), False
        repair = _USABLE_MODIFIERS.get(param.kind, "Leave the modifier out.")
        if modifier in _MODIFIERS:
            raise unsupported(f'The modifier ":{modifier}" is not supported on "{code}".', name, repair)
        raise invalid(
            "value", f'"{code}" has no modifier ":{modifier}".', place=name, value=modifier, repair=repair
        )


def _chain(known: Mapping[str, Known], name: str) -> Problem:
    """Why a name with a dot is not answered."""
    first = name.partition(".")[0].partition(":")[0]
    param = known.get(first)
    if param is not None and param.kind is Kind.REFERENCE:
        return unsupported(
            f'Searching through references ("{name}") is not supported.',
            name,
            f"Search the type referred to first, then use {first}=Type/id.",
        )
    return invalid(
        "not-found",
        f'"{name}" goes through "{first}", which is no reference parameter here.',
        place=name,
        value=name,
        repair="Only references can be searched through.",
    )


def _check_text(name: str, text: str) -> None:
    """Refuse what no database text can hold: NUL, and halves of characters."""
    if "\x00" in text or not (text.isascii() or _is_whole(text)):
        raise invalid(
            "value",
            f'"{name}" holds a character that is not text.',
            place=name,
            value=ascii(text),
            repair="Percent-encode the value as UTF-8.",
        )


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

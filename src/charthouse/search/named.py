"""`_query`: finds the named query that a search asks for in the record, and fills it in (R4 search.html#query)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from charthouse.base.errors import Issue, Problem, invalid
from charthouse.db.connect import Connection
from charthouse.fhir import named
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.named import Filled, Listed
from charthouse.fhir.parameters import version_rank
from charthouse.fhir.resource import Tree
from charthouse.search.known import unsupported
from charthouse.search.several import Params
from charthouse.store.body import Stored
from charthouse.store.read import Reader

NAME: Final = "_query"
MOST: Final = 200  # definitions that are looked at
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]+")

Find = Callable[[Connection, str, Params, int], Sequence[str]]


class Asked(NamedTuple):
    """A named query as one search asks it: the parameters that are its own, the conditions that they stand for, and
    which version of which definition says so."""

    names: frozenset[str]
    filled: tuple[Filled, ...]
    mark: str


class Queries:
    """The named queries of one record; `find(connection, type, params, limit)` tells ids."""

    def __init__(self, definitions: Definitions, reader: Reader, find: Find) -> None:
        self._definitions = definitions
        self._reader = reader
        self._find = find
        self._kept: dict[tuple[str, int], Tree] = {}

    def asked(self, connection: Connection, type: str | None, params: Params, at: int) -> Asked | None:
        """The named query of a search of `type` (None: of several) at the moment `at` (ms), None where none is asked.
        Raises `Problem` where there is none of that name, or its parameters are not right."""
        codes = [text for name, text in params if name == NAME]
        if not codes:
            return None
        if type is None:
            raise unsupported(
                "A named query is one of a type.", NAME, "Search one type, e.g. Patient?_query=…."
            )
        if len(codes) > 1:
            raise invalid(
                "value", "A search asks one named query.", place=NAME, repair="Leave the others out."
            )
        known = self._defined(connection, [("code", codes[0])]) if _WORD.fullmatch(codes[0]) else []
        of_type = [one for one in known if type in named.types(one[1])]
        if not of_type:
            raise self._missing(connection, type, codes[0])
        mark, tree = max(of_type, key=lambda one: version_rank(one[1].get("version")))
        moment = datetime.fromtimestamp(at / 1000, UTC).astimezone()
        try:
            query = named.read(tree, type, self._definitions)
        except Problem as failure:
            place = "/".join(mark.split("/")[:2])
            raise Problem(failure.category, tuple(_said(issue, place) for issue in failure.issues)) from None
        return Asked(query.names, tuple(query.filled(params, moment)), mark)

    def listed(self, connection: Connection) -> list[Listed]:
        """All of them."""
        return [
            Listed(type, str(tree.get("code")), str(tree.get("url")))
            for _, tree in self._defined(connection, [])
            for type in named.types(tree) if self._definitions.is_resource(type)
        ]  # fmt: skip

    def _defined(self, connection: Connection, more: Params) -> list[tuple[str, Tree]]:
        """The definitions in use, each with its version, in the order in which they came here."""
        asked = [("kind", "query"), ("status", "active"), *more]
        ids = list(self._find(connection, named.TYPE, asked, MOST))
        there = {one.id: one for one in self._reader.named(connection, named.TYPE, ids)}
        return [
            (f"{named.TYPE}/{id}/{stored.version}", self._tree(stored))
            for id in ids if (stored := there.get(id)) is not None and not stored.deleted
        ]  # fmt: skip

    def _tree(self, stored: Stored) -> Tree:
        """The definition, which is asked for often and changes seldom."""
        key = (stored.id, stored.version)
        tree = self._kept.get(key)
        if tree is None:
            if len(self._kept) >= MOST:
                self._kept.clear()
            tree = self._kept[key] = stored.tree
        return tree

    def _missing(self, connection: Connection, type: str, code: str) -> Problem:
        there = sorted({one.code for one in self.listed(connection) if one.type == type})
        repair = (
            f"{type} has {', '.join(there[:20])}."
            if there
            else "Store one as an OperationDefinition of kind query."
        )
        return invalid(
            "not-found", f'"_query" names no query of {type}.', place=NAME, value=code, repair=repair
        )


def _said(issue: Issue, place: str) -> Issue:
    return Issue(issue.code, f"{place} cannot be asked: {issue.message}", NAME, issue.value, issue.repair)

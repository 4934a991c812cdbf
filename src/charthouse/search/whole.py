"""What belongs to a whole record (`$everything`) beside the compartment: when care was given, and what is referred to
(R4 patient-operation-everything.html, encounter-operation-everything.html)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from charthouse.db.connect import Connection
from charthouse.fhir.definitions import Definitions
from charthouse.search.include import Narrow
from charthouse.search.names import Names
from charthouse.search.parse import Parser
from charthouse.search.several import Params, Subject
from charthouse.search.text import Fragment, Texts, padded
from charthouse.store.body import Stored
from charthouse.store.read import Reader

_ATTACHED: Final = re.compile(
    rb'"url":"([^"]{0,200}?)Binary/([A-Za-z0-9.\-]{1,64})(?:/_history/[^"/]{1,20})?"'
)
MOST: Final = 1000  # resources that come along with one page
# Dates that do not tell when care was given.
OTHER_DATES: Final = frozenset((
    "_lastUpdated", "birthdate", "death-date", "entered-date", "issued", "last-date", "location-period", "modified",
    "payment-date", "reaction-date", "target-date", "value-date",
))  # fmt: skip


class Whole:
    """Whole records of one house."""

    def __init__(
        self, definitions: Definitions, parser: Parser, texts: Texts, names: Names, reader: Reader
    ) -> None:
        self._definitions = definitions
        self._parser = parser
        self._texts = texts
        self._names = names
        self._reader = reader

    def walked(self, inside: Collection[str], wanted: Collection[str]) -> list[str] | None:
        """The types of a compartment that have to be looked at for those that are wanted: these, and what can refer to
        them. None = all of them."""
        if "Binary" in wanted:
            return None
        others = [type for type in wanted if type != "Patient" or type not in inside]
        found = [type for type in inside if type in wanted or self._parser.can_refer(type, others)]
        return sorted(found) or None

    def care_dates(self, type: str) -> list[str]:
        """The search parameters that tell when the care was given that a resource of `type` is about."""
        params = self._definitions.standard.search_params(type)  # a clinic's own dates may tell anything
        return [one.code for one in params.values() if one.type == "date" and one.code not in OTHER_DATES]

    def care(self, type: str, start: str | None, end: str | None, but: Collection[str]) -> Params:
        """The condition that care was given between two dates, of which one may be open; what tells no date is in,
        by other dates than those of the parameters `but`."""
        codes = self.care_dates(type) if start is not None or end is not None else []
        codes = [code for code in codes if code not in but]
        if not codes:
            return ()
        bounds = [f"{{code}} ge {start}"] * (start is not None) + [f"{{code}} le {end}"] * (end is not None)
        inside = [f"({' and '.join(bounds)})".format(code=code) for code in codes]
        undated = " and ".join(f"{code} pr false" for code in codes)
        return [("_filter", f"{' or '.join(inside)} or ({undated})")]

    def brought(
        self,
        connection: Connection,
        found: Sequence[Stored],
        types: Collection[str],
        subject: Subject,
        narrow: Narrow,
        closed: Collection[tuple[str, str]],
    ) -> list[Stored]:
        """What the resources `found` on a page refer to: those of `types`, in nobody's record or in one that they are
        in, and not in the compartment of `subject`. `closed` are (type, parameter) whose values may not be told."""
        if not found:
            return []
        keys = padded([one.key for one in found])
        homes = padded(sorted({0, *(one.home for one in found)} if subject[0] != "Patient" else {0}))
        shut = self._numbers(connection, closed)
        hidden = ""
        if shut:
            hidden = " " + self._texts.format(
                self._texts.whole.closed, ("params", self._texts.listed(len(shut)))
            )
        slots = (
            ("keys", self._texts.listed(len(keys))), ("homes", self._texts.listed(len(homes))), ("closed", hidden),
        )  # fmt: skip
        args = (*keys, *homes, *shut)
        rows = connection.run(self._texts.format(self._texts.whole.brought_types, *slots), args)
        numbers = {row[0] for row in rows}
        coming = [name for name, number in self._names.types.items() if number in numbers and name in types]
        if not coming:
            return []
        outside, allowed = self._outside(connection, coming, subject), self._allowed(coming, narrow)
        sql = self._texts.format(
            self._texts.whole.brought, *slots, ("outside", outside.sql), ("conditions", allowed.sql)
        )
        rows = connection.run(sql, (*args, *outside.args, *allowed.args, MOST))
        own = {one.key for one in found}
        return self._reader.heads(connection, [row[0] for row in rows if row[0] not in own])

    def attached(self, bodies: Iterable[bytes]) -> list[str]:
        """The ids of the Binaries of this house that attachments (Attachment.url) in these resources lie in."""
        bases = ("", *(f"{base}/" for base in self._parser.bases))
        found = (match.groups() for body in bodies for match in _ATTACHED.finditer(body))
        return sorted({id.decode() for base, id in found if base.decode("utf-8", "replace") in bases})[:MOST]

    def _numbers(self, connection: Connection, pairs: Collection[tuple[str, str]]) -> tuple[int, ...]:
        return tuple(
            number for type, code in pairs for number in self._names.params(connection, type, (code,))
        )

    def _outside(self, connection: Connection, types: Sequence[str], subject: Subject) -> Fragment:
        """The condition to be outside the compartment; what is in nobody's record is in no patient's anyhow."""
        kind, id = subject
        if kind == "Patient":
            return Fragment("", ())
        keys = connection.run(
            self._texts.format(self._texts.lookup.key, ("list", self._texts.listed(1))),
            (self._names.types[kind], id),
        )
        key = keys[0][0] if keys else 0
        params = self._numbers(
            connection, [(type, code) for type in types for code in self._parser.links(type, kind)]
        ) or (0,)
        sql = self._texts.format(self._texts.whole.outside, ("params", self._texts.listed(len(params))))
        return Fragment(f" {sql}", (key, *params, key))

    def _allowed(self, types: Sequence[str], narrow: Narrow) -> Fragment:
        """The condition to have one of the types, and to be open."""
        one_of: list[str] = []
        args: list[Any] = []
        for type in types:
            allowed = narrow(type)
            one_of.append(self._texts.whole.of_type + (f" AND {allowed.sql}" if allowed else ""))
            args += (self._names.types[type], *(allowed.args if allowed else ()))
        return Fragment(f" AND ({' OR '.join(f'({one})' for one in one_of)})", tuple(args))

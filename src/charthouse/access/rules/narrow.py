"""Conditions of rules as SQL on a resource `r`, so that they hold inside every query and cannot be forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from charthouse.access.rules.node import (
    ALWAYS,
    NEVER,
    About,
    Care,
    Criteria,
    Every,
    Facility,
    Homes,
    Label,
    Labelled,
    Loose,
    Node,
    Not,
    Permitted,
    Reader,
    Some,
    Withheld,
    WithheldAnyhow,
    mapped,
    some,
)
from charthouse.base.clock import now
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.search.names import Names
from charthouse.search.query import Token
from charthouse.search.run import Search
from charthouse.search.text import EVERYTHING, NOTHING, Fragment, Texts
from charthouse.store.body import Stored
from charthouse.store.index.extract import INSIDE
from charthouse.store.record import Record

REMEMBERED: Final = 4_000
FEW: Final = 200  # labelled resources up to which a list of them is quicker than a look at each row
LONG: Final = 60  # words of a condition from which on a guard in front of it pays
SECURITY: Final = "_security"
EVERY_TYPE: Final = "*"
# Statuses of a relation that is none, or none any more (R4 care-team-status, encounter-status, appointmentstatus, …).
OVER: Final = ("cancelled", "entered-in-error", "inactive", "noshow", "proposed", "suspended", "waitlist")
# What else a resource is about beside the patient whose record it is in: hidden, it hides the resource as well.
RELATED: Final[Mapping[str, tuple[str, ...]]] = {
    "Account": ("subject",), "Appointment": ("actor",), "AppointmentResponse": ("actor",),
    "Binary": (INSIDE,), "Bundle": (INSIDE,), "Group": ("member",),
    "Observation": ("focus",), "Person": ("link",), "Provenance": ("target",), "Schedule": ("actor",),
}  # fmt: skip
_ROW: Final = re.compile(r"\br\.")
# Who has to do with a patient: the type, its search parameter for the patient, and those for the people.
RELATIONS: Final = (
    ("CareTeam", "patient", ("participant",)),
    ("Encounter", "patient", ("participant", "practitioner")),
    ("Appointment", "patient", ("practitioner", "actor")),
    ("EpisodeOfCare", "patient", ("care-manager",)),
)


class Moment:
    """Stands in the values of a fragment for the present moment, in ms."""


NOW: Final = Moment()


class _Known(NamedTuple):
    """A condition that was worked out: `stamp` is what it rests on."""

    node: Node  # kept, so that no other object can come to its place in memory
    stamp: tuple[Any, ...]
    reduced: Node
    fragment: Fragment | None
    moments: tuple[int, ...]  # where among its values the present moment stands
    shows: str  # the statement that asks it of one resource
    both: str  # the same, with what the condition rests on in front; "" where every row meets it


class Narrowing:
    """Turns conditions into SQL for one record; what was worked out is remembered while codes and consents stay
    as they are. For one thread at a time on each connection."""

    def __init__(self, record: Record, search: Search, *, clock: Callable[[], int] = now) -> None:
        dialect = record.place.dialect
        self._sql = queries.load("charthouse.access.rules", "narrow", dialect)
        self._texts = Texts(dialect)
        self._search = search
        self._types = record.types
        self._sources = record.extractor.sources
        self._names = Names(self._texts, record.types)
        self._clock = clock
        self._known: dict[
            tuple[int, str], _Known
        ] = {}  # by the identity of the condition: hashing a tree takes long

    def fragment(self, connection: Connection, node: Node | None, type: str) -> Fragment | None:
        """The condition on rows of `type` as SQL; None where every row meets it."""
        if node is None or node == ALWAYS:
            return None
        return self._present(self._work(connection, node, type))

    def apart(
        self, connection: Connection, types: Collection[str], allowed: Fragment | None
    ) -> Fragment | None:
        """Of Binaries that are `allowed` those that are a part of no resource of these types."""
        params = self.params(connection, "Binary", INSIDE) if types else ()
        if not params:
            return allowed
        numbers = sorted(self._types[type] for type in types)
        sql = self._sql.in_context.format(
            params=self._texts.listed(len(params)), types=self._texts.listed(len(numbers))
        )
        apart = Fragment(f"NOT {sql}", (*params, *numbers))
        return apart if allowed is None else _joined([allowed, apart], " AND ", EVERYTHING)

    def shows(self, connection: Connection, node: Node | None, type: str, stored: Stored) -> bool:
        """Whether the actor may meet this resource as it stands; of what was deleted, only what is certain."""
        if node is None:
            return True
        if not stored.deleted:
            known = self._known.get((id(node), type))
            if known is not None and known.node is node and known.both:
                # what it rests on is asked along with it: most often nothing has changed, and one statement is enough
                row = connection.one(known.both, (stored.key, *self._args(known)))
                if row is not None and row[:-1] == known.stamp:
                    return bool(row[-1])
        known = self._work(connection, node, type)
        if stored.deleted:
            return certain(known.reduced, stored.home) is True
        return self._holds(connection, known, stored.key)

    def among(self, connection: Connection, node: Node, type: str, keys: Sequence[int]) -> frozenset[int]:
        """Those of `keys` (live resources of `type`) that meet the condition."""
        fragment = self.fragment(connection, node, type)
        if fragment is None or not keys:
            return frozenset(keys)
        sql = self._sql.among.format(list=self._texts.listed(len(keys)), condition=fragment.sql)
        return frozenset(row[0] for row in connection.run(sql, (*keys, *fragment.args)))

    def of_home(self, connection: Connection, node: Node, patient: int) -> bool:
        """Whether a condition about the patient alone holds for this one (a key)."""
        return self._holds(connection, self._work(connection, node, "Patient"), patient)

    def key(self, connection: Connection, type: str, id: str) -> int:
        """The key of a resource, 0 where the name was never used."""
        number = self._types.get(type)
        row = connection.one(self._sql.key, (number, id)) if number else None
        return int(row[0]) if row else 0

    def reduced(self, connection: Connection, node: Node, type: str) -> Node:
        """`node` without what cannot be true in this record, e.g. labels that nothing carries."""
        return self._work(connection, node, type).reduced

    def _holds(self, connection: Connection, known: _Known, key: int) -> bool:
        fragment = self._present(known)
        return fragment is None or connection.one(known.shows, (key, *fragment.args)) is not None

    def _present(self, known: _Known) -> Fragment | None:
        """The condition as of now."""
        fragment = known.fragment
        if fragment is None or not known.moments:
            return fragment
        return Fragment(fragment.sql, tuple(self._args(known)))

    def _args(self, known: _Known) -> Sequence[Any]:
        """The values of the condition as of now."""
        if known.fragment is None or not known.moments:
            return () if known.fragment is None else known.fragment.args
        args, moment = list(known.fragment.args), self._clock()
        for place in known.moments:
            args[place] = moment
        return args

    def _work(self, connection: Connection, node: Node, type: str) -> _Known:
        row = connection.one(self._sql.stamp)
        stamp = tuple(row) if row else ()
        known = self._known.get((id(node), type))
        if known is not None and known.stamp == stamp and known.node is node:
            return known
        reduced = mapped(node, _Reduction(self, connection, type, stamp).atom)
        fragment = None if reduced == ALWAYS else self._whole(connection, reduced, type)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        args = () if fragment is None else fragment.args
        moments = tuple(place for place, arg in enumerate(args) if arg is NOW)
        shows = "" if fragment is None else self._sql.shows.format(condition=fragment.sql)
        both = (
            f"{self._sql.stamp.rstrip().rstrip(';')}, EXISTS ({shows.rstrip().rstrip(';')})" if shows else ""
        )
        known = self._known[id(node), type] = _Known(node, stamp, reduced, fragment, moments, shows, both)
        return known

    # -- SQL

    def _whole(self, connection: Connection, node: Node, type: str) -> Fragment:
        """The condition on a row, and that nothing else the row is about is denied."""
        own = self._guarded(connection, node, type)
        params = [number for code in RELATED.get(type, ()) for number in self.params(connection, type, code)]
        parts = node.parts if isinstance(node, Every) else (node,)
        denials = some(mapped(part.part, _plain) for part in parts if isinstance(part, Not))
        if not params or denials == NEVER:
            return own
        sql, args = self._fragment(connection, denials, EVERY_TYPE)
        related = self._sql.unrelated.format(
            params=self._texts.listed(len(params)), denied=_ROW.sub("t.", sql)
        )
        return _joined([own, Fragment(related, (*params, *args))], " AND ", EVERYTHING)

    def _guarded(self, connection: Connection, node: Node, type: str) -> Fragment:
        """The condition, behind one look at whether the row carries any of the labels it speaks of: most carry none."""
        labels: dict[Label, None] = {}

        def without(atom: Node) -> Node:
            if isinstance(atom, Labelled):
                labels.update(dict.fromkeys(atom.labels))
                return NEVER
            return atom

        rest = mapped(node, without)
        whole = self._fragment(connection, node, type)
        if not labels or whole.sql.count(" ") < LONG:
            return whole
        guard = self._few(connection, tuple(labels), type) or self._labelled(connection, tuple(labels), type)
        plain = EVERYTHING if rest == ALWAYS else self._fragment(connection, rest, type)
        sql = self._sql.guarded.format(guard=guard.sql, whole=whole.sql, plain=plain.sql)
        return Fragment(sql, (*guard.args, *whole.args, *plain.args))

    def _fragment(self, connection: Connection, node: Node, type: str) -> Fragment:
        if isinstance(node, Every):
            return _joined(
                [self._fragment(connection, part, type) for part in node.parts], " AND ", EVERYTHING
            )
        if isinstance(node, Some):
            return _joined([self._fragment(connection, part, type) for part in node.parts], " OR ", NOTHING)
        if isinstance(node, Not):
            inner = self._fragment(connection, node.part, type)
            return Fragment(f"NOT ({inner.sql})", inner.args)
        if isinstance(node, Homes):
            patients = sorted(node.patients)
            return Fragment(self._sql.home_is.format(list=self._texts.listed(len(patients))), tuple(patients))
        if isinstance(node, Loose):
            return Fragment(self._sql.home_absent, ())
        if isinstance(node, Criteria):
            return self._search.condition(connection, type, node.params)
        if isinstance(node, About):
            sql, args = self._search.condition(connection, "Patient", node.params)
            return Fragment(self._sql.about.format(condition=_ROW.sub("p.", sql)), args)
        if isinstance(node, Labelled):
            return self._labelled(connection, node.labels, type)
        if isinstance(node, Care):
            return self._care(connection, node.practitioner)
        if isinstance(node, Facility):
            return self._facility(connection, node.places)
        if isinstance(node, Withheld):
            return self._consent(connection, node.reader, type, permits=False)
        if isinstance(node, WithheldAnyhow):
            return self._consent(connection, node.reader, node.type, permits=False, anyhow=True)
        if isinstance(node, Permitted):
            return self._consent(connection, node.reader, type, permits=True, labels=node.labels)
        raise TypeError(f"{node} was not bound to an actor")

    def _few(self, connection: Connection, labels: Sequence[Label], type: str) -> Fragment | None:
        """The same test against lists of what carries the labels, made once a statement; None where they are long."""
        numbers = self.labels(connection, labels)
        found: list[Fragment] = []
        for frame, own in ((self._sql.in_labelled, type), (self._sql.home_in_labelled, "Patient")):
            for param in self.params(connection, own, SECURITY)[:1] if numbers else ():
                listed = self._texts.listed(len(numbers))
                row = connection.one(self._sql.count_labelled.format(list=listed), (param, *numbers, FEW))
                if row is None or row[0] >= FEW:
                    return None
                found.append(Fragment(frame.format(list=listed), (param, *numbers)))
        return _joined(found, " OR ", NOTHING)

    def labels(self, connection: Connection, labels: Sequence[Label]) -> tuple[int, ...]:
        """The numbers of the codes that stand for these labels in this record."""
        return tuple(
            dict.fromkeys(
                number for system, code in labels
                for number in self._names.codes(connection, Token(system, code))
            )
        )  # fmt: skip

    def codes(self, connection: Connection) -> int:
        """A number that grows with the codes this record uses."""
        row = connection.one(self._sql.stamp)
        return int(row[1]) if row else 0

    def params(self, connection: Connection, type: str, code: str) -> tuple[int, ...]:
        """The numbers under which a parameter of `type` is stored."""
        source = self._sources(type).get(code)
        return self._names.params(connection, type, source.codes if source else (code,))

    def _labelled(self, connection: Connection, labels: Sequence[Label], type: str) -> Fragment:
        numbers = self.labels(connection, labels)
        if type == EVERY_TYPE:
            return self._labelled_anyhow(connection, numbers)
        frames = [(self._sql.label_of_resource, self.params(connection, type, SECURITY))]
        if type != "Patient":
            frames.append((self._sql.label_of_patient, self.params(connection, "Patient", SECURITY)))
        return _joined(
            [
                Fragment(frame.format(list=self._texts.listed(len(numbers))), (params[0], *numbers))
                for frame, params in frames if params and numbers
            ], " OR ", NOTHING,
        )  # fmt: skip

    def _labelled_anyhow(self, connection: Connection, numbers: Sequence[int]) -> Fragment:
        """The same for a resource whose type is not known beforehand."""
        params = [row[0] for row in connection.run(self._sql.security_params, (SECURITY,))]
        if not params or not numbers:
            return NOTHING
        listed = self._texts.listed
        sql = self._sql.label_of_either.format(params=listed(len(params)), list=listed(len(numbers)))
        return Fragment(sql, (*params, *numbers))

    def _care(self, connection: Connection, practitioner: str) -> Fragment:
        me = self.key(connection, "Practitioner", practitioner)
        if not me:
            return NOTHING
        patients: list[int] = []
        members: list[int] = []
        for type, patient, people in RELATIONS:
            patients += self.params(connection, type, patient)
            for code in people:
                members += self.params(connection, type, code)
        found: list[Fragment] = []
        if patients and members:
            listed = self._texts.listed
            statuses = [
                number for type, *_ in RELATIONS for number in self.params(connection, type, "status")
            ] or [0]
            over = [number for code in OVER for number in self._names.codes(connection, Token("", code))] or [
                0
            ]
            sql = self._sql.cared_for.format(
                patients=listed(len(patients)), members=listed(len(members)), me=listed(1),
                statuses=listed(len(statuses)), over=listed(len(over)),
            )  # fmt: skip
            found.append(Fragment(sql, (*patients, *members, me, *statuses, *over)))
        if named := self.params(connection, "Patient", "general-practitioner"):
            sql = self._sql.general_practitioner.format(list=self._texts.listed(1))
            found.append(Fragment(sql, (named[0], me)))
        return _joined(found, " OR ", NOTHING)

    def _facility(self, connection: Connection, places: Sequence[str]) -> Fragment:
        keys = [
            key for place in places for kind, _, id in [place.partition("/")]
            if kind == "Organization" and (key := self.key(connection, kind, id))
        ]  # fmt: skip
        found = [Fragment(self._sql.home_absent, ())]
        param = self.params(connection, "Patient", "organization")
        if keys and param:
            sql = self._sql.general_practitioner.format(list=self._texts.listed(len(keys)))
            found.append(Fragment(sql, (param[0], *keys)))
        return _joined(found, " OR ", NOTHING)

    def _consent(
        self,
        connection: Connection,
        reader: Reader,
        type: str,
        *,
        permits: bool,
        labels: Sequence[Label] = (),
        anyhow: bool = False,
    ) -> Fragment:
        own = () if type == EVERY_TYPE else self.params(connection, type, SECURITY)
        security = (
            next(iter(own), 0),
            next(iter(self.params(connection, "Patient", SECURITY)), 0),
        )
        args = (
            NOW, NOW, f"|{reader.purpose}|", *(f"|{name}|" for name in reader.names), f"|{type}|", *security,
        )  # fmt: skip

        def applies(alias: str, *, limits: bool = True) -> str:
            readers = "".join(f" {self._sql.consent_reader.format(c=alias)}" for _ in reader.names)
            asked = str(self._sql.consent_speaks.format(c=alias, readers=readers))
            return f"{asked} AND {self._sql.consent_reaches.format(c=alias)}" if limits else asked

        condition, values = applies("c", limits=not anyhow), args[: -len(security)] if anyhow else args
        if permits and labels:
            codes = tuple(dict.fromkeys(code for _, code in labels))
            named = self._sql.consent_permits_label.format(c="c", list=self._texts.listed(len(codes)))
            condition, values = f"{condition} AND {named}", (*args, *codes)
        sql = self._sql.consent.format(permits=int(permits), applies=condition, contradicted=applies("x"))
        return Fragment(sql, (*values, *args))


class _Reduction:
    """Atoms as they stand in one record at one moment: what cannot be true is false."""

    def __init__(
        self, narrowing: Narrowing, connection: Connection, type: str, stamp: tuple[Any, ...]
    ) -> None:
        self._narrowing = narrowing
        self._connection = connection
        self._type = type
        self._denials = stamp[2] if len(stamp) > 2 else 0

    def atom(self, atom: Node) -> Node:
        if isinstance(atom, Labelled):
            carried = self._narrowing.params(
                self._connection, self._type, SECURITY
            ) or self._narrowing.params(self._connection, "Patient", SECURITY)
            return atom if carried and self._narrowing.labels(self._connection, atom.labels) else NEVER
        if isinstance(atom, Withheld) and not self._denials:
            return NEVER
        return atom


def _plain(atom: Node) -> Node:
    """Criteria are about one type, and say nothing about another."""
    return NEVER if isinstance(atom, Criteria) else atom


def certain(node: Node, home: int) -> bool | None:
    """Whether the condition holds for a resource of which only the patient (`home`, a key) is known any more;
    None = that cannot be told."""
    if isinstance(node, Homes):
        return home in node.patients
    if isinstance(node, Loose):
        return home == 0
    if isinstance(node, Not):
        inner = certain(node.part, home)
        return None if inner is None else not inner
    if isinstance(node, Every | Some):
        found = [certain(part, home) for part in node.parts]
        decisive = isinstance(node, Some)
        if decisive in found:
            return decisive
        return None if None in found else not decisive
    return None


def _joined(parts: Sequence[Fragment], word: str, none: Fragment) -> Fragment:
    if not parts:
        return none
    if len(parts) == 1:
        return parts[0]
    return Fragment(
        f"({word.join(f'({one.sql})' for one in parts)})", tuple(arg for one in parts for arg in one.args)
    )

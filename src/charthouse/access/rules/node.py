"""Conditions on rows as a small tree: what a rule says in general, and what it means for one actor.

Atoms that wait for an actor (`Mine`, `Caring`, …) stand in rules; `bind` turns them into atoms about keys and
references, which `narrow` turns into SQL and `weigh` judges in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from charthouse.access.actor import Actor
from charthouse.access.rules.ages import born_between

Params = tuple[tuple[str, str], ...]
Label = tuple[str | None, str]  # a security label: code system (None = any) and code


@dataclass(frozen=True, slots=True)
class Every:
    """All of `parts` hold; of none it is true."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of `parts` holds at least; of none it is false."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`part` does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Criteria:
    """The resource meets these search parameters of its type."""

    params: Params


@dataclass(frozen=True, slots=True)
class About:
    """The patient whose record it is in meets these search parameters of Patient."""

    params: Params


@dataclass(frozen=True, slots=True)
class Labelled:
    """The resource, or the patient whose record it is in, carries one of these security labels (`meta.security`)."""

    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Loose:
    """The resource is in nobody's record."""


@dataclass(frozen=True, slots=True)
class Homes:
    """The resource is in the record of one of these patients (store keys)."""

    patients: frozenset[int]


@dataclass(frozen=True, slots=True)
class Care:
    """`practitioner` (a logical id) has to do with the patient: care team, visit, appointment, episode,
    or named as general practitioner."""

    practitioner: str


@dataclass(frozen=True, slots=True)
class Facility:
    """One of these organizations (`Organization/id`) manages the patient, or the resource is in nobody's record."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who would read, as consents name them: references and role codes, and the purpose of use."""

    names: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """A consent of the patient that is in force denies it to this reader."""

    reader: Reader


@dataclass(frozen=True, slots=True)
class WithheldAnyhow:
    """The same for a resource of `type`, as if it were among the data that a denial is limited to."""

    reader: Reader
    type: str


@dataclass(frozen=True, slots=True)
class Permitted:
    """A consent of the patient that is in force permits it to this reader, for data with one of the labels."""

    reader: Reader
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Mine:
    """In the record of the actor, who is a patient."""


@dataclass(frozen=True, slots=True)
class Caring:
    """The actor has to do with the patient (see `Care`)."""


@dataclass(frozen=True, slots=True)
class Local:
    """At a facility of the actor (see `Facility`)."""


@dataclass(frozen=True, slots=True)
class Consented:
    """A consent permits it to the actor (see `Permitted`)."""

    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A consent denies it to the actor (see `Withheld`)."""


@dataclass(frozen=True, slots=True)
class UnderGlass:
    """The actor broke the glass for this patient's record, and the time for it is not over."""


@dataclass(frozen=True, slots=True)
class ForUse:
    """The purpose of use is one of these (codes of HL7 v3 PurposeOfUse)."""

    purposes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Aged:
    """The patient is from `youngest` to `oldest` years old, both included."""

    youngest: int
    oldest: int


Atom = Criteria | About | Labelled | Loose | Homes | Care | Facility | Withheld | WithheldAnyhow | Permitted
Waiting = Mine | Caring | Local | Consented | Refused | UnderGlass | ForUse | Aged
Node = Every | Some | Not | Atom | Waiting

ALWAYS: Final = Every(())
NEVER: Final = Some(())


def every(parts: Iterable[Node]) -> Node:
    """All of `parts`, made as small as can be seen at once."""
    found: dict[Node, None] = {}
    for part in parts:
        if part == NEVER:
            return NEVER
        found.update(dict.fromkeys(part.parts if isinstance(part, Every) else (part,)))
    return next(iter(found)) if len(found) == 1 else Every(tuple(found))


def some(parts: Iterable[Node]) -> Node:
    """Any of `parts`, made as small as can be seen at once."""
    found: dict[Node, None] = {}
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        found.update(dict.fromkeys(part.parts if isinstance(part, Some) else (part,)))
    return next(iter(found)) if len(found) == 1 else Some(tuple(found))


def negated(part: Node) -> Node:
    """The opposite of `part`."""
    if part == ALWAYS:
        return NEVER
    if part == NEVER:
        return ALWAYS
    return part.part if isinstance(part, Not) else Not(part)


def mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    """`node` with `change` made to each of its atoms."""
    if isinstance(node, Every):
        return every(mapped(part, change) for part in node.parts)
    if isinstance(node, Some):
        return some(mapped(part, change) for part in node.parts)
    if isinstance(node, Not):
        return negated(mapped(node.part, change))
    return change(node)


@dataclass(frozen=True, slots=True)
class Bound:
    """Who a rule is bound to, and on which day (ages are counted in the calendar)."""

    actor: Actor
    today: date
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        actor = self.actor
        names = [f"role:{role}" for role in sorted(actor.roles)]
        names += [f"Practitioner/{actor.practitioner}"] if actor.practitioner else []
        names += sorted(actor.facilities)
        names += [f"client:{actor.client}"]
        object.__setattr__(self, "reader", Reader(tuple(names), actor.purpose))

    def node(self, node: Node) -> Node:
        """`node` for this actor: nothing in it waits any more."""
        return mapped(node, self._atom)

    def _atom(self, atom: Node) -> Node:
        bind = _BINDERS.get(type(atom))
        return atom if bind is None else bind(self, atom)


def _homes(patients: frozenset[int]) -> Node:
    return Homes(patients) if patients else NEVER


def _aged(bound: Bound, atom: Node) -> Node:
    if not isinstance(atom, Aged):
        raise TypeError(atom)
    return About(born_between(bound.today, atom.youngest, atom.oldest))


def _for_use(bound: Bound, atom: Node) -> Node:
    if not isinstance(atom, ForUse):
        raise TypeError(atom)
    return ALWAYS if bound.actor.purpose in atom.purposes else NEVER


def _consented(bound: Bound, atom: Node) -> Node:
    if not isinstance(atom, Consented):
        raise TypeError(atom)
    return Permitted(bound.reader, atom.labels)


_BINDERS: Final[Mapping[type, Callable[[Bound, Node], Node]]] = {
    Mine: lambda bound, _: _homes(
        frozenset() if bound.actor.patient is None else frozenset({bound.actor.patient})
    ),
    Caring: lambda bound, _: Care(bound.actor.practitioner) if bound.actor.practitioner else NEVER,
    Local: lambda bound, _: Facility(tuple(sorted(bound.actor.facilities))),
    UnderGlass: lambda bound, _: _homes(bound.actor.glass),
    Refused: lambda bound, _: Withheld(bound.reader),
    Consented: _consented,
    ForUse: _for_use,
    Aged: _aged,
}

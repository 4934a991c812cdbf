"""What each actor may do: shut unless a rule opens it, and a rule that shuts beats every rule that opens.

Rules are data (`Grant`). For each actor they are compiled once, type by type, into an answer per
interaction and a row predicate; the gate asks in about a microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from charthouse.access import scopes
from charthouse.access.actor import Actor
from charthouse.access.scopes import INTERACTIONS, Scope
from charthouse.base.errors import Category, Problem, problem

REMEMBERED: Final = 2_000  # actors (and types of one actor) kept compiled before the memory starts anew


@dataclass(frozen=True, slots=True)
class Grant:
    """One rule of a role. `allow` opens, `deny` shuts; `*` stands for every type or interaction.

    With `criteria` (search parameters, all must match) or `own` (the actor's own patient record) it
    is about those rows only. A `deny` with `fields` hides these elements instead of the rows.
    """

    role: str
    effect: Literal["allow", "deny"]
    type: str
    interactions: frozenset[str]
    criteria: tuple[tuple[str, str], ...] = ()
    own: bool = False
    fields: frozenset[str] = frozenset()

    def meets(self, type: str, interaction: str) -> bool:
        """Whether the rule is about `interaction` on `type`. `*` does not reach things of the house."""
        if self.type != type and not (self.type == "*" and scopes.is_fhir(type)):
            return False
        return "*" in self.interactions or interaction in self.interactions


@dataclass(frozen=True, slots=True)
class Term:
    """Conditions on a row that must all hold: inside one patient's compartment, and search criteria."""

    patient: int | None = None
    criteria: tuple[tuple[str, str], ...] = ()

    def both(self, other: Term) -> Term | None:
        """The rows of both, or None when there can be none."""
        if None not in (self.patient, other.patient) and self.patient != other.patient:
            return None
        patient = other.patient if self.patient is None else self.patient
        return Term(patient, tuple(dict.fromkeys(self.criteria + other.criteria)))


EVERYTHING: Final = Term()


@dataclass(frozen=True, slots=True)
class Predicate:
    """The rows an actor may meet: those of any term in `shown`, less those of any term in `hidden`.

    Whoever runs a query must apply it inside the query. Code that cannot apply it refuses the request.
    """

    shown: tuple[Term, ...]
    hidden: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """The compiled answer for one actor and one type."""

    open: frozenset[str]
    rows: dict[str, Predicate]
    hidden: frozenset[str]


SHUT: Final = Rule(frozenset(), {}, frozenset())


def compile_rule(actor: Actor, type: str, mine: Sequence[Grant], granted: Sequence[Scope]) -> Rule:
    """The rule for `actor` on `type`, from the rules of the actor's roles and the scopes granted: what
    `system/` scopes open, and what roles and `user/` or `patient/` scopes open together, less what any
    role denies."""
    open_: list[str] = []
    rows: dict[str, Predicate] = {}
    for interaction in INTERACTIONS:
        about = [grant for grant in mine if grant.meets(type, interaction)]
        shown = _shown(actor, type, interaction, about, granted)
        shut = [
            term for grant in about
            if grant.effect == "deny" and not grant.fields and (term := _term(actor, grant)) is not None
        ]  # fmt: skip
        if not shown or EVERYTHING in shut:
            continue
        open_.append(interaction)
        if EVERYTHING not in shown or shut:
            rows[interaction] = Predicate((EVERYTHING,) if EVERYTHING in shown else tuple(shown), tuple(shut))
    hidden = (grant.fields for grant in mine if grant.effect == "deny" and grant.meets(type, "read"))
    return Rule(frozenset(open_), rows, frozenset().union(*hidden))


def _shown(
    actor: Actor, type: str, interaction: str, about: Iterable[Grant], granted: Sequence[Scope]
) -> list[Term]:
    """Every way in which this interaction is opened, as conditions on rows; empty = shut."""
    by_role = [
        term for grant in about if grant.effect == "allow" and (term := _term(actor, grant)) is not None
    ]  # fmt: skip
    found: dict[Term, None] = {}
    for scope in granted:
        if not scope.opens(type, interaction):
            continue
        if scope.context == "system":
            found[Term(criteria=scope.criteria)] = None
        elif scope.context == "user" or actor.patient is not None:
            bound = Term(actor.patient if scope.context == "patient" else None, scope.criteria)
            found.update((both, None) for term in by_role if (both := term.both(bound)) is not None)
    return list(found)


def _term(actor: Actor, grant: Grant) -> Term | None:
    """The rows a grant is about; None when it is about the own record of somebody who has none."""
    if grant.own and actor.patient is None:
        return None
    return Term(actor.patient if grant.own else None, grant.criteria)


class Rights:
    """What one actor may do, compiled type by type as it is asked."""

    __slots__ = ("_actor", "_granted", "_grants", "_rules")

    def __init__(self, actor: Actor, grants: Sequence[Grant]) -> None:
        self._actor = actor
        self._grants = [grant for grant in grants if grant.role in actor.roles]
        self._granted = scopes.resources(actor.scopes)
        self._rules: dict[str, Rule] = {}

    def rule(self, type: str) -> Rule:
        """The compiled rule for a type."""
        rule = self._rules.get(type)
        if rule is None:
            rule = compile_rule(self._actor, type, self._grants, self._granted)
            if type == "*" and rule.open:
                rule = self._whole(rule)
            if len(self._rules) < REMEMBERED:
                self._rules[type] = rule
        return rule

    def _whole(self, rule: Rule) -> Rule:
        """For the whole record at once (`*`): also shut where a denial is about any single type."""
        denied = [grant for grant in self._grants if grant.effect == "deny" and grant.type != "*"]
        shut = {word for word in rule.open for grant in denied if grant.meets(grant.type, word)}
        return Rule(
            rule.open - shut, {word: rule.rows[word] for word in rule.rows if word not in shut}, rule.hidden
        )


class Policy:
    """The rules of one clinic with the compiled rights of the actors lately seen.

    `generation()` changes whenever rules, roles or sign-ins were changed; `load()` reads the rules.
    Not for use by two threads at once.
    """

    def __init__(self, load: Callable[[], Sequence[Grant]], generation: Callable[[], int]) -> None:
        self._load = load
        self._generation = generation
        self._seen: int | None = None
        self._grants: Sequence[Grant] = ()
        self._rights: dict[tuple[object, ...], Rights] = {}

    def rights(self, actor: Actor) -> Rights:
        """The actor's compiled rights."""
        generation = self._generation()
        if generation != self._seen:
            self._grants = tuple(self._load())
            self._rights.clear()
            self._seen = generation
        key = (actor.id, actor.roles, actor.scopes, actor.purpose, actor.patient)
        rights = self._rights.get(key)
        if rights is None:
            if len(self._rights) >= REMEMBERED:
                self._rights.clear()
            rights = self._rights[key] = Rights(actor, self._grants)
        return rights

    def may(self, actor: Actor, type: str, interaction: str) -> bool:
        """Whether `interaction` (a word of `scopes.INTERACTIONS`) is open to the actor on `type`.

        `type` is a resource type, or `*` for the whole record at once. An interaction that is not
        known is shut.
        """
        return interaction in self.rights(actor).rule(type).open

    def require(self, actor: Actor, type: str, interaction: str) -> None:
        """Raise `Problem(forbidden)` unless `may`."""
        if interaction not in self.rights(actor).rule(type).open:
            raise forbidden(type, interaction)

    def require_whole(self, actor: Actor, type: str, interaction: str) -> None:
        """Raise `Problem(forbidden)` unless the interaction is open on all rows and elements of the type."""
        self.require(actor, type, interaction)
        if self.narrow(actor, type, interaction) is not None or self.hidden(actor, type):
            raise forbidden(type, interaction)

    def narrow(self, actor: Actor, type: str, interaction: str = "read") -> Predicate | None:
        """The rows of an open interaction that the actor may meet; None = all of them."""
        return self.rights(actor).rule(type).rows.get(interaction)

    def hidden(self, actor: Actor, type: str) -> frozenset[str]:
        """Elements of `type` that must not leave the record for this actor."""
        return self.rights(actor).rule(type).hidden

    def types(self, actor: Actor, interaction: str, among: Iterable[str]) -> list[str]:
        """Those of `among` on which the interaction is open."""
        rights = self.rights(actor)
        return [type for type in among if interaction in rights.rule(type).open]


def forbidden(type: str, interaction: str) -> Problem:
    """The answer for a whole type or interaction that is shut; it says nothing about any record."""
    what = "the whole record" if type == "*" else type
    return problem(
        Category.FORBIDDEN, "forbidden", f"You may not use {interaction} on {what}.",
        repair="Ask an administrator for a role, or for a token with a scope, that opens it.",
    )  # fmt: skip

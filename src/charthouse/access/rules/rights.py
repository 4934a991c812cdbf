"""The rules that are about one actor, compiled type by type into an answer per interaction and a condition on rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from charthouse.access import scopes
from charthouse.access.actor import Actor
from charthouse.access.rules.grant import EVERY_CLIENT, Grant
from charthouse.access.rules.node import ALWAYS, NEVER, Bound, Criteria, Homes, Node, every, negated, some
from charthouse.access.scopes import INTERACTIONS, Scope

REMEMBERED: Final = 2_000  # types of one actor kept compiled before the memory stops growing
READ_BY_PROGRAMS: Final = frozenset({"audit"})  # as AuditEvent, whose own scope is asked for as well
HOUSE: Final = ("read", "create", "update", "delete", "search", "export", "print")


@dataclass(frozen=True, slots=True)
class Rule:
    """The compiled answer for one actor and one type.

    `open` are the interactions that are open at all; `rows` says for those which rows, where not all;
    `hidden` are elements that must not leave the record.
    """

    open: frozenset[str]
    rows: dict[str, Node]
    hidden: frozenset[str]


SHUT: Final = Rule(frozenset(), {}, frozenset())


def compile_rule(
    actor: Actor,
    type: str,
    mine: Sequence[Grant],
    granted: Sequence[Scope],
    *,
    today: date,
    personal: Collection[str] = (),
) -> Rule:
    """The rule for `actor` on `type`, from the rules about the actor and the scopes granted: what `system/`
    scopes open, and what roles and `user/` or `patient/` scopes open together, less what any rule denies.

    `personal` are the types that are in patients' records; a `patient/` scope bounds those to its patient.
    """
    bound = Bound(actor, today)
    open_: list[str] = []
    rows: dict[str, Node] = {}
    for interaction in INTERACTIONS if scopes.is_fhir(type) else HOUSE:
        about = [grant for grant in mine if grant.meets(type, interaction)]
        shut = some(bound.node(grant.where) for grant in about if grant.effect == "deny")
        shown = some(_shown(bound, type, interaction, about, granted, personal))
        node = every((shown, negated(shut)))
        if node == NEVER:
            continue
        open_.append(interaction)
        if node != ALWAYS:
            rows[interaction] = node
    hidden = (grant.fields for grant in mine if grant.effect == "hide" and grant.meets(type, "read"))
    return Rule(frozenset(open_), rows, frozenset().union(*hidden))


def _shown(
    bound: Bound,
    type: str,
    interaction: str,
    about: Iterable[Grant],
    granted: Sequence[Scope],
    personal: Collection[str],
) -> list[Node]:
    """Every way in which this interaction is opened, as conditions on rows; empty = shut."""
    by_role = some(bound.node(grant.where) for grant in about if grant.effect == "allow")
    if not scopes.is_fhir(type):  # things of the house have no scopes: they open to who sits at a screen
        whole = any(scope.context == "user" and scope.type == "*" for scope in granted)
        is_here = (bound.actor.session or "").startswith("session:") or type in READ_BY_PROGRAMS
        return [by_role] if whole and is_here else []
    found: list[Node] = []
    for scope in granted:
        if not scope.opens(type, interaction):
            continue
        narrowed: Node = Criteria(scope.criteria) if scope.criteria else ALWAYS
        if scope.context == "system":
            found.append(narrowed)
        elif scope.context == "user":
            found.append(every((by_role, narrowed)))
        elif bound.actor.patient is not None:
            inside: Node = Homes(frozenset({bound.actor.patient}))
            if personal and type not in personal and type != "*":
                inside = ALWAYS
            found.append(every((by_role, narrowed, inside)))
    return found


class Rights:
    """What one actor may do, compiled type by type as it is asked."""

    __slots__ = ("_actor", "_granted", "_grants", "_joined", "_personal", "_rules", "_today")

    def __init__(
        self, actor: Actor, grants: Sequence[Grant], today: date, personal: Collection[str] = ()
    ) -> None:
        names = {*actor.roles, f"client:{actor.client}"}
        self._granted = scopes.resources(actor.scopes)
        if any(scope.context == "system" for scope in self._granted):
            names.add(EVERY_CLIENT)
        self._actor = actor
        self._grants = [grant for grant in grants if grant.role in names]
        self._personal = personal
        self._today = today
        self._rules: dict[str, Rule] = {}
        self._joined: dict[tuple[str, tuple[str, ...]], Node | None] = {}

    def rows(self, type: str, words: tuple[str, ...]) -> Node | None:
        """The rows on which all of `words` are open: None = all, `NEVER` where one of them is shut. The same object
        each time, for whoever remembers what it comes to."""
        asked = (type, words)
        if asked not in self._joined:
            rule = self.rule(type)
            node = every(rule.rows.get(word, ALWAYS) if word in rule.open else NEVER for word in words)
            if len(self._joined) >= REMEMBERED:
                self._joined.clear()
            self._joined[asked] = None if node == ALWAYS else node
        return self._joined[asked]

    def masked(self) -> dict[str, frozenset[str]]:
        """Type -> elements that are hidden, for the types of which some are."""
        types = {type for grant in self._grants if grant.effect == "hide" for type in grant.types}
        return {type: self.rule(type).hidden for type in types}

    def rule(self, type: str) -> Rule:
        """The compiled rule for a type."""
        rule = self._rules.get(type)
        if rule is None:
            rule = compile_rule(
                self._actor, type, self._grants, self._granted, today=self._today, personal=self._personal
            )
            if type == "*" and rule.open:
                rule = self._whole(rule)
            if len(self._rules) < REMEMBERED:
                self._rules[type] = rule
        return rule

    def _whole(self, rule: Rule) -> Rule:
        """For the whole record at once (`*`): also shut where all rows of any single type are denied, and bounded
        where some are."""
        bound = Bound(self._actor, self._today)
        shut: dict[str, list[Node]] = {}
        for grant in self._grants:
            if grant.effect == "deny" and "*" not in grant.types:
                for type in filter(scopes.is_fhir, grant.types):
                    for word in rule.open:
                        if grant.meets(type, word):
                            shut.setdefault(word, []).append(bound.node(grant.where))
        denied = {word: some(nodes) for word, nodes in shut.items()}
        open_ = frozenset(word for word in rule.open if denied.get(word) != ALWAYS)
        rows = {
            word: node for word in open_
            if (node := every((rule.rows.get(word, ALWAYS), negated(denied.get(word, NEVER))))) != ALWAYS
        }  # fmt: skip
        return Rule(open_, rows, rule.hidden)

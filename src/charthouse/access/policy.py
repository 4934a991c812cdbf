"""What each actor may do: shut unless a rule opens it, and a rule that shuts beats every rule that opens.

Rules are data (see `rules.document`). For each actor they are compiled once, type by type, into an
answer per interaction and a condition on rows; the gate asks in about a microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import Final

from charthouse.access.actor import Actor
from charthouse.access.rules.grant import Grant
from charthouse.access.rules.node import Node
from charthouse.access.rules.rights import Rights
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem

REMEMBERED: Final = 2_000  # actors kept compiled before the memory starts anew


class Policy:
    """The rules of one clinic with the compiled rights of the actors lately seen.

    `generation()` changes whenever rules, roles or sign-ins were changed; `load()` reads the rules.
    `personal` are the types that are in patients' records. Not for use by two threads at once.
    """

    def __init__(
        self,
        load: Callable[[], Sequence[Grant]],
        generation: Callable[[], int],
        personal: Collection[str] = (),
        *,
        clock: Callable[[], int] = now,
    ) -> None:
        self._load = load
        self._generation = generation
        self._personal = personal
        self._clock = clock
        self._seen: tuple[int, date] | None = None
        self._grants: Sequence[Grant] = ()
        self._rights: dict[tuple[object, ...], Rights] = {}

    def rights(self, actor: Actor) -> Rights:
        """The actor's compiled rights, of today: rules may ask for ages."""
        today = date.fromtimestamp(self._clock() / 1000)  # noqa: DTZ012 - the clinic's own day
        seen = (self._generation(), today)
        if seen != self._seen:
            if self._seen is None or seen[0] != self._seen[0]:
                self._grants = tuple(self._load())
            self._rights.clear()
            self._seen = seen
        key = (
            actor.id, actor.roles, actor.scopes, actor.purpose, actor.patient, actor.client, actor.practitioner,
            actor.facilities, actor.glass,
        )  # fmt: skip
        rights = self._rights.get(key)
        if rights is None:
            if len(self._rights) >= REMEMBERED:
                self._rights.clear()
            rights = self._rights[key] = Rights(actor, self._grants, today, self._personal)
        return rights

    def may(self, actor: Actor, type: str, interaction: str) -> bool:
        """Whether `interaction` (a word of `scopes.INTERACTIONS`) is open to the actor on `type`.

        `type` is a resource type, a word of the house (`people`, `audit`, …), or `*` for the whole record
        at once. An interaction that is not known is shut.
        """
        return interaction in self.rights(actor).rule(type).open

    def require(self, actor: Actor, type: str, interaction: str) -> None:
        """Raise `Problem(forbidden)` unless `may`."""
        if interaction not in self.rights(actor).rule(type).open:
            raise forbidden(type, interaction)

    def require_whole(self, actor: Actor, type: str, interaction: str) -> None:
        """Raise `Problem(forbidden)` unless the interaction is open on all rows and elements of the type."""
        rule = self.rights(actor).rule(type)
        if interaction not in rule.open or interaction in rule.rows or rule.hidden:
            raise forbidden(type, interaction)

    def narrow(self, actor: Actor, type: str, interaction: str = "read") -> Node | None:
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

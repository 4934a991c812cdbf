"""One rule of a policy: what it opens, shuts or hides, for whom, on which types, and on which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from charthouse.access import scopes
from charthouse.access.rules.node import ALWAYS, Node

EVERY_CLIENT: Final = "client:*"


@dataclass(frozen=True, slots=True)
class Grant:
    """A rule. `allow` opens, `deny` shuts, `hide` takes the elements `fields` out of what is shown.

    `role` is a role's name, `client:NAME` for a program, `client:*` for every program that acts for
    itself. `types` are resource types or words of the house; `*` stands for every resource type, as it
    does for every interaction. `where` says which rows (`ALWAYS` = all of them).
    """

    role: str
    effect: Literal["allow", "deny", "hide"]
    types: frozenset[str]
    interactions: frozenset[str]
    where: Node = ALWAYS
    fields: frozenset[str] = frozenset()

    def meets(self, type: str, interaction: str) -> bool:
        """Whether the rule is about `interaction` on `type`. `*` does not reach things of the house."""
        if type not in self.types and not ("*" in self.types and scopes.is_fhir(type)):
            return False
        return "*" in self.interactions or interaction in self.interactions

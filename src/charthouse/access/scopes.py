"""SMART App Launch 2.x scopes: what a token may do, as text that is parsed once and matched often."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from charthouse.base.errors import Problem, invalid

# Interaction -> the SMART letters it needs (hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html,
# "Scopes for requesting FHIR resources"). Export reads whole types, so it needs both of theirs.
LETTERS: Final[Mapping[str, str]] = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history": "r",
    "print": "r",
    "update": "u",
    "update-create": "cu",
    "patch": "u",
    "delete": "d",
    "search": "s",
    "history-type": "s",
    "history-system": "s",
    "export": "rs",
}
INTERACTIONS: Final = tuple(LETTERS)

# Scopes that are about the launch or the person, and open no resource.
OTHERS: Final = frozenset(
    {"openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter",
     "offline_access", "online_access"}
)  # fmt: skip

_SHAPE = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,62})\.(\*|read|write|c?r?u?d?s?)(?:\?(.+))?")
_VERSION_1: Final = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope: whose view (`patient`, `user`, `system`), which type (`*` = all), which letters of `cruds`.

    `criteria` are the search parameters after `?`; they narrow the rows, all of them together.
    """

    context: str
    type: str
    letters: frozenset[str]
    criteria: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The scope as SMART v2 writes it."""
        letters = "".join(letter for letter in "cruds" if letter in self.letters)
        query = f"?{urlencode(self.criteria, safe='|:/,')}" if self.criteria else ""
        return f"{self.context}/{self.type}.{letters}{query}"

    def within(self, allowed: Scope) -> Scope | None:
        """What this scope and `allowed` both open, or None where that is nothing.

        Both must be of one context; criteria of both must hold.
        """
        letters = self.letters & allowed.letters
        if self.context != allowed.context or not letters:
            return None
        if "*" not in (self.type, allowed.type) and self.type != allowed.type:
            return None
        type = allowed.type if self.type == "*" else self.type
        return Scope(self.context, type, letters, tuple(dict.fromkeys(self.criteria + allowed.criteria)))

    def opens(self, type: str, interaction: str) -> bool:
        """Whether this scope alone would let `interaction` on `type` pass."""
        needed = LETTERS.get(interaction)
        if needed is None or (self.type != "*" and self.type != type):
            return False
        return is_fhir(type) and self.letters.issuperset(needed)


def is_fhir(type: str) -> bool:
    """Whether `type` is spelt as a resource type (or `*`, all of them), not as something of the house."""
    return type == "*" or type[:1].isupper()


def parse(text: str) -> Scope | None:
    """The scope in `text`, or None for one that opens no resource (`openid`, `launch/patient`, …).

    Takes SMART v2 (`user/Observation.rs`, letters in the order c r u d s) and v1 (`user/Observation.read`).
    Raises `Problem(invalid)` for anything else: an unknown scope is never silently dropped.
    """
    if text in OTHERS:
        return None
    match = _SHAPE.fullmatch(text)
    if match is None or not match[3]:
        raise invalid(
            "value", "This is not a scope.", place="scope", value=text,
            repair="Write e.g. system/*.cruds, user/Observation.rs or patient/Condition.r "
            "(letters in the order c r u d s).",
        )  # fmt: skip
    context, type_name, letters, query = match.groups()
    criteria = tuple(parse_qsl(query, keep_blank_values=True)) if query else ()
    return Scope(context, type_name, frozenset(_VERSION_1.get(letters, letters)), criteria)


def split(text: str) -> frozenset[str]:
    """The scopes in a space separated list, as OAuth 2 writes it (RFC 6749, section 3.3)."""
    return frozenset(text.split())


def resources(texts: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes among `texts` that open resources, in a fixed order."""
    found = (parse(text) for text in sorted(texts))
    return tuple(scope for scope in found if scope is not None)


def common(asked: Iterable[str], allowed: Iterable[str]) -> frozenset[str]:
    """The scopes that open what `asked` and `allowed` both open; never more than `asked`.

    A scope that is wholly allowed stays as it was written, v1 included. Raises `Problem(invalid)` for
    what is no scope: sort those out before, with `is_known`.
    """
    held = frozenset(allowed)
    bounds = resources(held)
    found = {text for text in asked if text in held}
    for text in asked:
        scope = parse(text)
        if scope is None or text in found:
            continue
        both = {part for bound in bounds if (part := scope.within(bound)) is not None}
        found.update({text} if scope in both else {part.text for part in both})
    return frozenset(found)


def is_known(text: str, contexts: Collection[str], types: Collection[str]) -> bool:
    """Whether `text` is a scope of one of `contexts` about a type in `types`, or one about launch or person."""
    try:
        scope = parse(text)
    except Problem:
        return False
    return scope is None or (scope.context in contexts and (scope.type == "*" or scope.type in types))


def require_known(
    texts: Iterable[str], contexts: Collection[str], types: Collection[str] | None = None
) -> None:
    """Raise `Problem(invalid)` for a scope that is malformed, of another context, or of an unknown type."""
    for text in sorted(texts):
        scope = parse(text)
        if scope is None:
            continue
        if scope.context not in contexts:
            raise invalid(
                "value", f"A {scope.context}/ scope cannot be given here.", place="scope", value=text,
                repair=f"Use {' or '.join(sorted(contexts))}/ scopes.",
            )  # fmt: skip
        if types is not None and scope.type != "*" and scope.type not in types:
            raise invalid(
                "value", "There is no such resource type.", place="scope", value=text,
                repair="Use an R4 resource type, spelt as in the standard.",
            )  # fmt: skip

"""The format of an access policy: a JSON document that says who may do what, read and judged before it counts.

`docs/reference/access-policies.md` describes it for people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal

import msgspec

from charthouse.access.rules.grant import Grant
from charthouse.access.rules.node import (
    ALWAYS,
    About,
    Aged,
    Caring,
    Consented,
    Criteria,
    ForUse,
    Labelled,
    Local,
    Loose,
    Mine,
    Node,
    Params,
    Refused,
    UnderGlass,
    every,
    negated,
    some,
)
from charthouse.access.rules.types import GROUPS, Groups
from charthouse.access.scopes import INTERACTIONS
from charthouse.base.errors import Category, Issue, Problem, invalid
from charthouse.fhir.bundle import query

Effect = Literal["allow", "deny", "hide"]
HOUSE: Final = (
    "people", "tokens", "sessions", "apps", "policies", "settings", "audit", "incidents", "glass",
    "programmes",
)  # fmt: skip
HOUSE_WORDS: Final = ("read", "create", "update", "delete", "search", "export", "print")
LONGEST: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """A policy that was read: its name, what it is called, and its rules in order."""

    name: str
    title: str
    grants: tuple[Grant, ...]


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    on: list[str]
    allow: list[str] = []
    deny: list[str] = []
    hide: list[str] = []
    where: dict[str, Any] = {}
    unless: dict[str, Any] = {}
    why: str = ""


class _Policy(msgspec.Struct, forbid_unknown_fields=True):
    policy: str
    rules: list[_Rule]
    title: str = ""
    roles: list[str] = []
    clients: list[str] = []


class Reader:
    """Reads documents. `check(type, params)` raises `Problem` for search parameters that `type` cannot be asked."""

    def __init__(
        self, groups: Groups, check: Callable[[str, Params], None], elements: Callable[[str], Collection[str]]
    ) -> None:
        """`elements(type)` names the top elements of a resource type."""
        self._groups = groups
        self._check = check
        self._elements = elements

    def read(self, text: str | bytes) -> Document:
        """The document in `text`; raises `Problem(invalid)` naming each place that is wrong, with its repair."""
        if len(text) > LONGEST:
            raise invalid("too-long", f"A policy has at most {LONGEST} bytes.", place="policy")
        try:
            made = msgspec.json.decode(text, type=_Policy)
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at `")
            raise invalid(
                "structure", f"This is not a policy: {what}.", place=place.rstrip("`").lstrip("$.") or "policy",
                repair="See the reference page on access policies.",
            ) from None  # fmt: skip
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise invalid("structure", f"This is not JSON: {error}.", place="policy") from None
        wrong: list[Issue] = []
        if not made.policy.strip():
            wrong.append(
                Issue("required", "A policy needs a name.", "policy", None, 'Write e.g. "policy": "nurse".')
            )
        who = [*made.roles, *(f"client:{name}" for name in made.clients)]
        if not who:
            wrong.append(
                Issue("required", "The policy is about nobody.", "roles", None, "Name roles or clients.")
            )
        grants: list[Grant] = []
        for number, rule in enumerate(made.rules):
            try:
                grants += self._grants(rule, who, f"rules[{number}]")
            except Problem as failure:
                wrong += failure.issues
        if wrong:
            raise Problem(Category.INVALID, tuple(wrong))
        return Document(made.policy.strip(), made.title.strip() or made.policy.strip(), tuple(grants))

    def _grants(self, rule: _Rule, who: Sequence[str], place: str) -> Iterator[Grant]:
        said: tuple[tuple[Effect, list[str]], ...] = (
            ("allow", rule.allow),
            ("deny", rule.deny),
            ("hide", rule.hide),
        )
        effects = [(name, words) for name, words in said if words]
        if len(effects) != 1:
            raise invalid(
                "structure", "A rule either allows, denies or hides.", place=place,
                value=", ".join(name for name, _ in effects),
                repair="Give exactly one of allow, deny and hide, with a list of words.",
            )  # fmt: skip
        effect, words = effects[0]
        types = self._types(rule.on, f"{place}.on")
        where = every(
            [
                self._node(rule.where, types, f"{place}.where", every),
                negated(self._node(rule.unless, types, f"{place}.unless", some)) if rule.unless else ALWAYS,
            ]
        )
        if effect == "hide":
            self._hidden(words, types, place)
            if where != ALWAYS:
                raise invalid(
                    "not-supported", "Elements are hidden on all rows of a type, or on none.", place=f"{place}.where",
                    repair="Leave where and unless out, or deny the rows.",
                )  # fmt: skip
        else:
            _interactions(words, types, f"{place}.{effect}")
        for role in who:
            if effect == "hide":
                yield Grant(role, effect, types, frozenset({"*"}), ALWAYS, frozenset(words))
            else:
                yield Grant(role, effect, types, frozenset(words), where)

    def _types(self, names: Sequence[str], place: str) -> frozenset[str]:
        found: set[str] = set()
        for name in names:
            if name in GROUPS:
                found |= self._groups[name]
            elif name == "*" or name in HOUSE or name in self._groups["@all"]:
                found.add(name)
            else:
                raise _stranger(
                    "There is no such type.", place, name, [*self._groups["@all"], *HOUSE, *GROUPS, "*"]
                )
        if not found:
            raise invalid(
                "required", "The rule is about nothing.", place=place, repair="Name a type, a group or *."
            )
        return frozenset(found)

    def _hidden(self, words: Sequence[str], types: frozenset[str], place: str) -> None:
        for type in types:
            for word in words:
                if type == "*" or word not in self._elements(type) or word in ("id", "meta", "resourceType"):
                    raise invalid(
                        "value", f"{type} has no element of that name that can be hidden.", place=f"{place}.hide",
                        value=word,
                        repair="Name an element at the top of one resource type, e.g. telecom of Patient.",
                    )  # fmt: skip

    def _node(
        self,
        asked: Mapping[str, Any],
        types: frozenset[str],
        place: str,
        joined: Callable[[Sequence[Node]], Node],
    ) -> Node:
        return joined([self._atom(name, value, types, f"{place}.{name}") for name, value in asked.items()])

    def _atom(self, name: str, value: Any, types: frozenset[str], place: str) -> Node:
        if name == "criteria":
            params = _params(value, place)
            for type in types:
                if type == "*" or not type[:1].isupper():
                    raise invalid(
                        "value", "Search criteria need the resource types they are about.", place=place, value=type,
                        repair='Name types in "on" that all have these search parameters.',
                    )  # fmt: skip
                self._allowed(type, params, place)
            return Criteria(params)
        if name == "patient":
            params = _params(value, place)
            self._allowed("Patient", params, place)
            return About(params)
        if name in ("labels", "consent") and isinstance(value, list):
            labels = tuple(_label(one, place) for one in value)
            return Labelled(labels) if name == "labels" else Consented(labels)
        if name == "purpose" and isinstance(value, list) and all(isinstance(one, str) for one in value):
            return ForUse(frozenset(value))
        if name == "age" and isinstance(value, dict) and set(value) <= {"from", "to"}:
            return _age(value, place)
        plain = _PLAIN.get(name)
        if plain is None:
            if name in _SHAPES:
                raise invalid("structure", f"{_SHAPES[name]}.", place=place, value=value)
            raise _stranger("There is no such condition.", place, name, [*_PLAIN, *_SHAPES])
        if not isinstance(value, bool):
            raise invalid("structure", "This is either true or false.", place=place, value=value)
        return plain if value else negated(plain)

    def _allowed(self, type: str, params: Params, place: str) -> None:
        try:
            self._check(type, params)
        except Problem as failure:
            first = failure.issues[0]
            raise Problem(
                Category.INVALID, (Issue(first.code, first.message, place, first.value, first.repair),)
            ) from None


_PLAIN: Final[Mapping[str, Node]] = {
    "own": Mine(), "care": Caring(), "facility": Local(), "withheld": Refused(), "glass": UnderGlass(),
    "no-patient": Loose(),
}  # fmt: skip
_SHAPES: Final[Mapping[str, str]] = {
    "criteria": "Search criteria are a text like category=laboratory&status=final",
    "patient": "Search criteria of Patient are a text like gender=female",
    "labels": "Security labels are a list of codes, or of system|code",
    "consent": "Give the security labels that the consent must permit, as a list",
    "purpose": "Purposes of use are a list of codes, e.g. TREAT",
    "age": 'An age is {"from": 12, "to": 17}, in full years',
}


def _params(value: Any, place: str) -> Params:
    params = tuple(query(value)) if isinstance(value, str) else ()
    if not params:
        raise invalid("structure", f"{_SHAPES['criteria']}.", place=place, value=value)
    return params


def _label(value: Any, place: str) -> tuple[str | None, str]:
    system, bar, code = value.rpartition("|") if isinstance(value, str) else ("", "", "")
    if not code:
        raise invalid("structure", f"{_SHAPES['labels']}.", place=place, value=value)
    return (system if bar else None), code


def _age(value: Mapping[str, Any], place: str) -> Node:
    youngest, oldest = value.get("from", 0), value.get("to", 150)
    if not all(type(one) is int and 0 <= one <= 150 for one in (youngest, oldest)) or youngest > oldest:
        raise invalid("value", f"{_SHAPES['age']}.", place=place, value=dict(value))
    return Aged(youngest, oldest)


def _interactions(words: Sequence[str], types: frozenset[str], place: str) -> None:
    known: Collection[str] = ("*", *INTERACTIONS, *(HOUSE_WORDS if types & frozenset(HOUSE) else ()))
    for word in words:
        if word not in known:
            raise _stranger("There is no such interaction.", place, word, list(known))


def _stranger(message: str, place: str, value: str, known: Sequence[str]) -> Problem:
    near = get_close_matches(value, known, n=1)
    return invalid(
        "not-found", message, place=place, value=value,
        repair=f'Did you mean "{near[0]}"?' if near else f"There are {', '.join(list(known)[:40])}.",
    )  # fmt: skip

"""How well one patient fits a question, and why: what ranks the hits and is told beside each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from charthouse.search.people.births import Birth
from charthouse.search.people.numbers import DIGITS, ENDING, digits_of
from charthouse.search.people.question import Term, number
from charthouse.search.people.tiers import Fit, Tier
from charthouse.search.people.words import Said, said
from charthouse.store.body import Stored
from charthouse.store.index.text import fold

LOCAL: Final = 7  # digits of a phone number without its area code

# What each element of a Patient is found by; one that is hidden from somebody finds nothing for them.
FIELDS: Final = ("name", "birthDate", "identifier", "telecom")


class Standing(IntEnum):
    """What kind of chart it is, the one to open first."""

    LIVE = 0
    INACTIVE = 1
    DECEASED = 2
    MERGED = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is among the hits: `kind` is nickname, sound, spelling, former, born, number, phone, ending or
    missing; `said` is the word, number or date that was typed, or the name before."""

    kind: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A term with the words that may be meant by it."""

    term: Term
    words: Mapping[str, Fit]


@dataclass(frozen=True, slots=True)
class Hit:
    """A patient with what speaks for this being the one. Hits are ordered by `rank`, the best first."""

    stored: Stored
    standing: Standing
    reasons: tuple[Reason, ...]
    rank: tuple[Any, ...]

    @property
    def tier(self) -> Tier:
        """The worst fit of all that was typed."""
        return Tier(self.rank[1])


@dataclass(slots=True)
class _Match:
    tier: Tier
    slack: float
    reason: Reason | None = None
    name: Said | None = None

    @property
    def cost(self) -> tuple[int, bool, float]:
        return self.tier, self.name is not None and self.name.is_former, self.slack


def judge(
    stored: Stored, meanings: Sequence[Meaning], *, fields: Collection[str] = FIELDS, missing: str = ""
) -> Hit | None:
    """The hit that a patient is, None where a term does not fit. `missing` was typed and is left out."""
    tree = stored.tree
    names = list(said(tree)) if "name" in fields else []
    matches: list[_Match] = []
    for meaning in meanings:
        found = min(_matches(tree, names, meaning, fields), key=lambda one: one.cost, default=None)
        if found is None:
            return None
        matches.append(found)
    reasons = [one.reason for one in matches if one.reason is not None]
    former = next((one.name for one in matches if one.name is not None and one.name.is_former), None)
    if former is not None:
        reasons.append(Reason("former", former.text))
    if missing:
        reasons.append(Reason("missing", missing))
    used = next((one.name for one in matches if one.name is not None), None)
    spare = max(0, used.size - sum(one.name is not None for one in matches)) if used else 0
    stands = standing(tree)
    rank = (
        bool(missing), max((one.tier for one in matches), default=Tier.EXACT), stands, former is not None,
        sum(one.tier for one in matches), round(sum(one.slack for one in matches), 3), spare,
        fold(sorted_name(tree)), str(tree.get("birthDate") or ""), stored.key,
    )  # fmt: skip
    return Hit(stored, stands, tuple(dict.fromkeys(reasons)), rank)


def standing(tree: Mapping[str, Any]) -> Standing:
    """Merged into another chart (R4 link-type replaced-by), of somebody who died, out of use, or none of these."""
    links = (one for one in tree.get("link") or () if isinstance(one, dict))
    if any(one.get("type") == "replaced-by" for one in links):
        return Standing.MERGED
    if tree.get("deceasedBoolean") is True or tree.get("deceasedDateTime"):
        return Standing.DECEASED
    return Standing.INACTIVE if tree.get("active") is False else Standing.LIVE


def sorted_name(tree: Mapping[str, Any]) -> str:
    """The family name and what follows it, to put hits in order and to tell namesakes."""
    for name in tree.get("name") or ():
        if isinstance(name, dict) and (name.get("family") or name.get("given") or name.get("text")):
            given = " ".join(str(one) for one in name.get("given") or () if one)
            return f"{name.get('family') or ''} {given}".strip() or str(name.get("text"))
    return ""


def _matches(
    tree: Mapping[str, Any], names: Sequence[Said], meaning: Meaning, fields: Collection[str]
) -> Iterator[_Match]:
    term = meaning.term
    for name in names:
        for word in name.words & meaning.words.keys():
            tier, slack = meaning.words[word]
            yield _Match(tier, slack, _why(tier, term.text), name)
    if term.births and "birthDate" in fields:
        yield from _born(str(tree.get("birthDate") or ""), term.births, term.text)
    if term.number:
        yield from _numbered(tree, term, fields)


def _why(tier: Tier, text: str) -> Reason | None:
    kind = {Tier.NICKNAME: "nickname", Tier.SOUND: "sound", Tier.SPELLING: "spelling"}.get(tier)
    return Reason(kind, text) if kind else None


def _born(birth: str, asked: Sequence[Birth], text: str) -> Iterator[_Match]:
    for one in asked:
        if birth.startswith(one.text):
            is_day = len(one.text) == len("1962-03-14")
            slack = (0.0 if is_day else 0.2) + (0.4 if one.other else 0.0)
            yield _Match(Tier.EXACT, slack, Reason("born", text) if one.other else None)


def _numbered(tree: Mapping[str, Any], term: Term, fields: Collection[str]) -> Iterator[_Match]:
    wanted, digits = number(term.number), term.number if term.number.isdecimal() else ""
    for field, whole in (("identifier", "number"), ("telecom", "phone")):
        for one in tree.get(field) or () if field in fields else ():
            value = str(one.get("value") or "") if isinstance(one, dict) else ""
            if not value:
                continue
            own = digits_of(value)
            if number(value) == wanted:
                yield _Match(Tier.EXACT, 0.0, Reason(whole if "@" not in value else "email", value))
            elif digits and len(digits) >= ENDING and own and _ends(own, digits):
                is_long = len(digits) >= LOCAL
                reason = (
                    Reason("phone", value) if is_long and field == "telecom" else Reason("ending", digits)
                )
                yield _Match(Tier.EXACT, 0.1 if is_long else 0.3, reason)


def _ends(own: str, asked: str) -> bool:
    """Whether a number ends as asked; a country code in front of what was typed does not matter."""
    return own.endswith(asked) or (len(own) >= LOCAL and len(asked) > DIGITS and asked.endswith(own))

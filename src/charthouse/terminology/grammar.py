"""Code systems whose codes follow a grammar and cannot be listed: units, languages, media types."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from charthouse.base.errors import Category, problem
from charthouse.fhir.resource import Tree
from charthouse.terminology.trees import text

UCUM: Final = "http://unitsofmeasure.org"
LANGUAGES: Final = "urn:ietf:bcp:47"
MEDIA: Final = "urn:ietf:bcp:13"
_LONGEST: Final = 200  # no code of a grammar is longer

# ISO 639-1, the languages that have two letters; those of three letters are too many to carry.
_TWO_LETTERS: Final = """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz
    ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la
    lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj
    om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv
    sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_LANGUAGES: Final = frozenset(_TWO_LETTERS.split())
# RFC 5646, section 2.1, without the grandfathered tags; no language of more than three letters was ever registered.
# The groups have the names of the filters in R4 (`-` for `_`).
_TAG: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(?P<ext_lang>(?:-[a-z]{3}){0,3})"
    r"(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variant>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
    r"(?P<extension>(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*)(?:-(?P<private_use>x(?:-[a-z0-9]{1,8})+))?",
    re.IGNORECASE,
)
_PRIVATE: Final = re.compile(r"x(?:-[a-z0-9]{1,8})+|i-[a-z0-9-]{2,20}", re.IGNORECASE)
# RFC 6838, section 4.2, and parameters as RFC 2045, section 5.1, writes them.
_NAME: Final = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
_VALUE: Final = r"(?:[a-z0-9!#$%&'*+.^_`|~-]+|\"[^\"\\]*\")"
_MEDIA: Final = re.compile(
    rf"(?:application|audio|example|font|haptics|image|message|model|multipart|text|video|chemical|x-{_NAME})"
    rf"/{_NAME}(?:[ ]*;[ ]*{_NAME}={_VALUE})*",
    re.IGNORECASE,
)


class Units(Protocol):
    """What knows UCUM (terminology.ucum)."""

    def canonical(self, code: str) -> tuple[Decimal, str] | None:
        """(factor, canonical base units) so that 1 `code` = factor of the base units; None if unknown."""

    def is_valid(self, code: str) -> bool:
        """Whether it is a UCUM code, case-sensitive."""


Check = Callable[[str], bool | None]


@dataclass(frozen=True, slots=True)
class Grammar:
    """A code system of that kind. `check` answers None where it cannot tell; `why` says when.

    `narrowed(property, operator, value)` is the check of a filter, None for one that is not known.
    """

    url: str
    title: str
    check: Check
    why: str
    narrowed: Callable[[str, str, str], Check | None]

    def sieve(self, rule: Tree) -> Check:
        """A filter of a value set on these codes. Raises Problem(unsupported) for one that is not known."""
        name, op, value = (text(rule, each) or "" for each in ("property", "op", "value"))
        found = self.narrowed(name, op, value)
        if found is None:
            raise problem(
                Category.UNSUPPORTED, "not-supported", f"This filter on {self.url} is not known here.",
                place="filter.property", value=name,
                repair="UCUM takes `canonical = unit`, languages `script exists false`.",
            )  # fmt: skip
        return found


def grammars(units: Units | None) -> dict[str, Grammar]:
    """The grammars by url; UCUM can be checked only with `units`."""
    return {
        UCUM: Grammar(
            UCUM, "Unified Code for Units of Measure", _unit(units), "UCUM is not at hand", _dimension(units)
        ),
        LANGUAGES: Grammar(
            LANGUAGES, "Tags for Identifying Languages", language, "languages of three letters are not listed",
            _subtag,
        ),
        MEDIA: Grammar(
            MEDIA, "Media Types", media, "media types are checked by their form only", lambda name, op, value: None
        ),
    }  # fmt: skip


def _unit(units: Units | None) -> Check:
    if units is None:
        return lambda code: None
    return lambda code: 0 < len(code) <= _LONGEST and units.is_valid(code)


def _dimension(units: Units | None) -> Callable[[str, str, str], Check | None]:
    """`canonical = unit` (R4 ucum.html): units of the same dimension."""

    def narrowed(name: str, op: str, value: str) -> Check | None:
        wanted = units.canonical(value) if units is not None and (name, op) == ("canonical", "=") else None
        if units is None or wanted is None:
            return None
        return lambda code: (found := units.canonical(code)) is not None and found[1] == wanted[1]

    return narrowed


def _subtag(name: str, op: str, value: str) -> Check | None:
    """`script exists false` and its like, for each part of a language tag."""
    group = name.replace("-", "_")
    if op != "exists" or group not in _TAG.groupindex or value not in ("true", "false"):
        return None

    def check(code: str) -> bool:
        match = _TAG.fullmatch(code) if len(code) <= _LONGEST else None
        return match is not None and bool(match[group]) is (value == "true")

    return check


def language(code: str) -> bool | None:
    """Whether it is a language tag; None where it has the form, and its language is one of three letters."""
    if len(code) > _LONGEST:
        return False
    match = _TAG.fullmatch(code)
    if match is None:
        return _PRIVATE.fullmatch(code) is not None
    first = match["language"].lower()
    return first in _LANGUAGES if len(first) == 2 else None


def media(code: str) -> bool:
    """Whether it has the form of a media type of a registered kind."""
    return len(code) <= _LONGEST and _MEDIA.fullmatch(code) is not None

"""Where a person lives and how a letter reaches them, from their Patient resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from charthouse.access.incidents.words import REGIONS
from charthouse.fhir.resource import Tree

_NAMES: Final = {name.casefold(): code for code, name in REGIONS.items()}
_HOME: Final = frozenset({"", "us", "usa", "united states", "united states of america", "u.s.", "u.s.a."})
ADULT: Final = 18


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who a letter is for. `lines` is the address block without the name, empty where there is no address.

    `cautions` are for who sends it, and never printed.
    """

    name: str
    lines: tuple[str, ...]
    region: str
    language: str
    is_dead: bool
    cautions: tuple[str, ...]

    @property
    def addressee(self) -> str:
        """Who the letter speaks to; of somebody who died, the next of kin (164.404(d)(1)(ii))."""
        return f"next of kin or personal representative of {self.name}" if self.is_dead else self.name

    @property
    def has_address(self) -> bool:
        """Whether a letter can be posted."""
        return bool(self.lines)


def recipient(tree: Tree, today: date) -> Recipient:
    """The recipient of a letter about the Patient `tree`."""
    address = _address(tree)
    lines = _lines(address) if address else ()
    is_dead = bool(tree.get("deceasedDateTime") or tree.get("deceasedBoolean") is True)
    cautions = []
    if not lines:
        cautions.append("No postal address: this person needs substitute notice.")
    if is_dead:
        cautions.append("Died: the letter goes to the next of kin or personal representative, where known.")
    elif _is_minor(str(tree.get("birthDate") or ""), today):
        cautions.append("Under 18: make sure who may receive this letter.")
    language = _language(tree)
    if language and not language.startswith("en"):
        cautions.append(f"Preferred language: {language}.")
    return Recipient(_name(tree), lines, region(address), language, is_dead, tuple(cautions))


def region(address: Mapping[str, Any] | None) -> str:
    """The postal code of the state or territory, empty where there is none or it lies elsewhere."""
    if address is None or _text(address, "country").casefold() not in _HOME:
        return ""
    state = _text(address, "state")
    return state.upper() if state.upper() in REGIONS else _NAMES.get(state.casefold(), "")


def _address(tree: Tree) -> Mapping[str, Any] | None:
    """The address in use: home before others, never old, bygone or for bills only (R4 Address.use)."""
    found = [
        one for one in _objects(tree.get("address"))
        if one.get("use") not in ("old", "billing") and not _ended(one)
    ]  # fmt: skip
    # A letter goes by post, so a place that mail does not reach comes last (R4 Address.type).
    found.sort(key=lambda one: (one.get("type") == "physical", one.get("use") not in ("home", None)))
    return next((one for one in found if _lines(one) or region(one)), None)


def _ended(address: Mapping[str, Any]) -> bool:
    period = address.get("period")
    return isinstance(period, dict) and bool(period.get("end"))


def _lines(address: Mapping[str, Any]) -> tuple[str, ...]:
    street = [str(one) for one in address.get("line") or () if isinstance(one, str) and one.strip()]
    place = " ".join(_text(address, part) for part in ("state", "postalCode")).strip()
    city = ", ".join(part for part in (_text(address, "city"), place) if part)
    if not street and _text(address, "text"):
        return tuple(line.strip() for line in _text(address, "text").splitlines() if line.strip())
    if not street or not city:  # no letter arrives with half an address
        return ()
    country = _text(address, "country")
    return (*street, city, *([country] if country.casefold() not in _HOME else []))


def _name(tree: Tree) -> str:
    names = [one for one in _objects(tree.get("name")) if one.get("use") not in ("old", "maiden", "nickname")]
    names.sort(key=lambda one: one.get("use") != "official")
    for one in names:
        parts = [
            *(str(part) for part in one.get("given") or () if part), _text(one, "family"),
            *(str(part) for part in one.get("suffix") or () if part),
        ]  # fmt: skip
        said = " ".join(part for part in parts if part) or _text(one, "text")
        if said:
            return said
    return "Patient"


def _is_minor(born: str, today: date) -> bool:
    try:
        year, month, day = (int(part) for part in born.split("-"))
    except ValueError:
        return False
    return (today.year - year, today.month, today.day) < (ADULT, month, day)


def _language(tree: Tree) -> str:
    for one in sorted(_objects(tree.get("communication")), key=lambda one: not one.get("preferred")):
        language = one.get("language")
        for coding in _objects(language.get("coding") if isinstance(language, dict) else None):
            if isinstance(coding.get("code"), str):
                return str(coding["code"])
    return ""


def _objects(items: object) -> Iterable[dict[str, Any]]:
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return value.strip() if isinstance(value, str) else ""

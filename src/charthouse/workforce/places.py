"""Finding what somebody means: an area by postal code, number or name, an industry, a role, an occupation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from charthouse.base.errors import Problem, invalid
from charthouse.workforce.extract import ALL, NATION, Area, Extract, Industry

T = TypeVar("T", Area, Industry)

_CODES = """
AL:01 AK:02 AZ:04 AR:05 CA:06 CO:08 CT:09 DE:10 DC:11 FL:12 GA:13 HI:15 ID:16 IL:17 IN:18 IA:19 KS:20 KY:21 LA:22 ME:23
MD:24 MA:25 MI:26 MN:27 MS:28 MO:29 MT:30 NE:31 NV:32 NH:33 NJ:34 NM:35 NY:36 NC:37 ND:38 OH:39 OK:40 OR:41 PA:42 RI:44
SC:45 SD:46 TN:47 TX:48 UT:49 VT:50 VA:51 WA:53 WV:54 WI:55 WY:56 GU:66 PR:72 VI:78
"""
POSTAL: Final[Mapping[str, str]] = dict(pair.split(":") for pair in _CODES.split())
_STATE_OF: Final = {number: code for code, number in POSTAL.items()}
_NATION: Final = frozenset({"us", "usa", "united states", "national", "nation", "u.s."})
# Words for employers that people ask for; the codes are the publisher's.
EMPLOYERS: Final[Mapping[str, tuple[str, str]]] = {
    "hospital": ("622000", "Hospitals"),
    "state-hospital": ("622002", "Hospitals owned by a state"),
    "physician-office": ("621100", "Offices of physicians"),
    "system": ("551000", "Head offices of health systems (management of companies)"),
    "nursing-care": ("623100", "Nursing care facilities"),
    "outpatient": ("621400", "Outpatient care centers"),
    "home-health": ("621600", "Home health care"),
    "consulting": ("541600", "Management and technical consulting"),
    "staffing": ("561300", "Employment services (staffing)"),
    "insurance": ("524100", "Insurance carriers"),
    "university": ("611300", "Colleges and universities"),
    "software": ("513200", "Software publishers"),
    "federal": ("999101", "Federal government"),
}
_SPACE: Final = re.compile(r"[\s,./()–-]+")


def short(area: Area) -> str:
    """The code people use: US, a state's postal code, five digits of a metropolitan area, or the seven of another."""
    if area.kind == "N":
        return "US"
    if area.kind == "S":
        return _STATE_OF[area.state]
    return area.code[2:] if area.is_metro else area.code


def postal(area: Area) -> str:
    """The postal code of the state an area is counted to; empty for the nation."""
    return _STATE_OF.get(area.state, "")


def area(extract: Extract, asked: str) -> Area:
    """The area that `asked` names. Raises `Problem(invalid)` where it names none or several."""
    text = asked.strip()
    lower = text.lower()
    if not text or lower in _NATION:
        return extract.areas[NATION]
    number = POSTAL.get(text.upper())
    if number:
        return extract.areas[f"{number}00000"]
    if re.fullmatch(r"[0-9]{5}|[0-9]{7}", text):
        found = extract.areas.get(text.rjust(7, "0"))
        if found is None:
            raise _wrong("area", text, "There is no area of this number in the release.", ())
        return found
    return _named(extract.areas.values(), text, "area", "There is no area of this name in the release.")


def industry(extract: Extract, asked: str) -> Industry | None:
    """The industry that `asked` names: a word of `EMPLOYERS`, a code (`622`, `622000`) or a name; None for all.

    Raises `Problem(invalid)` where it names none or several.
    """
    text = asked.strip()
    if text.lower() in ("", "all", "any", ALL):
        return None
    if text.lower() in EMPLOYERS:
        return extract.industries[EMPLOYERS[text.lower()][0]]
    if re.fullmatch(r"[0-9][0-9-]{1,5}", text):
        sector = next((code for code in extract.industries if code.startswith(f"{text}-")), "")
        found = extract.industries.get(text.ljust(6, "0")) or extract.industries.get(sector)
        if found is None:
            raise _wrong("industry", text, "There is no industry of this number in the release.", EMPLOYERS)
        return found
    return _named(extract.industries.values(), text, "industry", "There is no such industry in the release.")


def occupation(extract: Extract, asked: str) -> str:
    """The code of an occupation of the extract. Raises `Problem(invalid)`."""
    text = asked.strip()
    digits = text.replace("-", "")[:6]
    code = f"{digits[:2]}-{digits[2:]}"
    if code in extract.occupations and text in (code, digits, f"{code}.00"):
        return code
    raise _wrong("soc", text, "This occupation is not in the guide.", extract.occupations)


def _words(text: str) -> list[str]:
    return [word for word in _SPACE.split(text.lower()) if word]


def _named(known: Iterable[T], text: str, place: str, message: str) -> T:
    every = list(known)
    wanted = _words(text)
    exact = [one for one in every if _words(one.name) == wanted]
    if exact:
        return exact[0]
    begun = [one for one in every if _words(one.name)[: len(wanted)] == wanted]
    found = begun or [one for one in every if set(wanted) <= set(_words(one.name))]
    if len(found) == 1 and wanted:
        return found[0]
    if not found or not wanted:
        raise _wrong(place, text, message, ())
    names = [one.name for one in found]
    raise _wrong(place, text, "Several have this name.", names)


def _wrong(place: str, value: str, message: str, names: Iterable[str]) -> Problem:
    listed = list(names)
    repair = "Give US, a state's postal code, a five-digit CBSA or a name." if place == "area" else None
    if listed:
        repair = f"Choose from: {'; '.join(listed[:12])}{'; …' if len(listed) > 12 else ''}."
    return invalid("value", message, place=place, value=value, repair=repair)

"""What somebody wants to know about pay, read from words that may be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import invalid

EDUCATION: Final[Mapping[str, str]] = {
    "school": "High school",
    "certificate": "Postsecondary certificate",
    "associate": "Associate degree",
    "bachelor": "Bachelor's degree",
}
FIELDS: Final = ("role", "soc", "area", "industry", "years", "certified", "education", "skills")
_YES: Final[Mapping[str, bool | None]] = {
    "": None,
    "yes": True,
    "true": True,
    "1": True,
    "on": True,
    "no": False,
    "false": False,
    "0": False,
}
_MOST_YEARS: Final = 60


@dataclass(frozen=True, slots=True)
class Question:
    """Whose pay is asked for. None and empty text: not said."""

    soc: str
    area: str = ""
    industry: str = ""
    years: float | None = None
    certified: bool | None = None
    education: str = ""
    skills: tuple[str, ...] = ()
    role: str = ""


def read(words: Mapping[str, str], soc: str, *, role: str = "") -> Question:
    """The question in `words` (an address's query, a command's options) about the occupation `soc`.

    Raises `Problem(invalid)` that names the word which is wrong and what would be right.
    """
    certified = words.get("certified", "").strip().lower()
    if certified not in _YES:
        raise invalid(
            "value",
            "This is neither yes nor no.",
            place="certified",
            value=certified,
            repair="Give yes or no.",
        )
    education = words.get("education", "").strip().lower()
    if education and education not in EDUCATION:
        raise invalid(
            "value",
            "There is no such step of education.",
            place="education",
            value=education,
            repair=f"Choose from {', '.join(EDUCATION)}.",
        )
    skills = tuple(word.strip()[:80] for word in words.get("skills", "").split(",") if word.strip())[:12]
    return Question(
        soc,
        words.get("area", "").strip()[:120],
        words.get("industry", "").strip()[:120],
        _years(words.get("years", "")),
        _YES[certified],
        education,
        skills,
        role,
    )


def _years(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _MOST_YEARS:
        raise invalid(
            "value",
            "This is no number of years.",
            place="years",
            value=text,
            repair=f"Give a number from 0 to {_MOST_YEARS}.",
        )
    return value

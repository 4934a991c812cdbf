"""What is known about an incident, as it is typed in, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec

from charthouse.access.incidents import words
from charthouse.base.errors import invalid

EARLIEST: Final = date(1996, 8, 21)  # the day of HIPAA
LONGEST: Final = 8000
TITLE: Final = 160
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Facts(msgspec.Struct, frozen=True):
    """One state of knowledge. Lists hold words of `charthouse.access.incidents.words`.

    `diligent` is when it would have been known with reasonable diligence. `estimate` is how many people
    where no list of them can be made yet. `role` says what this clinic is: `covered` entity, or `associate`.
    """

    title: str
    discovered: date
    kind: str = "access"
    diligent: date | None = None
    began: date | None = None
    ended: date | None = None
    happened: str = ""
    locations: tuple[str, ...] = ()
    information: tuple[str, ...] = ()
    is_secured: bool = False
    secured_why: str = ""
    exception: str = ""
    exception_why: str = ""
    role: str = "covered"
    associate: str = ""
    estimate: int = 0
    is_part2: bool = False
    safeguards: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


def day(text: str, place: str, *, today: date | None = None) -> date | None:
    """The day in `text` (YYYY-MM-DD), None where it is empty; not after `today`, where that is given.

    Raises `Problem(invalid)`.
    """
    text = text.strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not EARLIEST.year <= found.year <= 2200:
        raise invalid(
            "value", "This is not a day.", place=place, value=text, repair="Write it as 2026-03-31."
        )
    if today is not None and found > today:
        raise invalid("value", "This day has not come yet.", place=place, value=text,
                      repair="Give a day up to today.")  # fmt: skip
    return found


def line(text: str, place: str, longest: int = LONGEST, *, required: str = "") -> str:
    """`text` without blanks around it; raises `Problem(invalid)` where it is too long, or empty and `required`."""
    text = text.replace("\r\n", "\n").replace("\0", "").strip()
    if len(text) > longest:
        raise invalid("too-long", "This is too long.", place=place, repair=f"Use up to {longest} characters.")
    if required and not text:
        raise invalid("required", required, place=place, repair="Fill it in.")
    return text


def checked(facts: Facts, today: date) -> Facts:
    """`facts` if they hold together; raises `Problem(invalid)` naming the field."""
    line(facts.title, "title", TITLE, required="The incident has no title.")
    for place, word, known in (
        ("kind", facts.kind, words.KINDS),
        ("exception", facts.exception or "workforce", words.EXCEPTIONS),
        ("role", facts.role, {"covered": "", "associate": ""}),
    ):
        _known(place, word, known)
    for place, many, known in (
        ("locations", facts.locations, words.LOCATIONS),
        ("information", facts.information, words.INFORMATION),
        ("safeguards", facts.safeguards, words.SAFEGUARDS),
        ("actions", facts.actions, words.ACTIONS),
    ):
        for word in many:
            _known(place, word, known)
    for place, text in (
        ("happened", facts.happened), ("secured_why", facts.secured_why),
        ("exception_why", facts.exception_why), ("associate", facts.associate),
    ):  # fmt: skip
        line(text, place)
    _days(facts, today)
    # Who says that it is no breach has to show it (164.414(b)).
    if facts.is_secured:
        line(facts.secured_why, "secured_why", required="How the information was secured is not said.")
    if facts.exception:
        line(facts.exception_why, "exception_why", required="Why the exception applies is not said.")
    if not 0 <= facts.estimate <= 1_000_000_000:
        raise invalid("value", "This cannot be a number of people.", place="estimate", value=facts.estimate,
                      repair="Give a whole number.")  # fmt: skip
    return facts


def _known(place: str, word: str, known: Mapping[str, str]) -> None:
    if word not in known:
        raise invalid("value", "This is not one of the choices.", place=place, value=word,
                      repair=f"Use one of {', '.join(known)}.")  # fmt: skip


def _days(facts: Facts, today: date) -> None:
    order = (
        ("discovered", facts.discovered, "today", today),
        ("diligent", facts.diligent, "the discovery", facts.discovered),
        ("began", facts.began, "the discovery", facts.discovered),
        ("ended", facts.ended, "today", today),
        ("began", facts.began, "its end", facts.ended),
    )
    for place, found, name, limit in order:
        if found is not None and limit is not None and found > limit:
            raise invalid("value", f"This day is after {name}.", place=place, value=found.isoformat(),
                          repair="Look at the days again.")  # fmt: skip
        if found is not None and found < EARLIEST:
            raise invalid("value", "This day is too long ago.", place=place, value=found.isoformat(),
                          repair=f"Give a day from {EARLIEST.isoformat()} on.")  # fmt: skip

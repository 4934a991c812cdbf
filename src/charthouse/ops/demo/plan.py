"""What is to happen in a life, before any of it is written down as resources."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from charthouse.ops.demo.tables import conditions

# kind -> (what the schedule calls it, minutes, ActCode class, whether the whole chart is gone through)
KINDS: Final[dict[str, tuple[str, int, str, bool]]] = {
    "new": ("New patient visit", 40, "AMB", True),
    "follow-up": ("Follow-up visit", 20, "AMB", True),
    "physical": ("Annual physical", 40, "AMB", True),
    "acute": ("Same-day visit", 20, "AMB", False),
    "nurse": ("Nurse visit", 15, "AMB", False),
    "anticoag": ("Anticoagulation visit", 15, "AMB", False),
    "phone": ("Telephone visit", 15, "VR", False),
    "video": ("Video visit", 20, "VR", True),
    "counseling": ("Counseling visit", 45, "AMB", False),
    "prenatal": ("Prenatal visit", 20, "AMB", False),
    "postpartum": ("Postpartum visit", 30, "AMB", False),
    "well-child": ("Well-child visit", 30, "AMB", True),
    "emergency": ("Emergency department visit", 210, "EMER", False),
    "inpatient": ("Hospital stay", 4320, "IMP", False),
}


@dataclass(slots=True, eq=False)
class Procedure:
    """Something done; `code` is ICD-10-PCS (hospital) or HCPCS, or nothing; `days` lie after the visit's start."""

    text: str
    code: str | None = None
    system: str = ""
    display: str | None = None
    who: str | None = None
    days: int = 0
    note: str = ""


@dataclass(slots=True, eq=False)
class Report:
    """An imaging or function study with its words."""

    text: str
    code: str | None
    display: str
    findings: str
    impression: str
    abnormal: bool = False
    values: tuple[tuple[str, float], ...] = ()
    days: int = 0
    where: str = "imaging"


@dataclass(slots=True, eq=False)
class Finding:
    """A test answered in words, by the key of `data/findings.json`."""

    key: str
    value: str
    abnormal: bool = False


@dataclass(slots=True, eq=False)
class Score:
    """A questionnaire's total, by key (phq9, gad7, epds, moca); `items` in the questionnaire's order."""

    key: str
    total: int
    items: tuple[int, ...] = ()


@dataclass(slots=True, eq=False)
class Referral:
    """A referral; `answer` is the colleague's letter after `answered` days, or nothing yet."""

    who: str
    service: str
    question: str
    answer: str = ""
    answered: int = 0
    urgent: bool = False
    why: Problem | None = None


@dataclass(slots=True, eq=False)
class Shot:
    """A vaccine given; `refused` when it was offered and declined."""

    key: str
    dose: int = 1
    refused: bool = False


@dataclass(slots=True, eq=False)
class Visit:
    """One meeting with the patient, here or elsewhere (`elsewhere`: known, but not written in this chart).

    `forced` holds values of tests and signs that the story fixes; `rounds` are days of a hospital stay with
    the panels drawn and values fixed then; `note` is the reference of its note once written.
    """

    start: datetime
    kind: str
    reason: str
    who: str
    minutes: int = 20
    status: str = "finished"
    elsewhere: bool = False
    thread: str = ""
    panels: list[str] = field(default_factory=list)
    draw: str = "before"
    forced: dict[str, float] = field(default_factory=dict)
    measured: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    thought: list[tuple[str, str]] = field(default_factory=list)
    acts: list[Procedure | Report | Finding | Score | Referral | Shot] = field(default_factory=list)
    started: list[Drug] = field(default_factory=list)
    stopped: list[Drug] = field(default_factory=list)
    noted: list[Problem] = field(default_factory=list)
    about: list[Problem] = field(default_factory=list)
    reference: str = ""
    rounds: list[tuple[int, tuple[str, ...], dict[str, float]]] = field(default_factory=list)
    restricted: bool = False
    unsigned: bool = False
    story: str = ""
    note: str = ""

    @property
    def day(self) -> date:
        """The day of the visit."""
        return self.start.date()

    @property
    def end(self) -> datetime:
        """When it ended, or is to end."""
        return self.start + timedelta(minutes=self.minutes)

    @property
    def whole(self) -> bool:
        """Whether every running problem is gone through."""
        return KINDS[self.kind][3]

    @property
    def away(self) -> bool:
        """Whether it is at the hospital."""
        return self.kind in ("emergency", "inpatient")


@dataclass(slots=True, eq=False)
class Problem:
    """A condition; `codes` are (from day, ICD-10-CM), the newest last."""

    onset: date
    codes: list[tuple[date, str]]
    listed: bool = True
    ended: date | None = None
    text: str | None = None
    note: str | None = None
    restricted: bool = False
    reference: str = ""

    def code(self, on: date | None = None) -> str:
        """The code that held on a day, or the newest."""
        if on is not None:
            for start, code in reversed(self.codes):
                if start <= on:
                    return code
            return self.codes[0][1]
        return self.codes[-1][1]

    def called(self, on: date | None = None) -> str:
        """What the chart calls it."""
        return self.text or conditions()[self.code(on)][1]

    def active(self, on: date) -> bool:
        """Whether it runs on a day."""
        return self.onset <= on and (self.ended is None or on < self.ended)


@dataclass(slots=True, eq=False)
class Drug:
    """A course of one drug at one dose."""

    key: str
    start: date
    why: Problem | None
    stop: date | None = None
    because: str = ""
    how: str | None = None
    restricted: bool = False
    home: bool = False
    reference: str = ""

    def running(self, on: date) -> bool:
        """Whether it is taken on a day."""
        return self.start <= on and (self.stop is None or on < self.stop)


@dataclass(slots=True)
class Part:
    """What one thread of a life adds to a note."""

    title: str
    heard: str = ""
    thought: str = ""
    plan: str = ""
    problem: Problem | None = None
    seen: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Allergy:
    """An allergy or intolerance, or the statement that none is known (`key` none)."""

    key: str
    since: date | None = None
    note: str = ""

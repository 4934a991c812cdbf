"""A search for AuditEvents (R4 auditevent.html#search) as a question to the trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from charthouse.access.trail import codes
from charthouse.access.trail.auditevent import ACCOUNT
from charthouse.access.trail.line import END, Question
from charthouse.access.trail.names import Names
from charthouse.base.errors import invalid
from charthouse.fhir import dates

NOBODY: Final = -(2**60)  # an account that nobody has, so that nothing fits
LATER: Final = ("gt", "sa")
KNOWN: Final = frozenset(
    {"date", "patient", "agent", "agent:identifier", "agent-name", "entity", "action", "type", "subtype", "outcome",
     "address", "_lastUpdated"}
)  # fmt: skip
ORDERS: Final = frozenset({"-date", "-_lastUpdated"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: the question, how many a page, which parameters took part, and those nobody knows."""

    question: Question
    count: int | None
    used: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def read(params: Sequence[tuple[str, str]], names: Names, bases: Sequence[str]) -> Asked:
    """The question in `params`; `bases` are the addresses under which this server knows itself.

    Raises `Problem(invalid)` for a value that cannot be.
    """
    question, count = Question(), None
    used: list[tuple[str, str]] = []
    unknown: list[str] = []
    for name, value in params:
        if name == "_count":
            count = _count(value)
        elif name == "_sort":
            if value not in ORDERS:
                raise invalid(
                    "value", "Events come newest first.", place="_sort", value=value,
                    repair="Leave it out, or write -date.",
                )  # fmt: skip
        elif name not in KNOWN:
            unknown.append(name)
            continue
        else:
            question = _with(question, name, value, names, bases)
        used.append((name, value))
    told = "&".join(f"{name}={value}" for name, value in used)
    return Asked(replace(question, words=told), count, tuple(used), tuple(unknown))


def _with(question: Question, name: str, value: str, names: Names, bases: Sequence[str]) -> Question:
    """`question` narrowed by one parameter; several of one name must all hold."""
    given: dict[str, Any] = {}
    if name in ("date", "_lastUpdated"):
        since, until = _span(name, value)
        given = {"since": max(question.since, since), "until": min(question.until, until)}
    elif name == "patient":
        found = names.key("Patient", _local(name, value, "Patient", bases))
        key = found[0] if found else NOBODY
        given = {"patient": key if question.patient in (None, key) else NOBODY}
    elif name == "entity":
        type, id = _reference(name, value, bases)
        found = names.key(type, id)
        given = {"key": found[0] if found and question.key in (None, found[0]) else NOBODY}
        if found and found[1] and question.patient is None:
            given["patient"] = found[1]  # what belongs to a patient is found along that patient's events
    elif name in ("agent", "agent:identifier", "agent-name"):
        given = _agents(question, _accounts(name, value, names, bases))
    elif name == "outcome":
        wanted = frozenset().union(*(codes.outcomes(_code(one)) for one in value.split(",")))
        given = {
            "outcomes": (question.outcomes & wanted if question.outcomes else wanted) or frozenset({"none"})
        }
    elif name == "address":
        given = {"address": value}
    else:
        field = {"action": "actions", "type": "kinds", "subtype": "subkinds"}[name]
        wanted = frozenset(_code(one) if name == "action" else _token(one) for one in value.split(","))
        before: frozenset[str] = getattr(question, field)
        given = {field: (before & wanted if before else wanted) or frozenset({"none"})}
    return replace(question, **given)


def _span(name: str, value: str) -> tuple[int, int]:
    """(first ms, first ms after) that a date parameter means."""
    prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    found = dates.period(text.replace(" ", "+"))
    if found is None or prefix not in ("eq", "gt", "lt", "ge", "le", "sa", "eb"):
        raise invalid(
            "value", f'"{name}" takes a date.', place=name, value=value,
            repair="Write e.g. 2026-05, ge2026-05-17 or lt2026-05-17T10:30:00Z.",
        )  # fmt: skip
    low, high = found
    if prefix == "eq":
        return low, high
    if prefix in LATER:
        return high, END
    if prefix == "ge":
        return low, END
    return 0, high if prefix == "le" else low


def _accounts(name: str, value: str, names: Names, bases: Sequence[str]) -> frozenset[int]:
    """The accounts a value of `agent` means: a Practitioner, a Patient, or a sign-in name."""
    if name == "agent-name":
        account = names.account(value)
        return frozenset() if account is None else frozenset({account})
    if name == "agent:identifier":
        system, bar, word = value.rpartition("|")
        account = names.account(word) if not bar or system == ACCOUNT else None
        return frozenset() if account is None else frozenset({account})
    type, id = _reference(name, value, bases)
    return frozenset(names.linked(id, type))


def _agents(question: Question, accounts: frozenset[int]) -> dict[str, Any]:
    both = question.actors or (frozenset({question.actor}) if question.actor is not None else None)
    wanted = accounts if both is None else accounts & both
    if len(wanted) == 1:
        return {"actor": next(iter(wanted)), "actors": frozenset()}
    return {"actor": None, "actors": wanted} if wanted else {"actor": NOBODY, "actors": frozenset()}


def _local(name: str, value: str, type: str, bases: Sequence[str]) -> str:
    if "/" not in value:
        return value
    found, id = _reference(name, value, bases)
    return id if found == type else ""


def _reference(name: str, value: str, bases: Sequence[str]) -> tuple[str, str]:
    """(type, id) of a reference to something here."""
    for base in bases:
        value = value.removeprefix(f"{base}/")
    type, slash, id = value.partition("/")
    if not slash or not type or not id:
        raise invalid(
            "value",
            f'"{name}" takes a reference.',
            place=name,
            value=value,
            repair="Write e.g. Practitioner/123.",
        )
    return type, id.partition("/")[0]


def _code(value: str) -> str:
    return value.rpartition("|")[2]


def _token(value: str) -> str:
    system, bar, code = value.rpartition("|")
    return f"{system}|{code}" if bar else f"|{code}"


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 9):
        raise invalid(
            "value", '"_count" takes a number.', place="_count", value=value, repair="Write e.g. _count=50."
        )
    return int(value)

"""The forms of an incident, read into what the record keeps; what was typed is handed back when it will not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from starlette.datastructures import FormData
from starlette.requests import Request

from charthouse.access.incidents.assessment import FACTORS, Assessment, Factor
from charthouse.access.incidents.clocks import Delay, Notice, Rule
from charthouse.access.incidents.facts import Facts, day, line
from charthouse.access.incidents.incident import Letter
from charthouse.base.errors import invalid


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent: `act` is which one, `values` what stood in it, `said` why it was refused."""

    act: str = ""
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    said: str = ""

    def text(self, act: str, name: str, otherwise: object = "") -> str:
        """What a box shows: what was typed, if this is the form that was refused, else what is known."""
        if act != self.act:
            return "" if otherwise is None else str(otherwise)
        return next(iter(self.values.get(name, ())), "")

    def has(self, act: str, name: str, word: str, otherwise: object = ()) -> bool:
        """Whether a box is ticked, or a choice made."""
        if act == self.act:
            return word in self.values.get(name, ())
        return word in otherwise if isinstance(otherwise, tuple | list) else word == otherwise


async def read(request: Request, act: str = "") -> Sent:
    """The form of a request."""
    form: FormData = await request.form()
    values: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
    return Sent(act, values)


def one(sent: Sent, name: str) -> str:
    """The text of a field."""
    return next(iter(sent.values.get(name, ())), "").strip()


def many(sent: Sent, name: str) -> tuple[str, ...]:
    """The words that were ticked."""
    return tuple(dict.fromkeys(sent.values.get(name, ())))


def number(sent: Sent, name: str, otherwise: int = 0) -> int:
    """A whole number; raises `Problem(invalid)`."""
    text = one(sent, name)
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise invalid(
            "value", "This is not a whole number.", place=name, value=text, repair="Use digits only."
        )
    return int(text)


def required_day(sent: Sent, name: str, message: str) -> date:
    """A day that must be there; raises `Problem(invalid)`."""
    found = day(one(sent, name), name)
    if found is None:
        raise invalid("required", message, place=name, repair="Fill it in.")
    return found


def facts(sent: Sent) -> Facts:
    """The form of the facts."""
    return Facts(
        title=one(sent, "title"),
        discovered=required_day(sent, "discovered", "The day of discovery is missing."),
        kind=one(sent, "kind"),
        diligent=day(one(sent, "diligent"), "diligent"),
        began=day(one(sent, "began"), "began"),
        ended=day(one(sent, "ended"), "ended"),
        happened=line(one(sent, "happened"), "happened"),
        locations=many(sent, "locations"),
        information=many(sent, "information"),
        is_secured=one(sent, "is_secured") == "yes",
        secured_why=line(one(sent, "secured_why"), "secured_why"),
        exception=one(sent, "exception"),
        exception_why=line(one(sent, "exception_why"), "exception_why"),
        role=one(sent, "role") or "covered",
        associate=line(one(sent, "associate"), "associate", 200),
        estimate=number(sent, "estimate"),
        is_part2=one(sent, "is_part2") == "yes",
        safeguards=many(sent, "safeguards"),
        actions=many(sent, "actions"),
    )


def assessment(sent: Sent) -> Assessment:
    """The form of the risk assessment."""
    nature, person, acquired, mitigated = (
        Factor(one(sent, f"{name}_rating"), one(sent, f"{name}_reason")) for name, _, _ in FACTORS
    )
    return Assessment((nature, person, acquired, mitigated), one(sent, "conclusion"), one(sent, "why"))


def delay(sent: Sent) -> Delay:
    """The form of a law-enforcement delay."""
    stated = required_day(sent, "stated", "The day of the statement is missing.")
    until = day(one(sent, "until"), "until")
    if one(sent, "form") == "written":
        if until is None:
            raise invalid(
                "required", "A written statement says until when.", place="until", repair="Fill it in."
            )
        return Delay(one(sent, "official"), stated, until)
    if until is not None:
        raise invalid("value", "An oral statement holds 30 days.", place="until", value=until,
                      repair="Leave the day out, or choose a written statement.")  # fmt: skip
    return Delay(one(sent, "official"), stated)


def notice(sent: Sent) -> Notice:
    """The form of a notice that was given; without a day it is taken back."""
    return Notice(one(sent, "duty"), day(one(sent, "day"), "day"), one(sent, "how"))


def letter(sent: Sent) -> Letter:
    """The form of what the letters say."""
    return Letter(**{name: line(one(sent, name), name) for name in Letter.__struct_fields__})


def rule(sent: Sent) -> Rule:
    """The form of a duty of a state."""
    return Rule(
        one(sent, "region").upper(), one(sent, "whom"), number(sent, "days"), one(sent, "authority"),
        number(sent, "least", 1),
    )  # fmt: skip


def numbers(sent: Sent, name: str) -> tuple[int, ...]:
    """Numbers with blanks, commas or lines between; raises `Problem(invalid)`."""
    found = one(sent, name).replace(",", " ").split()
    for text in found:
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise invalid("value", "This is not the number of an audit event.", place=name, value=text,
                          repair="Give whole numbers with blanks between.")  # fmt: skip
    return tuple(int(text) for text in found)


def lines(sent: Sent, name: str) -> tuple[str, ...]:
    """What stands on the lines of a box, empty ones left out."""
    return tuple(dict.fromkeys(text.strip() for text in one(sent, name).splitlines() if text.strip()))

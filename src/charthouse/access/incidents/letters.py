"""The letter to each person affected: a template that the clinic words, checked for what 45 CFR 164.404(c) asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from charthouse.access.actor import Actor
from charthouse.access.incidents.facts import Facts, line
from charthouse.access.incidents.incident import Letter
from charthouse.base.clock import now
from charthouse.base.errors import invalid
from charthouse.db import queries
from charthouse.db.connect import Connection

LONGEST: Final = 12_000
MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
                 "October", "November", "December")  # fmt: skip
# The fields of a template -> what stands there.
FIELDS: Final[Mapping[str, str]] = {
    "name": "the person's name",
    "occurred": "when it happened",
    "discovered": "when it was discovered",
    "happened": "what happened",
    "information": "which types of information",
    "protect": "what the person should do",
    "doing": "what the clinic does",
    "contact": "how to ask questions",
    "date": "the day of the letter",
}
# What no letter may lack -> the paragraph of 164.404(c)(1) that asks for it.
REQUIRED: Final[Mapping[str, str]] = {
    "happened": "(A)", "occurred": "(A)", "discovered": "(A)", "information": "(B)", "protect": "(C)",
    "doing": "(D)", "contact": "(E)",
}  # fmt: skip
DEFAULT: Final = """\
Dear {name},

We are writing to tell you about a matter that concerns the privacy of your health information.

# What happened

{happened}

It happened {occurred}. We discovered it on {discovered}.

# What information was involved

{information}

# What you can do

{protect}

# What we are doing

{doing}

# For more information

{contact}

We are sorry that this happened.
"""
_FIELD: Final = re.compile(r"\{([^{}\n]{0,40})\}")
# What `contact` must hold one of (164.404(c)(1)(E)): a telephone number, an e-mail address or a web site; a postal
# address is looked for by its ZIP code.
_CONTACT: Final = re.compile(
    r"\+?1?[\s.(-]*8\d\d[\s.)-]*\d{3}[\s.-]*\d{4}|\S+@\S+\.\S+|https?://\S+|www\.\S+|\b\d{5}(-\d{4})?\b"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading or a paragraph of a letter."""

    is_heading: bool
    text: str


class Templates:
    """The clinic's wording of the letter; every wording it ever had is kept."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access.incidents", "affected", connection.dialect)

    def text(self) -> str:
        """The wording in force; `DEFAULT` until the clinic has its own."""
        row = self._connection.one(self._sql.template)
        return row[0] if row else DEFAULT

    def save(self, connection: Connection, actor: Actor, text: str) -> None:
        """Another wording, in the transaction on `connection`; raises `Problem(invalid)`, see `checked`."""
        connection.run(self._sql.add_template, (checked(text), self._clock(), actor.id))


def checked(text: str) -> str:
    """`text` if it is a whole template; raises `Problem(invalid)` for an unknown field or one that is missing."""
    text = line(text, "body", LONGEST, required="The letter is empty.")
    used = _FIELD.findall(text)
    for name in used:
        if name not in FIELDS:
            raise invalid("value", "There is no such field.", place="body", value="{" + name + "}",
                          repair="Use " + ", ".join("{" + one + "}" for one in FIELDS) + ".")  # fmt: skip
    for name, paragraph in REQUIRED.items():
        if name not in used:
            raise invalid("required", f"The letter does not say {FIELDS[name]}: {{{name}}} is missing.", place="body",
                          repair=f"45 CFR 164.404(c)(1){paragraph} asks for it.")  # fmt: skip
    return text


def missing(letter: Letter, facts: Facts) -> list[str]:
    """What is still to be written before letters can go out, each as a sentence; empty = ready."""
    found = [
        f"Say {FIELDS[name]} (164.404(c)(1){REQUIRED[name]})."
        for name in ("happened", "information", "protect", "doing", "contact")
        if not getattr(letter, name)
    ]
    if letter.contact and not _CONTACT.search(letter.contact):
        found.append(
            "Give a toll-free telephone number, an e-mail address, a web site or a postal address as contact "
            "(164.404(c)(1)(E))."
        )
    if facts.began is None and facts.ended is None:
        found.append("The day on which it happened is not known; the letter will say so.")
    return found


def is_ready(letter: Letter, facts: Facts) -> bool:
    """Whether nothing is missing but a day that may stay unknown ("if known", 164.404(c)(1)(A))."""
    return not missing(letter, Facts(facts.title, facts.discovered, began=facts.discovered))


def fill(template: str, letter: Letter, facts: Facts, name: str, today: date) -> list[Part]:
    """The letter for one person, as headings and paragraphs. Texts are put in as they are, never read as fields."""
    values = {
        "name": name,
        "occurred": occurred(facts),
        "discovered": day(facts.discovered),
        "date": day(today),
        **{one: getattr(letter, one) for one in letter.__struct_fields__},
    }
    parts: list[Part] = []
    for block in re.split(r"\n\s*\n", template.strip()):
        is_heading = block.startswith("# ")
        text = _FIELD.sub(lambda found: values.get(found[1], found[0]), block.removeprefix("# "))
        parts += [Part(is_heading, piece.strip()) for piece in re.split(r"\n\s*\n", text) if piece.strip()]
    return parts


def occurred(facts: Facts) -> str:
    """When it happened, to stand after "It happened"."""
    if facts.began and facts.ended and facts.began != facts.ended:
        return f"between {day(facts.began)} and {day(facts.ended)}"
    known = facts.began or facts.ended
    return f"on {day(known)}" if known else "on a day that we do not know"


def day(value: date) -> str:
    """A day as letters in the States write it."""
    return f"{MONTHS[value.month - 1]} {value.day}, {value.year}"

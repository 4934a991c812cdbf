"""Who a patient is: name, birth, language, address, cover; made from a row of the cast or from chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from charthouse.ops.demo import moments
from charthouse.ops.demo.chance import Chance
from charthouse.ops.demo.tables import load

_TOWNS = (("Port Ellery", "02597"), ("Saltmarsh", "02598"), ("Gull Harbor", "02599"))
_STREETS = (
    "Cannery Row",
    "Lighthouse Road",
    "Ropewalk Lane",
    "Mariner Street",
    "Elm Street",
    "Chandler Avenue",
    "Schoolhouse Road",
    "Orchard Street",
    "Beacon Hill Road",
    "Spinnaker Way",
    "Mill Pond Road",
    "Congress Street",
    "Herring Run",
    "Foundry Street",
    "Tern Lane",
    "Wharf Street",
)
_AREAS = ("508", "774", "617", "857", "978", "351", "781", "339", "413")
_SPOKEN = {
    "es": "Spanish",
    "zh": "Mandarin",
    "ar": "Arabic",
    "vi": "Vietnamese",
    "pt": "Portuguese",
    "pl": "Polish",
    "ht": "Haitian Creole",
}
_PRONOUNS = {"she": ("she", "her", "her"), "he": ("he", "him", "his"), "they": ("they", "them", "their")}


@dataclass(slots=True)
class Person:
    """The facts of registration. `sex` is sex at birth, `gender` the administrative gender."""

    number: int
    given: list[str]
    family: str
    sex: str
    born: date
    preferred: str | None = None
    gender: str = ""
    pronouns: str = ""
    died: date | None = None
    race: str = "white"
    hispanic: bool = False
    languages: list[str] = field(default_factory=lambda: ["en"])
    interpreter: bool = False
    marital: str = "S"
    line: str = ""
    city: str = "Port Ellery"
    zip: str = "02597"
    phone: str = ""
    email: str | None = None
    doctor: str = "tran"
    payer: str | None = "bluewater"
    contact: tuple[str, str] | None = None
    maiden: str | None = None

    @property
    def mrn(self) -> str:
        """Medical record number: eight digits, one to a patient number."""
        return f"{(self.number * 48_271 + 421_877) % 9_999_991:08d}"

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given[0]} {self.family}"

    @property
    def tongue(self) -> str:
        """The preferred language by its name."""
        return _SPOKEN.get(self.languages[0], "English")

    @property
    def they(self) -> str:
        """She, he or they."""
        return _PRONOUNS[self.pronouns][0]

    @property
    def them(self) -> str:
        """Her, him or them."""
        return _PRONOUNS[self.pronouns][1]

    @property
    def their(self) -> str:
        """Her, his or their."""
        return _PRONOUNS[self.pronouns][2]

    def verb(self, singular: str, plural: str) -> str:
        """The form of a verb that goes with `they`."""
        return plural if self.pronouns == "they" else singular

    def noun(self, on: date) -> str:
        """Man, woman, boy, girl, infant or person, as of a day."""
        years = moments.age(self.born, on)
        if self.pronouns == "they":
            return "person"
        if years < 2:
            return {"he": "boy", "she": "girl"}[self.pronouns]
        return {"he": ("boy", "man"), "she": ("girl", "woman")}[self.pronouns][years >= 18]


@cache
def _cultures() -> dict[str, Any]:
    rows: dict[str, Any] = load("names")
    return rows


def _birthday(today: date, years: int, month: int, day: int) -> date:
    """The latest date with that month and day at which somebody is `years` old today."""
    year = today.year - years - ((month, day) > (today.month, today.day))
    return date(year, month, min(day, 28) if month == 2 else day)


def from_cast(row: Mapping[str, Any], number: int, today: date, chance: Chance) -> Person:
    """The person of one row of `data/cast.json`; what the row leaves open is drawn."""
    if "days" in row:
        born = today - timedelta(days=row["days"])
    else:
        month, day = map(int, row["born"].split("-"))
        born = _birthday(today, row["age"], month, day)
    person = Person(
        number,
        list(row["given"]),
        row["family"],
        row["sex"],
        born,
        row.get("preferred"),
        row.get("gender", row["sex"]),
        row.get("pronouns", "she" if row["sex"] == "female" else "he"),
        died=today - timedelta(days=row["died"]) if "died" in row else None,
        race=row.get("race", "white"),
        hispanic=row.get("hispanic", False),
        languages=row.get("languages", ["en"]),
        interpreter=row.get("interpreter", False),
        marital=row.get("marital", "S"),
        doctor=row["doctor"],
        payer=row.get("payer"),
        contact=tuple(row["contact"]) if "contact" in row else None,
        maiden=row.get("maiden"),
    )
    _settle(person, chance)
    for name in ("line", "city", "zip", "phone", "email"):
        if name in row:
            setattr(person, name, row[name])
    return person


def drawn(number: int, sex: str, years: float, today: date, chance: Chance) -> Person:
    """A person of chance with a given sex and age."""
    rows = _cultures()
    culture = rows[chance.choices(list(rows), [row["share"] for row in rows.values()])[0]]
    born = moments.ago(today, years + 0.02)
    given = [chance.pick(culture[sex])]
    if chance.odds(0.7):
        middle = chance.pick(culture[sex])
        given += [middle] if middle != given[0] else []
    languages = list(culture["languages"])
    if "en" not in languages and chance.odds(0.5):
        languages.append("en")
    family = chance.pick(culture["family"])
    if sex == "female" and family.endswith("ski"):
        family = family[:-1] + "a"  # Polish surnames have a feminine form
    person = Person(
        number,
        given,
        family,
        sex,
        born,
        gender=sex,
        pronouns="she" if sex == "female" else "he",
        race=culture["race"],
        hispanic=culture["hispanic"],
        languages=languages,
        interpreter=languages[0] != "en" and chance.odds(0.5),
        marital=chance.pick("MMMSSDW" if years > 60 else "MMSSSD") if years >= 25 else "S",
        payer=_payer(years, chance),
        doctor="goldberg" if years < 18 else chance.pick(("tran", "adeyemi", "kim")),
    )
    _settle(person, chance)
    return person


def _payer(years: float, chance: Chance) -> str | None:
    if years >= 65:
        return "medicare"
    return chance.pick(("bluewater", "bluewater", "mariner", "mariner", "tidewater", "tidewater", None))


def _settle(person: Person, chance: Chance) -> None:
    """Address, phone and mail."""
    person.city, person.zip = chance.pick(_TOWNS)
    person.line = f"{chance.randrange(2, 190)} {chance.pick(_STREETS)}"
    if chance.odds(0.25):
        person.line += f", Apt {chance.randrange(1, 24)}"
    person.phone = f"{chance.pick(_AREAS)}-555-01{chance.randrange(100):02d}"
    if chance.odds(0.75):
        plain = (
            f"{person.given[0]}.{person.family}".lower().encode("ascii", "ignore").decode().replace("'", "")
        )
        person.email = f"{plain.strip('.') or 'patient'}{person.number}@example.com"
    if person.contact is None and chance.odds(0.8):
        other = "male" if person.sex == "female" else "female"
        given = chance.pick(_cultures()["anglo"][other])
        relation = "Spouse" if person.marital == "M" else chance.pick(("Sibling", "Friend", "Child"))
        person.contact = (f"{given} {person.family}", relation)

"""Who the chart is about: the strip that never scrolls away, and the same card in search results."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.web import codes, names, reader
from charthouse.web.chart.entries import allergy
from charthouse.web.chart.entry import STRUCK, Context, Entry
from charthouse.web.reader import Reader

BANDS: Final = 12
SHORT_NUMBER: Final = 16
# SNOMED CT concepts that say that there is no allergy.
NONE_KNOWN: Final = frozenset({"716186003", "409137002", "428607008", "429625007"})


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's card. `band` is 0..11 and always the same for one patient; empty strings mean not recorded."""

    id: str
    name: names.PersonName
    age: str
    born: str
    sex: str
    pronouns: str
    number: str
    number_label: str
    band: int
    died: str
    has_photo: bool
    place: str
    facts: tuple[tuple[str, str], ...]

    @property
    def short_number(self) -> str:
        """The record number as it fits: long ones keep both ends, the whole is copied and read out."""
        return self.number if len(self.number) <= SHORT_NUMBER else f"{self.number[:6]}…{self.number[-6:]}"

    @property
    def phone_end(self) -> str:
        """The last four digits of the phone, enough to ask the person about it."""
        digits = [sign for sign in dict(self.facts).get("Phone", "") if sign.isdigit()]
        return "".join(digits[-4:]) if len(digits) >= 7 else ""

    @property
    def tab(self) -> str:
        """Age and sex in the width of a tab: `46 F`."""
        letter = self.sex[:1] if self.sex in ("Male", "Female", "Other") else ""
        return f"{self.age.removesuffix(' y')} {letter}".strip()

    @property
    def summary(self) -> str:
        """Age, sex and pronouns in a line."""
        return " · ".join(part for part in (self.age, self.sex, self.pronouns) if part)


@dataclass(frozen=True, slots=True)
class AllergyLine:
    """`kind`: listed, none-known (somebody asked and there are none) or not-recorded (nobody wrote anything)."""

    kind: str
    entries: tuple[Entry, ...] = ()


def identity(tree: Tree, context: Context) -> Identity:
    """The card of a Patient."""
    who = context.reader
    born = who.moment(tree.get("birthDate"))
    died, until = _death(tree, born.parts if born else (), who)
    label, number = record_number(tree)
    return Identity(
        id=str(tree["id"]),
        name=names.person(tree.get("name")),
        age="" if until is None else (reader.age(born.parts, until) if born else ""),
        born=who.day(tree.get("birthDate")),
        sex=codes.GENDERS.get(str(tree.get("gender") or ""), ""),
        pronouns=_pronouns(tree),
        number=number,
        number_label=label,
        band=band(str(tree["id"])),
        died=died,
        has_photo=any(photo.get("data") for photo in tree.get("photo") or ()),
        place=_place(tree),
        facts=tuple(_facts(tree, context)),
    )


def band(patient: str) -> int:
    """The colour of a patient's band: spread over twelve hues, the same at every sitting."""
    return hashlib.blake2b(patient.encode(), digest_size=2).digest()[0] % BANDS


def distinct(wanted: Sequence[int]) -> list[int]:
    """Bands for charts that lie side by side: each its own colour, the next free one where two would be alike."""
    taken: list[int] = []
    for one in wanted:
        free = [(one + step) % BANDS for step in range(BANDS) if (one + step) % BANDS not in taken]
        taken.append(free[0] if free else one)
    return taken


def record_number(tree: Tree) -> tuple[str, str]:
    """Label and value of the number the clinic files this person under (R4 Patient.identifier, type MR first)."""
    found = [one for one in tree.get("identifier") or () if isinstance(one, dict) and one.get("value")]
    found = [one for one in found if one.get("use") != "old" and not (one.get("period") or {}).get("end")]
    for one in found:
        if "MR" in codes.codes(one.get("type")):
            return "MRN", str(one["value"])
    for one in found:
        if not codes.codes(one.get("type")) & {"SS", "DL", "PPN", "MC", "MA"} and "ssn" not in str(
            one.get("system")
        ):
            return "Record no.", str(one["value"])
    return "MRN", ""


def allergies(trees: Sequence[Tree], context: Context) -> AllergyLine:
    """The allergy line: "no known allergies" only where somebody recorded just that."""
    listed, none_known = [], False
    for tree in trees:
        certainty = codes.codes(tree.get("verificationStatus"))
        if (
            certainty & STRUCK
            or "refuted" in certainty
            or codes.codes(tree.get("clinicalStatus")) & {"inactive", "resolved"}
        ):
            continue
        said = codes.concept(tree.get("code")).lower()
        if codes.codes(tree.get("code")) & NONE_KNOWN or said.startswith("no known"):
            none_known = True
        else:
            listed.append((tree.get("criticality") != "high", said, allergy(tree, context)))
    if listed:
        return AllergyLine("listed", tuple(entry for _, _, entry in sorted(listed, key=lambda row: row[:2])))
    return AllergyLine("none-known" if none_known else "not-recorded")


def alerts(flags: Sequence[Tree]) -> tuple[str, ...]:
    """What active Flags warn of (R4 Flag)."""
    said = [codes.concept(flag.get("code")) for flag in flags if flag.get("status") == "active"]
    return tuple(one for one in said if one)


def _death(tree: Tree, born: tuple[int, ...], who: Reader) -> tuple[str, date | None]:
    """The sentence about death, and the day to count the age to (None where it is not known)."""
    moment = who.moment(tree.get("deceasedDateTime"))
    if moment is None:
        return (
            ("Deceased, date not recorded", None) if tree.get("deceasedBoolean") is True else ("", who.today)
        )
    if len(moment.parts) < 3:
        return f"Died {who.day(tree['deceasedDateTime'])}", None
    on = date(*moment.parts)
    years = reader.age(born, on) if born else ""
    return f"Died {who.day(tree['deceasedDateTime'])}" + (f", aged {years}" if years else ""), on


def _pronouns(tree: Tree) -> str:
    for extension in tree.get("extension") or ():
        url = str(extension.get("url") or "")
        if url.endswith(("/individual-pronouns", "/patient-pronouns", "/us-core-individual-pronouns")):
            for key in ("valueCodeableConcept", "valueString"):
                value = extension.get(key)
                return codes.concept(value) if isinstance(value, dict) else str(value or "")
            for inner in extension.get("extension") or ():
                if inner.get("url") == "value":
                    return codes.concept(inner.get("valueCodeableConcept"))
    return ""


def _place(tree: Tree) -> str:
    for address in tree.get("address") or ():
        if address.get("use") != "old":
            return ", ".join(str(address[part]) for part in ("city", "state") if address.get(part))
    return ""


def _facts(tree: Tree, context: Context) -> list[tuple[str, str]]:
    spoken = [codes.concept(one.get("language")) for one in tree.get("communication") or ()]
    clinicians = [context.name(one) for one in tree.get("generalPractitioner") or ()]
    phones = [
        one.get("value")
        for one in tree.get("telecom") or ()
        if one.get("system") == "phone" and one.get("use") != "old"
    ]
    born_as = [said for label, said in names.person(tree.get("name")).others if label == "Maiden name"]
    facts = [
        ("Born as", next(iter(born_as), "")),
        ("Language", ", ".join(dict.fromkeys(one for one in spoken if one))),
        ("Clinician", next(filter(None, clinicians), "")),
        ("Phone", str(next(filter(None, phones), ""))),
        ("Lives in", _place(tree)),
    ]
    return [(label, said) for label, said in facts if said]

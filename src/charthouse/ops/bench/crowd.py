"""Made-up patients with names as common and as rare as in a real clinic, the same for the same number."""

from __future__ import annotations

from bisect import bisect
from datetime import date, timedelta
from importlib import resources
from itertools import accumulate
from random import Random
from typing import Any, Final

Tree = dict[str, Any]

GENERATOR: Final = 1  # changes whenever other people come out
MRN: Final = "urn:oid:2.16.840.1.113883.19.5"
SSN: Final = "http://hl7.org/fhir/sid/us-ssn"
TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
RARE: Final = 0.42  # of the people have a family name that few share
DOUBLE: Final = 0.06  # two family names
LATEST: Final = date(2025, 12, 31)
DAYS: Final = 34_000  # the span of birth dates

_NAMES: Final = {
    kind: names.split()
    for kind, _, names in (
        line.partition("\t")
        for line in (resources.files(__package__) / "crowd.tsv").read_text(encoding="utf-8").splitlines()[1:]
    )
}
FAMILIES: Final = _NAMES["families"]
GIVEN: Final = _NAMES["given"]
_COMMON: Final = tuple(accumulate(1 / (place + 8) for place in range(len(FAMILIES))))
_CALLED: Final = tuple(accumulate(1 / (place + 20) for place in range(len(GIVEN))))


def person(number: int) -> Tree:
    """A Patient with a name, a date of birth, a record number, perhaps an SSN, and a phone."""
    random = Random(number)  # noqa: S311 - load, not secrets
    given = [_weighted(random, GIVEN, _CALLED)]
    if random.random() < 0.5:
        given.append(_weighted(random, GIVEN, _CALLED))
    family = _family(random)
    if random.random() < DOUBLE:
        family = f"{family}{random.choice(' -')}{_family(random)}"
    born = LATEST - timedelta(days=random.randrange(DAYS))
    area, line = (
        random.choice(("617", "857", "339", "781")),
        f"{random.randrange(200, 999)}-{random.randrange(10_000):04d}",
    )
    numbers = [{"type": _type("MR"), "system": MRN, "value": f"{number:08d}"}]
    if random.random() < 0.7:
        ssn = f"9{random.randrange(100):02d}-{random.randrange(1, 100):02d}-{random.randrange(10_000):04d}"
        numbers.append({"type": _type("SS"), "system": SSN, "value": ssn})
    tree: Tree = {
        "resourceType": "Patient", "id": f"crowd-{number}", "identifier": numbers, "active": random.random() > 0.02,
        "name": [{"use": "official", "family": family, "given": given}],
        "telecom": [{"system": "phone", "value": f"({area}) {line}", "use": "home"}],
        "gender": random.choice(("female", "male")), "birthDate": born.isoformat(),
    }  # fmt: skip
    if random.random() < 0.04:
        tree["deceasedBoolean"] = True
    return tree


def _family(random: Random) -> str:
    if random.random() > RARE:
        return _weighted(random, FAMILIES, _COMMON)
    middle = random.choice(_NAMES["middle"]) if random.random() < 0.6 else ""
    return f"{random.choice(_NAMES['begin'])}{middle}{random.choice(_NAMES['end'])}"


def _weighted(random: Random, names: list[str], weights: tuple[float, ...]) -> str:
    return names[bisect(weights, random.random() * weights[-1])]


def _type(code: str) -> Tree:
    return {"coding": [{"system": TYPES, "code": code}]}

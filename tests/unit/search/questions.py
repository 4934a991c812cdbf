"""Questions about a small world, drawn from the whole matrix of types, parameters, modifiers and prefixes."""

from __future__ import annotations

import random

from tests.unit.search.drawing import SYSTEM, TYPES, UCUM

_Q = [
    f"{prefix}{number}|{UCUM}|{unit}"
    for prefix in ("", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
    for number, unit in (
        ("5.4", "mmol/L"),
        ("0.0054", "mol/L"),
        ("5400", "umol/L"),
        ("7", "mmol/L"),
        ("5.4", "mg"),
    )
] + ["5.4", "gt6"]
_C = ["a", "b", f"{SYSTEM}|a", f"{SYSTEM}|c", "nothing"]
_B = ["true", "false"]
_REST = {
    "Patient": [
        ("name", ["Mü", "miller", "an"]),
        ("family:contains", ["ull", "ill", "tail", "gg"]),
        ("family:exact", ["Müller"]),
        ("gender", ["male", "female"]),
        ("gender:not", ["male"]),
        ("gender:missing", _B),
        ("name:missing", _B),
        ("birthdate", ["1980", "ge1985"]),
        ("birthdate:missing", _B),
        ("organization:missing", _B),
        ("identifier:of-type", [f"{TYPES}|MR|1", f"{TYPES}|SS|2", f"{TYPES}|MR|2"]),
        ("identifier:text", ["chart", "soc"]),
        ("_id", ["p0", "p1", "p2", "p3", "p4"]),
    ],
    "Organization": [
        ("name", ["har", "hill"]),
        ("name:contains", ["east", "r"]),
        ("_id", ["o0", "o1", "o2"]),
        ("partof:missing", _B),
    ],
    "Observation": [
        ("code", _C),
        ("code:not", ["a"]),
        ("code:text", ["press", "gluc", "and"]),
        ("status", ["final"]),
        ("subject:missing", _B),
        ("patient:missing", _B),
        ("encounter:missing", _B),
        ("value-quantity:missing", _B),
        ("value-string:missing", _B),
        ("value-string:contains", ["pos", "weak"]),
        ("date:missing", _B),
        ("component-code:missing", _B),
        ("date", ["2024-01", "gt2024-01-15"]),
        ("value-quantity", _Q),
        ("combo-value-quantity", _Q),
        ("component-value-quantity", _Q),
        ("subject:identifier", ["urn:x|1", "1", "urn:x|2"]),
        ("subject:text", ["ann", "annab"]),
        ("code-value-quantity", [f"{code}${one}" for code in ("a", f"{SYSTEM}|b") for one in _Q]),
        ("code-value-concept", ["a$b", "b$a", "c$c"]),
        ("code-value-string", ["a$pos", "b$weak"]),
        ("combo-code-value-quantity", [f"{code}${one}" for code in ("a", "b") for one in _Q]),
        ("component-code-value-quantity", [f"{code}${one}" for code in ("a", "c") for one in _Q]),
        ("component-code-value-concept", ["a$b", "b$a"]),
        ("combo-code-value-concept", ["a$b", "c$a"]),
        ("_id", ["b0", "b1", "b2", "b3"]),
    ],
    "Encounter": [("status", ["finished", "planned"]), ("date", ["2024-01"]), ("_id", ["e0", "e1", "e2"])],
    "Provenance": [("recorded", ["2024-01", "ge2024-03"]), ("_id", ["v0", "v1"])],
    "ValueSet": [
        ("url", ["http://example.org/a"]),
        ("url:below", ["http://example.org/a", "http://example.org/a/b/"]),
        ("url:above", ["http://example.org/a/b/c", "http://example.org/ab/x"]),
        ("context-type-quantity", [f"a${one}" for one in _Q]),
        ("context-type-value", ["a$b", "b$a"]),
        ("url:missing", _B),
    ],
}


def _through(prefix: str, type: str) -> list[tuple[str, list[str]]]:
    return [(f"{prefix}{name}", values) for name, values in _REST[type]]


ASKED: dict[str, list[tuple[str, list[str]]]] = {
    "Patient": [
        *_REST["Patient"],
        *_through("organization.", "Organization"),
        *_through("organization:Organization.partof.", "Organization"),
        *_through("_has:Observation:subject:", "Observation"),
        *_through("_has:Observation:patient:", "Observation"),
        *_through("_has:Encounter:subject:service-provider.", "Organization"),
        *_through("_has:Encounter:patient:", "Encounter"),
        *_through("_has:Observation:subject:_has:Provenance:target:", "Provenance"),
        *_through("_has:Observation:subject:encounter.service-provider.", "Organization"),
        ("_list", ["l0", "l1", "l2"]),
        ("_list", ["l0", "l1", "l2"]),
    ],
    "Observation": [
        *_REST["Observation"],
        *_through("subject.", "Patient")[:1],
        *_through("subject:Patient.", "Patient"),
        *_through("patient.", "Patient"),
        *_through("subject:Patient.organization.", "Organization"),
        *_through("encounter.", "Encounter"),
        *_through("encounter.service-provider:Organization.partof.", "Organization"),
        *_through("_has:Provenance:target:", "Provenance"),
        *_through("encounter.subject:Patient._has:Observation:subject:", "Observation"),
        *_through("_has:Provenance:target:agent:Organization.", "Organization"),
        ("_list", ["l0", "l1", "l2"]),
        ("subject._id", ["p0", "p1", "p2"]),
    ],
    "Encounter": [
        *_REST["Encounter"],
        *_through("subject:Patient.", "Patient"),
        *_through("_has:Observation:encounter:", "Observation"),
        *_through("service-provider.partof.", "Organization"),
    ],
    "ValueSet": _REST["ValueSet"],
}


class Questions:
    """Draws questions."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def draw(self) -> tuple[str, list[tuple[str, str]]]:
        """A type and one or two parameters."""
        type = self.random.choices(["Patient", "Observation", "Encounter", "ValueSet"], [2, 3, 1, 1])[0]
        return type, [self._asked(type) for _ in range(self.random.choice([1, 1, 2]))]

    def _asked(self, type: str) -> tuple[str, str]:
        name, values = self.random.choice(ASKED[type])
        found = [self.random.choice(values) for _ in range(self.random.choice([1, 1, 2]))]
        if ":missing" in name or "_list" in name:
            found = found[:1]
        return name, ",".join(dict.fromkeys(found))

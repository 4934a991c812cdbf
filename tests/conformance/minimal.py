"""The smallest instances of a profile, made from its snapshot: what it requires, and no more."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from charthouse.fhir.definitions import Element, load
from tests.conformance.uscore import Books, Structures

Json = dict[str, Any]

VALUES: Json = {
    "boolean": True, "integer": 1, "positiveInt": 1, "unsignedInt": 1, "decimal": 1, "date": "2024-01-01",
    "dateTime": "2024-01-01T10:00:00Z", "instant": "2024-01-01T10:00:00Z", "time": "10:00:00", "id": "a",
    "uri": "http://example.org/a", "url": "http://example.org/a", "canonical": "http://example.org/a", "code": "a",
    "string": "text", "markdown": "text", "base64Binary": "QQ==",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">text</div>', "oid": "urn:oid:1.2",
    "uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "CodeableConcept": {"text": "text"}, "Coding": {"system": "http://example.org/a", "code": "a"},
    "Quantity": {"value": 1, "unit": "u", "system": "http://example.org/a", "code": "u"},
    "Period": {"start": "2024-01-01"}, "HumanName": {"family": "Family"}, "Address": {"city": "City"},
    "ContactPoint": {"system": "phone", "value": "1"}, "Identifier": {"system": "http://example.org/a", "value": "1"},
    "Attachment": {"contentType": "text/plain", "data": "QQ=="}, "Annotation": {"text": "text"},
    "Meta": {"versionId": "1"}, "Range": {"low": {"value": 1}}, "Dosage": {"text": "text"},
    "Timing": {"code": {"text": "t"}},
    "Narrative": {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml">text</div>'},
    "Ratio": {"numerator": {"value": 1}, "denominator": {"value": 1}}, "Reference": {"display": "text"},
}  # fmt: skip


class Snapshot:
    """The elements of one StructureDefinition by id."""

    def __init__(self, structure: Json) -> None:
        self.structure = structure
        self.type: str = structure["type"]
        self.elements: dict[str, Json] = {one["id"]: one for one in structure["snapshot"]["element"]}

    def children(self, id: str) -> list[str]:
        """The ids right below one; slices are beside what they slice."""
        return [one for one in self.elements if one.rpartition(".")[0] == id]


class Maker:
    """Makes instances; `extra` are ids of optional elements to put in all the same."""

    def __init__(self, structures: Structures, books: Books) -> None:
        self.structures = structures
        self.books = books

    def instance(self, structure: Json, extra: tuple[str, ...] = ()) -> Json:
        """A resource, or an Extension, that keeps the profile as far as its elements say."""
        snapshot = Snapshot(structure)
        made = self.object(snapshot, snapshot.type, snapshot.type, extra)
        if structure["kind"] == "resource":
            made = {"resourceType": snapshot.type, **made, "meta": {"profile": [structure["url"]]}}
        return made

    def sound(self, structure: Json, errors: Callable[[Json], int], *, is_full: bool = False) -> Json:
        """An instance with as few optional elements as it takes to have no errors: what rules of the profile ask.

        With `is_full` also with those that must be supported or are bound or a choice, as far as they go together.
        """
        extra: tuple[str, ...] = ()
        best = errors(self.instance(structure))
        for is_second in (False, True) if is_full else (False,):
            for id, one in Snapshot(structure).elements.items():
                if (
                    one["min"] > 0
                    or one["max"] == "0"
                    or "." not in id
                    or "type" not in one
                    or id.endswith("xtension")
                ):
                    continue
                count = errors(self.instance(structure, (*extra, id)))
                if count < best or (is_second and count == best and is_telling(id, one)):
                    best, extra = count, (*extra, id)
        return self.instance(structure, extra)

    def object(self, snapshot: Snapshot, id: str, type_name: str, extra: tuple[str, ...]) -> Json:
        """An object with all that the snapshot requires of it."""
        made: Json = {}
        for child in snapshot.children(id):
            found = snapshot.elements[child]
            wanted = found["min"] > 0 or any(
                one == child or one.startswith((f"{child}.", f"{child}:")) for one in extra
            )
            if not wanted or found.get("max") == "0" or "type" not in found:
                continue
            if ":" not in child.rpartition(".")[2] and self.has_wanted_slice(snapshot, child, extra):
                continue
            self.put(snapshot, made, child, type_name, extra)
        return made

    def has_wanted_slice(self, snapshot: Snapshot, id: str, extra: tuple[str, ...]) -> bool:
        return any(
            one.startswith(f"{id}:") and "." not in one[len(id) :] and (found["min"] > 0 or one in extra)
            for one, found in snapshot.elements.items()
        )

    def put(self, snapshot: Snapshot, made: Json, id: str, holder: str, extra: tuple[str, ...]) -> None:
        found = snapshot.elements[id]
        name = id.rpartition(".")[2].partition(":")[0]
        entry = found["type"][0]
        base = self.base(holder, name.removesuffix("[x]"))
        kind = "string" if entry["code"].startswith("http://hl7.org/fhirpath") else entry["code"]
        if base.types[0].count("."):
            kind = base.types[0]
        elif name in ("url", "id") and kind == "string":
            kind = "uri" if name == "url" else "id"
        value = self.value(snapshot, id, kind, entry, extra)
        if name.endswith("[x]"):
            name = name.removesuffix("[x]") + kind[0].upper() + kind[1:]
        if base.max == 1:
            made[name] = value
        else:
            made.setdefault(name, []).append(value)

    def base(self, type_name: str, name: str) -> Element:
        return load().type(type_name).elements[name]

    def value(self, snapshot: Snapshot, id: str, kind: str, entry: Json, extra: tuple[str, ...]) -> Any:
        """One value: the one the profile names, or one of the type with the codes that it is bound to."""
        found = snapshot.elements[id]
        named = next((found[key] for key in found if key.startswith(("fixed", "pattern"))), None)
        if named is not None and not isinstance(named, dict):
            return named
        if kind == "Extension" and "profile" in entry:
            url = entry["profile"][0]
            known = self.structures.structure(url)
            return self.instance(known) if known is not None else {"url": url, "valueString": "text"}
        made = copy.deepcopy(VALUES.get(kind)) if named is None else copy.deepcopy(named)
        coded = self.coded(found, kind)
        if named is None and coded is not None:
            made = coded
        if "." in kind or kind[0].isupper():
            inner = self.object(snapshot, id, kind, extra)
            made = {
                **(made or {}),
                **{key: part for key, part in inner.items() if named is None or key not in named},
            }
        if kind == "Reference" and named is None:
            made = {"reference": f"{self.target(entry)}/1"}
        return made

    def coded(self, found: Json, kind: str) -> Any:
        """A code of the value set that an element is bound to."""
        url = found.get("binding", {}).get("valueSet")
        codes = sorted(self.books.codes(url.partition("|")[0])[0]) if url else []
        bound = found.get("binding", {})
        if (
            not codes
            and bound.get("strength") != "required"
            and "maxValueSet" not in str(bound.get("extension"))
        ):
            return None
        system, code = codes[0] if codes else ("http://example.org/a", "a")
        coding = {"system": system, "code": code}
        return {"code": code, "Coding": coding, "CodeableConcept": {"coding": [coding]}}.get(kind)

    def target(self, entry: Json) -> str:
        """The type that a reference may lead to."""
        url = entry.get("targetProfile", ["http://hl7.org/fhir/StructureDefinition/Patient"])[0]
        known = self.structures.structure(url)
        name = str(known["type"]) if known is not None else url.rpartition("/")[2]
        return "Patient" if name == "Resource" else name


def is_telling(id: str, element: Json) -> bool:
    """Whether an optional element gives defects to seed."""
    is_bound = element.get("binding", {}).get("strength") == "required"
    return bool(element.get("mustSupport")) or is_bound or id.endswith("[x]")


def host(extension: Json) -> Json:
    """A resource on which an extension stands: one that asks nothing of its own."""
    return {"resourceType": "Basic", "code": {"text": "text"}, "extension": [extension]}

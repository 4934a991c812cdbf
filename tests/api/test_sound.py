"""Every kind of answer is itself a sound FHIR resource, in JSON and in XML."""

from __future__ import annotations

from uuid import uuid4

import pytest

from charthouse.fhir import definitions, resource, xml
from charthouse.validation.structure import check
from tests.api.conftest import FHIR_XML, Caller, patient
from tests.api.test_bundle import bundle, entry

WISHES = ("return=minimal", "return=representation", "return=OperationOutcome")


@pytest.mark.parametrize("path", [
    "metadata", "Patient?_count=2", "Patient?family=Nobody", "Patient/_history?_count=2", "_history?_count=2",
    "Patient/never-given", "Pateint/1", "Patient?shoesize=43", "Patient?_summary=true", "Patient?_summary=count",
    "Patient?_elements=gender", "Patient/_history?_summary=text",
])  # fmt: skip
def test_what_is_asked_for_is_answered_soundly(caller: Caller, path: str) -> None:
    made = caller.made(patient())
    caller.delete(f"Patient/{made['id']}")
    caller.made(patient())
    known = definitions.load()
    answer = caller.get(path, headers={"prefer": "handling=strict"})
    tree = resource.parse(answer.content)
    assert check(tree, known) == []
    in_xml = xml.from_xml(caller.get(path, headers={"accept": FHIR_XML}).content, known)
    assert check(in_xml, known) == []
    assert in_xml["resourceType"] == tree["resourceType"]


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_bundles_are_answered_soundly(caller: Caller, kind: str, wish: str) -> None:
    made, other = caller.made(patient()), caller.made(patient())
    entries = [
        {"fullUrl": f"urn:uuid:{uuid4()}", **entry("POST", "Patient", patient())},
        entry("PUT", f"Patient/{made['id']}", made),
        entry("DELETE", f"Patient/{other['id']}"),
        entry("GET", f"Patient/{made['id']}"),
        entry("GET", "Patient?_count=1"),
    ]
    if kind == "batch":
        entries += [entry("GET", "Patient/never-given"), entry("POST", "Patient", patient(gender="purple"))]
    answer = caller.post("", bundle(kind, *entries), prefer=wish)
    assert answer.status_code == 200
    tree = resource.parse(answer.content)
    assert check(tree, definitions.load()) == []
    assert len(tree["entry"]) == len(entries)


def test_a_lenient_search_is_answered_soundly(caller: Caller) -> None:
    answer = caller.get("Patient?shoesize=43&_count=1", headers={"prefer": "handling=lenient"})
    assert check(resource.parse(answer.content), definitions.load()) == []

"""Search parameters that are added through the API: checked, in force at once, honest until the index has them."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from charthouse.app import Clinic
from charthouse.base.errors import Category, Problem
from charthouse.ops import reindex
from charthouse.store.reindex import Reindex
from tests.api.conftest import Caller, outcome, patient
from tests.unit.store.changing import definition

COLOUR = "http://example.org/StructureDefinition/colour"
WHERE = f"extension.where(url = '{COLOUR}').value"


def coloured(colour: str) -> dict[str, Any]:
    return patient(extension=[{"url": COLOUR, "valueCode": colour}])


def notes(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings that a searchset tells."""
    told = [one["resource"] for one in bundle.get("entry", ()) if one["search"]["mode"] == "outcome"]
    return [issue for one in told for issue in one["issue"]]


def test_a_parameter_finds_what_is_written_from_then_on_and_says_how_much_of_the_rest(
    caller: Caller, clinic: Clinic
) -> None:
    for _ in range(6):
        caller.made(coloured("teal"))
    assert outcome(caller.get("Patient?colour=teal"), 400)["code"] == "not-found"

    made = caller.made(definition("colour", "token", f"Patient.{WHERE}.ofType(code)"))
    caller.made(coloured("teal"))
    found = caller.get("Patient?colour=teal").json()
    matches = [one for one in found["entry"] if one["search"]["mode"] == "match"]
    assert len(matches) == 1
    assert "total" not in found
    note = notes(found)[0]
    assert (note["severity"], note["code"]) == ("warning", "incomplete")
    assert "0 %" in note["diagnostics"]
    # wherever a search rests on it, it says so
    caller.made({"resourceType": "Observation", "status": "final", "code": {"text": "x"}})
    for asked in (
        "Patient?_sort=colour", "Patient?colour:missing=true&_total=accurate", "Patient?_filter=colour eq teal",
        "Observation?subject:Patient.colour=teal", "Patient?_summary=count&colour=teal",
    ):  # fmt: skip
        bundle = caller.get(asked).json()
        assert "total" not in bundle, asked
        assert [one["code"] for one in notes(bundle)] == ["incomplete"], asked
    assert notes(caller.get("Patient?gender=female").json()) == []
    told = caller.get("Patient?colour=teal&_explain=true").json()["parameter"]
    assert [one["valueString"] for one in told if one["name"] == "incomplete"] == [note["diagnostics"]]
    # a write that would rest on it cannot be decided
    refused = caller.post("Patient", coloured("teal"), if_none_exist="colour=teal")
    assert outcome(refused, 503)["code"] == "transient"

    with closing(Reindex(clinic.record)) as work:
        work._size = 3
        while (done := work.step()) is not None and not done.resources:
            pass
        middle = caller.get("Patient?colour=teal").json()
        if notes(middle):
            assert "total" not in middle
            assert " 0 %" not in notes(middle)[0]["diagnostics"]
        assert reindex.status(clinic.record)[0]["parameter"] == "colour"
    assert reindex.run(clinic.record).total > 0
    found = caller.get("Patient?colour=teal").json()
    assert (found["total"], notes(found)) == (7, [])
    assert reindex.status(clinic.record) == []
    reindex.again(clinic.record)
    assert reindex.run(clinic.record).changed == 0

    listed = caller.get("metadata").json()["rest"][0]["resource"]
    params = {one["type"]: [param["name"] for param in one["searchParam"]] for one in listed}
    assert "colour" in params["Patient"]
    assert "colour" not in params["Observation"]

    caller.delete(f"SearchParameter/{made['id']}")
    assert outcome(caller.get("Patient?colour=teal"), 400)["code"] == "not-found"
    listed = caller.get("metadata").json()["rest"][0]["resource"]
    assert all("colour" not in [param["name"] for param in one["searchParam"]] for one in listed)


@pytest.mark.parametrize(
    ("tree", "place", "word"),
    [
        (definition("a", "token", "Patient.name.where("), "expression", "expected"),
        (definition("a", "token", "Patient.nmae"), "expression", "nothing"),
        (definition("a", "token", "Patient.foo()"), "expression", "foo"),
        (definition("a", "token", "Patient.gender", "Patient", "Observation"), "expression", "Observation"),
        (definition("gender", "token", "Patient.maritalStatus"), "code", "standard"),
        (definition("a.b", "token", "Patient.maritalStatus"), "code", "letter"),
        (definition("_a", "token", "Patient.maritalStatus"), "code", "letter"),
        (definition("a", "special", "Patient.maritalStatus"), "type", "special"),
        (definition("a", "quantity", "Patient.maritalStatus"), "type", "quantity"),
        (definition("a", "composite", "Patient"), "component", "composite"),
        (
            definition("a", "composite", "Patient", component=[
                {"definition": "http://example.org/no", "expression": "gender"},
                {"definition": "http://hl7.org/fhir/SearchParameter/individual-birthdate", "expression": "birthDate"},
            ]),
            "component[0].definition", "url",
        ),
    ],
)  # fmt: skip
def test_what_cannot_take_effect_is_refused_with_its_place(
    caller: Caller, tree: dict[str, Any], place: str, word: str
) -> None:
    before = caller.newest()
    answer = caller.post("SearchParameter", tree)
    issue = outcome(answer, 422)
    assert issue["expression"] == [f"SearchParameter.{place}"]
    assert word in issue["diagnostics"]
    assert caller.newest() == before
    # a draft may be anything
    made = caller.made({**tree, "status": "draft"})
    assert outcome(caller.put(f"SearchParameter/{made['id']}", {**made, "status": "active"}), 422)
    without = {name: value for name, value in tree.items() if name != "expression"}
    if place == "expression":
        assert outcome(caller.post("SearchParameter", without), 422)
    assert (
        outcome(caller.post("SearchParameter", {**tree, "base": ["Patent"]}), 400)["code"] == "code-invalid"
    )


def test_a_code_belongs_to_the_first_and_what_the_standard_has_may_be_said_again(caller: Caller) -> None:
    first = caller.made(definition("mark", "token", "Patient.maritalStatus"))
    other = {**definition("mark", "token", "Patient.language"), "url": "http://example.org/another"}
    assert "mark" in outcome(caller.post("SearchParameter", other), 422)["diagnostics"]
    newer = {**definition("mark", "token", "Patient.language"), "version": "2.0"}
    made = caller.made(newer)  # the same one, later
    caller.made({**definition("gender", "token", "Patient.gender | Person.gender"), "base": ["Patient"]})
    derived = {
        "derivedFrom": "http://hl7.org/fhir/SearchParameter/individual-gender",
        "url": "http://example.org/g",
    }
    caller.made({**definition("gender", "token", "Patient.gender.first()"), **derived})
    for one in (first, made):
        caller.delete(f"SearchParameter/{one['id']}")
    caller.made(other)


def test_a_page_link_belongs_to_the_parameter_it_was_made_by(caller: Caller, clinic: Clinic) -> None:
    made = caller.made(definition("hue", "token", f"Patient.{WHERE}.ofType(code)"))
    for _ in range(3):
        caller.made(coloured("ochre"))
    first = caller.get("Patient?hue=ochre&_count=2").json()
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    assert len(caller.get(following).json()["entry"]) == 1 + bool(notes(first))
    caller.put(f"SearchParameter/{made['id']}", {**made, "expression": "Patient.language"})
    assert "another search" in outcome(caller.get(following), 400)["diagnostics"]
    caller.delete(f"SearchParameter/{made['id']}")
    assert outcome(caller.get(following), 400)


def test_a_policy_cannot_rest_on_a_parameter_that_may_go(caller: Caller, clinic: Clinic) -> None:
    caller.made(definition("ruled", "token", "Patient.maritalStatus"))
    with pytest.raises(Problem) as refused:
        clinic.search.parser.settled("Patient", [("ruled", "M")])
    assert refused.value.category is Category.UNSUPPORTED
    assert clinic.search.parser.settled("Patient", [("gender", "female")]).touched == [("Patient", "gender")]

"""FHIRPath Patch beyond the published cases: companions, choices, anonymous types, and messages that point."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from charthouse.base.errors import Problem, http_status
from charthouse.fhir.definitions import load
from charthouse.fhir.patch import fhirpath_patch

MASKED = {"extension": [{"url": "urn:masked", "valueCode": "masked"}]}


def patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"use": "official", "given": ["Ada", "Bea", None], "_given": [None, None, MASKED]}],
        "birthDate": "2020",
        "_birthDate": deepcopy(MASKED),
        "deceasedBoolean": False,
        "address": [{"line": ["1 Road"], "city": "X"}],
    }


def operation(kind: str, path: str, **parts: Any) -> dict[str, Any]:
    """One operation; `name="x"` is a string, numbers integers, `value={...}` the content of the part."""
    listed: list[dict[str, Any]] = [
        {"name": "type", "valueCode": kind},
        {"name": "path", "valueString": path},
    ]
    for name, value in parts.items():
        if isinstance(value, dict):
            listed.append({"name": name, **value})
        else:
            listed.append({"name": name, "valueInteger" if isinstance(value, int) else "valueString": value})
    return {"name": "operation", "part": listed}


def patched(*operations: dict[str, Any], tree: dict[str, Any] | None = None) -> dict[str, Any]:
    before = patient() if tree is None else tree
    parameters = {"resourceType": "Parameters", "parameter": list(operations)}
    untouched = deepcopy((before, parameters))
    try:
        return fhirpath_patch(before, parameters, load())
    finally:
        assert (before, parameters) == untouched


def refused(*operations: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        patched(*operations)
    return caught.value


def test_the_key_of_a_choice_follows_the_type_of_the_value() -> None:
    found = patched(operation("replace", "Patient.deceased", value={"valueDateTime": "2021-01-01"}))
    assert found["deceasedDateTime"] == "2021-01-01"
    assert "deceasedBoolean" not in found
    assert list(found).index("deceasedDateTime") == list(patient()).index("deceasedBoolean")
    again = patched(
        operation("delete", "Patient.deceased"),
        operation("add", "Patient", name="deceased", value={"valueBoolean": True}),
    )
    assert again["deceasedBoolean"] is True
    named = patched(
        operation("delete", "Patient.deceased"),
        operation("add", "Patient", name="deceasedDateTime", value={"valueDateTime": "2021"}),
    )
    assert named["deceasedDateTime"] == "2021"


def test_companions_of_primitives_move_and_go_with_them() -> None:
    moved = patched(operation("move", "Patient.name[0].given", source=2, destination=0))["name"][0]
    assert moved["given"] == [None, "Ada", "Bea"]
    assert moved["_given"] == [MASKED, None, None]
    removed = patched(operation("delete", "Patient.name[0].given[2]"))["name"][0]
    assert removed["given"] == ["Ada", "Bea"]
    assert "_given" not in removed
    inserted = patched(operation("insert", "Patient.name[0].given", index=1, value={"valueString": "Cy"}))[
        "name"
    ][0]
    assert inserted["given"] == ["Ada", "Cy", "Bea", None]
    assert inserted["_given"] == [None, None, None, MASKED]
    added = patched(operation("add", "Patient.name[0]", name="given", value={"valueString": "Di"}))["name"][0]
    assert added["given"] == ["Ada", "Bea", None, "Di"]
    assert "_birthDate" not in patched(operation("delete", "Patient.birthDate"))
    assert "_birthDate" not in patched(operation("replace", "Patient.birthDate", value={"valueDate": "2021"}))
    kept = patched(
        operation("replace", "Patient.birthDate", value={"valueDate": "2021", "_valueDate": {"id": "x"}})
    )
    assert (kept["birthDate"], kept["_birthDate"]) == ("2021", {"id": "x"})


def test_an_extension_can_be_added_to_and_taken_from_a_primitive() -> None:
    parts = {
        "part": [{"name": "url", "valueUri": "urn:x"}, {"name": "value", "valueDecimal": Decimal("1.50")}]
    }
    extension = {"url": "urn:x", "valueDecimal": Decimal("1.50")}
    first = patched(operation("add", "Patient.name[0].given[1]", name="extension", value=parts))["name"][0]
    assert first["_given"] == [None, {"extension": [extension]}, MASKED]
    city = patched(operation("add", "Patient.address[0].city", name="extension", value=parts))["address"][0]
    assert city == {"line": ["1 Road"], "city": "X", "_city": {"extension": [extension]}}
    assert str(city["_city"]["extension"][0]["valueDecimal"]) == "1.50"
    line = patched(operation("add", "Patient.address[0].line[0]", name="extension", value=parts))["address"][
        0
    ]
    assert line["_line"] == [{"extension": [extension]}]
    gone = patched(operation("delete", "Patient.name[0].given[2].extension"))["name"][0]
    assert gone == {"use": "official", "given": ["Ada", "Bea"]}
    assert "_birthDate" not in patched(
        operation("delete", "Patient.birthDate.extension.where(url = 'urn:masked')")
    )


def test_what_is_left_empty_goes_too() -> None:
    found = patched(
        operation("delete", "Patient.address[0].line[0]"), operation("delete", "Patient.address[0].city")
    )
    assert "address" not in found


def test_deleting_what_is_not_there_is_no_failure() -> None:
    assert patched(operation("delete", "Patient.gender")) == patient()


def test_elements_without_a_named_type_come_in_parts() -> None:
    contact = {
        "part": [
            {"name": "name", "valueHumanName": {"text": "N"}},
            {"name": "relationship", "valueCodeableConcept": {"text": "a"}},
            {"name": "relationship", "valueCodeableConcept": {"text": "b"}},
            {"name": "gender", "valueCode": "male"},
        ]
    }
    found = patched(operation("add", "Patient", name="contact", value=contact))
    assert found["contact"] == [
        {"name": {"text": "N"}, "relationship": [{"text": "a"}, {"text": "b"}], "gender": "male"},
    ]
    first = patched(operation("insert", "Patient.contact", index=0, value=contact))
    assert first["contact"] == found["contact"]


def test_resources_can_be_held_and_kin_types_go_for_each_other() -> None:
    held = {"resource": {"resourceType": "Organization", "name": "O"}}
    assert patched(operation("add", "Patient", name="contained", value=held))["contained"] == [
        held["resource"]
    ]
    condition = {"resourceType": "Condition", "onsetAge": {"value": 3}}
    found = patched(operation("replace", "Condition.onset", value={"valueAge": {"value": 4}}), tree=condition)
    assert found["onsetAge"] == {"value": 4}
    observation = {"resourceType": "Observation", "referenceRange": [{}]}
    low = operation("add", "Observation.referenceRange[0]", name="low", value={"valueQuantity": {"value": 1}})
    assert patched(low, tree=observation)["referenceRange"] == [{"low": {"value": 1}}]


def test_paths_choose_by_condition() -> None:
    found = patched(operation("replace", "name.where(use = 'official').use", value={"valueCode": "usual"}))
    assert found["name"][0]["use"] == "usual"


@pytest.mark.parametrize(
    ("change", "status", "value", "word"),
    [
        (operation("add", "Patient.contact", name="text", value={"valueString": "x"}), 422, None, "nothing"),
        (operation("replace", "Patient.gender", value={"valueCode": "male"}), 422, None, "nothing at this path"),
        (operation("replace", "Patient.name[0].given", value={"valueString": "x"}), 422, None, "3 elements"),
        (operation("delete", "Patient.name[0].given"), 422, None, "3 elements"),
        (operation("add", "Patient", name="birthDate", value={"valueDate": "2021"}), 422, None, "there already"),
        (operation("add", "Patient", name="deceased", value={"valueDateTime": "2021"}), 422, None, "beside another"),
        (operation("add", "Patient", name="colour", value={"valueString": "x"}), 422, "colour", "no element"),
        (operation("add", "Patient", name="deceased", value={"valueString": "x"}), 422, "string", "cannot be a string"),
        (operation("add", "Patient", name="maritalStatus", value={"valueString": "x"}), 422, "string", "is a Codeable"),
        (operation("add", "Patient", name="gender"), 400, None, "value is missing"),
        (operation("add", "Patient", value={"valueCode": "male"}), 400, None, "name of the element"),
        (operation("add", "Patient", name="gender", value={}), 400, None, "given once"),
        (operation("insert", "Patient.name", index=2, value={"valueHumanName": {}}), 422, "2", "from 0 to 1"),
        (operation("insert", "Patient.name[0]", index=0, value={"valueHumanName": {}}), 422, None, "the list itself"),
        (operation("insert", "Patient.birthDate", index=0, value={"valueDate": "2021"}), 422, "birthDate", "no list"),
        (operation("insert", "Patient.name", index="1", value={"valueHumanName": {}}), 400, None, "valueInteger"),
        (operation("move", "Patient.name", source=0, destination=1), 422, "1", "from 0 to 0"),
        (operation("delete", "Patient"), 422, None, "resource itself"),
        (operation("replace", "Patient", value={"resource": patient()}), 422, None, "resource itself"),
        (operation("delete", "'x' + 'y'"), 422, None, "computed"),
        (operation("delete", "Patient.name["), 400, None, "line 1"),
        (operation("delete", "Patient.nmae"), 400, "nmae", "no element nmae"),
        (operation("merge", "Patient"), 400, "merge", "known type"),
        ({"name": "operation"}, 400, "null", "known type"),
        ({"name": "op"}, 400, "op", "no operation"),
        ("x", 400, "x", "no operation"),
    ],
)  # fmt: skip
def test_a_failure_names_operation_path_and_value(
    change: Any, status: int, value: str | None, word: str
) -> None:
    fine = operation("delete", "Patient.gender")
    failure = refused(fine, change)
    issue = failure.issues[0]
    assert http_status(failure) == status, issue
    assert word in issue.sentence()
    assert "1" in issue.message
    if value is not None:
        assert issue.value == value
    if isinstance(change, dict) and "part" in change and word != "known type":
        assert (
            f"Operation 1 ({change['part'][0]['valueCode']} {change['part'][1]['valueString']})"
            in issue.message
        )


def test_what_is_no_patch_is_refused() -> None:
    for parameters in ({"resourceType": "Patient"}, {"resourceType": "Parameters", "parameter": {}}, {}):
        with pytest.raises(Problem):
            fhirpath_patch(patient(), parameters, load())
    with pytest.raises(Problem):
        fhirpath_patch({"resourceType": "Nothing"}, {"resourceType": "Parameters"}, load())

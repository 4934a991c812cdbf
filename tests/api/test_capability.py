"""The CapabilityStatement, and whether it is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import uuid4

import pytest

from charthouse.api.routes import ROUTES
from charthouse.fhir import definitions
from charthouse.validation.structure import check
from tests.api.conftest import BASE, FHIR_XML, Caller, outcome, patient

VALUES = {
    "string": "a", "token": "a", "reference": "Patient/a", "date": "2020", "number": "1",
    "quantity": "1", "uri": "http://example.org", "special": "1|2",
}  # fmt: skip


@pytest.fixture(scope="module")
def statement(stranger: Caller) -> dict[str, Any]:
    """What the server says of itself, to somebody it does not know."""
    answer = stranger.get("metadata")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


INCLUDES: Final = 20  # at once; more are refused as too costly


def test_the_statement_is_a_sound_resource(statement: dict[str, Any]) -> None:
    assert statement["resourceType"] == "CapabilityStatement"
    assert check(statement, definitions.load()) == []
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == BASE


def test_every_resource_type_that_r4_gives_an_address_is_there(statement: dict[str, Any]) -> None:
    types = [resource["type"] for resource in statement["rest"][0]["resource"]]
    assert sorted(types) == sorted(set(definitions.load().resource_types) - {"Parameters"})
    assert len(types) == 145


def test_each_interaction_that_is_claimed_works(caller: Caller, statement: dict[str, Any]) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    fresh = caller.made(patient())
    bundle = {"resourceType": "Bundle", "entry": [{"request": {"method": "GET", "url": path}}]}
    tried: dict[str, Callable[[], Any]] = {
        "read": lambda: caller.get(path),
        "vread": lambda: caller.get(f"{path}/_history/1"),
        "update": lambda: caller.put(path, made),
        "patch": lambda: caller.patch(path, [{"op": "replace", "path": "/gender", "value": "other"}]),
        "delete": lambda: caller.delete(f"Patient/{fresh['id']}"),
        "history-instance": lambda: caller.get(f"{path}/_history"),
        "history-type": lambda: caller.get("Patient/_history"),
        "history-system": lambda: caller.get("_history"),
        "create": lambda: caller.post("Patient", patient()),
        "search-type": lambda: caller.get("Patient?gender=other"),
        "search-system": lambda: caller.get("?_id=x"),
        "transaction": lambda: caller.post("", {**bundle, "type": "transaction"}),
        "batch": lambda: caller.post("", {**bundle, "type": "batch"}),
    }
    rest = statement["rest"][0]
    claimed = {item["code"] for item in rest["interaction"]}
    for resource in rest["resource"]:
        claimed |= {item["code"] for item in resource["interaction"]}
    assert claimed
    for code in claimed:
        assert tried[code]().is_success, code
    table = {code for route in ROUTES for code in route.codes if not route.open}
    assert claimed == table


def test_each_search_parameter_that_is_claimed_is_answered(caller: Caller, statement: dict[str, Any]) -> None:
    refused = []
    for resource in statement["rest"][0]["resource"]:
        for param in resource.get("searchParam", []):
            known = definitions.load().search_params(resource["type"])[param["name"]]
            is_link = known.type == "reference" and known.targets
            value = f"{known.targets[0]}/a" if is_link else VALUES.get(param["type"], "")
            if known.components:
                kinds = {
                    one.url: one.type for one in definitions.load().search_params(resource["type"]).values()
                }
                value = "$".join((VALUES | {"reference": "a"})[kinds[url]] for url, _ in known.components)
            query = {param["name"]: value, "_count": "0"}
            answer = caller.get(resource["type"], params=query)
            if answer.status_code != 200:
                refused.append((resource["type"], param["name"], answer.text[:200]))
    assert refused == []


def test_each_parameter_of_every_type_that_is_claimed_is_answered(
    caller: Caller, statement: dict[str, Any]
) -> None:
    asked = {
        "_has": ("_has:Observation:subject:code", "a"), "_list": ("_list", "nobody"),
        "_filter": ("_filter", "_id eq a"), "_type": ("_type", "Patient"),
    }  # fmt: skip
    claimed = {param["name"] for param in statement["rest"][0]["searchParam"]}
    assert claimed == set(asked)
    for name, value in asked.values():
        assert caller.get("Patient", params={name: value}).status_code == 200


def test_what_is_not_claimed_is_refused_by_name(caller: Caller, statement: dict[str, Any]) -> None:
    for resource in statement["rest"][0]["resource"]:
        claimed = {param["name"] for param in resource.get("searchParam", [])}
        for name in definitions.load().search_params(resource["type"]):
            if name not in claimed:
                issue = outcome(caller.get(resource["type"], params={name: "a"}), 400)
                assert name in issue["diagnostics"]


def batched(values: list[str], size: int) -> Iterator[list[str]]:
    """`values` in parts of at most `size`."""
    return (values[start : start + size] for start in range(0, len(values), size))


def test_each_include_that_is_claimed_is_answered(caller: Caller, statement: dict[str, Any]) -> None:
    refused = []
    for resource in statement["rest"][0]["resource"]:
        for name, key in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
            values = resource.get(key, [])
            assert len(values) == len(set(values))
            for part in batched(values, INCLUDES):
                params = [("_id", "nobody"), *((name, value) for value in part)]
                answer = caller.get(resource["type"], params=params)
                if answer.status_code != 200:
                    refused.append((resource["type"], name, answer.text[:300]))
    assert refused == []


def test_what_is_claimed_about_every_type_holds(caller: Caller, statement: dict[str, Any]) -> None:
    basic = next(item for item in statement["rest"][0]["resource"] if item["type"] == "Basic")
    id = "claim-" + uuid4().hex[:8]
    tree = {"resourceType": "Basic", "id": id, "code": {"text": "x"}}
    assert basic["updateCreate"] is (caller.put(f"Basic/{id}", tree).status_code == 201)
    assert basic["versioning"] == "versioned"
    assert basic["readHistory"] is caller.get(f"Basic/{id}/_history/1").is_success
    held = caller.get(f"Basic/{id}", headers={"if-none-match": 'W/"1"'})
    assert (basic["conditionalRead"], held.status_code) == ("full-support", 304)
    again = caller.post("Basic", tree, if_none_exist=f"_id={id}")
    assert (basic["conditionalCreate"], again.status_code) == (True, 200)
    updated = caller.put(f"Basic?_id={id}", tree)
    assert (basic["conditionalUpdate"], updated.status_code) == (True, 200)
    assert basic["conditionalDelete"] == "single"
    assert caller.delete(f"Basic?_id={id}").status_code == 204


def test_formats_that_are_claimed_are_offered(caller: Caller, statement: dict[str, Any]) -> None:
    for name in statement["format"]:
        assert caller.get("metadata", params={"_format": name, "_elements": "status"}).status_code == 200
    assert caller.get("metadata", headers={"accept": FHIR_XML}).content.startswith(b"<?xml")


def test_other_modes_are_refused_by_name(stranger: Caller) -> None:
    assert stranger.get("metadata?mode=full").status_code == 200
    assert "terminology" in outcome(stranger.get("metadata?mode=terminology"), 400)["diagnostics"]
    assert "poetry" in outcome(stranger.get("metadata?mode=poetry"), 400)["diagnostics"]


def test_what_is_claimed_of_several_types_compartments_and_whole_records_is_there(
    caller: Caller, statement: dict[str, Any]
) -> None:
    rest = statement["rest"][0]
    assert "search-system" in [item["code"] for item in rest["interaction"]]
    urls = {f"http://hl7.org/fhir/CompartmentDefinition/{name[0].lower()}{name[1:]}": name
            for name in ("Patient", "Encounter", "RelatedPerson", "Practitioner", "Device")}  # fmt: skip
    assert sorted(rest["compartment"]) == sorted(urls)
    made = caller.made(patient())
    assert caller.get(f"Patient/{made['id']}/*").json()["total"] == 1
    for name in urls.values():
        outcome(caller.get(f"{name}/nobody/*"), 404)
    claimed = {(resource["type"], operation["name"]): operation["definition"]
               for resource in rest["resource"] for operation in resource["operation"]}  # fmt: skip
    for type, name in (("Patient", "everything"), ("Encounter", "everything"), ("Observation", "lastn")):
        assert claimed[type, name] == f"http://hl7.org/fhir/OperationDefinition/{type}-{name}"
    assert ("Condition", "everything") not in claimed
    assert caller.get(f"Patient/{made['id']}/$everything").is_success
